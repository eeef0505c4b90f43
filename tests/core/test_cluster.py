"""What is made here of what a worker says it embedded."""

from __future__ import annotations

import gc
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from distributed.scheduler import KilledWorker

from deejai_core import __version__
from deejai_core.audio.decode import read_windows
from deejai_core.audio.limits import NO_MORE_THAN_USUAL
from deejai_core.embedding import cluster
from deejai_core.embedding.analysis import Embedded, NotEmbedded, embed_file
from deejai_core.embedding.cluster import STRANGER, Embedder, Order, Unshared, check_address
from deejai_core.errors import AudioError, ClusterError, ModelError
from deejai_core.models.registry import load_model
from tests.sounds import chirp, write_audio

WORKER = "tcp://there:1"


def judged(path: Path, result: Embedded | NotEmbedded, known=(), lacking: Counter | None = None):
    return cluster._judged(path, WORKER, result, known, Counter() if lacking is None else lacking)


class TestResults:
    def test_what_is_known_is_not_kept_twice(self):
        trunk = np.zeros((1, 4), np.float16)
        song = Embedded(Path("a.mp3"), "key", trunk)
        assert judged(song.path, song, {"other"}) is song
        assert judged(song.path, song, {"key"}) == Embedded(song.path, "key", None)

    def test_a_file_at_fault_is_so_anywhere_and_a_worker_at_fault_is_named(self):
        path = Path("a.mp3")
        at_fault = NotEmbedded(path, "not audio", lasting=True)
        assert judged(path, at_fault) is at_fault
        assert judged(path, NotEmbedded(path, "too slow", lasting=False)) == NotEmbedded(
            path, f"worker {WORKER}: too slow", False
        )

    def test_a_file_that_only_the_worker_lacks(self, tmp_path):
        here, gone = tmp_path / "here.mp3", tmp_path / "gone.mp3"
        here.touch()
        lacking = Counter()
        found = judged(here, Unshared(here, "No such file", lasting=False), lacking=lacking)
        assert found.reason == f"worker {WORKER}: No such file; does it share the music folder?"
        assert not found.lasting
        assert lacking == {WORKER: 1}
        found = judged(gone, Unshared(gone, "No such file", lasting=False), lacking=lacking)
        assert found == NotEmbedded(gone, "No such file", lasting=False)  # nobody has it
        assert lacking == {WORKER: 1}

    @pytest.mark.parametrize(
        "result", [Embedded(Path("b.mp3"), "key", None), NotEmbedded(Path("b.mp3"), "not audio", True)]
    )
    def test_a_worker_without_the_music_is_one_that_lacks_twenty_files_in_a_row(self, tmp_path, result):
        path = tmp_path / "here.mp3"
        path.touch()
        lacks, lacking = Unshared(path, "No such file", lasting=False), Counter()
        for _ in range(2):
            for _ in range(STRANGER - 1):
                judged(path, lacks, lacking=lacking)
            judged(Path("b.mp3"), result, lacking=lacking)  # so it has some
        lacking["tcp://another:1"] = STRANGER - 1
        for _ in range(STRANGER - 1):
            judged(path, lacks, lacking=lacking)
        with pytest.raises(ClusterError, match=f"worker {WORKER} finds none of the files"):
            judged(path, lacks, lacking=lacking)


class Machines:
    """A client of a cluster whose machines have these versions; an error where there is none."""

    def __init__(self, scheduler: str | Exception, **workers: str | Exception) -> None:
        self.scheduler, self.workers = scheduler, workers

    def run(self, ask, on_error: str) -> dict[str, str | Exception]:
        assert (ask(), on_error) == (__version__, "return")
        return self.workers

    def run_on_scheduler(self, ask) -> str:
        if isinstance(self.scheduler, Exception):
            raise self.scheduler
        return self.scheduler


NONE = ModuleNotFoundError("No module named 'deejai_core'")
INSTALL = f"pip install 'beets-deejai[dask]=={__version__}' there, and start it again"


class TestVersions:
    def test_are_the_same_everywhere(self):
        cluster._check_versions(Machines(__version__, one=__version__, two=__version__))
        cluster._check_versions(Machines(__version__))

    @pytest.mark.parametrize(
        ("machines", "told"),
        [
            (
                Machines("0.0.1", one=__version__),
                f"the scheduler has deejai 0.0.1, but this machine has {__version__}; install the same on both",
            ),
            (
                Machines(__version__, one=__version__, two="9"),
                f"worker two has deejai 9, but this machine has {__version__}; install the same on both",
            ),
            (Machines(__version__, one=NONE), f"worker one cannot use deejai ({NONE}); {INSTALL}"),
            (Machines(NONE, one=__version__), f"the scheduler cannot use deejai ({NONE}); {INSTALL}"),
        ],
    )
    def test_differ(self, machines, told):
        with pytest.raises(ClusterError, match=f"^{re.escape(told)}$"):
            cluster._check_versions(machines)


class TestFailures:
    """What becomes of a file whose task ended with an error."""

    PATH = Path("a.mp3")

    def failed(self, error: Exception, machines: Machines | None = None) -> NotEmbedded:
        return cluster._failed(machines, self.PATH, error)

    @pytest.mark.parametrize(("allowed", "times"), [(0, "1 time"), (3, "4 times")])
    def test_of_the_file(self, allowed, times):
        died = KilledWorker("task", None, allowed)
        assert self.failed(died) == NotEmbedded(self.PATH, f"the worker died on it, {times}", lasting=False)

    def test_of_a_worker_that_does_not_fit(self):
        told = ClusterError("worker one: another model")
        with pytest.raises(ClusterError) as raised:
            self.failed(told)
        assert raised.value is told

    def test_of_what_nobody_thought_of(self):
        with pytest.raises(ClusterError, match=r"^the cluster failed \(ValueError: two lines\)$"):
            self.failed(ValueError("two\nlines"), Machines(__version__))
        with pytest.raises(ClusterError, match="worker late has deejai 9, "):
            self.failed(ValueError("two\nlines"), Machines(__version__, late="9"))


@pytest.fixture(scope="module")
def ear() -> Embedder:
    return Embedder(Order(__version__, "musicnn", load_model("musicnn", Path()).trunk_name, 2, NO_MORE_THAN_USUAL))


class TestHearing:
    def test_is_as_on_this_machine(self, ear, tmp_path):
        path = write_audio(tmp_path / "chirp.flac", chirp(12, 16_000), 16_000)
        model = load_model("musicnn", Path())
        model.load()
        there = ear.embed(path)
        with NO_MORE_THAN_USUAL.decoder() as decoder:
            here = embed_file(path, model, decoder, windows=2)
        assert there.path == path
        assert there.key == here.key
        assert len(there.trunk) == 2
        assert np.array_equal(there.trunk, here.trunk)

    def test_whose_fault_it_is_that_nothing_is_heard(self, ear, tmp_path):
        text, folder, gone = tmp_path / "text.mp3", tmp_path / "folder.mp3", tmp_path / "gone.mp3"
        text.write_text("no audio")
        folder.mkdir()
        no_audio, no_file = ear.embed(text), ear.embed(folder)
        assert (type(no_audio), no_audio.path, no_audio.lasting) == (NotEmbedded, text, True)
        assert (type(no_file), no_file.path, no_file.lasting) == (NotEmbedded, folder, False)
        with pytest.raises(AudioError, match=f"^{re.escape(no_audio.reason)}$"):
            read_windows(text, sample_rate=16_000, length=16_000, limit=2)
        assert ear.embed(gone) == Unshared(gone, "No such file or directory", lasting=False)

    def test_ends_with_its_decoders(self, ear, tmp_path):
        another = Embedder(ear._order)
        another.embed(tmp_path / "gone.mp3")
        decoder = another._decoders.get()
        another._decoders.put(decoder)
        process = decoder._process
        assert process.poll() is None
        del another
        gc.collect()
        assert process.poll() is not None

    def test_companions_hear_it_too_or_alone(self, tmp_path):
        model = load_model("musicnn", Path())
        (companion,) = model.more
        path = write_audio(tmp_path / "chirp.flac", chirp(20, 16_000), 16_000)
        with NO_MORE_THAN_USUAL.decoder() as decoder:
            here = embed_file(path, model, decoder, windows=5, more=model.more)
        assert here.more[0].shape == (3, 200)
        both = Embedder(Order(__version__, "musicnn", model.trunk_name, 5, NO_MORE_THAN_USUAL, (companion.trunk_name,)))
        there = both.embed(path)
        assert np.array_equal(there.trunk, here.trunk)
        assert np.array_equal(there.more, here.more)
        alone = Embedder(Order(__version__, "musicnn", companion.trunk_name, 5, NO_MORE_THAN_USUAL)).embed(path)
        assert np.array_equal(alone.trunk, here.more[0])

    def test_fetches_no_model(self):
        with pytest.raises(ModelError, match="nobody/nothing: not downloaded yet"):
            Embedder(Order(__version__, "nobody/nothing", "any", 2, NO_MORE_THAN_USUAL))

    def test_needs_the_same_version(self):
        with pytest.raises(ClusterError, match=f"it has deejai {__version__}, but this machine has 0.0.1; install"):
            Embedder(Order("0.0.1", "musicnn", "any", 2, NO_MORE_THAN_USUAL))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "host",
        "host:8786",
        "http://host:80",
        "tcp://host",
        "tcp://host:0",
        "tcp://host:65536",
        "tcp://a b:1",
        "tcp://host:1/",
    ],
)
def test_what_is_no_address(address):
    with pytest.raises(ClusterError, match=f"^{address!r} is not the address of a scheduler, such as tcp://host:8786$"):
        check_address(address)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tls://radio-1.example.org:443", "tcp://[::1]:1", "tcp://host:65535"]
)
def test_addresses(address):
    check_address(address)


def test_an_error_in_one_line():
    assert cluster._one_line(ValueError("two\n  lines")) == "two lines"
    assert cluster._one_line(ValueError()) == "ValueError"

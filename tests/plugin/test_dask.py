"""`beet deejai analyze --dask`: a real scheduler and real workers on loopback, and what may happen to them."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from itertools import islice
from pathlib import Path
from typing import IO

import pytest

from deejai_core import __version__
from deejai_core.audio.limits import Limits
from deejai_core.embedding.analysis import embed_files
from deejai_core.embedding.cluster import Cluster, Embedder, Order, analyse_on
from deejai_core.errors import ClusterError, ModelError
from deejai_core.models.deejai.folder import load_speccy, save_speccy
from deejai_core.models.deejai.network import build_network
from deejai_core.models.musicnn.model import MusiCNN
from tests.clusters import LocalCluster, wait_for
from tests.plugin.conftest import BEET, Beets

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and mounts of POSIX")

TRACKS = 24
NOWHERE = "tcp://127.0.0.1:9"  # the port of the discard protocol, which nobody serves any more


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """With two workers; tests that lose some start others."""
    with LocalCluster(tmp_path_factory.mktemp("dask") / "shared") as running:
        running.worker()
        running.worker()
        yield running


@pytest.fixture(scope="module")
def imported(tmp_path_factory, collection) -> Beets:
    """The collection in a library, without vectors; not to be changed."""
    library = Beets(tmp_path_factory.mktemp("imported"), auto=False)
    library.run("import", "-qA", collection)
    return library


@pytest.fixture(scope="module")
def quiet(tmp_path_factory, imported) -> Beets:
    """The collection, analysed by this machine alone."""
    library = Beets(tmp_path_factory.mktemp("quiet"), auto=False)
    shutil.copy(imported.library, library.library)
    library.deejai("analyze")
    return library


@pytest.fixture
def unanalysed(imported, beets) -> Beets:
    beets.configure(auto=False)
    shutil.copy(imported.library, beets.library)
    return beets


def start(beets: Beets, *args: str, err: int | IO[str] = subprocess.PIPE) -> subprocess.Popen:
    return subprocess.Popen(
        [BEET, "deejai", "analyze", *args],
        env=os.environ | {"BEETSDIR": str(beets.folder)},
        stdin=subprocess.DEVNULL,
        stderr=err,
        text=True,
        # As on a terminal: what is started in the background inherits that ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def ended(process: subprocess.Popen) -> str:
    """What it said until its end."""
    try:
        return process.communicate(timeout=120)[1]
    finally:
        process.kill()


def embedded(beets: Beets) -> int:
    if not (beets.data / "slices.db").exists():
        return 0
    try:
        return len(rows(beets.data / "slices.db", "SELECT key FROM slices"))
    except sqlite3.OperationalError:
        return 0  # not made yet


def rows(database: Path, query: str) -> list[tuple]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def stored(beets: Beets) -> tuple[list, list]:
    """All that an analysis writes: into the slice store and the library."""
    attributes = (
        "SELECT i.path, a.key, a.value FROM item_attributes a JOIN items i ON i.id = a.entity_id "
        "WHERE a.key LIKE 'deejai%' ORDER BY i.path, a.key"
    )
    slices = rows(beets.data / "slices.db", "SELECT key, model, trunk FROM slices ORDER BY key")
    return slices, rows(beets.library, attributes)


def test_a_worker_that_is_killed_costs_nothing(cluster, unanalysed, quiet):
    doomed = cluster.worker()
    process = start(unanalysed, "--dask", cluster.address)
    wait_for(lambda: embedded(unanalysed) >= 3)
    doomed.kill()
    assert embedded(unanalysed) < TRACKS
    err = ended(process)
    assert process.returncode == 0, err
    assert "24/24 tracks" in err
    assert "not analysed" not in err
    assert "Computed the vectors of 24 tracks with musicnn-msd-1" in err
    assert stored(unanalysed) == stored(quiet)


def test_an_interrupt_loses_nothing(cluster, unanalysed, quiet):
    process = start(unanalysed, "--dask", cluster.address)
    wait_for(lambda: embedded(unanalysed) >= 3)
    process.send_signal(signal.SIGINT)
    err = ended(process)
    assert "Traceback" not in err
    assert "of 24 tracks analysed and kept; `beet deejai analyze` goes on from here" in err
    assert 3 <= embedded(unanalysed) < TRACKS
    unanalysed.deejai("analyze", "--dask", cluster.address)
    assert stored(unanalysed) == stored(quiet)


def test_results_come_as_they_are_wanted(cluster, collection):
    """Few paths are under way at once, however many there are; recordings that are known come without numbers."""
    model, files = MusiCNN(), sorted(collection.rglob("*.flac"))[:6]
    taken = 0

    def paths():
        nonlocal taken
        for path in files:
            taken += 1
            yield path

    here = {result.path: result for result in embed_files(files, model, windows=4, threads=1)}
    known = {here[files[0]].key}
    results = analyse_on(Cluster(cluster.address, "musicnn"), paths(), model, windows=4, known=known, submitted=3)
    there = {}
    for number, result in enumerate(islice(results, 4), 1):
        there[result.path] = result
        assert taken <= number + 3
    results.close()
    for path, result in there.items():
        assert result.key == here[path].key
        assert result.trunk is None if path == files[0] else (result.trunk == here[path].trunk).all()


def test_an_interrupt_while_a_future_is_finalized_is_heeded(cluster, collection, monkeypatch):
    """Python drops what is raised in a finalizer, and the client's futures have one each."""
    release = distributed.Future.release
    came = []

    def interrupted(future: distributed.Future) -> None:
        release(future)
        if not came and threading.current_thread() is threading.main_thread():
            came.append(future)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(distributed.Future, "release", interrupted)
    files = sorted(collection.rglob("*.flac"))[:4]
    results = analyse_on(Cluster(cluster.address, "musicnn"), files, MusiCNN(), windows=4)
    with pytest.raises(KeyboardInterrupt):
        list(results)
    assert came


@pytest.mark.parametrize(
    ("there", "error"),
    [
        ("sys.modules['deejai_core'] = None", "cannot use deejai (import of deejai_core halted"),
        (
            "import deejai_core; deejai_core.__version__ = '0.0.9'",
            "has deejai 0.0.9, but this machine has 0.1.0",
        ),
    ],
    ids=["no package", "another version"],
)
def test_a_worker_that_does_not_fit(cluster, unanalysed, tmp_path, there, error):
    (tmp_path / "sitecustomize.py").write_text(f"import sys; {there}")
    external = cluster.worker(PYTHONPATH=os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    result = unanalysed.deejai("analyze", "--dask", cluster.address, status=1)
    assert result.err.startswith("error: worker tcp://127.0.0.1:")
    assert error in result.err
    assert result.err.count("\n") == 1
    assert embedded(unanalysed) == 0
    external.kill()
    external.wait()


def test_deaths_that_are_too_many(unanalysed, quiet, tmp_path):
    """With a scheduler that blames a file for the first death of a worker that had it; and then it dies itself."""
    said = tmp_path / "stderr"
    with (
        LocalCluster(tmp_path / "dask", DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as cluster,
        said.open("w") as err,
    ):
        cluster.worker()
        doomed = cluster.worker()
        process = start(unanalysed, "--dask", cluster.address, err=err)
        wait_for(lambda: embedded(unanalysed) >= 3)
        doomed.kill()
        before = embedded(unanalysed)
        wait_for(lambda: "not analysed: the worker died on it, 1 time" in said.read_text())
        wait_for(lambda: embedded(unanalysed) >= before + 3)
        cluster.scheduler.kill()
        ended(process)
    assert process.returncode == 1
    *_, stopped, error = said.read_text().splitlines()
    assert "of 24 tracks analysed and kept; `beet deejai analyze` goes on from here" in stopped
    assert error == f"error: {cluster.address}: the scheduler is gone"
    assert 6 <= embedded(unanalysed) < TRACKS
    unanalysed.deejai("analyze")
    assert stored(unanalysed) == stored(quiet)


class TestAWorkerWithoutTheMusic:
    @pytest.fixture
    def cluster(self, tmp_path, collection):
        """Its only worker sees an empty folder where the music is."""
        hide = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs "$0" && exec "$@"', collection]
        if subprocess.run([*hide, "true"], capture_output=True).returncode:
            pytest.skip("may not mount a file system here")
        with LocalCluster(tmp_path / "dask") as cluster:
            cluster.worker(*hide)
            yield cluster

    def test_says_so(self, cluster, unanalysed):
        result = unanalysed.deejai("analyze", "--dask", cluster.address, "artist:Nave", status=1)
        assert result.err.count("Aisle.flac: not analysed: worker tcp://127.0.0.1:") == 1
        assert result.err.count("No such file or directory; does it share the music folder?") == 4
        assert unanalysed.deejai("failed").out == ""  # nothing that would keep them from being tried again

        # With all there is, it would be done in no time.
        result = unanalysed.deejai("analyze", "--dask", cluster.address, status=1)
        assert "finds none of the files; does it share the music folder?" in result.err.splitlines()[-1]


def test_no_scheduler(unanalysed):
    assert unanalysed.deejai("analyze", "--dask", NOWHERE, status=1).err == (
        f"error: {NOWHERE}: no scheduler answers there; `dask scheduler` starts one\n"
    )


class TestTheModelOfAWorker:
    """It is found where this machine has it, and known by the name that its numbers give it."""

    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        folder = tmp_path / "small"
        save_speccy(build_network("1d", dimension=10, width=8).state_dict(), folder, kind="1d", scaling="minmax")
        return folder

    def order(self, folder: Path, trunk_name: str) -> Order:
        return Order(__version__, str(folder), trunk_name, windows=2, limits=Limits())

    def test_in_a_folder(self, folder, collection):
        model = load_speccy(folder)
        song = next(collection.rglob("*.flac"))
        (here,) = embed_files([song], model, windows=2, threads=1)
        there = Embedder(self.order(folder, model.trunk_name)).embed(song)
        assert there.key == here.key
        assert there.trunk.tobytes() == here.trunk.tobytes()

    def test_other_numbers(self, folder):
        with pytest.raises(
            ClusterError, match=r"small is speccy-1d-\w+ there and speccy-1d-0 here; copy the model's folder"
        ):
            Embedder(self.order(folder, "speccy-1d-0"))

    def test_no_such_folder(self, folder):
        with pytest.raises(ModelError, match=r"unknown model '.*other'"):
            Embedder(self.order(folder.with_name("other"), "speccy-1d-0"))


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["--dask", ""], "'' is not the address of a scheduler"),
        (
            ["--dask", "tls://localhost:9"],
            "tls://localhost:9: no certificates; distributed.comm.tls in Dask's",
        ),
        (["--dask", NOWHERE, "-t", "2"], "--threads does not apply to --dask"),
    ],
)
def test_options_are_checked(imported, args, error):
    result = imported.deejai("analyze", *args, status=1)
    assert error in result.err
    assert result.err.count("\n") == 1


def test_without_dask(unanalysed, tmp_path):
    """Who does not have it is told so; who does not ask for it never meets it."""
    for name in ("dask", "distributed"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError(name={name!r})")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    result = unanalysed.deejai("analyze", "--dask", NOWHERE, status=1, PYTHONPATH=path)
    assert result.err == "error: distributed is not installed; pip install 'beets-deejai[dask]'\n"
    assert "Computed the vectors of 1 track" in unanalysed.deejai("analyze", "title:Aisle", PYTHONPATH=path).err

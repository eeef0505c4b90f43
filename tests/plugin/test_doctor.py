"""`beet deejai doctor`: every ailment is found, repaired where it can be, and nothing else is touched."""

from __future__ import annotations

import os
import sqlite3
from base64 import b64encode

import numpy as np
import pytest
import threadpoolctl

from deejai_core.features.doctor.installation import matrix_products
from deejai_core.features.subsonic.store import ListenerStore
from deejai_core.index.annoy_file import why_no_annoy


def change(path, statement: str, *values: object) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


def problems(result) -> list[str]:
    """What the lines that begin with "problem" speak of."""
    return [line.split(maxsplit=2)[1] for line in result.lines if line.startswith("problem")]


def test_a_healthy_library(analysed):
    result = analysed.deejai("doctor")
    assert problems(result) == []
    assert [line.split()[1] for line in result.lines] == [
        "dependencies",
        "matrix",
        "model",
        "analysis",
        "vectors",
        "slice",
        "weights",
        "files",
        "index",
        "leftovers",
        "tracks",
        "disk",
    ]
    assert "24 of 24 tracks analysed" in result.out


def test_an_empty_library_is_healthy_and_stays_empty(beets):
    assert problems(beets.deejai("doctor")) == []
    assert not beets.data.exists()


VECTOR = "UPDATE item_attributes SET value = ? WHERE key = 'deejai_vector' AND entity_id = 1"
DAMAGE = {
    "a damaged vector": ("library", VECTOR, b64encode(np.ones(100, "<f4").tobytes()).decode(), "vectors"),
    "a vector that is no text": ("library", VECTOR, b"\xff", "vectors"),
    "a model that is no text": (
        "library",
        "UPDATE item_attributes SET value = ? WHERE key = 'deejai_model' AND entity_id = 1",
        b"\xff",
        "vectors",
    ),
    "a key that is no text": (
        "library",
        "UPDATE item_attributes SET value = ? WHERE key = 'deejai_key' AND entity_id = 1",
        b"\xff",
        "slices",
    ),
    "a vector of another model": (
        "library",
        "UPDATE item_attributes SET value = ? WHERE key = 'deejai_model' AND entity_id = 1",
        "other-model",
        "vectors",
    ),
    "slices of a track that is gone": (
        "slices",
        "INSERT INTO slices (key, model, trunk) VALUES (?, 'musicnn-msd-1', zeroblob(400))",
        "f" * 32,
        "orphans",
    ),
    "a failure of a file that is gone": (
        "slices",
        "INSERT INTO failures (path, size, mtime_ns, reason, failed_at) VALUES (?, 1, 1, 'x', '2026-01-01')",
        b"/gone.mp3",
        "failures",
    ),
}


@pytest.mark.parametrize(("where", "statement", "value", "what"), DAMAGE.values(), ids=DAMAGE)
def test_what_is_wrong_is_found_and_mended(analysed, where, statement, value, what):
    analysed.deejai("reweigh")
    before = analysed.field("deejai_vector")
    change(analysed.library if where == "library" else analysed.data / "slices.db", statement, value)
    found = analysed.deejai("doctor", status=1)
    assert what in problems(found)
    assert "error: " in found.err
    assert "`beet deejai doctor --fix` repairs" in found.err

    repaired = analysed.deejai("doctor", "--fix", status=None)
    assert "repaired: " in repaired.out
    analysed.deejai("analyze", "--retry")
    assert problems(analysed.deejai("doctor")) == []
    assert analysed.field("deejai_vector") == before


def test_vectors_of_an_older_library_are_said_to_be_so(analysed):
    """As after any import: `analyze` brings them up to date, there is nothing wrong with them."""
    told = "from before the library changed; `beet deejai analyze` updates them"
    assert told in analysed.deejai("doctor").out
    analysed.deejai("analyze")
    assert "weights       up to date" in analysed.deejai("doctor").out
    analysed.deejai("reweigh", "--epsilon", "0.6")
    assert "with another epsilon; `beet deejai analyze` updates them" in analysed.deejai("doctor").out


def test_vectors_that_are_not_what_the_slices_give(analysed):
    """A library from a backup, beside slices of today."""
    analysed.deejai("analyze")
    before = analysed.field("deejai_vector")
    change(analysed.library, VECTOR, b64encode(np.eye(100, dtype="<f4")[0].tobytes()).decode())
    found = analysed.deejai("doctor", status=1)
    assert problems(found) == ["weights"]
    assert "1 of 20 checked vectors differ from those computed from the slices" in found.out
    assert "repaired: 1 vector computed again" in analysed.deejai("doctor", "--fix").out
    assert analysed.field("deejai_vector") == before


@pytest.mark.skipif(why_no_annoy() is not None, reason=str(why_no_annoy()))
def test_a_damaged_index(analysed):
    """Lists of a small library do not look at it."""
    assert "index         not built yet; `beet deejai analyze` builds it" in analysed.deejai("doctor").out
    analysed.deejai("analyze")
    assert "index         24 tracks, up to date and intact" in analysed.deejai("doctor").out
    file = analysed.data / "index.ann"
    status, data = file.stat(), bytearray(file.read_bytes())
    data[-1] ^= 1  # in the number of a root, which Annoy would follow to nowhere
    file.write_bytes(data)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert problems(analysed.deejai("doctor", status=1)) == ["index"]
    assert "repaired: removed; `beet deejai analyze` builds a new one" in analysed.deejai("doctor", "--fix").out
    analysed.deejai("analyze")
    assert "up to date and intact" in analysed.deejai("doctor").out


def test_unfinished_files(analysed):
    (analysed.data / ".deejai-0123").write_bytes(b"half")
    assert problems(analysed.deejai("doctor", status=1)) == ["leftovers"]
    assert "repaired: 1 file removed" in analysed.deejai("doctor", "--fix").out
    assert not (analysed.data / ".deejai-0123").exists()


def test_damaged_slices_are_mended_and_heard_again(analysed):
    """The damage is found before it can enter any vector; what is whole is kept, the rest is embedded again."""
    analysed.deejai("analyze")
    before = analysed.field("deejai_vector")
    store = analysed.data / "slices.db"
    change(store, "UPDATE slices SET trunk = x'000102' WHERE key = (SELECT min(key) FROM slices)")
    infinite = np.full(400, np.inf, "<f2").tobytes()
    change(store, "UPDATE slices SET trunk = ? WHERE key = (SELECT max(key) FROM slices)", infinite)
    told = f"{store}: damaged (slices of a recording); `beet deejai doctor --fix` repairs it"
    assert analysed.deejai("reweigh", status=1).err == f"error: {told}\n"
    assert f"{store}: damaged rows of slices: 2" in analysed.deejai("doctor", status=1).out

    repaired = analysed.deejai("doctor", "--fix")
    assert "repaired: copied everything intact to a new file, and kept the damaged one as" in repaired.out
    assert "2 tracks with a vector but without stored slices" in repaired.out
    assert analysed.field("deejai_vector") == before
    assert "2/2 tracks" in analysed.deejai("analyze").err
    assert problems(analysed.deejai("doctor")) == []
    assert analysed.field("deejai_vector") == before


def test_a_slice_store_that_is_none(analysed):
    """All is embedded again, since that is asked for; until then every track has the vector that it had."""
    analysed.deejai("analyze")
    before = analysed.field("deejai_vector")
    store = analysed.data / "slices.db"
    store.write_bytes(b"no database at all " * 500)
    told = f"{store}: damaged (file is not a database); `beet deejai doctor --fix` repairs it"
    assert told in analysed.deejai("doctor", status=1).out
    assert analysed.deejai("analyze", status=1).err == f"error: {told}\n"
    assert "24 tracks with a vector but without stored slices" in analysed.deejai("doctor", "--fix").out
    (kept,) = analysed.data.glob("slices.db.damaged-*")
    assert kept.read_bytes() == b"no database at all " * 500
    assert analysed.field("deejai_vector") == before
    assert "24/24 tracks" in analysed.deejai("analyze").err
    assert analysed.field("deejai_vector") == before


def test_damaged_weights(analysed, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import pathlib\nfrom deejai_core.models.musicnn import network\n"
        f"network.WEIGHTS = pathlib.Path({os.fspath(tmp_path)!r})\n"
    )
    (tmp_path / "musicnn-msd-1.safetensors").write_bytes(b"half of it")
    result = analysed.deejai("doctor", status=1, PYTHONPATH=str(tmp_path))
    assert "musicnn-msd-1: its weights are damaged; reinstall beets-deejai" in result.out
    assert "cannot read the model's weights" in result.out


def test_a_slow_blas(analysed, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import numpy, threadpoolctl\n"
        "threadpoolctl.threadpool_info = lambda: []\n"
        "numpy.show_config = lambda mode: {'Build Dependencies': {'blas': {'name': 'blas'}}}\n"
    )
    result = analysed.deejai("doctor", status=1, PYTHONPATH=str(tmp_path))
    assert problems(result) == ["matrix"]
    assert "numpy uses a slow BLAS (blas): MusiCNN takes ten times as long; install a numpy with OpenBLAS" in result.out


@pytest.mark.parametrize(
    ("used", "built", "wrong"),
    [
        ([], "blas", True),
        ([], "cblas", True),
        ([], "netlib", True),
        ([], None, True),  # numpy's own loops
        ([], "accelerate", False),
        ([], "mkl-sdl", False),
        ([{"user_api": "openmp"}], "netlib", True),
        ([{"user_api": "blas", "internal_api": "openblas", "version": "0.3"}], "blas", False),
    ],
)
def test_which_blas_is_slow(monkeypatch, used, built, wrong):
    monkeypatch.setattr(
        threadpoolctl, "threadpool_info", lambda: [{"internal_api": "", "version": ""} | one for one in used]
    )
    monkeypatch.setattr(np, "show_config", lambda mode: {"Build Dependencies": {"blas": {"name": built}}})
    assert matrix_products().wrong is wrong


def test_it_takes_no_query(analysed):
    assert "doctor takes no query" in analysed.deejai("doctor", "Aisle", status=1).err


def test_what_listeners_said_is_kept_as_far_as_it_is_whole(beets):
    with ListenerStore(beets.data / "listeners.db") as store:
        store.star("ann", ["so-1", "so-2"], 1.0)
    change(beets.data / "listeners.db", "UPDATE marks SET rating = 9 WHERE item = 'so-1'")
    assert "damaged rows of marks: 1" in beets.deejai("doctor", status=1).out
    assert problems(beets.deejai("doctor", "--fix", status=None)) == ["listeners"]
    with ListenerStore(beets.data / "listeners.db") as store:
        assert list(store.marks("ann")) == ["so-2"]
    assert "listeners" in beets.deejai("doctor").out

"""Vectors of an existing Deej-A.I. are read from its pickles, and nothing in a pickle is ever run."""

from __future__ import annotations

import pickle
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.embedding.pickles import read_vectors, vector_files
from deejai_core.errors import StoreError

SLICES = np.arange(300, dtype=np.float32).reshape(3, 100)


def write(path: Path, content: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.fixture
def installation(tmp_path) -> Path:
    """The dump folder of MP3ToVec.py, as it leaves it."""
    folder = tmp_path / "pickles"
    (folder / "mp3tovecs").mkdir(parents=True)
    write(folder / "_music_Björk_Jóga.p", ("/music/Björk/Jóga.mp3", SLICES))
    write(folder / "_music_Can_Halleluwah.p", ("/music/Can/Halleluwah.mp3", SLICES[:1]))
    vectors = {"/music/Björk/Jóga.mp3": SLICES[0].astype(float), "/music/Can/Halleluwah.mp3": np.zeros(100)}
    write(folder / "mp3tovecs/mp3tovec.p", vectors)
    return folder


def test_an_installation(installation):
    files = vector_files(installation)
    assert [file.name for file in files] == ["_music_Björk_Jóga.p", "_music_Can_Halleluwah.p"]
    embedded = dict(pair for file in files for pair in read_vectors(file))
    assert embedded.keys() == {"/music/Björk/Jóga.mp3", "/music/Can/Halleluwah.mp3"}
    assert np.array_equal(embedded["/music/Björk/Jóga.mp3"], SLICES)

    (file,) = vector_files(installation / "mp3tovecs/mp3tovec.p")
    vectors = dict(read_vectors(file))
    assert np.array_equal(vectors["/music/Björk/Jóga.mp3"], SLICES[:1])
    assert np.array_equal(vectors["/music/Can/Halleluwah.mp3"], np.zeros((1, 100)))  # alone in its batch


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("kind", ["<f4", "<f8", ">f4", "<f2", "<i8", "u1"])
def test_arrays_of_any_python_and_numpy(tmp_path, protocol, kind):
    array = SLICES.astype(kind)
    content = {"rows": array, "columns": np.asfortranarray(array), "one": array[0], "part": array[::2, ::2]}
    path = write(tmp_path / "mp3tovecs.p", {**content, "none": array[:0]}, protocol)
    if protocol == 3:  # before 2.0 numpy's modules had other names
        path.write_bytes(path.read_bytes().replace(b"numpy._core", b"numpy.core"))
    read = dict(read_vectors(path))
    assert read.pop("none").shape == (0, 100)
    for name, vectors in read.items():
        assert np.array_equal(vectors, np.atleast_2d(content[name]).astype(np.float32)), name
        assert vectors.dtype == np.float32


class Reduced:
    """What is pickled as a call, with these arguments, and perhaps a state for what it returns."""

    def __init__(self, *reduced: object) -> None:
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


SPRUNG = "sprung"
TRAPS = [
    Reduced(open, (SPRUNG, "w")),
    Reduced(eval, (f"open({SPRUNG!r}, 'w')",)),
    Reduced(np.save, (SPRUNG, [1])),
]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("wrap", [lambda trap: trap, lambda trap: ("a", trap), lambda trap: {"a": SLICES, "b": [trap]}])
def test_nothing_is_run(tmp_path, monkeypatch, protocol, wrap, trap):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "a.p", wrap(trap), protocol)
    with pytest.raises(StoreError, match=r"a\.p: not vectors of Deej-A\.I\. \(.* in it, which is not a number\)"):
        list(read_vectors(path))
    assert [file.name for file in tmp_path.iterdir()] == ["a.p"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "it contains a list, not tracks"),
        (("a.mp3", SLICES, 3), "it contains a tuple, not tracks"),
        ({"a.mp3": [1.0, 2.0]}, "a list where a vector should be"),
        ({b"a.mp3": SLICES}, "a bytes where a path should be"),
        ({"a.mp3": np.zeros((2, 2, 2))}, "an array of 3 dimensions where a vector should be"),
        ({"a.mp3": np.array([None, "x"])}, "an array of O8 in it, not of numbers"),
        ({"a.mp3": np.array(["x"])}, "an array of U1 in it, not of numbers"),
        ({"a.mp3": np.zeros(3, [("a", "f4"), ("b", "f4")])}, "an array of V8 in it, not of numbers"),
        ({"a.mp3": np.float32(3)}, "numpy._core.multiarray.scalar in it, which is not a number"),
        ({"a.mp3": {1, 2}}, "a set where a vector should be"),
    ],
)
def test_other_content_is_refused(tmp_path, content, message):
    path = write(tmp_path / "a.p", content)
    with pytest.raises(StoreError, match=message) as raised:
        list(read_vectors(path))
    assert str(raised.value).startswith(f"{path}: not vectors of Deej-A.I. (")


def claim(*shape: int) -> bytes:
    """The pickle of an array that has this shape and no content."""
    reconstruct, arguments, (version, _, kind, order, _) = SLICES.__reduce__()
    return pickle.dumps({"a.mp3": Reduced(reconstruct, arguments, (version, shape, kind, order, b""))}, protocol=4)


def refusal(path: Path) -> str:
    """Why a file is refused; nothing if it is not."""
    try:
        list(read_vectors(path))
    except StoreError as error:
        return str(error)
    return ""


HUGE = 1 << 40


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x80\x04\x95" + struct.pack("<Q", HUGE), id="frame"),
        pytest.param(b"\x80\x04\x8e" + struct.pack("<Q", HUGE), id="bytes"),
        pytest.param(b"\x80\x04\x8d" + struct.pack("<Q", HUGE), id="text"),
        pytest.param(b"\x80\x05\x96" + struct.pack("<Q", HUGE), id="bytearray"),
        pytest.param(b"\x80\x04\x8b" + struct.pack("<i", (1 << 31) - 1), id="integer"),
        pytest.param(claim(1 << 20, 1 << 20), id="array"),
        pytest.param(b"\x80\x04" + b"(" * 100_000 + b"t" * 100_000 + b".", id="depth"),
    ],
)
def test_no_memory_is_reserved_for_what_is_not_there(tmp_path, content):
    (path := tmp_path / "a.p").write_bytes(content)
    tracemalloc.start()
    told = refusal(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told.startswith(f"{path}: ")
    assert peak < 50_000_000


def test_a_far_place_in_the_memo_takes_no_memory(tmp_path):
    """The unpickler in C would make room for four billion objects."""
    (tmp_path / "a.p").write_bytes(b"\x80\x04}r" + struct.pack("<I", (1 << 32) - 1) + b".")
    assert list(read_vectors(tmp_path / "a.p")) == []


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_file_that_was_cut_off_is_reported(tmp_path, protocol):
    whole = pickle.dumps(("/music/a.mp3", SLICES[:, :3]), protocol=protocol)
    path = tmp_path / "_music_a.p"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(
            StoreError, match=r"_music_a\.p: (cut off; analyse its tracks again|not vectors of Deej-A\.I\.)"
        ):
            list(read_vectors(path))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match=r"a\.p: cannot be read \(No such file or directory\); check its name"):
        list(read_vectors(tmp_path / "a.p"))


@given(st.binary(max_size=60))
def test_any_bytes_are_vectors_or_an_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.p"
    path.write_bytes(content)
    assert "\n" not in refusal(path)

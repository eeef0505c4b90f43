"""Reads the vectors of an existing installation of Deej-A.I. from its pickles, without running them.

Its files are: one in the dump folder for each track, (audio path, slice vectors (n, 100)); in `mp3tovecs/` below it, {audio
path: vector (100,)}; and `tracktovec.p`, `spotifytovec.p`, `mp3tovecs.p`, {Spotify id: vector or slice vectors}.
"""

from __future__ import annotations

import pickle
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from deejai_core.errors import StoreError
from deejai_core.refusals import READING, refusal

# A track has some 20 steps of the unpickler and at least 300 bytes.
FEWEST_STEPS, BYTES_OF_A_STEP = 100_000, 8
NUMBERS = re.compile("[fiu][248]|[iu]1")  # types of arrays that are read


def vector_files(path: Path) -> list[Path]:
    """Return the pickles of the dump folder `path`, one for each track, in order; `path` itself if it is a file."""
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix == ".p" and file.is_file())
    return [path]


def read_vectors(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Return audio paths (or Spotify ids) and their vectors, (n, dimension) float32, from the pickle `path`.

    n is 1 if the track has one vector, and 0 if it was too short for the original. Numbers are returned as they are, finite
    or not: the original stored zeros for tracks that were alone in their batch. Raises StoreError before returning anything
    if the file cannot be read to its end, or contains anything but numbers, text, tuples, lists and dictionaries.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            content = _Unpickler(_Bounded(file, size), size).load()
        pairs = []
        for name, values in _pairs(content):
            pairs.append((_name(name), _vectors(values)))
            size -= pairs[-1][1].size
            if size < 0:
                raise pickle.UnpicklingError("more numbers than it has bytes")
    except OSError as error:
        raise StoreError(refusal(path, "cannot be read", error, READING)) from error
    except EOFError as error:
        raise StoreError(f"{path}: cut off; analyse its tracks again") from error
    except Exception as error:  # arbitrary bytes make the unpickler raise any kind of error
        reason = str(error) if isinstance(error, pickle.UnpicklingError) else type(error).__name__
        raise StoreError(f"{path}: not vectors of Deej-A.I. ({reason})") from error
    yield from pairs


def _pairs(content: object) -> Iterator[tuple[object, object]]:
    if isinstance(content, dict):
        yield from content.items()
    elif isinstance(content, tuple) and len(content) == 2:
        yield content
    else:
        raise pickle.UnpicklingError(f"it contains a {type(content).__name__}, not tracks")


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise pickle.UnpicklingError(f"a {type(name).__name__} where a path should be")
    return name


def _vectors(values: object) -> np.ndarray:
    if not isinstance(values, _Array):
        raise pickle.UnpicklingError(f"a {type(values).__name__} where a vector should be")
    array = values.numbers()
    if array.ndim not in (1, 2):
        raise pickle.UnpicklingError(f"an array of {array.ndim} dimensions where a vector should be")
    return np.atleast_2d(array).astype(np.float32)


class _Bounded:
    """A file that does not read beyond its end, so that no length written in it reserves memory for it."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def read(self, count: int) -> bytes:
        if not 0 <= count <= self._left:
            raise EOFError
        self._left -= count
        return self._file.read(count)

    def readline(self) -> bytes:
        line = self._file.readline()
        self._left -= len(line)
        return line


class _Type:
    """Stands for numpy's dtype: only its code and the order of its bytes."""

    def __init__(self, code: object, *_: object) -> None:
        if not isinstance(code, str) or not NUMBERS.fullmatch(code):
            raise pickle.UnpicklingError(f"an array of {code} in it, not of numbers")
        self.code, self.order = code, "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = ">" if state[1] == ">" else "<"


class _Array:
    """Stands for numpy's array: its state as it was pickled."""

    def __init__(self) -> None:
        self._state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._state = state[1:]  # the first is a version

    def numbers(self) -> np.ndarray:
        shape, kind, columns_first, content = self._state
        if not isinstance(kind, _Type) or not isinstance(content, (bytes, bytearray)):
            raise pickle.UnpicklingError("an array in it that is not of numbers")
        flat = np.frombuffer(content, kind.order + kind.code)
        return flat.reshape(shape, order="F" if columns_first else "C")


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _from_buffer(content: object, kind: object, shape: object, order: object) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, kind, order == "F", content))
    return array


def _counted(step: Callable[[Any], None]) -> Callable[[Any], None]:
    """A step of an unpickler with a limit on its number: each may leave an object of 70 bytes, and takes only one byte."""

    def counted(unpickler: _Unpickler) -> None:
        unpickler._left -= 1
        if unpickler._left < 0:
            raise pickle.UnpicklingError("more objects in it than vectors have")
        step(unpickler)

    return counted


class _Unpickler(pickle._Unpickler):
    """Makes nothing but these objects, and no more of them than a file of this size (bytes) needs.

    It is Python's own, not the one in C, which accepts any number as a place in its memo.
    """

    read: Callable[[int], bytes]  # these two exist while something is loaded
    append: Callable[[object], None]

    def __init__(self, file: _Bounded, size: int) -> None:
        super().__init__(file)
        self._left = FEWEST_STEPS + size // BYTES_OF_A_STEP

    def find_class(self, module: str, name: str) -> object:
        match module.removeprefix("numpy.").replace("_core.", "core."), name:
            case "core.multiarray", "_reconstruct":
                return _reconstruct
            case "core.numeric", "_frombuffer":  # protocol 5
                return _from_buffer
            case "numpy", "ndarray":
                return _Array
            case "numpy", "dtype":
                return _Type
        raise pickle.UnpicklingError(f"{module}.{name} in it, which is not a number")

    def load_bytearray8(self) -> None:
        (size,) = struct.unpack("<Q", self.read(8))
        self.append(self.read(size))  # not reserved before it is known to exist

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = {
        code: _counted(step) for code, step in pickle._Unpickler.dispatch.items()
    }
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    def persistent_load(self, _: object) -> object:
        raise pickle.UnpicklingError("a reference to something outside in it")

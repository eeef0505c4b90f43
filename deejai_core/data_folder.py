"""The files of a library that deejai stores in the library's data folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from deejai_core.errors import LibraryError
from deejai_core.library import Library
from deejai_core.refusals import OWN, refusal


def slices_path(library: Library) -> Path:
    return library.folder / "slices.db"


def recordings_path(library: Library) -> Path:
    return library.folder / "recordings"


def reference_path(library: Library) -> Path:
    return library.folder / "reference"


def history_path(library: Library) -> Path:
    return library.folder / "history.db"


def track2vec_path(library: Library) -> Path:
    return library.folder / "track2vec.safetensors"


def spectrograms_path(library: Library) -> Path:
    return library.folder / "spectrograms"


def map_path(library: Library) -> Path:
    return library.folder / "map.html"


def listeners_path(library: Library) -> Path:
    """Return the file of listeners' data of the OpenSubsonic server."""
    return library.folder / "listeners.db"


def votes_path(library: Library) -> Path:
    """Return the file of the votes of blind tests."""
    return library.folder / "votes.jsonl"


def bliss_path(library: Library) -> Path:
    """Return the file of bliss-audio's features, for blind tests against it."""
    return library.folder / "bliss.npz"


def choice_path(library: Library) -> Path:
    """Return the file with the name of the model that was chosen for the library."""
    return library.folder / "model"


def unfinished_path(library: Library) -> Path:
    """Return the folder of notes of large files that are being written, wherever they are."""
    return library.folder / "unfinished"


@contextlib.contextmanager
def alone(library: Library) -> Iterator[None]:
    """Prevent a second analysis of the same library, however this one ends.

    Raises LibraryError if one is running.
    """
    from filelock import FileLock, Timeout

    path = library.folder / "analyze.lock"
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise LibraryError("this library is being analysed already; wait until that has finished") from error
    except OSError as error:
        raise LibraryError(refusal(path, "cannot be written", error, OWN)) from error
    try:
        yield
    finally:
        lock.release()

"""Finds the music files below a folder, reading each folder once and no files."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Any, NamedTuple

from deejai_core.audio.container import SUFFIXES
from deejai_core.errors import LibraryError
from deejai_core.refusals import READING, refusal

PICTURES = (".jpg", ".jpeg", ".png")
COVERS = [stem + suffix for stem in ("cover", "folder", "front", "album") for suffix in PICTURES]  # the most likely first


class Stamp(NamedTuple):
    """Shows whether a file has changed."""

    size: int  # bytes
    mtime_ns: int


class Found(NamedTuple):
    """Files by name, and the names of folders that could not be read.

    A name is relative to the music folder, as bytes, with slashes.
    """

    files: dict[bytes, Stamp]
    unreadable: list[bytes]


def music_files(root: Path, data: Path) -> Found:
    """Return all audio files, by suffix, in a folder and those below it, without hidden ones and `data`.

    Links are followed, but each folder is read only once, and none that contains `root`. Raises LibraryError if `root`
    cannot be read.
    """
    found = Found({}, [])
    seen = {_identity(folder) for folder in (*root.resolve().parents, root, data)} - {None}
    # Links come last, so that a file gets the name of its real place, even if a link leads to its folder.
    folders: list[bytes] = [b""]
    links: list[bytes] = []
    while folders or links:
        name = folders.pop() if folders else links.pop()
        path = os.path.join(os.fsencode(root), name)  # noqa: PTH118 (bytes)
        if name and not _is_new(path, seen):
            continue
        try:
            with os.scandir(path) as entries:
                shown = [entry for entry in entries if not entry.name.startswith(b".")]
        except OSError as error:
            if not name:
                raise LibraryError(refusal(root, "cannot be read", error, READING)) from error
            found.unreadable.append(name)
            continue
        for entry in sorted(shown, key=lambda entry: entry.name):
            below = name + b"/" + entry.name if name else entry.name
            try:
                if entry.is_dir():
                    (links if entry.is_symlink() else folders).append(below)
                elif os.fsdecode(os.path.splitext(entry.name)[1]).lower() in SUFFIXES:  # noqa: PTH122 (bytes)
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode):
                        found.files[below] = Stamp(status.st_size, status.st_mtime_ns)
            except FileNotFoundError:  # removed meanwhile, or a broken link
                continue
            except OSError:
                found.unreadable.append(below)
    return found


def cover_beside(folder: Path) -> Path | None:
    """Return the picture in a folder that has the name of a cover, or None."""
    with contextlib.suppress(OSError):
        pictures = {path.name.lower(): path for path in folder.iterdir() if path.suffix.lower() in PICTURES}
        return next((pictures[name] for name in COVERS if name in pictures), None)
    return None


def is_below(name: bytes, others: list[bytes]) -> bool:
    """Return whether a name is one of these, or in one of these folders."""
    return any(name == other or name.startswith(other + b"/") for other in others)


def _is_new(path: bytes, seen: set[Any]) -> bool:
    """Return whether a folder is new, and mark it as seen."""
    before, identity = len(seen), _identity(path)
    seen.add(identity)
    return identity is None or len(seen) > before


def _identity(path: Path | bytes) -> tuple[int, int] | None:
    """Return what identifies a folder under all its names; None if it is missing."""
    try:
        status = os.stat(path)  # noqa: PTH116 (bytes)
    except OSError:
        return None
    return status.st_dev, status.st_ino

"""The music files below a folder, by one look at each, without reading any."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Any, NamedTuple

from deejai_core.audio.container import SUFFIXES
from deejai_core.errors import LibraryError

PICTURES = (".jpg", ".jpeg", ".png")
COVERS = [stem + suffix for stem in ("cover", "folder", "front", "album") for suffix in PICTURES]  # the likeliest first


class Stamp(NamedTuple):
    """What tells that a file is as it was."""

    size: int  # bytes
    mtime_ns: int


class Found(NamedTuple):
    """Files by name, and names of what could not be looked at. A name is relative to the folder, as bytes, with slashes."""

    files: dict[bytes, Stamp]
    unreadable: list[bytes]


def music_files(root: Path, data: Path) -> Found:
    """All files in a folder and those below it whose names end as those of audio; hidden ones and `data` left out.

    Links are followed, but each folder is looked into once, and none that holds `root`. Raises LibraryError if `root`
    cannot be read.
    """
    found = Found({}, [])
    seen = {_identity(folder) for folder in (*root.resolve().parents, root, data)} - {None}
    # Links come last, so that a file has the name under which it lies, wherever else a link leads to its folder.
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
                raise LibraryError(f"{root}: cannot be read ({error.strerror or error})") from error
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
            except FileNotFoundError:  # gone meanwhile, or a link to nothing
                continue
            except OSError:
                found.unreadable.append(below)
    return found


def cover_beside(folder: Path) -> Path | None:
    """The picture in a folder that is called as covers are."""
    with contextlib.suppress(OSError):
        pictures = {path.name.lower(): path for path in folder.iterdir() if path.suffix.lower() in PICTURES}
        return next((pictures[name] for name in COVERS if name in pictures), None)
    return None


def is_below(name: bytes, others: list[bytes]) -> bool:
    """Whether a name is one of these, or in one of these folders."""
    return any(name == other or name.startswith(other + b"/") for other in others)


def _is_new(path: bytes, seen: set[Any]) -> bool:
    """Whether a folder was not seen yet; it is seen now."""
    before, identity = len(seen), _identity(path)
    seen.add(identity)
    return identity is None or len(seen) > before


def _identity(path: Path | bytes) -> tuple[int, int] | None:
    """What a folder is known by under all its names; None if it is not there."""
    try:
        status = os.stat(path)  # noqa: PTH116 (bytes)
    except OSError:
        return None
    return status.st_dev, status.st_ino

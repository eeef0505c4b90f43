"""Playlists as files: written whole or not at all, and only over other playlists."""

from __future__ import annotations

import re
from pathlib import Path

from deejai_core.errors import PlaylistError
from deejai_core.files import replacing
from deejai_core.formats.entries import one_line
from deejai_core.formats.table import BEGINNING, TABLE, by_content, by_suffix

FORMATS = {format_.name: format_.write for format_ in TABLE if format_.write}
SUFFIXES = {format_.name: format_.suffixes[0] for format_ in TABLE if format_.write}

_DATE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


def is_same(path: Path, data: bytes) -> bool:
    """Whether a file holds this playlist already, whenever it was made."""
    try:
        return path.is_file() and _DATE.sub(b"", path.read_bytes(), count=1) == _DATE.sub(b"", data, count=1)
    except (OSError, ValueError):
        return False


def check_suffix(path: Path) -> None:
    """Raises PlaylistError for the name of a format that is read, but not written."""
    format_ = by_suffix(path.suffix)
    if format_ and not format_.write:
        written = ", ".join(dict.fromkeys(SUFFIXES.values()))
        raise PlaylistError(f"{one_line(str(path))}: {path.suffix} is not written; choose a name that ends in {written}")


def write_playlist(path: Path, data: bytes, *, within: Path | None = None) -> None:
    """Write a playlist; an older one is replaced whole, a file that is none never.

    Its folder is made if it is missing, but none at the root of a disk, nor the one above it, unless that lies in `within`:
    what is not there may be a disk that is not mounted. Raises PlaylistError; what was there is then as it was.
    """
    try:
        if path.is_file() and not _is_playlist(path):
            raise PlaylistError(f"{path}: this file exists and is not a playlist; choose another name")
        _make_folder(path.parent, within)
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a device or a pipe, such as /dev/stdout
            return
        with replacing(path, through_link=True) as temporary:
            temporary.write_bytes(data)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise PlaylistError(
            f"{one_line(str(path))}: cannot write the playlist ({getattr(error, 'strerror', None) or error})"
        ) from error


def _make_folder(folder: Path, within: Path | None) -> None:
    if folder.is_dir():
        return
    parent = folder.parent
    if within in folder.parents:
        _make_folder(parent, within)
    elif not parent.is_dir() or parent == Path(folder.anchor):
        missing = folder if parent.is_dir() else parent
        raise PlaylistError(f"{one_line(str(folder))}: there is no folder {one_line(str(missing))}; make it first")
    folder.mkdir(exist_ok=True)


def _is_playlist(path: Path) -> bool:
    """By its name, by what it begins with, or for having nothing in it."""
    format_ = by_suffix(path.suffix)
    if format_ and format_.write:
        return True
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
    return not beginning or by_content(beginning) is not None

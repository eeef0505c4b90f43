"""Writes playlists to files: atomically, and only over other playlists."""

from __future__ import annotations

import os
import re
from pathlib import Path

from deejai_core.errors import PlaylistError
from deejai_core.files import write_named
from deejai_core.formats.table import BEGINNING, TABLE, by_content, by_suffix
from deejai_core.refusals import WRITING, refusal
from deejai_core.words import one_line

FORMATS = {format_.name: format_.write for format_ in TABLE if format_.write}
SUFFIXES = {format_.name: format_.suffixes[0] for format_ in TABLE if format_.write}

LONGEST_NAME = 200  # bytes of a playlist's name: file systems allow 255, with a suffix

_DATE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


def is_same(path: Path, data: bytes) -> bool:
    """Return whether a file already holds this playlist, whenever it was made."""
    try:
        return path.is_file() and _DATE.sub(b"", path.read_bytes(), count=1) == _DATE.sub(b"", data, count=1)
    except (OSError, ValueError):
        return False


def file_name(title: str) -> str:
    """Return the name of a playlist's file, without a suffix."""
    name = one_line(title).replace("/", "_").replace("\\", "_")
    return os.fsencode(name)[:LONGEST_NAME].decode("utf-8", "ignore").rstrip()


def check_suffix(path: Path) -> None:
    """Raise PlaylistError for a file name of a format that is only read."""
    format_ = by_suffix(path.suffix)
    if format_ and not format_.write:
        written = ", ".join(dict.fromkeys(SUFFIXES.values()))
        raise PlaylistError(f"{one_line(str(path))}: cannot write {path.suffix}; choose a name that ends in {written}")


def named_format(name: str, usual: str) -> str:
    """Return the format that a file's name asks for; the usual one if it has no suffix, or a suffix that both share.

    Raises PlaylistError for the name of a format that is only read.
    """
    path = Path(name)
    check_suffix(path)
    format_ = by_suffix(path.suffix)
    return usual if format_ is None or format_.suffixes[0] == SUFFIXES[usual] else format_.name


def write_playlist(path: Path, data: bytes, *, within: Path | None = None) -> None:
    """Write a playlist atomically. It replaces an older one, but never a file that is not a playlist.

    Its folder is created if `make_folder` allows it. Raises PlaylistError; the existing file is then unchanged.
    """
    try:
        if path.is_file() and not _is_playlist(path):
            raise PlaylistError(f"{path}: this file exists and is not a playlist; choose another name")
        write_named(path, data, within)
    except (OSError, ValueError) as error:  # ValueError: an impossible name
        raise PlaylistError(refusal(path, "cannot write the playlist", error, WRITING)) from error


def _is_playlist(path: Path) -> bool:
    """Return whether a file is a playlist by its name or its beginning, or empty."""
    format_ = by_suffix(path.suffix)
    if format_ and format_.write:
        return True
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
    return not beginning or by_content(beginning) is not None

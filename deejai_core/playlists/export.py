"""Playlists as files: written whole or not at all, and only over other playlists."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from deejai_core.errors import PlaylistError
from deejai_core.files import replacing
from deejai_core.playlists.m3u import HEADER, format_m3u
from deejai_core.playlists.tracks import Header, Style, Track, one_line
from deejai_core.playlists.xspf import format_jspf, format_xspf

FORMATS: dict[str, Callable[[list[Track], Style, Header], bytes]] = {
    "extm3u": format_m3u,
    "m3u": lambda tracks, style, _: format_m3u(tracks, style),
    "xspf": format_xspf,
    "jspf": format_jspf,
}
SUFFIXES = {"extm3u": ".m3u", "m3u": ".m3u", "xspf": ".xspf", "jspf": ".jspf"}

_DATE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_RECOGNISED = 2000  # bytes at the beginning of a file that tell whether it is a playlist


def is_same(path: Path, data: bytes) -> bool:
    """Whether a file holds this playlist already, whenever it was made."""
    try:
        return path.is_file() and _DATE.sub(b"", path.read_bytes(), count=1) == _DATE.sub(b"", data, count=1)
    except (OSError, ValueError):
        return False


def write_playlist(path: Path, data: bytes) -> None:
    """Write a playlist, and the folders above it; an older playlist is replaced whole, a file that is none never.

    Raises PlaylistError; what was there is then as it was.
    """
    try:
        if path.is_file() and not _is_playlist(path):
            raise PlaylistError(f"{path}: this file exists and is not a playlist; choose another name")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a device or a pipe, such as /dev/stdout
            return
        with replacing(path, through_link=True) as temporary:
            temporary.write_bytes(data)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise PlaylistError(
            f"{one_line(str(path))}: cannot write the playlist ({getattr(error, 'strerror', None) or error})"
        ) from error


def _is_playlist(path: Path) -> bool:
    """By its name, by what it begins with, or for having nothing in it."""
    if path.suffix.lower() in (".m3u", ".m3u8", ".xspf", ".jspf"):
        return True
    with path.open("rb") as file:
        beginning = file.read(_RECOGNISED)
    return (
        not beginning or beginning.startswith((HEADER, b'{"playlist":', b'{\n "playlist":')) or b"xspf.org/ns" in beginning
    )

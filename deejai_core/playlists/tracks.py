"""Tracks as playlists show them, and how their files are named in one."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_GAP = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Track:
    """A track as a playlist shows it."""

    path: Path  # absolute; may hold bytes that are no text, as os.fsdecode gives them
    artist: str
    title: str
    length: float | None  # seconds
    album: str = ""
    recording: str = ""  # MusicBrainz recording id


@dataclass(frozen=True)
class Entry:
    """What a playlist says of one of its tracks. Whatever it does not say is empty."""

    location: bytes  # as the playlist names the file: a path, or a URL
    artist: str = ""
    title: str = ""
    album: str = ""
    recording: str = ""  # MusicBrainz recording id


@dataclass(frozen=True)
class Style:
    """How a playlist names its tracks. The options have the names and the order of beets' smartplaylist plugin."""

    relative_to: Path | None = None  # paths relative to this folder; None: absolute
    forward_slash: bool = False  # backslashes become slashes
    urlencode: bool = False  # special characters as %xx
    prefix: str = ""  # in front of each path


@dataclass(frozen=True)
class Header:
    """What a playlist says of itself."""

    title: str
    recipe: tuple[str, ...] = ()  # how to make it again, a line each
    date: str = ""  # ISO 8601, when it was made


def one_line(text: str) -> str:
    """Text for one line of a file or a terminal: control characters and line breaks become a space."""
    return _GAP.sub(lambda gap: " " if _CONTROL.search(gap[0]) else gap[0], text).strip()


def location(path: Path, style: Style) -> bytes:
    """How a playlist names a file, not yet encoded as its format asks for: raw bytes on POSIX, UTF-8 on Windows."""
    name = os.fspath(path)
    if style.relative_to:
        with contextlib.suppress(ValueError):  # another drive on Windows: only the absolute path leads there
            name = os.path.relpath(name, style.relative_to)
    if style.forward_slash:
        name = name.replace("\\", "/")
    return os.fsencode(name)


def urlencoded(name: bytes) -> bytes:
    return quote_from_bytes(name, safe="/:" if os.name == "nt" else "/").encode()

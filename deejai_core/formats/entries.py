"""Tracks as playlists show them, and how playlists name their files."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote_from_bytes

from deejai_core.errors import PlaylistError
from deejai_core.version import __version__
from deejai_core.words import one_line


@dataclass(frozen=True)
class Track:
    """A track as a playlist shows it."""

    path: Path  # absolute; it may contain bytes that are not text, as os.fsdecode returns them
    artist: str
    title: str
    length: float | None  # seconds
    album: str = ""
    recording: str = ""  # MusicBrainz recording id
    format: str = ""  # of the file, as in `Metadata`

    @property
    def name(self) -> str:
        """Artist and title on one line; for a track without a title, the name of its file."""
        return " - ".join(filter(None, (one_line(self.artist), one_line(self.title) or one_line(self.path.name))))


@dataclass(frozen=True)
class Entry:
    """A track as an entry of a playlist describes it. Values that it lacks are empty."""

    locations: tuple[bytes, ...] = ()  # paths or URLs, as they are in the playlist; all except the first are alternatives
    artist: str = ""
    title: str = ""
    album: str = ""
    recording: str = ""  # MusicBrainz recording id
    encoded: bool = False  # whether the format writes special characters as %xx, even in relative paths


@dataclass(frozen=True)
class Listing:
    """The content of a playlist."""

    entries: list[Entry]
    title: str = ""
    date: str = ""  # ISO 8601 day
    odd: int = 0  # entries that cannot be read, and are left out


@dataclass(frozen=True)
class Style:
    """How a playlist names its tracks. The options have the names and the order of those of beets' smartplaylist plugin."""

    relative_to: Path | None = None  # paths relative to this folder; None: absolute
    forward_slash: bool = False  # backslashes become slashes
    urlencode: bool = False  # special characters as %xx
    prefix: str = ""  # in front of each path


@dataclass(frozen=True)
class Header:
    """What a playlist states about itself."""

    title: str
    recipe: tuple[str, ...] = ()  # how to make it again, one line each
    date: str = ""  # ISO 8601, when it was made


def made_with(model: str, *notes: str) -> str:
    """Return the line of a recipe with the version that made it: a recipe leaves out that version's defaults."""
    return ", ".join((f"deejai {__version__}", f"model {model}", *notes))


def now() -> str:
    """Return the date for a header that is made now."""
    return datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds")


def location(path: Path, style: Style) -> bytes:
    """Return how a playlist names a file, before its format's encoding: raw bytes on POSIX, UTF-8 on Windows."""
    name = os.fspath(path)
    if style.relative_to:
        with contextlib.suppress(ValueError):  # on another drive of Windows, only the absolute path leads there
            name = os.path.relpath(name, style.relative_to)
    if style.forward_slash:
        name = name.replace("\\", "/")
    return os.fsencode(name)


def urlencoded(name: bytes) -> bytes:
    return quote_from_bytes(name, safe="/:" if os.name == "nt" else "/").encode()


def name_in_line(path: Path, style: Style) -> bytes:
    """Return how a playlist with one line per file names it.

    Raises PlaylistError for a name with a line break that is not URL-encoded.
    """
    name = location(path, style)
    if style.urlencode:
        name = urlencoded(name)
    elif b"\n" in name or b"\r" in name:
        raise PlaylistError(
            f"{one_line(os.fspath(path))}: its name has a line break, which a line of a playlist cannot hold; "
            "set `urlencode: yes`"
        )
    if name.startswith((b"#", b" ", b"\t")) and not style.prefix:
        name = b"./" + name  # otherwise it would be a comment, or begin with a space that players drop
    return os.fsencode(style.prefix) + name


def caption_of(track: Track) -> str:
    """Return artist and title, on one line."""
    return " - ".join(filter(None, (one_line(track.artist), one_line(track.title))))


def seconds_of(track: Track) -> int:
    """Return a track's length, -1 if unknown."""
    return -1 if track.length is None else round(track.length)


def comments_of(header: Header) -> list[str]:
    """Return how to make a playlist again, and when it was made, as comments of one line each."""
    told = [*map(one_line, header.recipe), *([f"made {header.date}"] if header.date else [])]
    return [f"# {line}" for line in told]

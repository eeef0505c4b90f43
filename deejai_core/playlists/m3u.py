"""Playlists as M3U files: tracks to bytes, and bytes to a file, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes

from deejai_core.errors import PlaylistError
from deejai_core.files import replacing

HEADER = b"#EXTM3U"


@dataclass(frozen=True)
class Track:
    """A track as a playlist shows it."""

    path: Path  # absolute; may hold bytes that are no text, as os.fsdecode gives them
    artist: str
    title: str
    length: float | None  # seconds


@dataclass(frozen=True)
class M3UStyle:
    """How a playlist names its tracks. The options have the names and the order of beets' smartplaylist plugin."""

    extended: bool = True  # with #EXTM3U and a line of artist, title and length for each track
    relative_to: Path | None = None  # paths relative to this folder; None: absolute
    forward_slash: bool = False  # backslashes become slashes
    urlencode: bool = False  # special characters as %xx
    prefix: str = ""  # in front of each path


def _is_playlist(path: Path) -> bool:
    """By its name, its header, or for having nothing in it."""
    if path.suffix.lower() in (".m3u", ".m3u8"):
        return True
    with path.open("rb") as file:
        return file.read(len(HEADER)) in (HEADER, b"")


def one_line(text: str) -> str:
    """Text for one line of a file or a terminal: control characters and line breaks become a space."""
    return re.sub(r"\s*[\x00-\x1f\x7f-\x9f\u2028\u2029]\s*", " ", text).strip()


def location(path: Path, style: M3UStyle) -> bytes:
    """How a playlist names a file: its raw bytes on POSIX, UTF-8 on Windows.

    Raises PlaylistError if M3U cannot: a line break in a name is only possible URL-encoded.
    """
    name = os.fspath(path)
    if style.relative_to:
        with contextlib.suppress(ValueError):  # another drive on Windows: only the absolute path leads there
            name = os.path.relpath(name, style.relative_to)
    if style.forward_slash:
        name = name.replace("\\", "/")
    encoded = os.fsencode(name)
    if style.urlencode:
        encoded = quote_from_bytes(encoded, safe="/:" if os.name == "nt" else "/").encode()
    elif b"\n" in encoded or b"\r" in encoded:
        raise PlaylistError(f"{one_line(name)}: its name has a line break, which M3U cannot hold; set `urlencode: yes`")
    if encoded.startswith(b"#") and not style.prefix:
        encoded = b"./" + encoded  # otherwise a comment
    return os.fsencode(style.prefix) + encoded


def format_m3u(tracks: Iterable[Track], style: M3UStyle) -> bytes:
    """The playlist's bytes. Raises PlaylistError if a track cannot be named."""
    lines = [HEADER] if style.extended else []
    for track in tracks:
        if style.extended:
            seconds = -1 if track.length is None else round(track.length)
            caption = " - ".join(filter(None, (one_line(track.artist), one_line(track.title))))
            lines.append(f"#EXTINF:{seconds},{caption}".encode("utf-8", "replace"))
        lines.append(location(track.path, style))
    return b"".join(line + b"\n" for line in lines)


def write_m3u(path: Path, data: bytes) -> None:
    """Write a playlist, and the folders above it; an older playlist is replaced whole, a file that is none never.

    Raises PlaylistError; what was there is then as it was.
    """
    try:
        if path.is_file() and not _is_playlist(path):
            raise PlaylistError(f"{path}: there is a file that is no playlist; choose another name")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a device or a pipe, such as /dev/stdout
            return
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise PlaylistError(f"{path}: cannot write the playlist ({error.strerror or error})") from error

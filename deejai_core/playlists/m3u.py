"""Playlists in the M3U format."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from deejai_core.errors import PlaylistError
from deejai_core.playlists.tracks import Header, Style, Track, location, one_line, urlencoded

HEADER = b"#EXTM3U"


def format_m3u(tracks: Iterable[Track], style: Style, header: Header | None = None) -> bytes:
    """The playlist's bytes. header: makes it an extended M3U, with artist, title and length of each track.

    Raises PlaylistError if a track cannot be named: a line break in a name is only possible URL-encoded.
    """
    lines = []
    if header:
        comments = [*header.recipe, *([f"made {header.date}"] if header.date else [])]
        lines = [HEADER, _text(f"#PLAYLIST:{one_line(header.title)}"), *(_text(f"# {one_line(line)}") for line in comments)]
    for track in tracks:
        if header:
            seconds = -1 if track.length is None else round(track.length)
            caption = " - ".join(filter(None, (one_line(track.artist), one_line(track.title))))
            lines.append(_text(f"#EXTINF:{seconds},{caption}"))
        lines.append(_location(track.path, style))
    return b"".join(line + b"\n" for line in lines)


def read_m3u(path: Path) -> list[Path]:
    """The files that a playlist names, absolute, in its order; whether they are there or not.

    Relative names start from the playlist's folder. Names that are no file but become one when URL-decoded are decoded.
    Raises PlaylistError if it cannot be read or is no playlist.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlaylistError(f"{path}: cannot read the playlist ({error.strerror or error})") from error
    if b"\0" in data:
        raise PlaylistError(f"{path}: this is no M3U playlist")
    lines = [line.strip(b"\r\t ") for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    return [_file(line, path.parent) for line in lines if line and not line.startswith(b"#")]


def _text(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _location(path: Path, style: Style) -> bytes:
    name = location(path, style)
    if style.urlencode:
        name = urlencoded(name)
    elif b"\n" in name or b"\r" in name:
        raise PlaylistError(
            f"{one_line(os.fspath(path))}: its name has a line break, which M3U cannot hold; set `urlencode: yes`"
        )
    if name.startswith(b"#") and not style.prefix:
        name = b"./" + name  # otherwise a comment
    return os.fsencode(style.prefix) + name


def _file(line: bytes, folder: Path) -> Path:
    if line.lower().startswith(b"file:"):
        with contextlib.suppress(ValueError):  # no URL after all
            return Path(os.fsdecode(unquote_to_bytes(urlsplit(line).path)))
    plain, decoded = (folder.absolute() / os.fsdecode(name) for name in (line, unquote_to_bytes(line)))
    try:
        plain, decoded = Path(os.path.normpath(plain)), Path(os.path.normpath(decoded))
        return decoded if not plain.exists() and decoded.exists() else plain
    except (OSError, ValueError):
        return plain  # a name that no file can have

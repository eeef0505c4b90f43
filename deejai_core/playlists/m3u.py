"""Playlists in the M3U format."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote_to_bytes

from deejai_core.errors import PlaylistError
from deejai_core.playlists.tracks import Entry, Header, Style, Track, location, one_line, urlencoded

HEADER = b"#EXTM3U"

_CAPTION = re.compile(r'^-?[\d.]*(?:\s+[\w-]+="[^"]*")*\s*,')  # what stands before it: seconds, perhaps attributes
_DASH = re.compile(r"(?<=\s)[-\u2013](?=\s)")
_TELLING = {"#EXTART": "artist", "#EXTALB": "album"}
_STREAM = re.compile(rb"(?!file:)[a-z][a-z0-9+.-]+:", re.IGNORECASE)  # a URL, but no drive letter
_FILE_URL = re.compile(rb"file:(?://[^/]*|(?!//))(/.*)", re.IGNORECASE)
_DRIVE = re.compile(rb"[A-Za-z]:[/\\]")


def format_m3u(tracks: Iterable[Track], style: Style, header: Header | None = None) -> bytes:
    """The playlist's bytes. header: makes it an extended M3U, with artist, title and length of each track.

    Raises PlaylistError if a track cannot be named: a line break in a name is only possible URL-encoded.
    """
    lines = []
    if header:
        comments = [*header.recipe, *([f"made {header.date}"] if header.date else [])]
        lines = [HEADER, _text(f"#PLAYLIST:{one_line(header.title)}"), *(_text(f"# {one_line(line)}") for line in comments)]
    for track in tracks:
        lines += _entry(track, style, extended=bool(header))
    return b"".join(line + b"\n" for line in lines)


def append_to_m3u(data: bytes, track: Track, style: Style) -> bytes:
    """A playlist's bytes with one track more, unless that is its last one. Raises PlaylistError as `format_m3u`."""
    lines = _entry(track, style, extended=data.removeprefix(b"\xef\xbb\xbf").startswith(HEADER))
    if data and not data.endswith(b"\n"):
        data += b"\n"
    if data.splitlines()[-1:] == lines[-1:]:
        return data
    return data + b"".join(line + b"\n" for line in lines)


def read_m3u(path: Path) -> list[Path]:
    """The files that a playlist names, absolute, in its order; whether they are there or not.

    Relative names start from the playlist's folder. Names that are no file but become one when URL-decoded are decoded.
    Raises PlaylistError if it cannot be read or is no playlist.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlaylistError(f"{path}: cannot read the playlist ({error.strerror or error})") from error
    try:
        _, entries = parse_m3u(data)
    except PlaylistError as error:
        raise PlaylistError(f"{path}: {error}") from error
    return [find_file(entry.location, path.parent) for entry in entries]


def parse_m3u(data: bytes) -> tuple[str, list[Entry]]:
    """A playlist's name, if it tells one, and its entries. Text that is no UTF-8 is taken for Latin-1.

    Raises PlaylistError if it is no playlist.
    """
    if b"\0" in data:
        raise PlaylistError("this is not an M3U playlist")
    name, told, entries = "", {}, []
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        line = line.strip(b"\r\t ")
        if not line.startswith(b"#"):
            if line:
                entries.append(Entry(line, **told))
                told = {}
            continue
        tag, _, value = as_text(line).partition(":")
        value = value.strip()
        if tag == "#PLAYLIST":
            name = value
        elif tag == "#EXTINF":
            artist, title = split_caption(_CAPTION.sub("", value))
            told = {"artist": artist, "title": title} | told
        elif tag in _TELLING:
            told[_TELLING[tag]] = value
    return name, entries


def as_text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def split_caption(caption: str) -> tuple[str, str]:
    """Artist and title of "Artist - Title"; without a dash all of it is the title."""
    artist, *title = _DASH.split(caption.strip(), maxsplit=1)
    return (artist.rstrip(), title[0].lstrip()) if title else ("", artist)


def is_stream(location: bytes) -> bool:
    """Whether it is a URL of something else than a file."""
    return bool(_STREAM.match(location))


def find_file(location: bytes, folder: Path) -> Path:
    """The file, absolute, that a playlist in this folder names: the first way to read the name that leads to one.

    As it stands, URL-decoded, with backslashes for slashes, or in Latin-1; if there is no such file, as it stands.
    """
    if url := _FILE_URL.fullmatch(location):
        name = unquote_to_bytes(url[1])
        return Path(os.fsdecode(name[1:] if _DRIVE.match(name[1:]) else name))
    names = [location, unquote_to_bytes(location)]
    names += [name.replace(b"\\", b"/") for name in names]
    names += [name.decode("latin-1").encode() for name in names]
    paths = [Path(os.path.normpath(folder.absolute() / os.fsdecode(name))) for name in dict.fromkeys(names)]
    for path in paths:
        with contextlib.suppress(OSError, ValueError):  # a name that no file can have
            if path.exists():
                return path
    return paths[0]


def _entry(track: Track, style: Style, *, extended: bool) -> list[bytes]:
    """The lines of a track."""
    lines = [_location(track.path, style)]
    if extended:
        seconds = -1 if track.length is None else round(track.length)
        caption = " - ".join(filter(None, (one_line(track.artist), one_line(track.title))))
        lines.insert(0, _text(f"#EXTINF:{seconds},{caption}"))
    return lines


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

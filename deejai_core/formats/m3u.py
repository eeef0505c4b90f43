"""Playlists in the M3U format."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deejai_core.errors import PlaylistError
from deejai_core.formats.entries import (
    Entry,
    Header,
    Listing,
    Style,
    Track,
    caption_of,
    comments_of,
    name_in_line,
    seconds_of,
)
from deejai_core.formats.text import as_text, utf8, without_mark
from deejai_core.words import one_line

HEADER = b"#EXTM3U"

_BEGINNING = 1000  # bytes that show whether a file is text
_BEFORE_CAPTION = re.compile(r'^-?[\d.]*(?:\s+[\w-]+="[^"]*")*\s*,')  # seconds, and possibly attributes
_DIRECTIVE = re.compile(r"#[A-Z][A-Z0-9_-]*")
_DASH = re.compile(r"(?<=\s)[-\u2013](?=\s)")
_TAGS = {"#EXTART": "artist", "#EXTALB": "album"}


def format_m3u(tracks: Iterable[Track], style: Style, header: Header | None = None) -> bytes:
    """Return a playlist's bytes. header: makes it an extended M3U, with artist, title and length of each track.

    Raises PlaylistError if a track cannot be named: a line break in a name must be URL-encoded.
    """
    lines = []
    if header:
        lines = [HEADER, utf8(f"#PLAYLIST:{one_line(header.title)}"), *map(utf8, comments_of(header))]
    for track in tracks:
        lines += _entry(track, style, extended=bool(header))
    return b"".join(line + b"\n" for line in lines)


def append_to_m3u(data: bytes, track: Track, style: Style) -> bytes:
    """Return a playlist's bytes with one more track, unless that is already its last one.

    Raises PlaylistError like `format_m3u`.
    """
    lines = _entry(track, style, extended=data.removeprefix(b"\xef\xbb\xbf").startswith(HEADER))
    if data and not data.endswith(b"\n"):
        data += b"\n"
    if data.splitlines()[-1:] == lines[-1:]:
        return data
    return data + b"".join(line + b"\n" for line in lines)


def parse_m3u(data: bytes) -> Listing:
    """Return the content of a playlist, or of a plain list of files, one per line.

    Raises PlaylistError if it is not text.
    """
    data = without_mark(data)
    if b"\0" in data[:_BEGINNING]:
        raise PlaylistError("it is not text")
    title, entries, odd = "", [], 0
    caption: tuple[str, str] | None = None  # this and the next line belong to the entry that follows
    tags: dict[str, str] = {}
    for line in data.splitlines():
        # Spaces belong to the name of a file, but not to other lines.
        text = line.strip(b"\t ")
        if not text:
            continue
        if not text.startswith(b"#"):
            if b"\0" in line:
                odd += 1
            else:
                artist, name = caption or ("", "")
                entries.append(Entry((line,), tags.get("artist", artist), name, tags.get("album", "")))
            caption, tags = None, {}
            continue
        tag, _, value = as_text(text).partition(":")
        tag, value = tag.upper(), value.strip()
        if tag == "#PLAYLIST":
            title = value
        elif tag == "#EXTINF":
            if caption:  # of an entry that was deleted
                tags = {}
            caption = split_caption(_BEFORE_CAPTION.sub("", value))
        elif tag in _TAGS:
            tags[_TAGS[tag]] = value
        elif not _DIRECTIVE.fullmatch(tag):  # an entry that was commented out
            caption, tags = None, {}
    return Listing(entries, title, odd=odd)


def split_caption(caption: str) -> tuple[str, str]:
    """Return artist and title of "Artist - Title"; without a dash, all of it is the title."""
    artist, *title = _DASH.split(caption.strip(), maxsplit=1)
    return (artist.rstrip(), title[0].lstrip()) if title else ("", artist)


def _entry(track: Track, style: Style, *, extended: bool) -> list[bytes]:
    """Return the lines of a track."""
    lines = [name_in_line(track.path, style)]
    if extended:
        lines.insert(0, utf8(f"#EXTINF:{seconds_of(track)},{caption_of(track)}"))
    return lines

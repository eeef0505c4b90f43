"""Playlists in the PLS format."""

from __future__ import annotations

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
from deejai_core.formats.m3u import split_caption
from deejai_core.formats.text import as_text, utf8, without_mark
from deejai_core.words import one_line

SECTION = b"[playlist]"

_TITLE = b"x-gnome-title"  # of the list, by a convention of GNOME's players
_LONGEST_NUMBER = 9  # digits


def format_pls(tracks: Iterable[Track], style: Style, header: Header) -> bytes:
    """Return a playlist's bytes. Raises PlaylistError if a track cannot be named, see `name_in_line`."""
    lines = [SECTION, *map(utf8, comments_of(header)), utf8(f"X-GNOME-Title={one_line(header.title)}")]
    number = 0
    for number, track in enumerate(tracks, 1):
        lines.append(b"File%d=" % number + name_in_line(track.path, style))
        if caption := caption_of(track):
            lines.append(utf8(f"Title{number}={caption}"))
        lines.append(utf8(f"Length{number}={seconds_of(track)}"))
    lines += [b"NumberOfEntries=%d" % number, b"Version=2"]
    return b"".join(line + b"\n" for line in lines)


def parse_pls(data: bytes) -> Listing:
    """Return the content of a playlist. Raises PlaylistError if it is not one."""
    lines = without_mark(data).splitlines()
    if SECTION not in (line.strip().lower() for line in lines):
        raise PlaylistError("it has no line [playlist]")
    title, odd = "", 0
    files: list[tuple[int, bytes]] = []
    titles: dict[int, str] = {}
    for line in lines:
        key, equals, value = line.partition(b"=")
        key = key.strip().lower()
        kind, number = key.rstrip(b"0123456789"), _number(key)
        if key == _TITLE:
            title = as_text(value).strip()
        elif kind == b"title" and number is not None:
            titles.setdefault(number, as_text(value).strip())
        elif kind == b"file":
            if number is None or not equals or not value.strip() or b"\0" in value:
                odd += 1
            else:
                files.append((number, value.lstrip(b"\t ")))
    files.sort(key=lambda file: file[0])
    entries = [Entry((name,), *split_caption(titles.get(number, ""))) for number, name in files]
    return Listing(entries, title, odd=odd)


def _number(key: bytes) -> int | None:
    """Return the number at the end of a key; None if it has none, or one with thousands of digits."""
    digits = key[len(key.rstrip(b"0123456789")) :]
    return int(digits) if 0 < len(digits) <= _LONGEST_NUMBER else None

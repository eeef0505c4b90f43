"""Reads playlists of any format from files."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from deejai_core.errors import PlaylistError
from deejai_core.formats.entries import Listing
from deejai_core.formats.locate import Locator
from deejai_core.formats.m3u import parse_m3u
from deejai_core.formats.table import BEGINNING, MAYBE, PLAIN, SUFFIXES, by_content, by_suffix
from deejai_core.refusals import READING, refusal
from deejai_core.words import one_line

LOOKED_FOR = 1000  # entries of a list that nothing but their files identifies as one
LARGEST = 100_000_000  # bytes; a playlist of 100,000 tracks has some 50 MB as XSPF


def read_playlist(path: Path) -> Listing:
    """Return the content of a playlist. Its content determines the format, or else its name.

    Raises PlaylistError if it cannot be read or is not a playlist.
    """
    shown = one_line(os.fspath(path))
    try:
        status = path.stat()
        if not (S_ISREG(status.st_mode) or S_ISDIR(status.st_mode)):  # reading from a pipe might never end
            raise PlaylistError(f"{shown} is not a playlist that can be read: it is not a regular file")
        if status.st_size > LARGEST:
            raise PlaylistError(f"{shown} is not a playlist that can be read: it is larger than {LARGEST // 1_000_000} MB")
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: an impossible name
        raise PlaylistError(refusal(path, "cannot read the playlist", error, READING)) from error
    format_ = by_content(data) or by_suffix(path.suffix)
    try:
        if format_:
            return format_.parse(data)
        listing = parse_m3u(data)
    except PlaylistError as error:
        raise PlaylistError(f"{shown} is not a playlist that can be read: {error}") from error
    locator = Locator()
    if not any(locator.there(entry, path.absolute().parent) for entry in listing.entries[:LOOKED_FOR]):
        raise PlaylistError(f"{shown} is not a playlist that can be read: none of its lines names a file")
    return listing


def is_playlist(path: Path) -> bool:
    """Return whether to treat a file as a playlist, even a damaged one: by its name, or by its beginning."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES or suffix == PLAIN:
        return True
    if suffix not in MAYBE:
        return False
    try:
        with path.open("rb") as file:
            return by_content(file.read(BEGINNING)) is not None
    except OSError:
        return False


def odd_entries(listing: Listing) -> str:
    """Return how many entries cannot be read."""
    return f"{listing.odd:,} {'entry' if listing.odd == 1 else 'entries'} that cannot be read"

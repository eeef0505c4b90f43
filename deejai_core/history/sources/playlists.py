"""The songs in playlist files, whatever program wrote them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from deejai_core.errors import HistoryError, PlaylistError
from deejai_core.formats.entries import Entry
from deejai_core.formats.locate import Locator
from deejai_core.formats.m3u import split_caption
from deejai_core.formats.read import odd_entries, read_playlist
from deejai_core.formats.table import SUFFIXES
from deejai_core.formats.text import as_text
from deejai_core.history.mentions import Mention, SongList
from deejai_core.refusals import READING, refusal
from deejai_core.words import one_line

_NUMBER_FIRST = re.compile(r"^\d{1,3}(?:-\d{1,2})?(?:[\s._-]+|$)")  # of a track, in a file's name


def read_playlists(path: Path, on_warning: Callable[[str], None]) -> Iterator[SongList]:
    """Yield the playlist in a file, or all in a folder and its subfolders, in the order of their names.

    Lists without a song are left out. A file in a folder that cannot be read, or not completely, is one line to
    `on_warning`; raises HistoryError if `path` itself cannot be read, or if the folder has no playlists.
    """
    locator = Locator()
    if not path.is_dir():
        yield from _read(path, locator, on_warning)
        return
    files = [file for file in _walk(path, on_warning) if file.suffix.lower() in SUFFIXES]
    if not files:
        raise HistoryError(f"{path}: there is no playlist in this folder; playlists are {', '.join(SUFFIXES)} files")
    for file in files:
        try:
            yield from _read(file, locator, on_warning)
        except HistoryError as error:
            on_warning(str(error))


def _walk(folder: Path, on_warning: Callable[[str], None]) -> Iterator[Path]:
    """Yield all files in a folder and its subfolders, except hidden ones."""

    def warn(error: OSError) -> None:
        on_warning(refusal(os.fsdecode(error.filename), "cannot look into this folder", error, READING))

    for parent, folders, files in os.walk(folder, onerror=warn):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(files) if not name.startswith("."))


def _read(file: Path, locator: Locator, on_warning: Callable[[str], None]) -> Iterator[SongList]:
    try:
        listing = read_playlist(file)
    except PlaylistError as error:
        raise HistoryError(str(error)) from error
    if listing.odd:
        on_warning(f"{one_line(os.fspath(file))}: left out {odd_entries(listing)}")
    folder = file.absolute().parent
    songs = tuple(song for entry in listing.entries if (song := _mention(entry, folder, locator)) != Mention())
    if songs:
        yield SongList(listing.title or file.stem, songs, listing.date)


def _mention(entry: Entry, folder: Path, locator: Locator) -> Mention:
    artist, title = entry.artist, entry.title
    if title and not artist:
        artist, title = split_caption(title)
    path = locator.find(entry, folder)
    if path and not artist and not title:
        artist, title = _told_by_name(as_text(entry.locations[0]))
    return Mention(artist, title, entry.album, entry.recording, path)


def _told_by_name(location: str) -> tuple[str, str]:
    """Return artist and title from a file's name: "03 - Artist - Title.mp3". Empty if it has less."""
    stem, _, _ = re.split(r"[/\\]", location)[-1].rpartition(".")
    parts = [_NUMBER_FIRST.sub("", part).strip() for part in stem.split(" - ")]
    parts = [part for part in parts if part]
    return (parts[0], parts[-1]) if len(parts) > 1 else ("", "")

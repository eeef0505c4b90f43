"""The tracks of playlists."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deejai_core.errors import PlaylistError
from deejai_core.formats.entries import Entry
from deejai_core.formats.locate import Locator
from deejai_core.formats.read import odd_entries, read_playlist
from deejai_core.formats.text import as_text
from deejai_core.library import Library
from deejai_core.tracks.songs import song_names
from deejai_core.words import counted, one_line

SHOWN = 5  # reasons for left-out tracks that are shown before the rest are only counted


@dataclass(frozen=True)
class Listed:
    """The content of a playlist."""

    matches: list[int | Path]  # in its order: ids of tracks, and files outside the library, whether or not they exist
    lost: list[str]  # why other entries are not tracks


def read_listed(library: Library, playlist: Path) -> Listed:
    """Return the content of a playlist. Raises PlaylistError if it cannot be read."""
    listing = read_playlist(playlist)
    locator = Locator(library.music_folder)
    files = [locator.find(entry, playlist.parent) for entry in listing.entries]
    tracks = library.at([file for file in files if file])
    matches: list[int | Path | None] = [file and tracks.get(file, file) for file in files]
    elsewhere = [
        number
        for number, match in enumerate(matches)
        if match is None or (isinstance(match, Path) and not locator.there(listing.entries[number], playlist.parent))
    ]
    named = _by_name(library, [listing.entries[number] for number in elsewhere])
    for number, id_ in zip(elsewhere, named, strict=True):
        matches[number] = id_ or matches[number]
    lost = [_no_file(entry) for entry, match in zip(listing.entries, matches, strict=True) if match is None]
    if listing.odd:
        lost.append(odd_entries(listing))
    return Listed([match for match in matches if match], lost)


def _by_name(library: Library, entries: Sequence[Entry]) -> list[int | None]:
    """Return the track that each entry means: by its MusicBrainz recording, else by artist and title in either order."""
    names = [_names(entry) for entry in entries]
    wanted = {name for some in names for name in some}
    if not wanted:
        return [None] * len(entries)
    all_ids = library.ids()
    columns = library.columns(all_ids)
    ids: dict[str, int] = {}  # the first track with each name
    for row in range(len(all_ids) - 1, -1, -1):
        known = song_names(columns.artist[row], columns.title[row], columns.recording[row].lower())
        ids |= dict.fromkeys(known & wanted, all_ids[row])
    return [next((ids[name] for name in some if name in ids), None) for some in names]


def _names(entry: Entry) -> list[str]:
    """Return the names that may identify a song, the most reliable first."""
    recording = song_names("", "", entry.recording.lower())
    return [*recording, *song_names(entry.artist, entry.title), *song_names(entry.title, entry.artist)]


def missing_files(matches: Iterable[int | Path]) -> list[Path]:
    """Return those of a playlist's matches that are files and do not exist."""
    files = (match for match in matches if isinstance(match, Path))
    return [file for file in files if not os.path.exists(file)]  # noqa: PTH110 (pathlib's raises for a name that is too long)


def not_found(playlist: Path, missing: Sequence[Path], files: int) -> PlaylistError:
    """Return the error for a playlist of which too few files exist."""
    share = f"{len(missing):,} of its {counted(files, 'file')}"
    return PlaylistError(
        f"{one_line(str(playlist))}: {share} could not be found, such as {one_line(str(missing[0]))}; "
        "mount their drive, or correct their paths in the playlist"
    )


def left_out(reasons: Sequence[str]) -> list[str]:
    """Return messages about tracks that are left out of a list, and why."""
    lines = [f"left out: {reason}" for reason in reasons[:SHOWN]]
    return [*lines, f"left out: {len(reasons) - SHOWN:,} more"] if len(reasons) > SHOWN else lines


def _no_file(entry: Entry) -> str:
    if entry.locations:
        return f"{one_line(as_text(entry.locations[0]))}: not a file, but a stream"
    name = " - ".join(filter(None, (one_line(entry.artist), one_line(entry.title))))
    return f"{name or 'an entry without a name'}: the playlist names no file for it"

"""Songs as playlists and players name them: lists in an order that somebody chose, and plays with their times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from deejai_core.formats.entries import Track

T = TypeVar("T")

SESSION_GAP = 30 * 60  # seconds without music that end a session, as in most studies of listening logs


@dataclass(frozen=True)
class Mention:
    """A song as its source names it. Unknown values are empty; it needs a path, a recording, or artist and title."""

    artist: str = ""
    title: str = ""
    album: str = ""
    recording: str = ""  # MusicBrainz recording id
    path: Path | None = None  # of the file that was listed


def as_mention(track: Track) -> Mention:
    """Return a track of a library as a song."""
    return Mention(track.artist, track.title, track.album, track.recording, track.path)


@dataclass(frozen=True)
class SongList:
    """Songs in the order of a list."""

    name: str
    songs: tuple[Mention, ...]
    date: str = ""  # ISO 8601 day; "" if unknown


@dataclass(frozen=True)
class Play:
    """A play of a song."""

    song: Mention
    at: int  # seconds since 1970, UTC


def sessions(plays: Iterable[tuple[int, T]], gap: int = SESSION_GAP) -> Iterator[tuple[int, list[T]]]:
    """Split plays where two begin more than `gap` seconds apart; yield each session's beginning and songs.

    plays: times (seconds since 1970) and songs, in order of time. A song on repeat is listed once.
    """
    started = last = 0
    songs: list[T] = []
    for at, song in plays:
        if songs and at - last > gap:
            yield started, songs
            songs = []
        if not songs:
            started = at
        if not songs or songs[-1] != song:
            songs.append(song)
        last = at
    if songs:
        yield started, songs

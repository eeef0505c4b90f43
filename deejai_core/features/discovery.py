"""Finds songs and artists that a library lacks, and that share lists with what it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from deejai_core.errors import HistoryError, OptionError, QueryError
from deejai_core.history.company import Company, company
from deejai_core.history.library_history import History, read_history
from deejai_core.history.mentions import Mention
from deejai_core.library import Library
from deejai_core.lists.lookup import find_matches
from deejai_core.words import counted

T = TypeVar("T")


@dataclass(frozen=True)
class FoundSong:
    """A song that the library lacks, in any version."""

    song: Mention  # as the history names it: artist and title are known
    similarity: float  # 0 to 1
    lists: int  # lists that it shares with the seeds


@dataclass(frozen=True)
class FoundArtist:
    """An artist of whom the library has nothing."""

    name: str
    similarity: float  # 0 to 1
    lists: int  # lists shared with the artists of the seeds
    songs: int  # songs that the history names


def discover(library: Library, words: Sequence[str] = (), count: int = 20) -> list[FoundSong]:
    """Return songs that the library lacks and that share lists with the tracks that words name; the most similar first.

    words: as in `find_matches`; none for the whole library. Versions of a song are one: the library has it if it has
    another version. Raises HistoryError if there is no history, or nothing in it to start from or to name; QueryError;
    MissingError without rapidfuzz.
    """
    ids = _named(library, words, count)
    with read_history(library) as history:
        near = company(history.lists, _seeds(history, ids), len(history))
        found = []
        for word in _nearest(near):
            song = _best_named(history.mentions_of(word)) if word >= history.matched_songs else None
            if song:
                found.append(FoundSong(song, float(near.similarity[word]), int(near.lists[word])))
            if len(found) == count:
                break
    return _something(found, "song")


def discover_artists(library: Library, words: Sequence[str] = (), count: int = 20) -> list[FoundArtist]:
    """Return artists of whom the library has nothing, and who share most lists with the artists of the tracks.

    Each list counts as one of artists. Other details: see `discover`.
    """
    ids = _named(library, words, count)
    with read_history(library) as history:
        seeds = _seeds(history, ids)
        number_of: dict[str, int] = {}
        artist_of = np.array([number_of.setdefault(artist, len(number_of)) for artist in history.artists()])
        names = list(number_of)
        known = artist_of[[word for word in seeds if names[artist_of[word]]]]
        if not len(known):
            raise HistoryError("the history names no artist for these tracks", hint="add lists")
        near = company(lambda: (artist_of[words] for words in history.lists()), known, len(names))
        ours = set(artist_of[: history.matched_songs].tolist())
        found = []
        for number in _nearest(near):
            if not names[number] or number in ours or history.has_artist(names[number]):
                continue
            songs = np.flatnonzero(artist_of == number)
            mention = next(song for song in history.mentions_of(int(songs[0])) if song.artist)
            found.append(FoundArtist(mention.artist, float(near.similarity[number]), int(near.lists[number]), len(songs)))
            if len(found) == count:
                break
    return _something(found, "artist")


def _something(found: list[T], what: str) -> list[T]:
    """Return a result. Raises HistoryError if it is empty."""
    if not found:
        raise HistoryError(f"the lists that contain these tracks name no {what}s that the library lacks", hint="add lists")
    return found


def _named(library: Library, words: Sequence[str], count: int) -> list[int]:
    """Return the tracks that words name; all without words."""
    if count < 1:
        raise OptionError("number", f"must be at least 1, not {count}")
    matches = find_matches(library, words) if words else library.ids()
    ids = [match for match in matches if not isinstance(match, Path)]
    if not ids:
        raise QueryError("the query names no track of the library; external files are in no list", hint="query")
    return ids


def _seeds(history: History, ids: Sequence[int]) -> np.ndarray:
    """Return the words of tracks. Raises HistoryError if none of them is in a list."""
    seeds = history.words_of(ids)
    if not seeds:
        which = "this track" if len(ids) == 1 else f"any of these {counted(len(ids), 'track')}"
        raise HistoryError(f"no list of the history contains {which} together with another song", hint="add lists")
    return np.array(seeds)


def _nearest(near: Company) -> list[int]:
    """Return the numbers of what shares a list with the seeds, the most similar first."""
    there = np.flatnonzero(near.lists)
    return [int(number) for number in there[np.argsort(-near.similarity[there], kind="stable")]]


def _best_named(mentions: Iterator[Mention]) -> Mention | None:
    """Return a mention with artist and title, and if possible a recording; None if none names the song."""
    named = [song for song in mentions if song.artist and song.title]
    return next((song for song in named if song.recording), named[0] if named else None)

"""How much of the history a library has, for each source and by rule, and which matches to check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import tee
from typing import NamedTuple

import numpy as np

from deejai_core.formats.entries import Track
from deejai_core.history.library_history import OUTCOMES, Outcomes, match_history, songs_of
from deejai_core.history.matching import MATCHED, Match
from deejai_core.history.mentions import Mention
from deejai_core.history.store import HistoryStore, Holding, Source
from deejai_core.library import Library

NAMELESS = -(2**62)  # songs without a name count as different from each other


@dataclass(frozen=True)
class Coverage:
    """How much of a source's content a library has."""

    holding: Holding
    songs: int  # different ones, however the source names them
    matched: dict[str, int]  # songs by the rule that matched them, each of `MATCHED`
    share: float  # of the listed or played entries, from 0 to 1


class Frequent(NamedTuple):
    """A song of the history."""

    times: int  # how often it was listed or played
    song: Mention
    match: Match
    track: Track | None  # a track that is the song, if the library has it


class HistoryReport:
    """A history compared with a library.

    store: must stay open during calls. source: only this one. Raises MissingError without rapidfuzz.
    """

    def __init__(self, library: Library, store: HistoryStore, source: Source | None = None) -> None:
        tracks, self._songs = songs_of(library)
        self._tracks = list(tracks.values())
        self._store = store
        self._source = source
        self._outcomes = match_history(store, self._songs)
        self._counts = store.frequencies(source)

    def coverages(self) -> Iterator[Coverage]:
        """Return how much of each source the library has."""
        for holding in self._store.holdings():
            if self._source in (None, holding.source):
                yield self._coverage(holding)

    def _coverage(self, holding: Holding) -> Coverage:
        counts = self._store.frequencies(holding.source)
        numbers = np.flatnonzero(counts)
        # However many names a source has for a song, it is one; the most reliable of them counts.
        songs, of_songs = np.unique(_songs(self._outcomes)[numbers], return_inverse=True)
        surest = np.full(len(songs), len(OUTCOMES), np.int64)
        np.minimum.at(surest, of_songs, self._outcomes.how[numbers])
        by_rule = dict(zip(OUTCOMES, np.bincount(surest, minlength=len(OUTCOMES)).tolist(), strict=True))
        found = counts[numbers][self._outcomes.song[numbers] >= 0].sum()
        share = float(found / counts.sum()) if len(numbers) else 0.0
        return Coverage(holding, len(songs), {rule: by_rule[rule] for rule in MATCHED}, share)

    def most_frequent(self, how: str, most: int | None = None) -> tuple[int, Iterator[Frequent]]:
        """Return how many songs have this outcome, and the most frequent of them, in order.

        how: one of `OUTCOMES`. most: how many, at most; None for all.
        """
        numbers, times = _most_frequent(self._counts, self._outcomes, how)
        return len(numbers), self._looked_at(numbers[:most], times[:most])

    def _looked_at(self, numbers: np.ndarray, times: np.ndarray) -> Iterator[Frequent]:
        counted = zip(numbers.tolist(), times.tolist(), strict=True)
        found, same = tee((count, song) for number, count in counted if (song := self._store.song(number)))
        for (count, song), match in zip(found, self._songs.match(song for _, song in same), strict=True):
            track = self._tracks[self._songs.tracks[match.song][0]] if match.song >= 0 else None
            yield Frequent(count, song, match, track)


def _most_frequent(counts: np.ndarray, outcomes: Outcomes, how: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the songs with this outcome, by one of their numbers, and how often each is named; the most frequent first."""
    numbers = np.flatnonzero((counts > 0) & (outcomes.how == OUTCOMES.index(how)))
    _, first, of_names = np.unique(_names(outcomes)[numbers], return_index=True, return_inverse=True)
    times = np.zeros(len(first), np.int64)
    np.add.at(times, of_names, counts[numbers])
    order = np.lexsort((first, -times))
    return numbers[first[order]], times[order]


def _songs(outcomes: Outcomes) -> np.ndarray:
    """Return (n,) int64, equal for numbers of the same song: of the library, or by its name."""
    return np.where(outcomes.song >= 0, outcomes.song, _names(outcomes))


def _names(outcomes: Outcomes) -> np.ndarray:
    return np.where(outcomes.name, outcomes.name, NAMELESS - np.arange(len(outcomes.name)))

"""`beet deejai history list` and `report`: what the history holds, and what of it the library has."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import tee
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.formats.entries import one_line
from deejai_core.history.matching import (
    MATCHED,
    NAME,
    NO_ARTIST,
    NO_TITLE,
    PATH,
    RECORDING,
    SIMILAR,
    TOO_LITTLE,
    UNMATCHED,
)
from deejai_core.history.matching import Library as MatchingLibrary

from .history import OUTCOMES, existing_history, match_history, mention_name
from .sources import library_tracks, source_text
from .words import amounts, counted

if TYPE_CHECKING:
    from deejai_core.history.matching import Match
    from deejai_core.history.mentions import Mention
    from deejai_core.history.store import HistoryStore, Holding, Source

    from .history import Outcomes
    from .library.beets_library import BeetsLibrary

SHOWN = 10  # songs of each kind, unless all are asked for
WORTH_SHOWING = 0.6  # score from which the nearest title may be a hint

BY = {PATH: "by file", RECORDING: "by recording", NAME: "by name", SIMILAR: "by similar spelling"}
ABOUT = {
    SIMILAR: "Matched with a song of the library that is spelt differently",
    NO_ARTIST: "Not in the library, nor is their artist",
    NO_TITLE: "Not in the library, though their artist is",
    TOO_LITTLE: "Named too briefly to be found: no artist or no title, and no file of the library",
}

_NAMELESS = -(2**62)  # the songs without a name are apart from each other


def holding_lines(holdings: list[Holding]) -> list[str]:
    """One line for each source, under a heading."""
    rows = [
        (
            source_text(holding.source),
            f"{holding.lists:,}",
            f"{holding.plays:,}",
            f"{holding.songs:,}",
            holding.added_at[:10],
        )
        for holding in holdings
    ]
    rows.insert(0, ("source", "lists", "plays", "songs", "added"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        "  ".join([row[0].ljust(widths[0]), *(row[n].rjust(widths[n]) for n in (1, 2, 3)), row[4]]).rstrip() for row in rows
    ]


def report_lines(library: BeetsLibrary, source: Source | None, *, all_songs: bool) -> Iterator[str]:
    """How many of the songs are in the library, for each source and by which rule; then those to look at by name.

    source: this one only. Raises UserError if there is no history.
    """
    _, tracks = library_tracks(library)
    songs = MatchingLibrary(tracks, library.music_folder)
    with existing_history(library) as store:
        outcomes = match_history(store, songs)
        holdings = [holding for holding in store.holdings() if source in (None, holding.source)]
        for holding in holdings:
            yield from _totals(store, holding, outcomes)
        counts = store.frequencies(source)
        shown = len(counts) if all_songs else SHOWN
        for how in (SIMILAR, *UNMATCHED):
            numbers, times = _most_frequent(counts, outcomes, how)
            if not len(numbers):
                continue
            yield ""
            yield f"{ABOUT[how]} ({counted(len(numbers), 'song')}):"
            for count, (song, match) in zip(times.tolist(), _looked_at(store, songs, numbers[:shown]), strict=False):
                line = f"  {count:>6,}x  {mention_name(song)}"
                if how == SIMILAR:
                    line += f"  =  {mention_name(tracks[songs.tracks[match.song][0]])}  ({match.score:.2f})"
                elif match.score >= WORTH_SHOWING and match.nearest:
                    line += f"  (nearest: {match.nearest}, {match.score:.2f})"
                yield line
            if len(numbers) > shown:
                yield f"           ... and {len(numbers) - shown:,} more (--all shows them)"


def _totals(store: HistoryStore, holding: Holding, outcomes: Outcomes) -> Iterator[str]:
    counts = store.frequencies(holding.source)
    numbers = np.flatnonzero(counts)
    # However many ways a source has to name a song, it is one; the surest of them counts.
    songs, of_songs = np.unique(_songs(outcomes)[numbers], return_inverse=True)
    surest = np.full(len(songs), len(OUTCOMES), np.int64)
    np.minimum.at(surest, of_songs, outcomes.how[numbers])
    by_rule = dict(zip(OUTCOMES, np.bincount(surest, minlength=len(OUTCOMES)).tolist(), strict=True))
    given = amounts(holding.lists, holding.plays)
    yield f"{one_line(source_text(holding.source))}: {given}, {counted(len(songs), 'song')}"
    if len(songs):
        matched = sum(by_rule[rule] for rule in MATCHED)
        share = counts[numbers][outcomes.song[numbers] >= 0].sum() / counts.sum()
        rules = [f"{by_rule[rule]:,} {BY[rule]}" for rule in MATCHED if by_rule[rule]]
        told = f": {', '.join(rules)}" if rules else ""
        yield f"  {matched:,} in the library ({share:.0%} of what was listed or played){told}"


def _most_frequent(counts: np.ndarray, outcomes: Outcomes, how: str) -> tuple[np.ndarray, np.ndarray]:
    """The songs that this became of, by one of their numbers, and how often each is named; the most frequent first."""
    numbers = np.flatnonzero((counts > 0) & (outcomes.how == OUTCOMES.index(how)))
    _, first, of_names = np.unique(_names(outcomes)[numbers], return_index=True, return_inverse=True)
    times = np.zeros(len(first), np.int64)
    np.add.at(times, of_names, counts[numbers])
    order = np.lexsort((first, -times))
    return numbers[first[order]], times[order]


def _songs(outcomes: Outcomes) -> np.ndarray:
    """(n,) int64, the same for what is one song: of the library, or by its name."""
    return np.where(outcomes.song >= 0, outcomes.song, _names(outcomes))


def _names(outcomes: Outcomes) -> np.ndarray:
    return np.where(outcomes.name, outcomes.name, _NAMELESS - np.arange(len(outcomes.name)))


def _looked_at(store: HistoryStore, songs: MatchingLibrary, numbers: np.ndarray) -> Iterator[tuple[Mention, Match]]:
    """Songs, and what each was matched with."""
    named, same = tee(store.song(number) for number in numbers.tolist())
    return zip(named, songs.match(same), strict=True)

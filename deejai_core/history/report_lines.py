"""The history, and how much of it a library has, in lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from deejai_core.errors import HINTS
from deejai_core.history.library_history import mention_name
from deejai_core.history.mentions import Play, SongList
from deejai_core.history.report import Coverage, HistoryReport
from deejai_core.history.sources.library_sources import source_text
from deejai_core.history.store import Holding, Source
from deejai_core.words import counted, one_line

SHOWN_LISTS = 20  # of a source's content
SHOWN_SONGS = 10  # of each kind in a report, by default
WORTH_SHOWING = 0.6  # score from which the closest title may be a hint

# By the outcomes of `deejai_core.history.matching`; the report has its songs in this order.
BY = {"path": "by file", "recording": "by recording", "name": "by name", "similar": "by similar spelling"}
ABOUT = {
    "similar": "Matched with a song of the library that is spelt differently",
    "no artist": "Not in the library, and neither is their artist",
    "no title": "Not in the library, though their artist is",
    "too little": "Too little to go by: neither an artist and a title nor a file of the library",
}


def content_lines(source: Source, content: Iterable[SongList | Play]) -> Iterator[str]:
    """Return a source's content, if nothing of it is stored."""
    lists = plays = 0
    for given in content:
        if not isinstance(given, SongList):
            plays += 1
            continue
        lists += 1
        if lists <= SHOWN_LISTS:
            yield f"  {one_line(given.name)}: {counted(len(given.songs), 'song')}"
    if lists > SHOWN_LISTS:
        yield f"  ... and {lists - SHOWN_LISTS:,} more"
    yield f"{source_text(source)}: {amounts(lists, plays)} would be read; nothing was changed"


def holding_text(holding: Holding) -> str:
    """Return the stored content of a source."""
    given = amounts(holding.lists, holding.plays)
    return f"{source_text(holding.source)}: {given}, {counted(holding.songs, 'song')}"


def holding_lines(holdings: list[Holding]) -> list[str]:
    """Return the stored content of each source, under a heading."""
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


def report_lines(report: HistoryReport, most: int | None = SHOWN_SONGS, words: Mapping[str, str] = HINTS) -> Iterator[str]:
    """Return how many of the songs are in the library, for each source and by rule; then the songs to check, by name.

    most: songs of each kind, the most frequent ones; None for all. words: gives the advice for a name in `HINTS`.
    """
    for coverage in report.coverages():
        yield from _coverage_lines(coverage)
    for how, about in ABOUT.items():
        number, songs = report.most_frequent(how, most)
        if not number:
            continue
        yield ""
        yield f"{about} ({counted(number, 'song')}):"
        for times, song, match, track in songs:
            line = f"  {times:>6,}x  {mention_name(song)}"
            if track:
                line += f"  =  {track.name}  ({match.score:.2f})"
            elif match.score >= WORTH_SHOWING and match.nearest:
                line += f"  (nearest: {match.nearest}, {match.score:.2f})"
            yield line
        if most is not None and number > most:
            yield f"           ... and {number - most:,} more ({words['show all songs']})"


def _coverage_lines(coverage: Coverage) -> Iterator[str]:
    holding = coverage.holding
    given = amounts(holding.lists, holding.plays)
    yield f"{one_line(source_text(holding.source))}: {given}, {counted(coverage.songs, 'song')}"
    if coverage.songs:
        rules = [f"{songs:,} {BY[rule]}" for rule, songs in coverage.matched.items() if songs]
        told = f": {', '.join(rules)}" if rules else ""
        found = sum(coverage.matched.values())
        yield f"  {found:,} in the library ({coverage.share:.0%} of what was listed or played){told}"


def amounts(lists: int, plays: int) -> str:
    """Return the amount of a source's content: "3 lists and 1 play"; a kind without content is not named."""
    given = [counted(number, noun) for number, noun in ((lists, "list"), (plays, "play")) if number]
    return " and ".join(given) or "nothing"

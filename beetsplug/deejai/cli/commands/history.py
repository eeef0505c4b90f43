"""The commands that say where playlists come from, for models to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beets import ui

from deejai_core.words import counted

from ..call import Call
from ..group import Verb, VerbsCommand
from ..words import amounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deejai_core.history.mentions import Play, SongList
    from deejai_core.history.report import Coverage, HistoryReport
    from deejai_core.history.store import HistoryStore, Holding, Source

SHOWN_LISTS = 20  # of a source that --pretend shows
SHOWN_SONGS = 10  # of each kind that the report shows, unless all are asked for
WORTH_SHOWING = 0.6  # score from which the nearest title may be a hint

# By what `deejai_core.history.matching` says of a song; the report has its songs in this order.
BY = {"path": "by file", "recording": "by recording", "name": "by name", "similar": "by similar spelling"}
ABOUT = {
    "similar": "Matched with a song of the library that is spelt differently",
    "no artist": "Not in the library, nor is their artist",
    "no title": "Not in the library, though their artist is",
    "too little": "Named too briefly to be found: no artist or no title, and no file of the library",
}


def verbs() -> list[VerbsCommand]:
    add = Verb("add", run_add, "read playlists into the history", usage="%prog [options] SOURCE...")
    add.parser.add_option("-p", "--pretend", action="store_true", help="only show what would be read, keep nothing")

    list_ = Verb("list", run_list, "list the sources of the history, and what came from each", aliases=("ls",))
    remove = Verb(
        "remove", run_remove, "remove sources, and what came from them", usage="%prog [options] SOURCE...", aliases=("rm",)
    )
    report = Verb(
        "report",
        run_report,
        "show which songs of the history the library has",
        usage="%prog [options] [SOURCE]",
    )
    report.parser.add_option("-a", "--all", action="store_true", help="show all songs, not the most frequent only")
    export = Verb(
        "export",
        run_export,
        "write the lists as Parquet, for Track2Vec on a cluster",
        usage="%prog [options] FILE.parquet",
    )
    return [VerbsCommand("history", [add, list_, remove, report, export], "collect playlists for models to learn from")]


def run_add(call: Call) -> None:
    from deejai_core.history.library_history import open_history
    from deejai_core.history.sources.library_sources import overlapping, source_text

    from ..hints import A_SOURCE
    from ..sources import meant_source, sources_of

    if not call.args:
        raise ui.UserError(f"nothing to add; a source is {A_SOURCE}")
    for source in dict.fromkeys(map(meant_source, call.args)):
        sources = sources_of(call.library, call.config, call.log)
        if call.opts.pretend:
            _show(source_text(source), sources.read(source))
            continue
        with open_history(call.library) as store:
            for there in overlapping(store.sources(), source):
                told = "{} is also part of the history; what is in both counts twice: `history remove` one"
                call.log.warning(told, there)
            sources.add(store, source)
            (holding,) = (holding for holding in store.holdings() if holding.source == source)
        ui.print_(f"{source_text(source)}: {amounts(holding.lists, holding.plays)}, {counted(holding.songs, 'song')}")


def _show(name: str, content: Iterable[SongList | Play]) -> None:
    from deejai_core.formats.entries import one_line
    from deejai_core.history.mentions import SongList

    lists = plays = 0
    for given in content:
        if not isinstance(given, SongList):
            plays += 1
            continue
        lists += 1
        if lists <= SHOWN_LISTS:
            ui.print_(f"  {one_line(given.name)}: {counted(len(given.songs), 'song')}")
    if lists > SHOWN_LISTS:
        ui.print_(f"  ... and {lists - SHOWN_LISTS:,} more")
    ui.print_(f"{name}: {amounts(lists, plays)} would be read; nothing was changed")


def run_list(call: Call) -> None:
    from deejai_core.history.library_history import existing_history

    call.refuse_words("history list takes no arguments; `history report SOURCE` looks at one")
    with existing_history(call.library) as store:
        for line in _holding_lines(store.holdings()):
            ui.print_(line)


def _holding_lines(holdings: list[Holding]) -> list[str]:
    """One line for each source, under a heading."""
    from deejai_core.history.sources.library_sources import source_text

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


def run_remove(call: Call) -> None:
    from deejai_core.history.library_history import existing_history
    from deejai_core.history.sources.library_sources import source_text

    if not call.args:
        raise ui.UserError("name the sources to forget; `beet deejai history list` shows them")
    with existing_history(call.library) as store:
        for source in [_known_source(store, text) for text in call.args]:
            store.remove(source)
            ui.print_(f"{source_text(source)}: forgotten")


def _known_source(store: HistoryStore, text: str) -> Source:
    """The one of the history's sources that a user means. Raises UserError if it is none of them."""
    from ..sources import meant_source

    source = meant_source(text)
    if source not in store.sources():
        raise ui.UserError(f"{text!r} is not in the history; `beet deejai history list` shows what is")
    return source


def run_report(call: Call) -> None:
    from deejai_core.extras import extra
    from deejai_core.history.library_history import existing_history
    from deejai_core.history.report import HistoryReport

    if len(call.args) > 1:
        raise ui.UserError("history report takes one source, or none for all")
    with extra("history"):  # before anything is read: it is the same answer whatever is there
        import rapidfuzz  # noqa: F401
    with existing_history(call.library) as store:
        source = _known_source(store, call.args[0]) if call.args else None
        for line in _report_lines(HistoryReport(call.library, store, source), all_songs=bool(call.opts.all)):
            ui.print_(line)


def _report_lines(report: HistoryReport, *, all_songs: bool) -> Iterator[str]:
    """How many of the songs are in the library, for each source and by which rule; then those to look at by name."""
    from deejai_core.history.library_history import mention_name

    for coverage in report.coverages():
        yield from _coverage_lines(coverage)
    most = None if all_songs else SHOWN_SONGS
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
            yield f"           ... and {number - most:,} more (--all shows them)"


def _coverage_lines(coverage: Coverage) -> Iterator[str]:
    from deejai_core.formats.entries import one_line
    from deejai_core.history.sources.library_sources import source_text

    holding = coverage.holding
    given = amounts(holding.lists, holding.plays)
    yield f"{one_line(source_text(holding.source))}: {given}, {counted(coverage.songs, 'song')}"
    if coverage.songs:
        rules = [f"{songs:,} {BY[rule]}" for rule, songs in coverage.matched.items() if songs]
        told = f": {', '.join(rules)}" if rules else ""
        found = sum(coverage.matched.values())
        yield f"  {found:,} in the library ({coverage.share:.0%} of what was listed or played){told}"


def run_export(call: Call) -> None:
    from deejai_core.history.library_history import read_history
    from deejai_core.lists.lookup import user_path
    from deejai_core.training.library_training import export_history

    if len(call.args) != 1:
        raise ui.UserError("export to where? Give the name of a file: beet deejai history export lists.parquet")
    path = user_path(call.args[0])
    if path.suffix.lower() != ".parquet":
        raise ui.UserError(f"{call.args[0]}: name a .parquet file")
    if not path.parent.is_dir():
        raise ui.UserError(f"{path}: there is no folder {path.parent}; make it first")
    try:
        with read_history(call.library) as history:
            written = export_history(history, path)
    except OSError as error:
        raise ui.UserError(f"{path}: cannot be written ({error.strerror})") from error
    ui.print_(f"{counted(written, 'list')} written to {path}")

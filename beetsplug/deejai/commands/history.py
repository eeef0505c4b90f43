"""The commands that say where playlists come from, for models to learn from."""

from __future__ import annotations

import optparse
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from ..group import Verb, VerbsCommand
from ..words import amounts, counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    import confuse
    from beets.logging import BeetsLogger

    from deejai_core.history.mentions import Play, SongList

    from ..library.beets_library import BeetsLibrary

SHOWN = 20  # lists of a source that --pretend shows


def verbs(config: confuse.Subview, log: BeetsLogger) -> list[VerbsCommand]:
    add = Verb("add", partial(run_add, config, log), "read playlists into the history", usage="%prog [options] SOURCE...")
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


def run_add(
    config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary, opts: optparse.Values, args: list[str]
) -> None:
    from ..history import open_history
    from ..sources import A_SOURCE, add_source, parse_source, read_source, source_text, warn_of_overlap

    if not args:
        raise ui.UserError(f"nothing to add; a source is {A_SOURCE}")
    for source in dict.fromkeys(map(parse_source, args)):
        if opts.pretend:
            _show(source_text(source), read_source(library, config, log, source))
            continue
        with open_history(library) as store:
            warn_of_overlap(store.sources(), source, log)
            add_source(library, config, log, store, source)
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
        if lists <= SHOWN:
            ui.print_(f"  {one_line(given.name)}: {counted(len(given.songs), 'song')}")
    if lists > SHOWN:
        ui.print_(f"  ... and {lists - SHOWN:,} more")
    ui.print_(f"{name}: {amounts(lists, plays)} would be read; nothing was changed")


def run_list(library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    from ..history import existing_history
    from ..history_report import holding_lines

    if args:
        raise ui.UserError("history list takes no arguments; `history report SOURCE` looks at one")
    with existing_history(library) as store:
        for line in holding_lines(store.holdings()):
            ui.print_(line)


def run_remove(library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    from ..history import existing_history
    from ..sources import known_source, source_text

    if not args:
        raise ui.UserError("name the sources to forget; `beet deejai history list` shows them")
    with existing_history(library) as store:
        for source in [known_source(store.sources(), text) for text in args]:
            store.remove(source)
            ui.print_(f"{source_text(source)}: forgotten")


def run_report(library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    from ..history import existing_history
    from ..history_report import report_lines
    from ..sources import known_source

    if len(args) > 1:
        raise ui.UserError("history report takes one source, or none for all")
    source = None
    if args:
        with existing_history(library) as store:
            source = known_source(store.sources(), args[0])
    for line in report_lines(library, source, all_songs=bool(opts.all)):
        ui.print_(line)


def run_export(library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    from ..history import read_history
    from ..queries import user_path
    from ..training import export_sentences

    if len(args) != 1:
        raise ui.UserError("export to where? Give the name of a file: beet deejai history export lists.parquet")
    path = user_path(args[0])
    if path.suffix.lower() != ".parquet":
        raise ui.UserError(f"{args[0]}: name a .parquet file")
    if not path.parent.is_dir():
        raise ui.UserError(f"{path}: there is no folder {path.parent}; make it first")
    try:
        written = export_sentences(read_history(library), path)
    except OSError as error:
        raise ui.UserError(f"{path}: cannot be written ({error.strerror})") from error
    ui.print_(f"{counted(written, 'list')} written to {path}")

"""The commands for the sources of playlists that models learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beets import ui
from beets.exceptions import UserError

from deejai_core.words import counted

from ..call import Call, print_lines
from ..group import Verb, VerbsCommand
from ..hints import A_SOURCE, WORDS

if TYPE_CHECKING:
    from deejai_core.history.store import HistoryStore, Source


def verbs() -> list[VerbsCommand]:
    add = Verb("add", run_add, "read playlists into the history", takes="[options] SOURCE...")
    add.switch("-p", "--pretend", "only show what would be read, store nothing")

    list_ = Verb("list", run_list, "list the sources of the history, and what came from each", aliases=("ls",))
    remove = Verb(
        "remove", run_remove, "remove sources, and what came from them", takes="[options] SOURCE...", aliases=("rm",)
    )
    report = Verb("report", run_report, "show which songs of the history the library has", takes="[options] [SOURCE]")
    report.switch("-a", "--all", "show all songs, not only the most frequent")
    export = Verb(
        "export", run_export, "write the lists as Parquet, for Track2Vec on a cluster", takes="[options] FILE.parquet"
    )
    return [VerbsCommand("history", [add, list_, remove, report, export], "collect playlists for models to learn from")]


def run_add(call: Call) -> None:
    from deejai_core.history.library_history import open_history
    from deejai_core.history.report_lines import content_lines, holding_text
    from deejai_core.history.sources.library_sources import overlapping

    from ..sources import meant_source, sources_of

    if not call.args:
        raise UserError(f"nothing to add; a source is {A_SOURCE}")
    for source in dict.fromkeys(map(meant_source, call.args)):
        sources = sources_of(call.library, call.config, call.log)
        if call.opts.pretend:
            print_lines(content_lines(source, sources.read(source)))
            continue
        with open_history(call.library) as store:
            for there in overlapping(store.sources(), source):
                told = "{} is also in the history; songs in both count twice, unless you remove one with `history remove`"
                call.log.warning(told, there)
            sources.add(store, source)
            (holding,) = (holding for holding in store.holdings() if holding.source == source)
        ui.print_(holding_text(holding))


def run_list(call: Call) -> None:
    from deejai_core.history.library_history import existing_history
    from deejai_core.history.report_lines import holding_lines

    call.refuse_words("history list takes no arguments; `history report SOURCE` looks at one")
    with existing_history(call.library) as store:
        print_lines(holding_lines(store.holdings()))


def run_remove(call: Call) -> None:
    from deejai_core.history.library_history import existing_history
    from deejai_core.history.sources.library_sources import source_text

    if not call.args:
        raise UserError("name the sources to forget; `beet deejai history list` shows them")
    with existing_history(call.library) as store:
        for source in [_known_source(store, text) for text in call.args]:
            store.remove(source)
            ui.print_(f"{source_text(source)}: forgotten")


def _known_source(store: HistoryStore, text: str) -> Source:
    """Return the source of the history that a user means. Raises UserError if it is not one."""
    from ..sources import meant_source

    source = meant_source(text)
    if source not in store.sources():
        raise UserError(f"{text!r} is not in the history; `beet deejai history list` shows its sources")
    return source


def run_report(call: Call) -> None:
    from deejai_core.extras import extra
    from deejai_core.history.library_history import existing_history
    from deejai_core.history.report import HistoryReport
    from deejai_core.history.report_lines import SHOWN_SONGS, report_lines

    if len(call.args) > 1:
        raise UserError("history report takes one source, or none for all")
    with extra("history"):  # first, because the result does not depend on the content
        import rapidfuzz  # noqa: F401
    with existing_history(call.library) as store:
        source = _known_source(store, call.args[0]) if call.args else None
        most = None if call.opts.all else SHOWN_SONGS
        print_lines(report_lines(HistoryReport(call.library, store, source), most, WORDS))


def run_export(call: Call) -> None:
    from deejai_core.history.library_history import read_history
    from deejai_core.lists.lookup import user_path
    from deejai_core.training.library_training import check_export, export_history

    if len(call.args) != 1:
        raise UserError("export to where? Give the name of a file: beet deejai history export lists.parquet")
    path = user_path(call.args[0])
    check_export(path)
    with read_history(call.library) as history:
        written = export_history(history, path)
    ui.print_(f"{counted(written, 'list')} written to {path}")

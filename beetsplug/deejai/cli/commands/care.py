"""The commands that say how things are."""

from __future__ import annotations

import optparse
import shlex
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from ..group import Verb
from ..settings import read_settings, unknown_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    import confuse
    from beets.logging import BeetsLogger

    from deejai_core.features.doctor.finding import Finding

    from ...library.beets_library import BeetsLibrary

OUR_LIBRARIES = ("beets", "confuse", "tqdm")  # that the core does without


def verbs(config: confuse.Subview, log: BeetsLogger) -> list[Verb]:
    evaluate = Verb(
        "eval",
        partial(run_eval, config, log),
        "measure how good the vectors are for your library",
    )
    evaluate.parser.add_option(
        "--field", action="append", default=[], metavar="NAME", help="measure this field too, such as mood; may be repeated"
    )
    evaluate.parser.add_option("-k", type="int", default=10, help="neighbours of each track (default: 10)")
    evaluate.parser.add_option("--json", action="store_true", help="print one JSON object")

    status = Verb("status", partial(run_status, config), "show how much is analysed, and how much disk space it takes")
    failed = Verb(
        "failed", partial(run_failed, config, log), "list the files that could not be analysed", usage="%prog [QUERY...]"
    )
    doctor = Verb("doctor", partial(run_doctor, config), "check everything; with --fix, repair it")
    doctor.parser.add_option("--fix", action="store_true", help="repair what can be repaired")
    return [evaluate, status, failed, doctor]


def run_eval(
    config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary, opts: optparse.Values, args: list[str]
) -> None:
    import json

    from deejai_core.features.evaluation import evaluate

    from ...library.beets_library import field_name
    from ..evaluation_report import as_json, as_lines
    from ..making import open_space_of

    if args:
        raise ui.UserError("eval takes no query: it measures the whole library")
    if opts.k < 1:
        raise ui.UserError(f"-k: must be at least 1, not {opts.k}")
    settings = read_settings(config)
    space = open_space_of(library, settings, whole=True)
    report = evaluate(
        space,
        map(field_name, opts.field),
        opts.k,
        on_queries=partial(log.debug, "looking for the neighbours of {} of {} tracks"),
    )
    if report.no_lists:
        log.warning("lists of the history not measured: {}", report.no_lists)
    if opts.json:
        found = as_json(report, correct_hubs=settings.correct_hubs)
        ui.print_(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
        return
    for line in as_lines(report, correct_hubs=settings.correct_hubs):
        ui.print_(line)


def run_status(config: confuse.Subview, library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    from deejai_core.features.status import library_status

    from ..models import model_in_use
    from ..status_report import status_lines

    if args:
        raise ui.UserError("status takes no query: it describes the whole library")
    settings = read_settings(config)
    status = library_status(library, model_in_use(library, settings), settings.analysis, settings.index)
    for line in status_lines(status):
        ui.print_(line)


def run_failed(
    config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary, opts: optparse.Values, args: list[str]
) -> None:
    from deejai_core.features.status import failed_files

    from ..status_report import failed_line

    failures = failed_files(library, library.matching(shlex.join(args)) if args else None)
    retries = read_settings(config).retries
    for failure in failures:
        ui.print_(failed_line(failure, retries))
    if not failures:  # to stderr: a script that counts lines is to find none
        log.info("no file {}has failed", "of these tracks " if args else "")


def run_doctor(config: confuse.Subview, library: BeetsLibrary, opts: optparse.Values, args: list[str]) -> None:
    from ..hints import with_hint

    if args:
        raise ui.UserError("doctor takes no query: it checks everything")
    left = repairable = 0
    for finding in _findings(config, library):
        ui.print_(f"{'problem' if finding.wrong else 'ok':<8} {finding.what:<13} {_told(finding)}")
        if finding.wrong and opts.fix and finding.repair:
            repair = finding.repair()
            ui.print_(f"{'':<8} {'':<13} repaired: {with_hint(repair.told, repair.hint)}")
        elif finding.wrong:
            left += 1
            repairable += finding.repair is not None
    if left:
        help_ = f"; `beet deejai doctor --fix` repairs {repairable} of them" if repairable else ""
        raise ui.UserError(f"{left} {'problem' if left == 1 else 'problems'}{help_}")


def _findings(config: confuse.Subview, library: BeetsLibrary) -> Iterator[Finding]:
    from deejai_core.features.doctor.examine import examine_installation, examine_library
    from deejai_core.features.doctor.finding import Finding

    from ..models import model_in_use

    settings = read_settings(config)
    yield from examine_installation(OUR_LIBRARIES)
    if unknown := unknown_options(config):
        yield Finding("configuration", f"no such option: {', '.join(unknown)}; they are ignored", wrong=True)
    yield from examine_library(library, partial(model_in_use, library, settings), settings.analysis)


def _told(finding: Finding) -> str:
    from ..hints import in_words, with_hint

    told = in_words(finding.error) if finding.error else with_hint(finding.told, finding.hint)
    return f"{told}: {finding.named}" if finding.named else told

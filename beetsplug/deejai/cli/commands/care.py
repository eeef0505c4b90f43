"""The commands that report the state of the library."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING

from beets import ui
from beets.exceptions import UserError

from ..call import Call, check_range, print_lines
from ..group import Verb
from ..hints import WORDS, in_words, with_hint
from ..settings import unknown_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deejai_core.features.doctor.finding import Finding

OUR_LIBRARIES = ("beets", "confuse", "tqdm")  # which the core does not need


def verbs() -> list[Verb]:
    evaluate = Verb("eval", run_eval, "measure how good the vectors are for your library")
    evaluate.parser.add_option(
        "--field", action="append", default=[], metavar="NAME", help="measure this field too, such as mood; may be repeated"
    )
    evaluate.parser.add_option("-k", type="int", default=10, help="neighbours of each track (default: 10)")
    evaluate.switch("--json", "print one JSON object")

    status = Verb("status", run_status, "show how much is analysed, and how much disk space it takes")
    failed = Verb("failed", run_failed, "list the files that could not be analysed", takes="[QUERY...]")
    doctor = Verb("doctor", run_doctor, "check everything that playlists depend on; with --fix, repair it")
    doctor.switch("--fix", "repair what can be repaired")
    return [evaluate, status, failed, doctor]


def run_eval(call: Call) -> None:
    import json

    from deejai_core.features.evaluation import evaluate
    from deejai_core.features.evaluation_lines import advice, evaluation_lines

    from ...library.beets_library import field_name
    from ..making import request_for

    call.refuse_words("eval takes no query: it measures the whole library")
    check_range("-k", call.opts.k, 1)
    settings = call.configured
    space = request_for("similar", settings).open(call.library, call.load_model(), whole=True)
    report = evaluate(
        space,
        map(field_name, call.opts.field),
        call.opts.k,
        on_queries=partial(call.log.debug, "looking for the neighbours of {} of {} tracks"),
    )
    if report.no_lists:
        call.log.warning("lists of the history not measured: {}", report.no_lists)
    if call.opts.json:
        found = report.figures() | {"hints": advice(report, correct_hubs=settings.rules.correct_hubs, words=WORDS)}
        ui.print_(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
        return
    print_lines(evaluation_lines(report, correct_hubs=settings.rules.correct_hubs, words=WORDS))


def run_status(call: Call) -> None:
    from deejai_core.features.status import library_status
    from deejai_core.features.status_lines import status_lines

    call.refuse_words("status takes no query: it describes the whole library")
    settings = call.configured
    status = library_status(call.library, call.load_model(), settings.analysis, settings.comparison.index)
    print_lines(status_lines(status, WORDS))


def run_failed(call: Call) -> None:
    from deejai_core.features.status import failed_files
    from deejai_core.features.status_lines import failed_line

    failures = failed_files(call.library, call.library.matching(shlex.join(call.args)) if call.args else None)
    retries = call.configured.analysis.retries
    for failure in failures:
        ui.print_(failed_line(failure, retries))
    if not failures:  # to stderr: a script that counts lines should count none
        call.log.info("no file {}has failed", "of these tracks " if call.args else "")


def run_doctor(call: Call) -> None:
    call.refuse_words("doctor takes no query: it checks everything")
    left = repairable = 0
    for finding in _findings(call):
        ui.print_(f"{'problem' if finding.wrong else 'ok':<8} {finding.what:<13} {_told(finding)}")
        if finding.wrong and call.opts.fix and finding.repair:
            repair = finding.repair()
            ui.print_(f"{'':<8} {'':<13} repaired: {with_hint(repair.told, repair.hint)}")
        elif finding.wrong:
            left += 1
            repairable += finding.repair is not None
    if left:
        help_ = f"; `beet deejai doctor --fix` repairs {repairable} of them" if repairable else ""
        raise UserError(f"{left} {'problem' if left == 1 else 'problems'}{help_}")


def _findings(call: Call) -> Iterator[Finding]:
    from deejai_core.features.doctor.examine import examine_installation, examine_library
    from deejai_core.features.doctor.finding import Finding

    settings = call.configured
    yield from examine_installation(OUR_LIBRARIES)
    if unknown := unknown_options(call.config):
        yield Finding(
            "configuration", f"unknown options: {', '.join(unknown)}; correct or remove them (`beet config -e`)", wrong=True
        )
    yield from examine_library(call.library, call.load_model, settings.analysis)


def _told(finding: Finding) -> str:
    told = in_words(finding.error) if finding.error else with_hint(finding.told, finding.hint)
    return f"{told}: {finding.named}" if finding.named else told

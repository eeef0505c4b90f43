"""The commands that give tracks their vectors and tags."""

from __future__ import annotations

import os
from functools import partial

from beets import ui

from deejai_core.options.analysis import MORE
from deejai_core.options.values import Epsilons
from deejai_core.words import counted

from ..call import Call, print_lines
from ..group import Verb
from ..settings import models_folder


def verbs() -> list[Verb]:
    analyze = Verb(
        "analyze",
        run_analyze,
        "analyse the tracks that have no vector yet",
        takes="[options] [QUERY...]",
        aliases=("analyse",),
    )
    analyze.switch("-f", "--force", "analyse all matching tracks again")
    analyze.switch("-p", "--pretend", "only list the files that would be analysed")
    analyze.switch("--retry", "try files again that failed before")
    analyze.parser.add_option(
        "--dask", metavar="ADDRESS", help="analyse on a Dask cluster whose scheduler is at tcp://HOST:PORT"
    )
    analyze.parser.add_option("-t", "--threads", type="int", help="files to analyse at once (default: one per core)")
    analyze.parser.add_option("--device", help="where the network runs: cpu (the default), cuda, mps, or auto")

    tag = Verb("tag", run_tag, "describe in words how each analysed track sounds", takes="[options] [QUERY...]")
    tag.switch("-f", "--force", "tag all matching tracks again")
    tag.switch("--more", "have a second network listen to the files, which knows instruments and voices")
    tag.switch("-p", "--pretend", "only show the tags, store nothing")

    reweigh = Verb("reweigh", run_reweigh, "compute all vectors again from the stored analysis")
    reweigh.parser.add_option(
        "-e",
        "--epsilon",
        type="float",
        help="cosine distance below which two slices of music count as the same; near 0 and near 2 all slices weigh alike",
    )
    reweigh.parser.add_option(
        "--sweep", metavar="E,E...", help="only show how good the vectors would be with each of these epsilons"
    )
    return [analyze, tag, reweigh]


def run_analyze(call: Call) -> None:
    from deejai_core.embedding.cluster import Cluster, check_address
    from deejai_core.embedding.companions import unheard_files
    from deejai_core.embedding.library_analysis import analyse_library, pending_tracks
    from deejai_core.errors import ClusterError, StoreError
    from deejai_core.index.cache import build_index
    from deejai_core.models.registry import tagging_model, trunk_source

    from ..analysis_report import AnalysisReport

    call.require_tracks()
    opts, log, settings = call.opts, call.log, call.settings
    if opts.dask is not None:
        check_address(opts.dask)
        if opts.threads:
            raise ui.UserError("--threads does not apply to --dask; `dask worker --nthreads` sets the threads of a worker")
        if opts.device:
            raise ui.UserError("--device does not apply to --dask; workers compute on their CPUs")
    model = call.load_model()
    cluster = Cluster(opts.dask, trunk_source(call.model_name, models_folder())) if opts.dask else None
    wanted = {"ids": call.matching(), "retry": bool(opts.retry), "force": bool(opts.force)}
    if opts.pretend:
        pending = pending_tracks(call.library, model, settings.analysis, **wanted)
        paths = [track.path for track in call.library.tracks(pending).values()]
        if settings.analysis.tags == MORE:
            paths += unheard_files(call.library, tagging_model(model), wanted["ids"])
        for path in dict.fromkeys(paths):
            ui.print_(os.fspath(path))
        if not paths:
            log.info("there is no file to be analysed")
        return
    report = AnalysisReport(log, model.name)
    try:
        with report:
            outcome = analyse_library(
                call.library,
                model,
                tagging_model(model),
                settings.analysis,
                cluster=cluster,
                observer=report,
                **wanted,
            )
    except (ClusterError, KeyboardInterrupt) as error:
        report.stopped(force=bool(opts.force), by_hand=isinstance(error, KeyboardInterrupt))
        raise
    try:
        build_index(
            call.library,
            model,
            search=settings.comparison.index,
            on_build=lambda tracks: log.info("building the index of {:,} tracks...", tracks),
            exact=outcome.vectors,
        )
    except StoreError as error:
        log.warning("{}; until it can be, lists compare all tracks", error)
    if outcome.idle:
        log.info("nothing to do: every track has a vector of {}", model.name)
    if outcome.skipped:
        log.info(
            "Skipped {} that failed before; `beet deejai failed` lists the failures, --retry tries again.",
            counted(outcome.skipped, "track"),
        )
    if outcome.failed:
        raise ui.UserError(f"{counted(outcome.failed, 'track')} could not be analysed, see above")


def run_tag(call: Call) -> None:
    from deejai_core.embedding.companions import hear_library
    from deejai_core.embedding.tagging import tag
    from deejai_core.models.registry import tagging_model

    from ..analysis_report import AnalysisReport

    call.require_tracks()
    opts, log, analysis = call.opts, call.log, call.settings.analysis
    model, ids = tagging_model(call.load_model()), call.matching()
    unheard = 0
    if (opts.more or analysis.tags == MORE) and not opts.pretend:
        report = AnalysisReport(log, model.name)
        try:
            with report:
                heard = hear_library(call.library, model, analysis, ids, on_start=report.hearing, on_result=report.result)
        except KeyboardInterrupt:
            report.stopped_hearing()
            raise
        unheard = heard.failed
    tagged = tag(call.library, model, ids, force=bool(opts.force), pretend=bool(opts.pretend))
    print_lines(tagged.lines)
    if not tagged.wanted:
        log.info("nothing to do: every track has tags; --force tags them again")
    elif not opts.pretend:
        log.info("Tagged {}.", counted(tagged.given, "track"))
    if tagged.missing:
        log.warning(
            "Could not tag {}, because no analysis by {} is stored; `beet deejai analyze --force QUERY` analyses again.",
            counted(tagged.missing, "track"),
            model.name,
        )
    if unheard:
        raise ui.UserError(f"{counted(unheard, 'file')} could not be heard, see above; --more tries again")


def run_reweigh(call: Call) -> None:
    from deejai_core.embedding.library_vectors import weight_again

    call.refuse_words("reweigh takes no query: it updates all tracks")
    call.require_tracks()
    if call.opts.sweep is not None:
        _print_sweep(call)
        return
    settings, model, log = call.settings, call.load_model(), call.log
    given, left = weight_again(call.library, model, settings.analysis.epsilon_for(model))
    log.info("Updated the vectors of {} ({}).", counted(given, "track"), model.name)
    if call.opts.epsilon is not None:
        log.info(
            "To keep it, set `epsilon: {}` in the configuration; the next `analyze` uses what is set there.",
            call.opts.epsilon,
        )
    if left:
        log.warning(
            "Left the vectors of {} as they were, because no analysis by {} is stored; `beet deejai analyze --force` "
            "analyses again.",
            counted(left, "track"),
            model.name,
        )


def _print_sweep(call: Call) -> None:
    from deejai_core.features.evaluation import sweep
    from deejai_core.features.evaluation_lines import sweep_lines

    if call.opts.epsilon is not None:
        raise ui.UserError("--epsilon changes the vectors, --sweep only compares; give one of them")
    epsilons, model = Epsilons().given("sweep", call.opts.sweep), call.load_model()
    found = sweep(
        call.library,
        model,
        epsilons,
        call.configured.analysis.epsilon_for(model),
        on_epsilon=partial(call.log.info, "weighting with epsilon {}..."),
    )
    if found.left_out:
        call.log.warning(
            "Left out {} of {} tracks, because their analysis is not stored; `beet deejai analyze --force` analyses again.",
            found.left_out,
            found.tracks + found.left_out,
        )
    print_lines(sweep_lines(found))

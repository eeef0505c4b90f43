"""The commands that give tracks vectors and tags."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from beets.exceptions import UserError

from deejai_core.options.analysis import MORE
from deejai_core.options.values import Epsilons
from deejai_core.words import counted

from ..call import Call, print_lines
from ..group import Verb
from ..hints import WORDS
from ..settings import models_folder

if TYPE_CHECKING:
    from deejai_core.embedding.cluster import Cluster


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
    analyze.switch("--retry", "also try files that failed before")
    analyze.parser.add_option(
        "--dask", metavar="ADDRESS", help="analyse on a Dask cluster whose scheduler is at tcp://HOST:PORT"
    )
    analyze.parser.add_option("-t", "--threads", type="int", help="files to analyse at once (default: one per core)")
    analyze.parser.add_option("--device", help="where the network runs: cpu (the default), cuda, mps, or auto")

    tag = Verb("tag", run_tag, "describe in words how each analysed track sounds", takes="[options] [QUERY...]")
    tag.switch("-f", "--force", "tag all matching tracks again")
    tag.switch("--more", "analyse the files with a second network too, which recognises instruments and voices")
    tag.switch("-p", "--pretend", "only show the tags, store nothing")

    reweigh = Verb("reweigh", run_reweigh, "compute all vectors again from the stored analysis")
    reweigh.parser.add_option(
        "-e",
        "--epsilon",
        type="float",
        help="cosine distance below which two slices of music count as the same; near 0 and near 2, all count the same",
    )
    reweigh.parser.add_option(
        "--sweep", metavar="E,E...", help="only show how good the vectors would be with each of these epsilons"
    )
    return [analyze, tag, reweigh]


def run_analyze(call: Call) -> None:
    from deejai_core.embedding.analysis_lines import analyse_and_tell
    from deejai_core.embedding.library_analysis import pending_files
    from deejai_core.models.registry import tagging_model

    call.require_tracks()
    opts, settings = call.opts, call.settings
    cluster = None if opts.dask is None else _cluster(call)
    model = call.load_model()
    ids, retry, force = call.matching(), bool(opts.retry), bool(opts.force)
    if opts.pretend:
        tagger = tagging_model(model)
        paths = pending_files(call.library, model, tagger, settings.analysis, ids=ids, retry=retry, force=force)
        print_lines(map(os.fspath, paths))
        if not paths:
            call.log.info("no file needs to be analysed")
        return
    outcome = analyse_and_tell(
        call.library,
        model,
        tagging_model(model),
        settings.analysis,
        call.teller,
        WORDS,
        search=settings.comparison.index,
        cluster=cluster,
        ids=ids,
        retry=retry,
        force=force,
    )
    if outcome.failed:
        raise UserError(f"{counted(outcome.failed, 'track')} could not be analysed, see above")


def _cluster(call: Call) -> Cluster:
    """Return the cluster that `--dask` names. Raises ClusterError, and UserError for an option that contradicts it."""
    from deejai_core.embedding.cluster import Cluster, check_address
    from deejai_core.models.registry import trunk_source

    check_address(call.opts.dask)
    if call.opts.threads:
        raise UserError("--threads does not apply to --dask; `dask worker --nthreads` sets the threads of a worker")
    if call.opts.device:
        raise UserError("--device does not apply to --dask; workers compute on their CPUs")
    return Cluster(call.opts.dask, trunk_source(call.model_name, models_folder()))


def run_tag(call: Call) -> None:
    from deejai_core.embedding.analysis_lines import tag_and_tell
    from deejai_core.models.registry import tagging_model

    call.require_tracks()
    opts, analysis = call.opts, call.settings.analysis
    unheard = tag_and_tell(
        call.library,
        tagging_model(call.load_model()),
        analysis,
        call.matching(),
        call.teller,
        WORDS,
        hear=bool(opts.more or analysis.tags == MORE) and not opts.pretend,
        force=bool(opts.force),
        pretend=bool(opts.pretend),
    )
    if unheard:
        raise UserError(f"{counted(unheard, 'file')} could not be analysed, see above; --more tries again")


def run_reweigh(call: Call) -> None:
    from deejai_core.embedding.analysis_lines import weight_and_tell
    from deejai_core.features.evaluation_lines import sweep_and_tell

    call.refuse_words("reweigh takes no query: it updates all tracks")
    call.require_tracks()
    epsilon, swept = call.opts.epsilon, call.opts.sweep
    if swept is None:
        kept = epsilon is None
        weight_and_tell(call.library, call.load_model(), call.settings.analysis, call.teller, WORDS, kept=kept)
        return
    if epsilon is not None:
        raise UserError("--epsilon changes the vectors, --sweep only compares; give one of them")
    epsilons, model = Epsilons().given("sweep", swept), call.load_model()
    sweep_and_tell(call.library, model, epsilons, call.configured.analysis.epsilon_for(model), call.teller, WORDS)

"""The commands that give tracks their vectors and tags."""

from __future__ import annotations

import optparse
import os
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from ..group import Verb
from ..settings import given_options, limits, read_settings
from ..words import counted

if TYPE_CHECKING:
    import confuse
    from beets.library import Item, Library
    from beets.logging import BeetsLogger


SHOWN_TAGS = 5  # that `tag --pretend` shows of each track


def verbs(config: confuse.Subview, log: BeetsLogger) -> list[Verb]:
    analyze = Verb(
        "analyze",
        partial(run_analyze, config, log),
        "analyse the tracks that have no vector yet",
        usage="%prog [options] [QUERY...]",
        aliases=("analyse",),
    )
    analyze.parser.add_option("-f", "--force", action="store_true", help="analyse all matching tracks again")
    analyze.parser.add_option("-p", "--pretend", action="store_true", help="only list the files that would be analysed")
    analyze.parser.add_option("--retry", action="store_true", help="try files again that failed before")
    analyze.parser.add_option(
        "--dask", metavar="ADDRESS", help="analyse on a Dask cluster whose scheduler is at tcp://HOST:PORT"
    )
    analyze.parser.add_option("-t", "--threads", type="int", help="files to analyse at once (default: one per core)")
    analyze.parser.add_option("--device", help="where the network runs: cpu (the default), cuda, mps, or auto")

    tag = Verb(
        "tag",
        partial(run_tag, config, log),
        "describe in words how each analysed track sounds",
        usage="%prog [options] [QUERY...]",
    )
    tag.parser.add_option("-f", "--force", action="store_true", help="tag all matching tracks again")
    tag.parser.add_option("-p", "--pretend", action="store_true", help="only show the tags, store nothing")

    reweigh = Verb(
        "reweigh",
        partial(run_reweigh, config, log),
        "compute all vectors again from the stored analysis",
    )
    reweigh.parser.add_option(
        "-e", "--epsilon", type="float", help="cosine distance below which two slices of music count as the same"
    )
    reweigh.parser.add_option(
        "--sweep", metavar="E,E...", help="only show how good the vectors would be with each of these epsilons"
    )
    return [analyze, tag, reweigh]


def run_analyze(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from deejai_core.embedding.analysis import Heard, Unheard, default_threads
    from deejai_core.embedding.cluster import Cluster, Unshared, check_address
    from deejai_core.errors import ClusterError
    from deejai_core.formats.entries import one_line

    from ..analysis import due_items, find_work, hear_items, unmounted
    from ..changed import look_at_files
    from ..library import alone, file_path, items_at, open_store, require_tracks, store_path, unanalysed_items
    from ..models import model_in_use, tagging_model, trunk_source
    from ..progress import Progress
    from ..tagging import tag_tracks, untagged_ids
    from ..vectors import build_index
    from ..weighing import epsilon_in_use, up_to_date, weigh_items

    require_tracks(lib)
    settings = read_settings(config, given_options(opts))
    if opts.dask is not None:
        check_address(opts.dask)
        if opts.threads:
            raise ui.UserError("--threads does not apply to --dask; `dask worker --nthreads` sets the threads of a worker")
        if opts.device:
            raise ui.UserError("--device does not apply to --dask; workers compute on their CPUs")
    model = model_in_use(lib, settings)
    cluster = Cluster(opts.dask, trunk_source(lib, settings)) if opts.dask else None
    items = list(lib.items(args)) if args or opts.force else None
    if args and not items:
        raise ui.UserError(f"no track matches {' '.join(args)!r}; `beet ls` shows what a query finds")
    if opts.pretend and not store_path(lib).exists():
        _print_paths(unanalysed_items(lib, model) if items is None else items)
        return
    with open_store(lib) as store, nullcontext() if opts.pretend else alone(lib):
        changed, unknown = look_at_files(lib, store)
        if not opts.pretend:
            store.note_files(unknown)
        if items is None:
            items = due_items(lib, model, store, changed)
        if opts.retry and not args:  # also those that have a vector, of what they were before
            failed = [item for path in store.failures() for item in items_at(lib, path)]
            items = list({item.id: item for item in [*items, *failed]}.values())
        work = find_work(
            lib,
            items,
            model,
            store,
            retries=settings.retries,
            retry=bool(opts.retry),
            force=bool(opts.force),
            changed=changed,
        )
        if opts.pretend:
            _print_paths(work.hear)
            return
        if looked_at := sum(item.id in changed for item in work.hear):
            log.info("{} changed since: if it is another song, it is analysed anew", counted(looked_at, "file"))
        paths = [file_path(item) for item in work.hear]

        def stop_if_unmounted() -> None:
            if root := unmounted(paths):
                raise ui.UserError(
                    f"{root}: this folder is missing or empty; is the drive mounted? Nothing is lost: `beet deejai "
                    "analyze` goes on from here. `beet update` forgets tracks whose files are gone"
                )

        if paths:
            stop_if_unmounted()
        progress = Progress(len(work.hear), log)

        def note(result: Heard | Unheard) -> None:
            if isinstance(result, Unheard):
                if not result.lasting and not result.path.exists():
                    stop_if_unmounted()
                if not isinstance(result, Unshared):  # of no file's making: it is to be tried next time, however often
                    store.put_failure(result.path, result.reason, lasting=result.lasting)
                progress.warn("{}: not analysed: {}", one_line(os.fspath(result.path)), result.reason)
            else:
                store.drop_failure(result.path)
            progress.step()

        try:
            with progress:
                heard = hear_items(
                    lib,
                    work.hear,
                    model,
                    store,
                    windows=settings.windows,
                    threads=settings.threads or default_threads(),
                    device=settings.device,
                    limits=limits(settings),
                    force=bool(opts.force),
                    cluster=cluster,
                    on_result=note,
                )
            ids, epsilon, changed = [*work.weigh, *heard], epsilon_in_use(model, settings), 0
            if ids or not up_to_date(lib, model, epsilon, store):
                log.info("weighting the vectors against the library as it is now...")
                given, changed = weigh_items(lib, ids, model, epsilon, store)
                if ids:
                    log.info("Computed the vectors of {} with {}.", counted(given, "track"), model.name)
                if changed:
                    log.info("Updated the vectors of {}, because the library changed.", counted(changed, "other track"))
            tagged = 0
            if settings.tags:
                lacking = untagged_ids(lib, [item.id for item in items] if args else None)
                if tagged := tag_tracks(lib, lacking, tagging_model(model), store):
                    log.info("Tagged {}.", counted(tagged, "track"))
        except (ClusterError, KeyboardInterrupt) as error:
            rest = "computes their new vectors, --force starts over" if opts.force else "goes on from here"
            if progress.done or isinstance(error, KeyboardInterrupt):
                log.warning(
                    "stopped: {} of {} tracks analysed and kept; `beet deejai analyze` {}",
                    progress.done,
                    progress.total,
                    rest,
                )
            raise

    build_index(lib, model, log, search=settings.index)
    if not ids and not changed and not work.hear and not work.failed and not tagged:
        log.info("nothing to do: every track has a vector of {}", model.name)
    if work.failed:
        log.info(
            "Skipped {} that failed before; `beet deejai failed` lists the failures, --retry tries again.",
            counted(len(work.failed), "track"),
        )
    if progress.failed:
        raise ui.UserError(f"{counted(progress.failed, 'track')} could not be analysed, see above")


def _print_paths(items: list[Item]) -> None:
    from ..library import file_path

    for item in items:
        ui.print_(os.fspath(file_path(item)))


def run_tag(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:

    from ..library import as_track, display_name, items_by_id, open_store, require_tracks, store_path, track_ids
    from ..models import model_in_use, tagging_model
    from ..tagging import tag_tracks, tags_of, untagged_ids
    from ..tags import top_tags

    require_tracks(lib)
    model = tagging_model(model_in_use(lib, read_settings(config)))
    ids = [item.id for item in lib.items(args)] if args else track_ids(lib)
    if args and not ids:
        raise ui.UserError(f"no track matches {' '.join(args)!r}; `beet ls` shows what a query finds")
    untagged = ids if opts.force else untagged_ids(lib, ids)
    if not opts.pretend:
        ids = untagged
    if not ids:
        log.info("nothing to do: every track has tags; --force tags them again")
        return
    if untagged and not store_path(lib).exists():
        raise ui.UserError("nothing analysed yet; run `beet deejai analyze`")
    with open_store(lib) as store:
        if opts.pretend:
            tags = tags_of(lib, ids, untagged, model, store)
            given = len(tags)
            for item in items_by_id(lib, (id_ for id_ in ids if id_ in tags)):
                shown = ", ".join(f"{name} {probability:.2f}" for name, probability in top_tags(tags[item.id], SHOWN_TAGS))
                ui.print_(f"{display_name(as_track(item))}: {shown}")
        else:
            given = tag_tracks(lib, ids, model, store)
            log.info("Tagged {}.", counted(given, "track"))
    if given < len(ids):
        log.warning(
            "Could not tag {}, because no analysis by {} is stored; `beet deejai analyze --force QUERY` analyses again.",
            counted(len(ids) - given, "track"),
            model.name,
        )


def run_reweigh(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:

    from ..fields import KEY
    from ..library import alone, attribute_values, open_store, require_tracks
    from ..models import model_in_use
    from ..weighing import epsilon_in_use, weigh_items

    if args:
        raise ui.UserError("reweigh takes no query: it updates all tracks")
    require_tracks(lib)
    if opts.sweep is not None:
        _print_sweep(config, log, lib, opts)
        return
    settings = read_settings(config, given_options(opts))
    model = model_in_use(lib, settings)
    with open_store(lib) as store, alone(lib):
        ids = list(attribute_values(lib, KEY))
        if not ids:
            raise ui.UserError("nothing analysed yet; run `beet deejai analyze`")
        store.forget_weighing()
        given = weigh_items(lib, ids, model, epsilon_in_use(model, settings), store).given
    log.info("Updated the vectors of {} ({}).", counted(given, "track"), model.name)
    if opts.epsilon is not None:
        log.info(
            "To keep it, set `epsilon: {}` in the configuration; the next `analyze` uses what is set there.",
            opts.epsilon,
        )
    if given < len(ids):
        log.warning(
            "Left the vectors of {} as they were, because no analysis by {} is stored; `beet deejai analyze --force` "
            "analyses again.",
            counted(len(ids) - given, "track"),
            model.name,
        )


def _print_sweep(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values) -> None:
    from ..evaluation import parse_epsilons, sweep

    if opts.epsilon is not None:
        raise ui.UserError("--epsilon changes the vectors, --sweep only compares; give one of them")
    epsilons = parse_epsilons(opts.sweep)
    for line in sweep(lib, read_settings(config), epsilons, log):
        ui.print_(line)

"""The verbs of `beet deejai`, their options, and what each prints."""

from __future__ import annotations

import optparse
import os
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from .group import Verb, VerbsCommand
from .settings import DEFAULTS, read_settings

if TYPE_CHECKING:
    import confuse
    from beets.library import Item, Library
    from beets.logging import BeetsLogger


def deejai_command(config: confuse.Subview, log: BeetsLogger) -> VerbsCommand:
    """`beet deejai`. Every verb reads its configuration when it runs, so that an error in it is one line to the user."""
    analyze = Verb(
        "analyze",
        partial(run_analyze, config, log),
        "give every track that lacks one a vector",
        usage="%prog [options] [QUERY...]",
        aliases=("analyse",),
    )
    analyze.parser.add_option("-f", "--force", action="store_true", help="analyse all matching tracks again")
    analyze.parser.add_option("-p", "--pretend", action="store_true", help="only list the files that would be analysed")
    analyze.parser.add_option("-t", "--threads", type="int", help="files to analyse at once (default: one a core)")

    similar = Verb(
        "similar",
        partial(run_similar, config, log),
        "write a playlist of what sounds like the matching tracks",
        usage="%prog [options] QUERY...|FILE...",
    )
    similar.parser.add_option(
        "-n", "--number", type="int", help=f"tracks to add after the seeds (default: {DEFAULTS['number']})"
    )
    _add_playlist_options(similar)

    journey = Verb(
        "journey",
        partial(run_journey, config, log),
        "write a playlist that leads from track to track",
        usage="%prog [options] QUERY|FILE QUERY|FILE...",
    )
    journey.parser.add_option(
        "-n",
        "--number",
        dest="between",
        type="int",
        help=f"tracks between neighbouring waypoints (default: {DEFAULTS['between']})",
    )
    _add_playlist_options(journey)

    reweigh = Verb(
        "reweigh",
        partial(run_reweigh, config, log),
        "weigh all vectors anew against the library as it is now",
    )
    reweigh.parser.add_option(
        "-e", "--epsilon", type="float", help="cosine distance below which two slices of music are the same"
    )

    status = Verb("status", partial(run_status, config), "show how much is analysed, and what it takes on disk")
    return VerbsCommand("deejai", [analyze, similar, journey, reweigh, status], "playlists of songs that sound alike")


def _add_playlist_options(verb: Verb) -> None:
    add = verb.parser.add_option
    add("-o", "--output", metavar="FILE", help="write the playlist to this file")
    add("-d", "--playlist-dir", metavar="DIR", help="write the playlist to this folder, named after its tracks")
    add("--output-format", choices=["m3u", "extm3u"], help="m3u, or extm3u with titles and lengths (the default)")
    add("--relative-to", metavar="DIR", help="paths relative to DIR, or to the `library` or the `playlist`")
    add("--forward-slash", action="store_true", help="forward slashes in paths")
    add("--urlencode", action="store_true", help="URL-encode paths")
    add("--prefix", help="text in front of each path")


def run_analyze(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from deejai_core.models.registry import load_model
    from deejai_core.playlists.m3u import one_line
    from deejai_core.space.analysis import Heard, Unheard, default_threads

    from .analysis import find_work, hear_items, weigh_items
    from .library import open_store, store_path, unanalysed_items
    from .progress import Progress

    settings = read_settings(config, opts)
    model = load_model(settings.model)
    items = list(lib.items(args)) if args or opts.force else unanalysed_items(lib, model)
    if args and not items:
        raise ui.UserError(f"no track matches {' '.join(args)!r}; `beet ls` shows what a query finds")
    if opts.pretend and not store_path(lib).exists():
        _print_paths(items)
        return
    with open_store(lib) as store:
        work = find_work(lib, items, model, store, force=bool(opts.force))
        if opts.pretend:
            _print_paths(work.hear)
            return

        progress = Progress(len(work.hear), log)

        def note(result: Heard | Unheard) -> None:
            if isinstance(result, Unheard):
                if result.lasting:
                    store.put_failure(result.path, result.reason)
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
                    force=bool(opts.force),
                    on_result=note,
                )
            if ids := [*work.weigh, *heard]:
                log.info("weighing {} against the library...", _tracks(len(ids)))
                given = weigh_items(lib, ids, model, settings, store)
                log.info("{} given a vector of {}", _tracks(given), model.name)
        except KeyboardInterrupt:
            rest = "gives them their vectors, --force starts over" if opts.force else "goes on from there to their vectors"
            log.warning(
                "stopped: {} of {} tracks heard, all of them kept; `beet deejai analyze` {}",
                progress.done,
                progress.total,
                rest,
            )
            raise

    if not ids and not work.hear and not work.failed:
        log.info("nothing to do: no track lacks a vector of {}", model.name)
    if work.failed:
        log.info(
            "{} failed before and did not change since; `beet deejai status` names them",
            _tracks(len(work.failed)),
        )
    if progress.failed:
        log.warning("{} could not be analysed, see above", _tracks(progress.failed))


def run_reweigh(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from deejai_core.models.registry import load_model

    from .analysis import weigh_items
    from .fields import KEY
    from .library import attribute_values, open_store

    if args:
        raise ui.UserError("reweigh takes no query: every track is weighed against all others")
    settings = read_settings(config, opts)
    model = load_model(settings.model)
    with open_store(lib) as store:
        ids = list(attribute_values(lib, KEY))
        if not ids:
            raise ui.UserError("nothing analysed yet; run `beet deejai analyze`")
        given = weigh_items(lib, ids, model, settings, store)
    log.info("{} weighed anew with {}", _tracks(given), model.name)
    if opts.epsilon is not None:
        log.info(
            "for new music to be weighed alike, set `epsilon: {}` in the configuration",
            opts.epsilon,
        )
    if given < len(ids):
        log.warning(
            "{} left as they were: what {} heard in them is not stored; `beet deejai analyze --force` hears them again",
            _tracks(len(ids) - given),
            model.name,
        )


def run_similar(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .playlists import make_similar

    if not args:
        raise ui.UserError("similar to what? Give a title, a query or an audio file")
    make_similar(lib, args, read_settings(config, opts), log, output=opts.output)


def run_journey(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .playlists import make_journey

    if len(args) < 2:
        raise ui.UserError('a journey needs two waypoints or more, each a query or a file: beet deejai journey "A" "B"')
    make_journey(lib, args, read_settings(config, opts), log, output=opts.output)


def run_status(config: confuse.Subview, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .status import status_lines

    if args:
        raise ui.UserError("status takes no query: it speaks of the whole library")

    for line in status_lines(lib, read_settings(config)):
        ui.print_(line)


def _print_paths(items: list[Item]) -> None:
    from .library import file_path

    for item in items:
        ui.print_(os.fspath(file_path(item)))


def _tracks(count: int) -> str:
    return "1 track" if count == 1 else f"{count:,} tracks"

"""The verbs of `beet deejai`, their options, and what each prints."""

from __future__ import annotations

import optparse
import os
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from .group import Verb, VerbsCommand
from .options import (
    ARTISTS,
    BETWEEN,
    CANDIDATES,
    MINUTES,
    OUTPUT,
    RULES,
    VARIATION,
    WALK,
    Option,
    add_options,
)
from .settings import given_options, limits, read_settings, unknown_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import confuse
    from beets.library import Item, Library
    from beets.logging import BeetsLogger


SHOWN_TAGS = 5  # that `tag --pretend` shows of each track


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
    analyze.parser.add_option("--retry", action="store_true", help="try files again that failed before")
    analyze.parser.add_option("-t", "--threads", type="int", help="files to analyse at once (default: one a core)")

    tag = Verb(
        "tag",
        partial(run_tag, config, log),
        "say in words what every track sounds like that was analysed",
        usage="%prog [options] [QUERY...]",
    )
    tag.parser.add_option("-f", "--force", action="store_true", help="tag all matching tracks again")
    tag.parser.add_option("-p", "--pretend", action="store_true", help="store nothing, only show the tags")

    similar = Verb(
        "similar",
        partial(run_similar, config, log),
        "write a playlist of what sounds like the matching tracks",
        usage="%prog [options] QUERY...|FILE...",
    )
    _add_list_options(similar, (*WALK, *VARIATION, *RULES))
    similar.parser.add_option("--less", metavar="QUERY", help="less like what matches this query")

    journey = Verb(
        "journey",
        partial(run_journey, config, log),
        "write a playlist that leads from track to track",
        usage="%prog [options] QUERY|FILE QUERY|FILE...",
    )
    _add_list_options(journey, (BETWEEN, MINUTES, *VARIATION, *RULES))
    journey.parser.add_option("--best-order", action="store_true", help="visit the waypoints in their best order")
    _add_end_options(journey)

    reorder = Verb(
        "reorder",
        partial(run_reorder, config, log),
        "write a playlist, or what matches, in an order that flows",
        usage="%prog [options] PLAYLIST.m3u|QUERY...",
    )
    _add_end_options(reorder)
    _add_output_options(reorder)

    artists = Verb(
        "similar-artists",
        partial(run_similar_artists, config),
        "show the artists who sound like those of the matching tracks",
        usage="%prog [options] ARTIST|QUERY...|FILE...",
    )
    add_options(artists, (ARTISTS, CANDIDATES))

    playlists = Verb(
        "playlists",
        partial(run_playlists, config, log),
        "write the playlists of the configuration, where they changed",
        usage="%prog [options] [NAME...]",
    )
    playlists.parser.add_option("-p", "--pretend", action="store_true", help="write nothing, only say what would be")
    add_options(playlists, (option for option in OUTPUT if option.name not in ("format", "output_format")))

    reweigh = Verb(
        "reweigh",
        partial(run_reweigh, config, log),
        "weigh all vectors anew against the library as it is now",
    )
    reweigh.parser.add_option(
        "-e", "--epsilon", type="float", help="cosine distance below which two slices of music are the same"
    )
    reweigh.parser.add_option(
        "--sweep", metavar="E,E...", help="change nothing, show how good the vectors would be with each of these epsilons"
    )

    evaluate = Verb(
        "eval",
        partial(run_eval, config, log),
        "show whether tracks that belong together sound alike, and whether every track can be found",
    )
    evaluate.parser.add_option(
        "--field", action="append", default=[], metavar="NAME", help="measure this field too, such as mood; may be repeated"
    )
    evaluate.parser.add_option("-k", type="int", default=10, help="neighbours of each track (default: 10)")
    evaluate.parser.add_option("--json", action="store_true", help="print one JSON object")

    status = Verb("status", partial(run_status, config), "show how much is analysed, and what it takes on disk")
    failed = Verb(
        "failed", partial(run_failed, config), "list the files that could not be analysed", usage="%prog [QUERY...]"
    )
    doctor = Verb("doctor", partial(run_doctor, config), "look for what is wrong, and mend it")
    doctor.parser.add_option("--fix", action="store_true", help="mend what can be mended")
    verbs = [analyze, tag, similar, journey, reorder, artists, playlists, reweigh, evaluate, status, failed, doctor]
    return VerbsCommand("deejai", verbs, "playlists of songs that sound alike")


def _add_list_options(verb: Verb, options: Iterable[Option]) -> None:
    """The options of a list that is made by picking tracks."""
    verb.parser.add_option("-a", "--album", action="store_true", help="albums instead of tracks")
    add_options(verb, options)
    verb.parser.add_option("--pick", action="store_true", help="choose each next track yourself, among five")
    verb.parser.add_option("--why", action="store_true", help="show what each track is near to, and why not others")
    _add_output_options(verb)


def _add_end_options(verb: Verb) -> None:
    verb.parser.add_option("--keep-first", action="store_true", help="keep the first one where it is")
    verb.parser.add_option("--keep-last", action="store_true", help="keep the last one where it is")


def _add_output_options(verb: Verb) -> None:
    verb.parser.add_option("-p", "--pretend", action="store_true", help="only show the list, write nothing")
    verb.parser.add_option("-o", "--output", metavar="FILE", help="write the playlist to this file")
    add_options(verb, OUTPUT)
    verb.parser.add_option("--play", action="store_true", help="play the list with what beets' play plugin is set to")


def run_analyze(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from deejai_core.models.registry import load_model
    from deejai_core.playlists.tracks import one_line
    from deejai_core.space.analysis import Heard, Unheard, default_threads

    from .analysis import find_work, hear_items, unmounted, weigh_items
    from .library import alone, file_path, items_at, open_store, store_path, unanalysed_items
    from .progress import Progress
    from .tagging import tag_tracks, untagged_ids

    settings = read_settings(config, given_options(opts))
    model = load_model(settings.model)
    items = list(lib.items(args)) if args or opts.force else unanalysed_items(lib, model)
    if args and not items:
        raise ui.UserError(f"no track matches {' '.join(args)!r}; `beet ls` shows what a query finds")
    if opts.pretend and not store_path(lib).exists():
        _print_paths(items)
        return
    with open_store(lib) as store, nullcontext() if opts.pretend else alone(lib):
        if opts.retry and not args:  # also those that have a vector, of what they were before
            failed = [item for path in store.failures() for item in items_at(lib, path)]
            items = list({item.id: item for item in [*items, *failed]}.values())
        work = find_work(lib, items, model, store, retries=settings.retries, retry=bool(opts.retry), force=bool(opts.force))
        if opts.pretend:
            _print_paths(work.hear)
            return
        paths = [file_path(item) for item in work.hear]

        def stop_if_unmounted() -> None:
            if root := unmounted(paths):
                raise ui.UserError(
                    f"{root}: nothing is there; is the drive mounted? What was done is kept, `beet deejai analyze` goes on "
                    "from there; `beet update` forgets tracks whose files are gone"
                )

        if paths:
            stop_if_unmounted()
        progress = Progress(len(work.hear), log)

        def note(result: Heard | Unheard) -> None:
            if isinstance(result, Unheard):
                if not result.lasting and not result.path.exists():
                    stop_if_unmounted()
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
                    limits=limits(settings),
                    force=bool(opts.force),
                    on_result=note,
                )
            if ids := [*work.weigh, *heard]:
                log.info("weighing {} against the library...", _tracks(len(ids)))
                given = weigh_items(lib, ids, model, settings, store)
                log.info("{} given a vector of {}", _tracks(given), model.name)
            tagged = 0
            if settings.tags:
                lacking = untagged_ids(lib, [item.id for item in items] if args else None)
                if tagged := tag_tracks(lib, lacking, model, store):
                    log.info("{} tagged", _tracks(tagged))
        except KeyboardInterrupt:
            rest = "gives them their vectors, --force starts over" if opts.force else "goes on from there to their vectors"
            log.warning(
                "stopped: {} of {} tracks heard, all of them kept; `beet deejai analyze` {}",
                progress.done,
                progress.total,
                rest,
            )
            raise

    if not ids and not work.hear and not work.failed and not tagged:
        log.info("nothing to do: no track lacks a vector of {}", model.name)
    if work.failed:
        log.info(
            "{} failed before and did not change since; `beet deejai failed` names them, --retry tries again",
            _tracks(len(work.failed)),
        )
    if progress.failed:
        log.warning("{} could not be analysed, see above", _tracks(progress.failed))


def run_tag(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from deejai_core.models.registry import load_model

    from .library import as_track, display_name, items_by_id, open_store, store_path, track_ids
    from .tagging import heard_tags, tag_tracks, untagged_ids
    from .tags import top_tags

    model = load_model(read_settings(config).model)
    ids = [item.id for item in lib.items(args)] if args else track_ids(lib)
    if args and not ids:
        raise ui.UserError(f"no track matches {' '.join(args)!r}; `beet ls` shows what a query finds")
    if not opts.force:
        ids = untagged_ids(lib, ids)
    if not ids:
        log.info("nothing to do: no track lacks tags; --force tags all again")
        return
    if not store_path(lib).exists():
        raise ui.UserError("nothing analysed yet; run `beet deejai analyze`")
    with open_store(lib) as store:
        if opts.pretend:
            heard = {id_: found for _, tracks, found in heard_tags(lib, ids, model, store) for id_ in tracks}
            given = len(heard)
            for item in items_by_id(lib, (id_ for id_ in ids if id_ in heard)):
                tags = ", ".join(f"{name} {probability:.2f}" for name, probability in top_tags(heard[item.id], SHOWN_TAGS))
                ui.print_(f"{display_name(as_track(item))}: {tags}")
        else:
            given = tag_tracks(lib, ids, model, store)
            log.info("{} tagged", _tracks(given))
    if given < len(ids):
        log.warning(
            "{} left without: what {} hears in them is not stored; `beet deejai analyze --force QUERY` hears them",
            _tracks(len(ids) - given),
            model.name,
        )


def run_reweigh(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from deejai_core.models.registry import load_model

    from .analysis import weigh_items
    from .fields import KEY
    from .library import attribute_values, open_store

    if args:
        raise ui.UserError("reweigh takes no query: every track is weighed against all others")
    if opts.sweep is not None:
        _print_sweep(config, log, lib, opts)
        return
    settings = read_settings(config, given_options(opts))
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


def _print_sweep(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values) -> None:
    from .evaluation import parse_epsilons, sweep

    if opts.epsilon is not None:
        raise ui.UserError("--epsilon changes the vectors, --sweep only compares; give one of them")
    epsilons = parse_epsilons(opts.sweep)
    for line in sweep(lib, read_settings(config), epsilons, log):
        ui.print_(line)


def run_eval(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    import json

    from .evaluation import as_json, as_lines, evaluate

    if args:
        raise ui.UserError("eval takes no query: it measures the whole library")
    if opts.k < 1:
        raise ui.UserError(f"-k: must be at least 1, not {opts.k}")
    report = evaluate(lib, read_settings(config), opts.field, opts.k, log)
    if opts.json:
        ui.print_(json.dumps(as_json(report), indent=2, ensure_ascii=False, allow_nan=False))
        return
    for line in as_lines(report):
        ui.print_(line)


def run_similar(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .lists import make_similar

    if not args:
        raise ui.UserError("similar to what? Give a title, a query or an audio file")
    if opts.album:
        opts.albums, opts.number = opts.number, None
    _make(make_similar, config, log, lib, opts, args)


def run_journey(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .lists import make_journey

    if len(args) < 2:
        raise ui.UserError('a journey needs two waypoints or more, each a query or a file: beet deejai journey "A" "B"')
    if (opts.keep_first or opts.keep_last) and not opts.best_order:
        raise ui.UserError("--keep-first and --keep-last are for --best-order; without it, all waypoints keep their places")
    _make(make_journey, config, log, lib, opts, args)


def run_reorder(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .lists import make_reordered

    if not args:
        raise ui.UserError("reorder what? Give a playlist (FILE.m3u) or a query")
    _make(make_reordered, config, log, lib, opts, args)


def _make(
    make: Callable, config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]
) -> None:
    """Make a list as the options ask for, write it, show it, play it."""
    from .output import for_file, play, show, write
    from .terminal import choose_next, choose_waypoint, is_terminal
    from .wishes import Wishes

    for name in unknown_options(config):
        log.warning("deejai.{}: there is no such option in the configuration; it is ignored", name)
    option = opts.ensure_value
    if option("minutes", None) is not None and any(
        option(name, None) is not None for name in ("number", "albums", "between")
    ):
        raise ui.UserError("-n and --minutes both say how long the list is to be; give one of them")
    if option("pick", None) and not is_terminal():
        raise ui.UserError("--pick asks you to choose, and needs a terminal for that")
    settings = for_file(read_settings(config, given_options(opts)), opts.output, opts.output_format)
    wishes = Wishes(
        configured=read_settings(config),
        albums=bool(option("album", None)),
        less=option("less", None),
        best_order=bool(option("best_order", None)),
        keep_first=bool(option("keep_first", None)),
        keep_last=bool(option("keep_last", None)),
        why=bool(option("why", None)),
        choose=choose_next if option("pick", None) else None,
        choose_waypoint=choose_waypoint if is_terminal() else None,
    )
    made = make(lib, args, settings, wishes)
    # Written before anything is shown: an error leaves the old playlist, and no list that seems to have been written.
    written = None if opts.pretend or (opts.play and not opts.output) else write(lib, made, settings, opts.output)
    show(made, settings, log)
    if written:
        say = log.info if settings.format else lambda template, *values: ui.print_(template.format(*values))
        say("{} tracks written to {}", written[1], written[0])
    if opts.play and not opts.pretend:
        play(made, log)


def run_similar_artists(config: confuse.Subview, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .lists import similar_artists

    if not args:
        raise ui.UserError("similar to whom? Give an artist, a query or an audio file")
    found = similar_artists(lib, args, read_settings(config, given_options(opts)))
    for number, (name, similarity, tracks) in enumerate(found, 1):
        ui.print_(f"{number:4}  {similarity:.3f} {name} ({_tracks(tracks)})")


def run_playlists(config: confuse.Subview, log: BeetsLogger, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .named import write_named

    if not config["playlists"].get(list):
        log.info("no playlists in the configuration (deejai.playlists)")
    failed = write_named(config, log, lib, args, opts, pretend=bool(opts.pretend))
    if failed:
        raise ui.UserError(f"{failed} of the playlists could not be written, see above; they are as they were")


def run_status(config: confuse.Subview, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .status import status_lines

    if args:
        raise ui.UserError("status takes no query: it speaks of the whole library")

    for line in status_lines(lib, read_settings(config)):
        ui.print_(line)


def run_failed(config: confuse.Subview, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .status import failed_lines

    for line in failed_lines(lib, args, read_settings(config)):
        ui.print_(line)


def run_doctor(config: confuse.Subview, lib: Library, opts: optparse.Values, args: list[str]) -> None:
    from .doctor import examine

    if args:
        raise ui.UserError("doctor takes no query: it looks at everything")
    left = mendable = 0
    for finding in examine(lib, read_settings(config), unknown_options(config)):
        ui.print_(f"{'problem' if finding.wrong else 'ok':<8} {finding.what:<13} {finding.told}")
        if finding.wrong and opts.fix and finding.mend:
            ui.print_(f"{'':<8} {'':<13} mended: {finding.mend()}")
        elif finding.wrong:
            left += 1
            mendable += finding.mend is not None
    if left:
        help_ = f"; `beet deejai doctor --fix` mends {mendable} of them" if mendable else ""
        raise ui.UserError(f"{left} {'problem' if left == 1 else 'problems'}{help_}")


def _print_paths(items: list[Item]) -> None:
    from .library import file_path

    for item in items:
        ui.print_(os.fspath(file_path(item)))


def _tracks(count: int) -> str:
    return "1 track" if count == 1 else f"{count:,} tracks"

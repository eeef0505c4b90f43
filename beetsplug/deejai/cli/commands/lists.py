"""The commands that make playlists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beets import ui
from beets.exceptions import UserError

from deejai_core.words import counted

from ..call import Call
from ..group import Verb
from ..options import ARTISTS, JOURNEY, LESS, OUTPUT, RULES, VARIATION, WALK, add_options
from ..settings import unknown_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deejai_core.options.option import Option


def verbs() -> list[Verb]:
    similar = Verb(
        "similar",
        run_similar,
        "write a playlist of tracks that sound like the matching ones",
        takes="[options] QUERY...|FILE...|PLAYLIST...",
    )
    _add_list_options(similar, (*WALK, *VARIATION, *RULES))
    similar.switch("--words", "read the words as a description of sound, even if they match titles")

    journey = Verb(
        "journey",
        run_journey,
        "write a playlist that leads from track to track",
        takes="[options] QUERY|FILE QUERY|FILE...|PLAYLIST",
    )
    _add_list_options(journey, (*JOURNEY, *VARIATION, *RULES))
    journey.switch("--best-order", "visit the waypoints in their best order")
    _add_end_options(journey)

    reorder = Verb(
        "reorder",
        run_reorder,
        "put a playlist, or matching tracks, in the smoothest order",
        takes="[options] PLAYLIST|QUERY...",
    )
    _add_end_options(reorder)
    _add_output_options(reorder)

    artists = Verb(
        "similar-artists",
        run_similar_artists,
        "show the artists who sound like those of the matching tracks",
        takes="[options] ARTIST|QUERY...|FILE...",
    )
    add_options(artists, ARTISTS)

    playlists = Verb("playlists", run_playlists, "update the playlists of the configuration", takes="[options] [NAME...]")
    playlists.switch("-p", "--pretend", "only show what would be written")
    add_options(playlists, (option for option in OUTPUT if option.name not in ("format", "output_format")))
    return [similar, journey, reorder, artists, playlists]


def _add_list_options(verb: Verb, options: Iterable[Option]) -> None:
    """Add the options of a list that is made by picking tracks."""
    verb.switch("-a", "--album", "use albums instead of tracks")
    verb.parser.add_option("--less", metavar="QUERY", help=LESS)
    add_options(verb, options)
    verb.switch("--pick", "choose each next track yourself, from five")
    verb.switch("--why", "show why each track was chosen, and why others were not")
    _add_output_options(verb)


def _add_end_options(verb: Verb) -> None:
    verb.switch("--keep-first", "keep the first one in its place")
    verb.switch("--keep-last", "keep the last one in its place")


def _add_output_options(verb: Verb) -> None:
    verb.switch("-p", "--pretend", "only show the list, write nothing")
    verb.parser.add_option("-o", "--output", metavar="FILE", help="write the playlist to this file")
    add_options(verb, OUTPUT)
    verb.switch("--play", "play the list with the player of beets' play plugin")


def run_similar(call: Call) -> None:
    if not call.args:
        raise UserError("similar to what? Give a title, a query or an audio file")
    if call.opts.album:
        call.opts.albums, call.opts.number = call.opts.number, None
    _make("similar", call)


def run_journey(call: Call) -> None:
    from deejai_core.lists.lookup import playlist_at

    if len(call.args) < 2 and not any(map(playlist_at, call.args)):
        raise UserError(
            'a journey needs two waypoints or more, each a query or a file, or a playlist: beet deejai journey "A" "B"'
        )
    if (call.opts.keep_first or call.opts.keep_last) and not call.opts.best_order:
        raise UserError("--keep-first and --keep-last need --best-order; without it, all waypoints keep their places")
    _make("journey", call)


def run_reorder(call: Call) -> None:
    if not call.args:
        raise UserError("reorder what? Give a playlist (FILE.m3u) or a query")
    _make("reorder", call)


def _make(verb: str, call: Call) -> None:
    """Make a list with these options, write it, show it, play it."""
    from deejai_core.formats.export import named_format
    from deejai_core.lists.lookup import user_path
    from deejai_core.lists.writing import encode_list, write_list

    from ..making import make
    from ..output import play, playlists_for, show
    from ..terminal import choose_next, choose_waypoint, is_terminal

    opts, library, log = call.opts, call.library, call.log
    for name in unknown_options(call.config):
        log.warning("deejai.{}: unknown option; it is ignored", name)
    option = opts.ensure_value
    if option("pick", None) and not is_terminal():
        raise UserError("--pick asks you to choose, and needs a terminal for that")
    settings = call.settings
    named = named_format(opts.output or "", settings.output.output_format)
    if not opts.output_format:
        settings = settings.change("output", output_format=named)
    made = make(
        verb,
        library,
        call.args,
        settings,
        call.configured,
        kind="album" if option("album", None) else "track",
        less=option("less", None),
        **{name: bool(option(name, None)) for name in ("best_order", "keep_first", "keep_last", "why")},
        by_words=bool(option("words", None)),
        choose=choose_next if option("pick", None) else None,
        choose_waypoint=choose_waypoint if is_terminal() else None,
    )
    # Written before anything is shown: an error leaves the old playlist unchanged, and no list looks written that is not.
    written = None
    if not opts.pretend and (opts.output or not opts.play):
        playlists = playlists_for(library, settings)
        written = encode_list(made, playlists, user_path(opts.output).absolute() if opts.output else None)
        write_list(made, written, playlists)
    show(library, made, settings, log)
    if written:
        told = f"{counted(written.tracks, 'track')} written to {written.path}"
        log.info("{}", told) if settings.format else ui.print_(told)
    if opts.play and not opts.pretend:
        play(made.tracks, log)


def run_similar_artists(call: Call) -> None:
    from deejai_core.lists.making import similar_artists

    from ..making import request_for

    if not call.args:
        raise UserError("similar to whom? Give an artist, a query or an audio file")
    found = similar_artists(call.library, call.load_model(), call.args, request_for("similar", call.settings))
    for number, (name, similarity, tracks) in enumerate(found, 1):
        ui.print_(f"{number:4}  {similarity:.3f} {name} ({counted(tracks, 'track')})")


def run_playlists(call: Call) -> None:
    from ..named import write_named

    if not call.config["playlists"].get(list):
        call.log.info("no playlists in the configuration (deejai.playlists)")
    failed = write_named(call.config, call.log, call.library, call.args, call.opts, pretend=bool(call.opts.pretend))
    if failed:
        raise UserError(f"{failed} of the playlists could not be written, see above; they are as they were")

"""The command that makes one audio file from a playlist."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from beets import ui
from beets.exceptions import UserError

from deejai_core.words import counted, one_line

from ..call import Call, check_range, print_lines
from ..group import Verb
from ..options import LESS, RULES, VARIATION, WALK, add_options

if TYPE_CHECKING:
    from deejai_core.audio.sandbox import Decoder
    from deejai_core.features.mix.selection import Selection

LIST_OPTIONS = (
    replace(WALK[0], help="with --similar, tracks to add; with --journey, tracks between waypoints"),
    *WALK[1:],
    *VARIATION,
    *RULES,
)
MADE_BY = "beet deejai mix"  # the beginning of every mix's comment


def verbs() -> list[Verb]:
    mix = Verb(
        "mix",
        run_mix,
        "mix a playlist, or matching tracks, into one audio file with fades and chapters",
        takes="[options] -o FILE PLAYLIST|QUERY...|FILE...",
    )
    add = mix.parser.add_option
    add(
        "-o", "--output", metavar="FILE", help="the mix: .mp3, .m4a, .ogg, .opus or .flac; a cue sheet is written beside it"
    )
    mix.switch("-p", "--pretend", "only show the plan, write nothing")
    add("--fade", type="float", metavar="SECONDS", help="length of the fades in seconds; 0: gapless (default: 6)")
    add("--bitrate", type="int", metavar="KBITS", help="kbit/s (default: 256, with .ogg 224, with .opus 192)")
    mix.switch("--force", "replace the file even if it is not a mix")
    mix.switch("--similar", "mix the list that `similar` makes from the arguments")
    mix.switch("--journey", "mix the list that `journey` makes from the arguments")
    add("--less", metavar="QUERY", help=LESS)
    add_options(mix, LIST_OPTIONS)
    return [mix]


def run_mix(call: Call) -> None:
    from deejai_core.data_folder import unfinished_path
    from deejai_core.features.mix.mixdown import write_mix
    from deejai_core.features.mix.selection import FADE, LONGEST_FADE, RATE, check_target, plan_lines, plan_selection
    from deejai_core.files import remove_unfinished
    from deejai_core.lists.lookup import user_path

    opts, library, teller = call.opts, call.library, call.teller
    if not call.args:
        raise UserError('mix what? Give a playlist (FILE.m3u), a query, or --journey "A" "B"')
    if not opts.output and not opts.pretend:
        raise UserError("a mix needs a file: -o FILE.mp3 (or .m4a, .ogg, .opus, .flac); --pretend only shows the plan")
    fade = FADE if opts.fade is None else opts.fade
    check_range("--fade", fade, 0, LONGEST_FADE, " (seconds)")
    with call.configured.analysis.limits.decoder() as decoder:
        for left in remove_unfinished(unfinished_path(library)):
            teller.tell(f"removed {one_line(os.fspath(left))}, left by an interrupted mix")
        rate, path = RATE, None
        if opts.output is not None:
            path = user_path(opts.output).absolute()
            rate = check_target(library, path, decoder, bitrate=opts.bitrate, force=bool(opts.force), made_by=MADE_BY)
        selection, recipe = _chosen(call, decoder)
        print_lines(selection.remarks)
        for warning in selection.warnings:
            teller.warn(warning)
        with teller.progress(len(selection.tracks), "tracks measured") as progress:
            measured, warn = progress.step, progress.warn
            plan = plan_selection(selection, rate, fade, decoder, path=path, measured=measured, warn=warn)
        print_lines(plan_lines(plan))
        if opts.pretend or path is None:
            return
        with teller.progress(len(plan.parts), "tracks mixed") as progress:
            write_mix(
                path,
                plan,
                decoder.stereo,
                selection.title,
                recipe,
                bitrate=opts.bitrate,
                notes=unfinished_path(library),
                finished=lambda part: progress.step(),
                warn=progress.warn,
            )
        ui.print_(f"{counted(len(plan.parts), 'track')} mixed into {path}")


def _chosen(call: Call, decoder: Decoder) -> tuple[Selection, str]:
    """Return the tracks that the words mean, or those of a list from them; and the command for the same mix."""
    from deejai_core.features.mix.selection import select_made, select_named

    from ..making import make
    from ..terminal import choose_waypoint, is_terminal

    verb = _verb(call)
    if not verb:
        return select_named(call.library, call.args, decoder), one_line(shlex.join([*MADE_BY.split(), *call.args]))
    if verb == "journey":
        call.opts.between, call.opts.number = call.opts.number, None
    asked = {"less": call.opts.less, "choose_waypoint": choose_waypoint if is_terminal() else None}
    made = make(verb, call.library, call.args, call.settings, call.configured, **asked)
    return select_made(made), made.recipe[0].replace(f"beet deejai {verb}", f"{MADE_BY} --{verb}", 1)


def _verb(call: Call) -> str | None:
    """Return the verb that makes the list; None: the arguments are it. Raises UserError for contradictory options."""
    from deejai_core.lists.lookup import playlist_at

    opts = call.opts
    if opts.similar and opts.journey:
        raise UserError("--similar and --journey make different lists; give only one of them")
    if not opts.similar and not opts.journey:
        given = [option.flag for option in LIST_OPTIONS if getattr(opts, option.name) is not None]
        given += ["--less"] if opts.less else []
        if given:
            raise UserError(f"{given[0]} needs --similar or --journey")
        return None
    if opts.journey and len(call.args) < 2 and not any(map(playlist_at, call.args)):
        raise UserError('a journey needs two waypoints or more: beet deejai mix --journey "A" "B" -o FILE.mp3')
    return "journey" if opts.journey else "similar"

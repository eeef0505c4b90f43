"""The command that makes one audio file of a playlist."""

from __future__ import annotations

from dataclasses import replace

from beets import ui

from deejai_core.words import counted

from ..call import Call, check_range
from ..group import Verb
from ..options import LESS, RULES, VARIATION, WALK, add_options

LIST_OPTIONS = (
    replace(WALK[0], help="with --similar, tracks to add; with --journey, tracks between waypoints"),
    *WALK[1:],
    *VARIATION,
    *RULES,
)
FADE = 6.0  # seconds
LONGEST_FADE = 60  # seconds
RATE = 44_100  # Hz, of a plan that is only shown


def verbs() -> list[Verb]:
    mix = Verb(
        "mix",
        run_mix,
        "mix a playlist, or matching tracks, into one audio file with fades and chapters",
        usage="%prog [options] -o FILE PLAYLIST|QUERY...|FILE...",
    )
    add = mix.parser.add_option
    add(
        "-o", "--output", metavar="FILE", help="the mix: .mp3, .m4a, .ogg, .opus or .flac; a cue sheet is written beside it"
    )
    add("-p", "--pretend", action="store_true", help="only show the plan, write nothing")
    add("--fade", type="float", default=FADE, metavar="SECONDS", help="length of the fades; 0: gapless (default: 6)")
    add("--bitrate", type="int", metavar="KBITS", help="kbit/s (default: 256, with .ogg 224, with .opus 192)")
    add("--force", action="store_true", help="replace the file even if it is not a mix")
    add("--similar", action="store_true", help="mix the list that `similar` makes of the arguments")
    add("--journey", action="store_true", help="mix the list that `journey` makes of the arguments")
    add("--less", metavar="QUERY", help=LESS)
    add_options(mix, LIST_OPTIONS)
    return [mix]


def run_mix(call: Call) -> None:
    from deejai_core.features.mix.selection import check_target
    from deejai_core.lists.lookup import user_path

    from ..mixing import chosen, plan_lines, planned, remove_unfinished_mixes, write

    opts, library, log = call.opts, call.library, call.log
    if not call.args:
        raise ui.UserError('mix what? Give a playlist (FILE.m3u), a query, or --journey "A" "B"')
    if not opts.output and not opts.pretend:
        raise ui.UserError("a mix needs a file: -o FILE.mp3 (or .m4a, .ogg, .opus, .flac); --pretend only shows the plan")
    check_range("--fade", opts.fade, 0, LONGEST_FADE, " (seconds)")
    configured = call.configured
    with configured.analysis.limits.decoder() as decoder:
        remove_unfinished_mixes(library, log)
        rate, path = RATE, None
        if opts.output is not None:
            path = user_path(opts.output).absolute()
            rate = check_target(library, path, decoder, bitrate=opts.bitrate, force=bool(opts.force))
        verb = _verb(call)
        if verb == "journey":
            opts.between, opts.number = opts.number, None
        selection, recipe = chosen(library, verb, call.args, call.settings, configured, decoder, opts.less)
        for remark in selection.remarks:
            ui.print_(remark)
        for warning in selection.warnings:
            log.warning("{}", warning)
        plan = planned(selection, rate, opts.fade, path, decoder, log)
        for line in plan_lines(plan):
            ui.print_(line)
        if not opts.pretend:
            write(library, path, plan, selection.title, recipe, opts.bitrate, decoder, log)
            ui.print_(f"{counted(len(plan.parts), 'track')} mixed into {path}")


def _verb(call: Call) -> str | None:
    """What makes the list of the arguments; None: they are the list. Raises UserError for options that do not agree."""
    from deejai_core.lists.lookup import playlist_at

    opts = call.opts
    if opts.similar and opts.journey:
        raise ui.UserError("--similar and --journey make different lists; give only one of them")
    if not opts.similar and not opts.journey:
        given = [option.flag for option in LIST_OPTIONS if getattr(opts, option.name) is not None]
        given += ["--less"] if opts.less else []
        if given:
            raise ui.UserError(f"{given[0]} needs --similar or --journey")
        return None
    if opts.number is not None and opts.minutes is not None:
        raise ui.UserError("-n and --minutes both set the length of the list; give only one of them")
    if opts.journey and len(call.args) < 2 and not any(map(playlist_at, call.args)):
        raise ui.UserError('a journey needs two waypoints or more: beet deejai mix --journey "A" "B" -o FILE.mp3')
    return "journey" if opts.journey else "similar"

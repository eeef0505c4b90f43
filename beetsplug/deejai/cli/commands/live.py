"""The commands that run while music plays."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from beets import ui
from beets.exceptions import UserError

from ..call import Call, check_range, print_lines
from ..defaults import OPTIONS
from ..group import Verb
from ..options import LESS, OUTPUT, RULES, VARIATION, WALK, add_options

if TYPE_CHECKING:
    from optparse import Values

    import numpy as np

NEAREST = 3  # songs that `listen` names
AHEAD = 3  # songs that `radio` keeps in the queue
EVERY = 5.0  # seconds
SILENCE = -60.0  # dBFS
IN_PLAYLISTS = ("relative_to", "forward_slash", "urlencode", "prefix")
IN_RADIO = ("keep_on", "stay", "list_seeds")


def verbs() -> list[Verb]:
    listen = Verb("listen", run_listen, "name the songs that sound like the music in the room")
    option = listen.parser.add_option
    option(
        "--against",
        choices=("start", "whole"),
        default="start",
        help="compare with the start of each song, or with all of it",
    )
    option("--every", type="float", metavar="SECONDS", default=EVERY, help="time between two answers (default: %default)")
    option("-n", "--number", dest="nearest", type="int", default=NEAREST, help="songs to name (default: %default)")
    option("--m3u", metavar="FILE", help="append suggestions for the next song to this playlist")
    option(
        "--silence",
        type="float",
        metavar="DB",
        default=SILENCE,
        help="level below which the input counts as silence (default: %default dBFS)",
    )
    option("--device", dest="microphone", metavar="NAME", help="the microphone: its number or a part of its name")
    listen.switch("--list-devices", "show the microphones and exit")
    listen.switch("--stdin", "listen to a WAV stream on standard input instead")
    option("--format", dest="samples", help="sample format of input without a header: s16le, f32le, ...")
    option("--rate", type="int", help="sample rate of input without a header (default: 44100)")
    option("--channels", type="int", help="channels of input without a header (default: 2)")
    add_options(listen, (OPTIONS["candidates"], *(shared for shared in OUTPUT if shared.name in IN_PLAYLISTS)))

    radio = Verb(
        "radio", run_radio, "keep MPD's queue filled with songs like those it played", takes="[options] [QUERY...|FILE...]"
    )
    option = radio.parser.add_option
    option("--host", help="MPD's host, or the path of its socket (default: MPD_HOST, or localhost)")
    option("--port", type="int", help="MPD's port (default: MPD_PORT, or 6600)")
    option("--password", help="MPD's password (better: in beets' configuration, or in front of MPD_HOST)")
    option("--ahead", type="int", default=AHEAD, help="songs that follow the current one (default: %default)")
    radio.switch("--once", "fill the queue up and exit")
    option("--less", metavar="QUERY", help=LESS)
    add_options(radio, (*(shared for shared in WALK if shared.name in IN_RADIO), *VARIATION, *RULES))
    return [listen, radio]


def run_listen(call: Call) -> None:
    from deejai_core.features.listen.blocks import moments
    from deejai_core.features.listen.listener import Listener, answer_lines, append_to_playlist
    from deejai_core.features.listen.meter import Meter
    from deejai_core.lists.lookup import user_path

    from ..making import request_for
    from ..output import playlists_for

    call.refuse_words("listen takes no query; --from says which songs are compared")
    opts = call.opts
    if opts.list_devices:
        from deejai_core.audio.microphone import list_devices

        ui.print_("\n".join(list_devices()) or "no microphone found")
        return
    check_range("--every", opts.every, 1, 30, " seconds")
    check_range("--number", opts.nearest, 1)
    settings = call.settings.change("comparison", space="sound")  # what plays in the room is not in a list
    model = call.load_model()
    rate = model.sample_rate
    blocks = _blocks(opts, rate)
    playlist = user_path(opts.m3u).absolute() if opts.m3u else None
    with Listener(call.library, model, request_for("similar", settings), against_start=opts.against == "start") as listener:
        said, at = Meter(sys.stderr), None
        for moment in moments(blocks, rate, every=opts.every, silence=opts.silence, on_level=said.show):
            at = moment.at
            answer = listener.answer(moment, opts.nearest) if len(moment.samples) else None
            written = None
            if playlist and answer and answer.next:
                style = playlists_for(call.library, settings).style(playlist)
                extended, within = settings.output.output_format != "m3u", settings.playlist_dir
                if append_to_playlist(playlist, answer.next.tracks[0], style, extended=extended, within=within):
                    written = answer.next
            said.clear()
            print_lines(answer_lines(moment, answer, written))
        said.clear()
        if at is None:
            raise UserError("standard input: it contains no sound")


def run_radio(call: Call) -> None:
    from deejai_core.features.radio.radio import Radio
    from deejai_core.features.radio.text import RadioText
    from deejai_core.lists.lookup import find, find_matches
    from deejai_core.lists.waypoints import known_members

    from ..making import request_for
    from ..radio import REMARKS, find_mpd

    opts, library, teller = call.opts, call.library, call.teller
    check_range("--ahead", opts.ahead, 1)
    settings = call.settings
    player = find_mpd(library, opts.host, opts.port, opts.password)
    found = find(library, call.args) if call.args else None
    unwanted = find_matches(library, [opts.less]) if opts.less else []
    space = request_for("similar", settings).open(library, call.load_model())
    seeds, warnings = known_members(space, found.matches, found.listed) if found else ([], [])
    less = known_members(space, unwanted)[0] if unwanted else []
    for warning in warnings:
        teller.warn(warning)
    try:
        player.connect()
        walk = replace(settings.walk, count=opts.ahead)
        text = RadioText(player.name, teller.tell, teller.warn, teller.detail, REMARKS)
        radio = Radio(space, player, text, walk, settings.rules, seeds=seeds, less=less)
        radio.start(play=not opts.once)
        if not opts.once:
            teller.tell("the radio is on; ctrl-C ends it")
            radio.run()
    except KeyboardInterrupt:
        teller.tell("the radio is off; MPD's queue stays as it is")
    finally:
        player.close()


def _blocks(opts: Values, sample_rate: int) -> Iterator[np.ndarray]:
    """Yield the sound that the options choose, after checking that they fit together."""
    from deejai_core.audio.stream import Raw, read_named_stream

    options = {"format": opts.samples, "rate": opts.rate, "channels": opts.channels}
    given = {name: value for name, value in options.items() if value is not None}
    if not opts.stdin:
        if given:
            raise UserError("--format, --rate and --channels describe standard input; give --stdin too")
        from deejai_core.audio.microphone import read_microphone

        return read_microphone(opts.microphone, sample_rate)
    if opts.microphone:
        raise UserError("--device and --stdin both choose what to listen to; give only one of them")
    return read_named_stream("standard input", sys.stdin.buffer, sample_rate, Raw(**given) if given else None)

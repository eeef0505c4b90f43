"""The command that suggests songs which the library lacks."""

from __future__ import annotations

from dataclasses import replace

from beets import ui

from deejai_core.words import counted

from ..call import Call, print_lines
from ..defaults import OPTIONS
from ..group import Verb
from ..options import add_options


def verbs() -> list[Verb]:
    discover = Verb(
        "discover",
        run_discover,
        "suggest songs that the library lacks, from lists that contain the matching tracks",
        takes="[options] [QUERY...]",
    )
    add_options(discover, (replace(OPTIONS["number"], help="songs, or artists, to suggest"),))
    discover.switch("--artists", "suggest artists that the library lacks, instead of songs")
    discover.parser.add_option("-o", "--output", metavar="FILE", help="write them to this file, .csv or .jspf")
    discover.parser.add_option(
        "--format", dest="shown_as", metavar="FORMAT", choices=("csv", "jspf"), help="print them as csv or jspf"
    )
    return [discover]


def run_discover(call: Call) -> None:
    from deejai_core.features.discovery import discover, discover_artists
    from deejai_core.features.discovery_text import format_for, found_as, found_lines, write_found
    from deejai_core.lists.lookup import user_path

    opts, count = call.opts, call.settings.counts.number
    call.require_tracks()
    path = user_path(opts.output).absolute() if opts.output else None
    format_ = format_for(path, opts.shown_as, artists=bool(opts.artists))
    found = (discover_artists if opts.artists else discover)(call.library, call.args, count)
    if not format_:
        print_lines(found_lines(found))
        return
    data = found_as(format_, found, f"Discovered from {' '.join(call.args) or 'the library'}")
    if path:
        write_found(path, data)
        ui.print_(f"{counted(len(found), 'artist' if opts.artists else 'song')} written to {path}")
    else:
        print_lines(data.decode().splitlines())

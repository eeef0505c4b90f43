"""The command that draws the library."""

from __future__ import annotations

import optparse
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from ..group import Verb
from ..settings import read_settings

if TYPE_CHECKING:
    import confuse
    from beets.logging import BeetsLogger

    from ..library.beets_library import BeetsLibrary


def verbs(config: confuse.Subview, log: BeetsLogger) -> list[Verb]:
    map_ = Verb(
        "map",
        partial(run_map, config, log),
        "draw a map of the library on which similar tracks lie together",
        usage="%prog [options] [QUERY...]",
    )
    map_.parser.add_option("-o", "--output", metavar="FILE", help="a page (.html) or picture (.png, .svg) to write")
    map_.parser.add_option("--color", metavar="FIELD", help="colour by genre, decade, artist, or any field of beets")
    map_.parser.add_option(
        "--playlist",
        action="append",
        default=[],
        metavar="FILE",
        help="draw this playlist or journey into the map; may be repeated",
    )
    map_.parser.add_option("--open", action="store_true", help="open it when it is written")
    return [map_]


def run_map(
    config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary, opts: optparse.Values, args: list[str]
) -> None:
    from ..map import map_path, write_library_map

    path = map_path(library, opts.output)
    for line in write_library_map(
        library, read_settings(config), log, path, args, color=opts.color, playlists=opts.playlist
    ):
        ui.print_(line)
    if opts.open:
        import webbrowser

        webbrowser.open(path.as_uri())

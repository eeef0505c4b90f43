"""The command that draws the library."""

from __future__ import annotations

import shlex

from ..call import Call, print_lines
from ..group import Verb


def verbs() -> list[Verb]:
    map_ = Verb(
        "map", run_map, "draw a map of the library, with similar tracks close together", takes="[options] [QUERY...]"
    )
    map_.parser.add_option("-o", "--output", metavar="FILE", help="a page (.html) or picture (.png, .svg) to write")
    map_.parser.add_option("--color", metavar="FIELD", help="colour by genre, decade, artist, or any field of beets")
    map_.parser.add_option(
        "--playlist",
        action="append",
        default=[],
        metavar="FILE",
        help="draw this playlist or journey on the map; may be repeated",
    )
    map_.switch("--open", "open the map when it is written")
    return [map_]


def run_map(call: Call) -> None:
    from deejai_core.data_folder import map_path
    from deejai_core.features.map.library_map import check_map_path, laying_out, library_map, write_library_map
    from deejai_core.lists.lookup import user_path

    from ...library.map_fields import FIELDS

    opts, library = call.opts, call.library
    path = map_path(library) if opts.output is None else user_path(opts.output).absolute()
    check_map_path(path)
    model = call.load_model()
    with laying_out(library.models().get(model.name, 0), call.teller) as on_progress:
        drawn = library_map(
            library,
            model,
            shlex.join(call.args),
            color=opts.color,
            playlists=opts.playlist,
            fields=FIELDS,
            threads=call.configured.analysis.threads,
            on_progress=on_progress,
        )
    write_library_map(library, drawn, path)
    print_lines([*drawn.remarks, f"{drawn.tracks} drawn in {path}"])
    if opts.open:
        import webbrowser

        webbrowser.open(path.as_uri())

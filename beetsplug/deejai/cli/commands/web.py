"""The command that serves the DJ page."""

from __future__ import annotations

import optparse
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from ..group import Verb
from ..settings import read_settings

if TYPE_CHECKING:
    import confuse
    from beets.logging import BeetsLogger

    from ...library.beets_library import BeetsLibrary


def verbs(config: confuse.Subview, log: BeetsLogger) -> list[Verb]:
    web = Verb(
        "web",
        partial(run_web, config, log),
        "serve a page that plays songs like the ones you choose, on and on",
        usage="%prog [options] [QUERY...]",
    )
    web.parser.add_option("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    web.parser.add_option("--port", type="int", default=8050, help="port to listen on (default: 8050)")
    web.parser.add_option("--token", help="token that other devices have to give (default: a new one each time)")
    web.parser.add_option("--demo", type="float", metavar="SECONDS", help="go to the next song every so many seconds")
    web.parser.add_option("--open", action="store_true", help="open the page in this machine's browser")
    return [web]


def run_web(
    config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary, opts: optparse.Values, args: list[str]
) -> None:
    if not 1 <= opts.port <= 65535:
        raise ui.UserError(f"--port: must be from 1 to 65535, not {opts.port}")
    if opts.demo is not None and not 1 <= opts.demo <= 3600:
        raise ui.UserError(f"--demo: must be from 1 to 3600 seconds, not {opts.demo:g}")
    from ..web import serve_page

    settings = replace(read_settings(config), space="sound")  # what is dropped in is in no list
    serve_page(
        library,
        settings,
        args,
        host=opts.host,
        port=opts.port,
        token=opts.token,
        demo=opts.demo,
        open_page=bool(opts.open),
    )

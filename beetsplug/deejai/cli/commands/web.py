"""The command that serves the DJ page."""

from __future__ import annotations

import os
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import beets
import confuse
from beets import ui

from deejai_core.extras import extra

from ..call import Call, check_range
from ..group import Verb
from ..options import add_address

if TYPE_CHECKING:
    from deejai_core.features.web.page_library import PageLibrary

    from ...library.beets_library import BeetsLibrary
    from ..settings import Settings


def verbs() -> list[Verb]:
    web = Verb(
        "web", run_web, "serve a page that keeps playing songs like the ones you choose", takes="[options] [QUERY...]"
    )
    add_address(web, port=8050)
    web.parser.add_option("--token", help="token that other devices must give (default: a new one each time)")
    web.parser.add_option("--demo", type="float", metavar="SECONDS", help="skip to the next song every SECONDS seconds")
    web.switch("--open", "open the page in this machine's browser")
    return [web]


def run_web(call: Call) -> None:
    opts = call.opts
    check_range("--port", opts.port, 1, 65535)
    check_range("--demo", opts.demo, 1, 3600, " seconds")
    from deejai_core.features.web.page import serve_page, token_for

    settings = call.configured.change("comparison", space="sound")  # a dropped file is not in a list
    token = token_for(opts.host, opts.token)
    serve_page(
        page_library(call.library, settings, at_home=token is None),
        call.args,
        host=opts.host,
        port=opts.port,
        token=token,
        ready=partial(announce, opts.host, opts.port, token, open_page=bool(opts.open)),
        demo=opts.demo,
        program="beet deejai web",
    )


def announce(host: str, port: int, token: str | None, *, open_page: bool) -> None:
    """Print the page's address, and open the page in a browser here if requested."""
    from deejai_core.features.web.page import address

    url = address(host, port, token)
    ui.print_(url)
    if token and sys.stdout.isatty():
        print_code(url)
    ui.print_("ctrl-C ends it")
    if open_page:
        import webbrowser

        # Some browsers return only when they are closed, and all need an answer before that.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def print_code(url: str) -> None:
    """Print an address as a QR code, for a phone's camera."""
    with extra("web"):
        import segno
    segno.make(url, error="l").terminal(compact=True)


def page_library(library: BeetsLibrary, settings: Settings, *, at_home: bool) -> PageLibrary:
    """Return the library for the page. at_home: whether only this machine can reach the server."""
    from deejai_core.features.web.background import BackgroundAnalysis
    from deejai_core.features.web.page_library import PageLibrary

    from ..making import request_for
    from ..models import model_called, model_in_use
    from ..output import playlists_for

    return PageLibrary(
        library,
        model_in_use(library, settings),
        request_for("similar", settings),
        playlists_for(library, settings),
        analysis=BackgroundAnalysis(analyze_command(library)) if at_home and settings.web_write else None,
        load=model_called,
        blind=settings.blind,
    )


def analyze_command(library: BeetsLibrary) -> list[str]:
    """Return `beet deejai analyze` for another process, with the library and the configuration of this one."""
    options = ["--library", os.fsdecode(library.lib.path), "--directory", os.fsdecode(library.lib.directory)]
    # The first file takes precedence: that of --config, or else one that the user's own configuration includes anyway.
    files = [source.filename for source in beets.config.sources if source.filename and not source.default]
    options += ["--config", files[0]] if files else []
    for name, option in (("plugins", "--plugins"), ("disabled_plugins", "--disable-plugins")):
        if plugins := beets.config[name].get(confuse.StrSeq(default=[])):
            options += [option, ",".join(plugins)]
    return [sys.executable, "-m", "beets", *options, "deejai", "analyze"]

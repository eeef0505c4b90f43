"""The DJ page over a beets library: its address, its token, and what beets' configuration says of it."""

from __future__ import annotations

import sys
import threading
import webbrowser
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from deejai_core.extras import extra
from deejai_core.features.web import page
from deejai_core.features.web.page_library import PageLibrary, Playlists

from .background import Analysis
from .making import request_for
from .models import model_in_use
from .output import playlist_name, style_of
from .settings import Settings

if TYPE_CHECKING:
    from ..library.beets_library import BeetsLibrary

PROGRAM = "beet deejai web"


def serve_page(
    library: BeetsLibrary,
    settings: Settings,
    words: list[str],
    *,
    host: str,
    port: int,
    token: str | None,
    demo: float | None,
    open_page: bool,
) -> None:
    """Serve the page until ctrl-C. words: what it begins with. open_page: whether to show it in a browser here."""
    token = page.token_for(host, token)

    def ready() -> None:
        url = page.address(host, port, token)
        ui.print_(url)
        if token and sys.stdout.isatty():
            print_code(url)
        ui.print_("ctrl-C ends it")
        if open_page:  # some browsers return when they are closed, and all want an answer before that
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    served = page_library(library, settings, at_home=token is None)
    page.serve_page(served, words, host=host, port=port, token=token, ready=ready, demo=demo, program=PROGRAM)


def print_code(url: str) -> None:
    """Print an address as a QR code, for a phone's camera."""
    with extra("web"):
        import segno
    segno.make(url, error="l").terminal(compact=True)


def page_library(library: BeetsLibrary, settings: Settings, *, at_home: bool) -> PageLibrary:
    """The library as the page asks for it. at_home: whether only this machine is listened to."""
    playlists = Playlists(
        settings.playlist_dir,
        settings.output.output_format,
        partial(style_of, library, settings),
        partial(playlist_name, library),
        writable=settings.web_write,
    )
    return PageLibrary(
        library,
        model_in_use(library, settings),
        request_for("similar", settings),
        playlists,
        analysis=Analysis(library) if at_home and settings.web_write else None,
    )

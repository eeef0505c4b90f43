"""The DJ page over a beets library: its address, its token, and what beets' configuration says of it."""

from __future__ import annotations

import socket
import sys
import threading
import webbrowser
from functools import partial
from typing import TYPE_CHECKING

from beets import ui

from deejai_core.extras import extra
from deejai_core.features.web.app import Start, create_app, new_token
from deejai_core.features.web.covers import Covers
from deejai_core.features.web.guard import LOOPBACK, Guard
from deejai_core.features.web.page_library import PageLibrary, Playlists
from deejai_core.features.web.requests import MOST_SEEDS
from deejai_core.features.web.server import serve
from deejai_core.features.web.uploads import Uploads

from .background import Analysis
from .hints import in_words
from .making import request_for
from .models import model_in_use
from .output import playlist_name, style_of
from .settings import Settings

if TYPE_CHECKING:
    from ..library.beets_library import BeetsLibrary

PROGRAM = "beet deejai web"
DOCUMENTATION_ADDRESS = ("192.0.2.1", 9)  # RFC 5737: nobody's
ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)
SHORTEST_TOKEN = 16  # characters


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
    if token is not None and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isalnum()):
        raise ui.UserError(f"--token: {SHORTEST_TOKEN} letters and digits at least; without it, one is made for you")
    if token is None and host not in LOOPBACK and host != "::1":
        token = new_token()
    page = page_library(library, settings, at_home=token is None)
    seeds = page.seeds(words)[:MOST_SEEDS] if words else []
    guard = Guard(port, token)
    uploads = Uploads(library.folder / "uploads" / str(port))
    app = create_app(page, guard, uploads, Covers(), Start(seeds, demo, PROGRAM))

    def ready() -> None:
        uploads.clear()
        url = f"http://{_shown_host(host)}:{port}/" + (f"?token={token}" if token else "")
        ui.print_(url)
        if token and sys.stdout.isatty():
            print_code(url)
        ui.print_("ctrl-C ends it")
        if open_page:  # some browsers return when they are closed, and all want an answer before that
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    try:
        serve(app, guard, host, ready=ready)
    finally:
        page.close()


def _shown_host(host: str) -> str:
    """What reaches this machine from others: for one that listens everywhere its address, which phones can use as well."""
    if host not in ANYWHERE:
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(DOCUMENTATION_ADDRESS)  # sends nothing: it only chooses the interface that leads out
            return probe.getsockname()[0]
        except OSError:  # no network
            return socket.gethostname()


def print_code(url: str) -> None:
    """Print an address as a QR code, for a phone's camera."""
    with extra("web"):
        import segno
    segno.make(url, error="l").terminal(compact=True)


def page_library(library: BeetsLibrary, settings: Settings, *, at_home: bool) -> PageLibrary:
    """The library as the page asks for it. at_home: whether only this machine is listened to."""
    playlists = Playlists(
        settings.playlist_dir,
        settings.output_format,
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
        in_words=in_words,
    )

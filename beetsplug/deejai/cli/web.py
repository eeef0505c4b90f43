"""The DJ page over a beets library: its address on the terminal, and what beets' configuration says of it."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from functools import partial
from typing import TYPE_CHECKING

import beets
import confuse
from beets import ui

from deejai_core.extras import extra
from deejai_core.features.web.background import BackgroundAnalysis
from deejai_core.features.web.page import address
from deejai_core.features.web.page_library import PageLibrary, Playlists

from .making import request_for
from .models import model_in_use
from .output import playlist_name, style_of
from .settings import Settings

if TYPE_CHECKING:
    from ..library.beets_library import BeetsLibrary


def announce(host: str, port: int, token: str | None, *, open_page: bool) -> None:
    """Print the page's address, and show the page in a browser here if that is wanted."""
    url = address(host, port, token)
    ui.print_(url)
    if token and sys.stdout.isatty():
        print_code(url)
    ui.print_("ctrl-C ends it")
    if open_page:  # some browsers return when they are closed, and all want an answer before that
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


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
        analysis=BackgroundAnalysis(analyze_command(library)) if at_home and settings.web_write else None,
    )


def analyze_command(library: BeetsLibrary) -> list[str]:
    """`beet deejai analyze`, for another process, with the library and the configuration of this one."""
    options = ["--library", os.fsdecode(library.lib.path), "--directory", os.fsdecode(library.lib.directory)]
    # The first file takes precedence: that of --config, or else one that the user's own configuration leads to anyway.
    files = [source.filename for source in beets.config.sources if source.filename and not source.default]
    options += ["--config", files[0]] if files else []
    for name, option in (("plugins", "--plugins"), ("disabled_plugins", "--disable-plugins")):
        if plugins := beets.config[name].get(confuse.StrSeq(default=[])):
            options += [option, ",".join(plugins)]
    return [sys.executable, "-m", "beets", *options, "deejai", "analyze"]

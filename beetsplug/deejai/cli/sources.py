"""The sources of the history that only beets has, and what the configuration says of the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import beets
import confuse
from beets import ui

from deejai_core.errors import HistoryError
from deejai_core.formats.entries import one_line
from deejai_core.history.mentions import SongList
from deejai_core.history.sources.lastfm import LastFm
from deejai_core.history.sources.library_sources import LASTFM, Sources, parse_source, source_text
from deejai_core.history.sources.playlists import read_playlists
from deejai_core.history.store import Source
from deejai_core.words import counted

from ..library.smartplaylists import smart_lists
from .named import playlist_files

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from ..library.beets_library import BeetsLibrary

SMARTPLAYLISTS = "smartplaylists"
TOLD = 10_000  # lists or plays from one line that says how far it is to the next


def meant_source(text: str) -> Source:
    """The source that a user means. Raises HistoryError if it can be none."""
    return parse_source(text, own=(SMARTPLAYLISTS,), user=lastfm_user)


def sources_of(library: BeetsLibrary, config: confuse.Subview, log: BeetsLogger) -> Sources:
    """How the sources of a library are read, as configured; the log says what cannot be, and how far it is."""

    def warn(warning: str) -> None:
        log.warning("{}", warning)

    return Sources(
        library,
        account=lambda user: LastFm(user, lastfm_key(config), on_warning=warn),
        on_warning=warn,
        on_progress=_progress(log),
        own={SMARTPLAYLISTS: lambda: _smartplaylists(library, config, log, warn)},
    )


def lastfm_user() -> str:
    """The user that other plugins have in the section `lastfm`; "" if there is none."""
    return beets.config["lastfm"]["user"].get(confuse.Optional(str)) or ""


def lastfm_key(config: confuse.Subview) -> str:
    """The API key in the plugin's section, else that of other plugins. Raises UserError if there is none."""
    shared = beets.config["lastfm"]["api_key"]
    key = config["lastfm_key"].get(confuse.Optional(str)) or shared.get(confuse.Optional(str))
    if not key:
        raise ui.UserError(
            "Last.fm wants an API key: get one at https://www.last.fm/api/account/create and set `lastfm_key`"
        )
    return key


def _progress(log: BeetsLogger) -> Callable[[Source, int], None]:
    told = 0

    def progress(source: Source, done: int) -> None:
        nonlocal told
        if done // TOLD > told:
            log.info("{}: {} so far", source_text(source), counted(done, "play") if source.kind == LASTFM else f"{done:,}")
        told = done // TOLD

    return progress


def _smartplaylists(
    library: BeetsLibrary, config: confuse.Subview, log: BeetsLogger, warn: Callable[[str], None]
) -> Iterator[SongList]:
    """The lists that beets' smartplaylist plugin would write, and those that `beet deejai playlists` has written."""
    yield from smart_lists(library, warn)
    for path in playlist_files(config, log, library):
        if not path.exists():
            warn(f"{one_line(os.fspath(path))}: not written yet; `beet deejai playlists` writes it")
            continue
        try:
            yield from read_playlists(path, warn)
        except HistoryError as error:
            warn(str(error))  # one playlist of several

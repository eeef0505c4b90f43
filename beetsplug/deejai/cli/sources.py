"""The sources of the history that only beets has, and the configuration of the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import beets
import confuse
from beets.dbcore.query import ParsingError
from beets.exceptions import UserError

from deejai_core.errors import HistoryError
from deejai_core.history.mentions import SongList, as_mention
from deejai_core.history.sources.lastfm import LastFm
from deejai_core.history.sources.library_sources import Sources, parse_source, progress_lines
from deejai_core.history.sources.playlists import read_playlists
from deejai_core.history.store import Source
from deejai_core.words import one_line

from .named import playlist_files

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from ..library.beets_library import BeetsLibrary

SMARTPLAYLISTS = "smartplaylists"


def meant_source(text: str) -> Source:
    """Return the source that a text means. Raises HistoryError if it means none."""
    return parse_source(text, own=(SMARTPLAYLISTS,), user=lastfm_user)


def sources_of(library: BeetsLibrary, config: confuse.Subview, log: BeetsLogger) -> Sources:
    """Return a reader of a library's sources, as configured; it logs problems and progress."""

    def warn(warning: str) -> None:
        log.warning("{}", warning)

    return Sources(
        library,
        account=lambda user: LastFm(user, lastfm_key(config), on_warning=warn),
        on_warning=warn,
        on_progress=progress_lines(lambda line: log.info("{}", line)),
        own={SMARTPLAYLISTS: lambda: _smartplaylists(library, config, log, warn)},
    )


def lastfm_user() -> str:
    """Return the user in the section `lastfm` of other plugins, or ""."""
    return beets.config["lastfm"]["user"].get(confuse.Optional(str)) or ""


def lastfm_key(config: confuse.Subview) -> str:
    """Return the API key of the plugin's section, or that of other plugins. Raises UserError if there is none."""
    shared = beets.config["lastfm"]["api_key"]
    key = config["lastfm_key"].get(confuse.Optional(str)) or shared.get(confuse.Optional(str))
    if not key:
        raise UserError("Last.fm needs an API key: get one at https://www.last.fm/api/account/create and set `lastfm_key`")
    return key


def _smartplaylists(
    library: BeetsLibrary, config: confuse.Subview, log: BeetsLogger, warn: Callable[[str], None]
) -> Iterator[SongList]:
    """Yield the lists that beets' smartplaylist plugin would write, and those that `beet deejai playlists` has written."""
    yield from _smart_lists(library, warn)
    for path in playlist_files(config, log, library):
        if not path.exists():
            warn(f"{one_line(os.fspath(path))}: not written yet; `beet deejai playlists` writes it")
            continue
        try:
            yield from read_playlists(path, warn)
        except HistoryError as error:
            warn(str(error))  # one playlist of several


def _smart_lists(library: BeetsLibrary, on_warning: Callable[[str], None]) -> Iterator[SongList]:
    """Yield the lists that beets' smartplaylist plugin would write now, with a warning for each that it could not."""
    entries = beets.config["smartplaylist"]["playlists"]
    for entry in entries.get(list) if entries.exists() else ():
        name = str(entry.get("name") or "") if isinstance(entry, dict) else ""
        try:
            yield from _lists_of(library, name, entry)
        except (ParsingError, AttributeError) as error:
            on_warning(f"smartplaylist {name}: left out, {error}")


def _lists_of(library: BeetsLibrary, name: str, entry: dict[str, Any]) -> Iterator[SongList]:
    """Yield the lists of one entry: its name is a template, which may give each track another list."""
    lib = library.lib
    items = [item for query in _as_list(entry.get("query")) for item in lib.items(query)]
    items += [item for query in _as_list(entry.get("album_query")) for album in lib.albums(query) for item in album.items()]
    lists: dict[str, list[int]] = {}
    for item in items:
        if item.id:
            lists.setdefault(item.evaluate_template(name, True), []).append(item.id)
    for title, ids in lists.items():
        named = Path(title).stem if title.lower().endswith((".m3u", ".m3u8")) else title
        yield SongList(named, tuple(map(as_mention, library.tracks(ids).values())))


def _as_list(query: object) -> list[str]:
    return [] if query is None else [str(part) for part in query] if isinstance(query, list) else [str(query)]

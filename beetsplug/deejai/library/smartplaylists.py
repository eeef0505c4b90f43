"""The lists of beets' smartplaylist plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import beets
from beets.dbcore.query import ParsingError

from deejai_core.history.mentions import SongList, as_mention

if TYPE_CHECKING:
    from .beets_library import BeetsLibrary


def smart_lists(library: BeetsLibrary, on_warning: Callable[[str], None]) -> Iterator[SongList]:
    """The lists that the plugin would write now. One that it could not write is a warning."""
    entries = beets.config["smartplaylist"]["playlists"]
    for entry in entries.get(list) if entries.exists() else ():
        name = str(entry.get("name") or "") if isinstance(entry, dict) else ""
        try:
            yield from _lists(library, name, entry)
        except (ParsingError, AttributeError) as error:
            on_warning(f"smartplaylist {name}: left out, {error}")


def _lists(library: BeetsLibrary, name: str, entry: dict) -> Iterator[SongList]:
    """The lists of one entry: its name is a template, which may be another for each track."""
    lib = library.lib
    items = [item for query in _as_list(entry.get("query")) for item in lib.items(query)]
    items += [item for query in _as_list(entry.get("album_query")) for album in lib.albums(query) for item in album.items()]
    lists: dict[str, list[int]] = {}
    for item in items:
        lists.setdefault(item.evaluate_template(name, True), []).append(item.id)
    for title, ids in lists.items():
        named = Path(title).stem if title.lower().endswith((".m3u", ".m3u8")) else title
        yield SongList(named, tuple(map(as_mention, library.tracks(ids).values())))


def _as_list(query: object) -> list[str]:
    return [] if query is None else [str(part) for part in query] if isinstance(query, list) else [str(query)]

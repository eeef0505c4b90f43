"""The lists of beets' smartplaylist plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import beets
from beets.dbcore.query import ParsingError

from deejai_core.history.mentions import SongList, as_mention

from .items import as_track

if TYPE_CHECKING:
    from beets.library import Item, Library


def smart_lists(lib: Library, on_warning: Callable[[str], None]) -> Iterator[SongList]:
    """The lists that the plugin would write now. One that it could not write is a warning."""
    entries = beets.config["smartplaylist"]["playlists"]
    for entry in entries.get(list) if entries.exists() else ():
        name = str(entry.get("name") or "") if isinstance(entry, dict) else ""
        try:
            yield from _lists(lib, name, entry)
        except (ParsingError, AttributeError) as error:
            on_warning(f"smartplaylist {name}: left out, {error}")


def _lists(lib: Library, name: str, entry: dict) -> Iterator[SongList]:
    """The lists of one entry: its name is a template, which may be another for each track."""
    items = [item for query in _as_list(entry.get("query")) for item in lib.items(query)]
    items += [item for query in _as_list(entry.get("album_query")) for album in lib.albums(query) for item in album.items()]
    lists: dict[str, dict[int, Item]] = {}
    for item in items:
        lists.setdefault(item.evaluate_template(name, True), {}).setdefault(item.id, item)
    for title, tracks in lists.items():
        yield SongList(Path(title).stem if title.lower().endswith((".m3u", ".m3u8")) else title, _songs(tracks.values()))


def _songs(items: Iterable[Item]) -> tuple:
    return tuple(as_mention(as_track(item)) for item in items)


def _as_list(query: object) -> list[str]:
    return [] if query is None else [str(part) for part in query] if isinstance(query, list) else [str(query)]

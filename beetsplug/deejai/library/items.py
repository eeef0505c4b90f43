"""beets' own objects, for what only a command needs of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from beets.dbcore.query import InQuery
from beets.library import Item

from deejai_core.errors import EmptyError
from deejai_core.formats.entries import Track

from . import sql

if TYPE_CHECKING:
    from .beets_library import BeetsLibrary


def require_tracks(library: BeetsLibrary) -> None:
    """Raises EmptyError if the library is empty."""
    if library.is_empty():
        raise EmptyError("the library is empty", hint="import")


def items_by_id(library: BeetsLibrary, ids: Iterable[int]) -> list[Item]:
    """Tracks in the order of `ids`; an id that is gone is left out."""
    ids = list(ids)
    found = {}
    for some in sql.chunks(ids):
        found |= {item.id: item for item in library.lib.items(InQuery("id", some))}
    return [found[id_] for id_ in ids if id_ in found]


def file_path(item: Item) -> Path:
    """Where a track's file lies, as an absolute path."""
    return Path(os.fsdecode(item.path))


def as_track(item: Item) -> Track:
    """A track as a playlist shows it."""
    return Track(file_path(item), item.artist, item.title, item.length, item.album, item.mb_trackid, item.format)

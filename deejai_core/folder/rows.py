"""Reads rows of tracks and albums from a FolderLibrary's file in bulk, and checks each value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from deejai_core.database import Database, Row, Types, chunks, marks_for
from deejai_core.folder.tables import is_length
from deejai_core.library import Kind
from deejai_core.tracks.songs import Catalogue

MANY = 20_000  # tracks: with more, reading all rows is faster than asking for each
LARGEST_ID = 2**63 - 1
COLUMNS = "artist, title, album_id, length, recording, tempo, key"
OF_COLUMNS = (str, str, int, float, str, float, str)
GONE = ("", "", 0, 0.0, "", 0.0, "")  # the values of a track that no longer exists


def some_rows(
    database: Database,
    columns: str,
    ids: Iterable[int] | None,
    *,
    of: Types,
    by: str = "id",
    join: str = "",
    where: str = "",
    values: Sequence[Any] = (),
    order: str = "",
) -> Iterator[Row]:
    """Return columns of these tracks, or of all, that exist. The first column must be `by` if there may be many."""
    select = f"SELECT {columns} FROM tracks {join} WHERE NOT lost {where}"  # noqa: S608 (our own names)
    wanted = None if ids is None else [int(id_) for id_ in dict.fromkeys(ids) if 0 < id_ <= LARGEST_ID]
    if wanted is None or len(wanted) > MANY:
        some = None if wanted is None else set(wanted)
        yield from (row for row in database.select(f"{select} {order}", values, of=of) if some is None or row[0] in some)
        return
    for chunk in chunks(wanted):
        yield from database.select(f"{select} AND {by} IN ({marks_for(chunk)}) {order}", (*values, *chunk), of=of)


def ids_of_names(database: Database, names: Iterable[bytes | None]) -> dict[bytes, int]:
    """Return the tracks of files, by name; None stands for no file."""
    found: dict[bytes, int] = {}
    for chunk in chunks({name for name in names if name is not None}):
        select = f"SELECT path, id FROM tracks WHERE NOT lost AND path IN ({marks_for(chunk)})"  # noqa: S608 (question marks)
        found |= dict(database.select(select, chunk, of=(bytes, int)))
    return found


def keyed_rows(database: Database, columns: str, ids: Sequence[int], of: Types) -> Iterator[tuple[int, Row]]:
    return ((row[0], row[1:]) for row in some_rows(database, f"id, {columns}", ids, of=(int, *of)))


def all_albums(database: Database, *columns: str, of: Types = ()) -> Iterator[Row]:
    """Return the ids and columns of all albums with tracks."""
    select = f"SELECT {', '.join(('id', *columns))} FROM albums"  # noqa: S608 (our own names)
    there = "SELECT album_id FROM tracks WHERE NOT lost AND album_id"
    return database.select(f"{select} WHERE id IN ({there}) ORDER BY id", of=(int, *of))


def all_titles(database: Database, kind: Kind) -> Iterator[tuple[int, str]]:
    if kind == "album":
        return all_albums(database, "title", of=(str,))
    return database.select("SELECT id, title FROM tracks WHERE NOT lost ORDER BY id", of=(int, str))


def track_columns(database: Database, ids: Sequence[int], rows: Mapping[int, Row], unplayed: dict[str, Any]) -> Catalogue:
    found = [rows.get(id_, GONE) for id_ in ids]
    columns = map(list, zip(*found, strict=True)) if found else [[]] * len(GONE)
    artist, title, albums, lengths, recording, tempos, key = columns
    length, tempo = np.array(lengths, float), np.array(tempos, float)
    if not (np.isfinite(length) & (length >= 0) & np.isfinite(tempo)).all():
        raise database.damaged("a length or a tempo that is none")
    album = [f"#{number}" if number else "" for number in albums]
    return Catalogue(artist, title, album, np.where(length > 0, length, np.nan), recording, tempo, key, **unplayed)


def album_columns(database: Database, ids: Sequence[int], unplayed: dict[str, Any]) -> Catalogue:
    albums = {id_: (artist, title) for id_, artist, title in all_albums(database, "artist", "title", of=(str, str))}
    select = "SELECT album_id, SUM(length) FROM tracks WHERE NOT lost AND album_id GROUP BY album_id"
    lengths = {id_: checked_length(database, length) for id_, length in database.select(select, of=(int, float))}
    return Catalogue(
        artist=[albums[id_][0] if id_ in albums else "" for id_ in ids],
        title=[albums[id_][1] if id_ in albums else "" for id_ in ids],
        album=[f"#{id_}" if id_ in albums else "" for id_ in ids],
        length=np.array([lengths.get(id_) or np.nan for id_ in ids], float),
        recording=[""] * len(ids),
        **unplayed,
    )


def checked_length(database: Database, seconds: float) -> float:
    if not is_length(seconds):
        raise database.damaged("a length that is none")
    return seconds

"""All SQL on beets' own tables. Nothing else in the plugin depends on their layout."""

from __future__ import annotations

import binascii
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beets.dbcore.query import Query
from beets.library import Album, Item

from deejai_core.database import Row, chunks, marks_for
from deejai_core.library import Rows
from deejai_core.witnesses import digest_of, numbers_to_remember, unchanged_until

from .attributes import FLOAT_BYTES, KEY, MODEL, VECTOR, as_text

if TYPE_CHECKING:
    from beets.dbcore.db import Transaction
    from beets.library import Library

_UNUSUAL = re.compile(rb"/[./~]|/$")  # in a path that beets would write otherwise
TOGETHER = 1_000  # tracks whose paths are read at once
PORTION = 50_000  # ids of tracks whose vectors are read at once

COLUMNS = "artist, title, COALESCE(album_id, ''), album, length, mb_trackid, bpm, initial_key"  # the columns that rules use
GONE = ("", "", "", "", None, "", 0, "")  # the values of a track that another program has removed


def _query(lib: Library, statement: str, values: Sequence[Any] = ()) -> list[Row]:
    with lib.transaction() as tx:
        return [tuple(row) for row in tx.query(statement, values)]


def _query_of(lib: Library, statement: str, keys: Iterable[Any], values: Sequence[object] = ()) -> Iterator[Row]:
    """Run a statement for keys, at most as many at a time as one may have. `{}` in it: their place, after `values`."""
    for some in chunks(keys):
        yield from _query(lib, statement.format(marks_for(some)), (*values, *some))


def as_path(value: bytes) -> Path:
    """Return a path as the database stores it, which may be relative to the library's folder."""
    return Path(os.fsdecode(Item._fields["path"].from_sql(value)))


def files(lib: Library, folder: bytes) -> dict[int, bytes]:
    """Return the absolute path of each track's file, empty if it has none. folder: of the music."""
    found: dict[int, bytes] = {}
    last = -1
    # Some at a time: Python's garbage collector goes through all existing rows, again and again.
    while rows := _query(lib, "SELECT id, path FROM items WHERE id > ? ORDER BY id LIMIT ?", (last, TOGETHER)):
        found |= {id_: _file_name(path, folder) for id_, path in rows}
        last = rows[-1][0]
    return found


def _file_name(path: Any, folder: bytes) -> bytes:
    if isinstance(path, bytes) and path and os.sep == "/":
        name = path if path[:1] == b"/" else folder + b"/" + path
        if not _UNUSUAL.search(name):  # beets, and path objects, take ten times as long
            return name
    return os.fsencode(as_path(path)) if path else b""


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)  # anything but text is damage


def ids(lib: Library, kind: type[Item] | type[Album]) -> list[int]:
    return [id_ for (id_,) in _query(lib, f"SELECT id FROM {kind._table} ORDER BY id")]  # noqa: S608 (beets' own name)


def is_empty(lib: Library) -> bool:
    return not _query(lib, "SELECT 1 FROM items LIMIT 1")


def track_count(lib: Library) -> int:
    ((count,),) = _query(lib, "SELECT COUNT(*) FROM items")
    return int(count)


def where(lib: Library, kind: type[Item] | type[Album], clause: str, values: Sequence[object]) -> set[int]:
    """Return the ids that match a clause which beets made from a query, without making an object of each."""
    rows = _query(lib, f"SELECT id FROM {kind._table} WHERE {clause}", values)  # noqa: S608 (beets' own clause)
    return {id_ for (id_,) in rows}


def columns(lib: Library, names: str, ids: Iterable[int] | None = None, table: str = "items") -> dict[int, Row]:
    """Return columns of tracks, or of albums, by id. names: as in SQL. ids: None for all, in their order."""
    select = f"SELECT id, {names} FROM {table}"  # noqa: S608 (names of columns and of beets' tables)
    rows = _query(lib, f"{select} ORDER BY id") if ids is None else _query_of(lib, f"{select} WHERE id IN ({{}})", ids)
    return {row[0]: row[1:] for row in rows}


def search_rows(lib: Library) -> list[Row]:
    """Return (id, title, artist, album, album artist) of all tracks, in the playing order of albums."""
    return _query(lib, "SELECT id, title, artist, album, albumartist FROM items ORDER BY disc, track, id")


def ids_at(lib: Library, names: Iterable[bytes]) -> dict[bytes, int]:
    """Return tracks by their paths, as the database stores them."""
    rows = _query_of(lib, "SELECT id, path FROM items WHERE path IN ({})", map(sqlite3.Binary, set(names)))
    return {bytes(path): id_ for id_, path in rows}


def titles(lib: Library, kind: type[Item] | type[Album], shortest: float, longest: float, most: int) -> list[str]:
    """Return up to `most` different titles of this length in characters."""
    column = "title" if kind is Item else "album"
    statement = f"SELECT DISTINCT {column} FROM {kind._table} WHERE length({column}) BETWEEN ? AND ? LIMIT ?"  # noqa: S608
    return [str(title) for (title,) in _query(lib, statement, (shortest, longest, most))]


# Columns for rules


def rule_rows(lib: Library, ids: Sequence[int]) -> list[Row]:
    """Return `COLUMNS` of tracks, in the order of `ids`."""
    rows = columns(lib, COLUMNS)
    return [rows.get(id_, GONE) for id_ in ids]


def rule_rows_with_marks(lib: Library, ids: Sequence[int]) -> list[Row]:
    """Return the same for a few tracks, with the row number of their vector, 0 for none."""
    mark = f"SELECT id FROM item_attributes WHERE entity_id = items.id AND key = '{VECTOR}'"  # noqa: S608 (a name of ours)
    rows = columns(lib, f"{COLUMNS}, COALESCE(({mark}), 0)", ids)
    return [rows.get(id_, (*GONE, 0)) for id_ in ids]


def album_rows(lib: Library) -> dict[int, Row]:
    """Return (artist, title, MusicBrainz release id, seconds or None) of all albums."""
    lengths: dict[int, float] = dict(_query(lib, "SELECT album_id, SUM(length) FROM items GROUP BY album_id"))
    rows = columns(lib, "albumartist, album, mb_albumid", table="albums")
    return {id_: (*row, lengths.get(id_)) for id_, row in rows.items()}


def albums_of_tracks(lib: Library) -> dict[int, int]:
    return dict(_query(lib, "SELECT id, album_id FROM items WHERE album_id IS NOT NULL"))


def tracks_of_albums(lib: Library, albums: Iterable[int]) -> dict[int, list[int]]:
    """Return the tracks of albums, in playing order."""
    found: dict[int, list[int]] = {}
    for album, id_ in _query_of(
        lib, "SELECT album_id, id FROM items WHERE album_id IN ({}) ORDER BY disc, track, id", albums
    ):
        found.setdefault(album, []).append(id_)
    return found


# Flexible attributes


def any_has(lib: Library, name: str) -> bool:
    """Return whether any track has a flexible attribute."""
    return bool(_query(lib, "SELECT 1 FROM item_attributes WHERE key = ? LIMIT 1", (name,)))


def attribute_values(lib: Library, name: str, ids: Iterable[int] | None = None) -> dict[int, str]:
    """Return a flexible attribute of the tracks that have it, as text, by track id, in their order. ids: None for all."""
    # All of lib.items() would take a hundred times as long.
    select = (
        "SELECT a.entity_id, a.value FROM item_attributes a JOIN items i ON i.id = a.entity_id "
        "WHERE a.key = ? AND a.value IS NOT NULL"
    )
    if ids is None:
        rows = _query(lib, f"{select} ORDER BY a.entity_id", (name,))
    else:
        rows = sorted(_query_of(lib, f"{select} AND a.entity_id IN ({{}})", set(ids), (name,)))
    return {id_: _as_text(value) for id_, value in rows}


def attributes_of_albums(lib: Library, name: str, ids: Iterable[int] | None = None) -> dict[int, Any]:
    """Return a flexible attribute of the albums, by the ids of their tracks. ids: None for all."""
    select = "SELECT i.id, a.value FROM items i JOIN album_attributes a ON a.entity_id = i.album_id WHERE a.key = ?"
    return dict(
        _query(lib, select, (name,)) if ids is None else _query_of(lib, f"{select} AND i.id IN ({{}})", set(ids), (name,))
    )


def numbers_of(lib: Library, names: Sequence[str]) -> list[tuple[int, str, Any]]:
    """Return rows of id, name and value of some flexible attributes."""
    statement = f"SELECT entity_id, key, value FROM item_attributes WHERE key IN ({marks_for(names)})"  # noqa: S608
    return _query(lib, statement, names)


def stored_attributes(tx: Transaction, ids: Sequence[int], names: Sequence[str]) -> dict[tuple[int, str], Any]:
    """Return some flexible attributes of existing tracks, by id and name."""
    rows = tx.query(
        "SELECT a.entity_id, a.key, a.value FROM item_attributes a JOIN items i ON i.id = a.entity_id "  # noqa: S608
        f"WHERE a.key IN ({marks_for(names)}) AND a.entity_id IN ({marks_for(ids)})",
        (*names, *ids),
    )
    return {(row[0], row[1]): row[2] for row in rows}


def write_attribute(tx: Transaction, id_: int, name: str, value: str) -> None:
    # Not as objects: beets would take longer to write them than computing them took.
    tx.mutate("INSERT OR REPLACE INTO item_attributes (entity_id, key, value) VALUES (?, ?, ?)", (id_, name, value))


def remove_attribute(tx: Transaction, id_: int, name: str) -> None:
    tx.mutate("DELETE FROM item_attributes WHERE entity_id = ? AND key = ?", (id_, name))


def remove_attributes(tx: Transaction, id_: int, prefix: str) -> None:
    """Remove all flexible attributes of a track whose names begin like this."""
    tx.mutate("DELETE FROM item_attributes WHERE entity_id = ? AND key GLOB ?", (id_, f"{prefix}*"))


# Vectors: beets writes every change of a flexible attribute as a new row of its table, with the next higher number. So a
# number shows whether a vector is still the track's, and all changes are above the highest one, see `witnesses`.


def vectors(lib: Library, model: str, dimension: int, only: Iterable[int] | None = None) -> Rows:
    """Return the vectors of this model; their marks are the numbers of their rows.

    only: ids of tracks; all by default. A damaged vector counts as missing.
    """
    select = (
        "SELECT v.entity_id, v.id, v.value FROM item_attributes v JOIN items i ON i.id = v.entity_id "
        "JOIN item_attributes m ON m.entity_id = v.entity_id AND m.key = ? AND m.value = ? WHERE v.key = ?"
    )
    size = dimension * FLOAT_BYTES
    length = len(as_text(bytes(size)))
    found, marks, data = [], [], bytearray()
    for clause, values in _portions(lib, only):
        with lib.transaction() as tx:
            rows = tx.query(f"{select} AND {clause} ORDER BY v.entity_id", (MODEL, model, VECTOR, *values))
        for id_, mark, text in map(tuple, rows):
            value = _decoded(text) if isinstance(text, str) and len(text) == length else b""
            if len(value) == size:
                found.append(id_)
                marks.append(mark)
                data += value
    return Rows.whole(found, marks, data, dimension)


def _decoded(text: str) -> bytes:
    """Return the bytes of base64 text; fewer than expected if it is invalid."""
    try:
        return binascii.a2b_base64(text)  # other characters are ignored
    except ValueError:
        return b""


def vector_counts(lib: Library) -> dict[str, int]:
    """Return how many tracks have a vector, by model."""
    rows = _query(
        lib,
        "SELECT m.value, COUNT(*) FROM item_attributes m JOIN items i ON i.id = m.entity_id "
        "JOIN item_attributes v ON v.entity_id = m.entity_id AND v.key = ? WHERE m.key = ? GROUP BY m.value",
        (VECTOR, MODEL),
    )
    return {model: count for model, count in rows if isinstance(model, str)}  # anything but text is damage


def _portions(lib: Library, only: Iterable[int] | None) -> Iterator[tuple[str, list[int]]]:
    """Yield clauses that find these tracks, or all, in portions whose rows fit the memory."""
    if only is None:
        last = _query(lib, "SELECT MAX(id) FROM items")[0][0] or 0
        for start in range(0, last + 1, PORTION):
            yield "v.entity_id >= ? AND v.entity_id < ?", [start, start + PORTION]
        return
    for some in chunks(only):
        yield f"v.entity_id IN ({marks_for(some)})", some


def changed_after(lib: Library, row: int) -> list[int]:
    """Return the ids of the tracks whose vector, model or audio key was written after the row with this number."""
    rows = _query(
        lib,
        # Not by an index, which SQLite prefers: in the order of the rows, only the last ones are read.
        "SELECT entity_id FROM item_attributes NOT INDEXED WHERE id > ? AND key IN (?, ?, ?)",
        (row, VECTOR, MODEL, KEY),
    )
    return sorted({id_ for (id_,) in rows})


def rows_digest(lib: Library) -> str:
    """Return a value that changes whenever a track gets, changes or loses a vector or its model.

    SQLite sums it up, from an index of beets' table that contains all it needs: reading a row for each track would take
    longer.
    """
    sums = "COUNT(*), SUM(id), SUM(entity_id), SUM(id * entity_id % 1000003)"
    (row,) = _query(lib, f"SELECT {sums} FROM item_attributes WHERE key IN (?, ?)", (VECTOR, MODEL))  # noqa: S608 (constants)
    return " ".join(map(str, row))


def witnesses(lib: Library) -> list[list[Any]]:
    """Return rows by which later changes can be found: numbers with digests."""
    with lib.transaction() as tx:
        (last,) = tx.query("SELECT MAX(id) FROM item_attributes")[0]
        below = "SELECT MAX(id) FROM item_attributes WHERE id <= ?"
        numbers = numbers_to_remember(last or 0, lambda number: tx.query(below, (number,))[0][0])
    return [[number, digest] for number, digest in sorted(_digests(lib, numbers).items())]


def seen_until(lib: Library, bookmark: Mapping[str, Any]) -> int | None:
    """Return the row number above which all changes must be; None if it is unknown."""
    return unchanged_until(bookmark, partial(_digests, lib))


def _digests(lib: Library, numbers: Sequence[int]) -> dict[int, str]:
    statement = f"SELECT id, entity_id, key, value FROM item_attributes WHERE id IN ({marks_for(numbers)})"  # noqa: S608
    return {row[0]: digest_of(row) for row in _query(lib, statement, numbers)}


def attribute_clause(name: str, condition: str) -> str:
    """Return a clause on tracks: whether they have an attribute, with a name of ours, whose `value` meets a condition."""
    return f"EXISTS (SELECT 1 FROM item_attributes WHERE entity_id = items.id AND key = '{name}' AND {condition})"  # noqa: S608


def clause_of(query: Query, kind: type[Item] | type[Album]) -> tuple[str | None, Sequence[object]]:
    """Return a query as SQL on the columns of its table alone; (None, ()) if objects are needed."""
    text, values = query.clause()
    return (text, values) if text and not query.field_names & kind.other_db_fields else (None, ())

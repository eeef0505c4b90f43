"""The vectors in a FolderLibrary's file, and finding those that have changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from deejai_core.database import Database
from deejai_core.folder.rows import LARGEST_ID, some_rows
from deejai_core.folder.tables import note_write, writing
from deejai_core.library import Rows

FLOAT = np.dtype("<f4")


def read_vectors(database: Database, model: str, dimension: int, ids: Collection[int] | None) -> Rows:
    """Return the vectors of a model, of these tracks or all, in the order of their ids, without damaged ones."""
    found, marks, data = [], [], bytearray()
    size, of = dimension * FLOAT.itemsize, (int, int, object)
    join, where = "JOIN vectors ON track_id = id", "AND model = ?"
    for id_, mark, vector in some_rows(database, "id, mark, vector", ids, of=of, join=join, where=where, values=[model]):
        if isinstance(vector, bytes) and len(vector) == size:
            found.append(id_)
            marks.append(mark)
            data += vector
    return Rows.whole(found, marks, data, dimension)


def write_vectors(
    database: Database, model: str, vectors: Mapping[int, np.ndarray], recordings: Mapping[int, str]
) -> tuple[list[int], list[int]]:
    """Write some vectors in one transaction.

    Returns the tracks that still have their recordings, and those of them whose vector differed.
    """
    columns, types = "id, audio_key, COALESCE(model, ''), vector", (int, str, str, object)
    with writing(database) as connection:
        some = some_rows(database, columns, list(vectors), of=types, join="LEFT JOIN vectors ON track_id = id")
        stored = {id_: rest for id_, *rest in some}
        keys = {id_: key for id_, (key, *_) in stored.items()}
        still = [id_ for id_ in vectors if is_still(keys, recordings, id_)]
        new = {id_: np.ascontiguousarray(vectors[id_], FLOAT).tobytes() for id_ in still}
        rows = [(id_, model, data) for id_, data in new.items() if stored[id_][1:] != [model, data]]
        connection.executemany("INSERT OR REPLACE INTO vectors (track_id, model, vector) VALUES (?, ?, ?)", rows)
        note_write(database)
    return still, [id_ for id_, *_ in rows]


def is_still(keys: Mapping[int, str], recordings: Mapping[int, str], id_: int) -> bool:
    """Return whether a track still has the recording that something is stored for. keys: of the existing tracks."""
    return bool(keys.get(id_)) and keys[id_] == recordings.get(id_)


def vector_counts(database: Database) -> dict[str, int]:
    """Return how many tracks have a vector of each model."""
    select = "SELECT model, COUNT(*) FROM vectors JOIN tracks ON id = track_id WHERE NOT lost AND vector IS NOT NULL"
    return dict(database.select(f"{select} GROUP BY model", of=(str, int)))


def vector_models(database: Database) -> dict[int, str]:
    """Return the model of each track's vector, for tracks that have one, in the order of ids."""
    select = (
        "SELECT track_id, model FROM vectors JOIN tracks ON id = track_id "
        "WHERE NOT lost AND vector IS NOT NULL ORDER BY track_id"
    )
    return dict(database.select(select, of=(int, str)))


def latest_write(database: Database) -> dict[str, Any]:
    """Implement `Library.bookmark`."""
    rows = database.select("SELECT mark, token FROM writes ORDER BY mark DESC LIMIT 1", of=(int, str))
    return dict(zip(("mark", "token"), next(rows, (0, "")), strict=True))


def written_since(database: Database, bookmark: object) -> list[int] | None:
    """Implement `Library.changed_since`."""
    mark, token = (bookmark.get(name) for name in ("mark", "token")) if isinstance(bookmark, Mapping) else (None, None)
    if type(mark) is not int or not 0 <= mark <= LARGEST_ID:
        return None
    # Another token: this is a copy of the library, or a restored backup, whose numbers mean something else.
    if list(database.select("SELECT token FROM writes WHERE mark = ?", (mark,), of=(str,))) != [(token,)]:
        return None
    # Not sorted by SQLite, which would go through all tracks for that.
    rows = database.select("SELECT track_id FROM vectors WHERE mark > ?", (mark,), of=(int,))
    return sorted(id_ for (id_,) in rows)

"""The vectors of a library, from a cache beside it that follows the library without reading all of it.

beets writes every change of a flexible attribute as a new row of its table, with the next higher number. So what has
changed lies behind the highest number seen, and a number tells whether a vector is still the track's. A number is used
again only if all rows above it are gone; witnesses, rows that are remembered, tell whether that can have happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.errors import StoreError
from deejai_core.index.annoy_file import MOST_WHOLE, Manifest, digest_of, find_index, why_no_annoy
from deejai_core.index.annoy_file import build_index as build_index_file
from deejai_core.index.layout import layout
from deejai_core.index.neighbours import Index, asks_annoy, open_index
from deejai_core.index.vectors import Vectors, extend_vectors_file, read_vectors_file, write_vectors_file
from deejai_core.models.protocol import Model

from .fields import FLOAT_BYTES, MODEL, VECTOR
from .fields import Vector as VectorType
from .library import CHUNK, UNIT_TOLERANCE, data_folder

if TYPE_CHECKING:
    from beets.library import Library
    from beets.logging import BeetsLogger

CACHED_FROM = 2_000  # tracks that are compared; fewer are read from the library as fast
RENEWED = 0.1  # of the rows: so many that were added later, and the cache is written anew
PORTION = 50_000  # ids of tracks read at once
WITNESSES = 20  # rows that are remembered: the last one, and one before each power of two of rows back


def open_vectors(lib: Library, model: Model, *, search: str = "auto", whole: bool = False) -> Vectors:
    """The vectors of this model, of all tracks that have one.

    Where all vectors are compared (`asks_annoy`), the rows are in the order of the ids, one for each track. Where Annoy is
    asked, some may be out of date (`Vectors.current`), and a track that was removed is found out only by whoever reads it,
    since its row is not there; the rows of more than `MOST_WHOLE` tracks are in the order of `layout`. whole: one for each
    track in any case, whatever it takes.
    """
    kept = read_vectors_file(data_folder(lib), model.name, model.dimension)
    since = None if kept is None else _unseen_since(lib, kept.state)
    if since is None:
        return _renew(lib, model, search)
    changed = _changed(lib, since)
    if asks_annoy(search, kept.written) and not whole:
        return _follow(lib, model, kept, changed) or _renew(lib, model, search)
    return kept if _is_same(lib, kept, changed) else _renew(lib, model, search)


def build_index(lib: Library, model: Model, log: BeetsLogger, *, search: str = "auto") -> None:
    """Make the index now, if it is due, so that no list has to wait for it."""
    if why_no_annoy():
        return
    rows = open_vectors(lib, model, search=search)
    if rows.written <= MOST_WHOLE and rows.current is not None:
        rows = open_vectors(lib, model, search=search, whole=True)  # so few are indexed anew for a single track
    folder, vectors, ids = data_folder(lib), rows.vectors[: rows.written], rows.ids[: rows.written]
    edition = rows.edition or digest_of(vectors, ids)
    if not len(vectors) or find_index(folder, vectors, edition):
        return
    if len(vectors) > MOST_WHOLE:
        log.info("building the index of {:,} tracks...", len(vectors))
    try:
        build_index_file(folder, vectors, edition, ids)
    except StoreError as error:
        log.warning("{}; until it can be, lists compare all tracks", error)


def current_index(lib: Library, model: Model) -> Manifest | None:
    """The index on disk, if it is that of the vectors as they are; None if the next `analyze` builds another one.

    That of more than `MOST_WHOLE` tracks stays until a tenth of them is new.
    """
    folder = data_folder(lib)
    kept = read_vectors_file(folder, model.name, model.dimension)
    since = None if kept is None else _unseen_since(lib, kept.state)
    if since is None:
        ids, _, vectors = _read(lib, model)
        edition = digest_of(vectors, ids)
    else:
        changed = _changed(lib, since)
        if _is_due(kept, changed) if kept.written > MOST_WHOLE else not _is_same(lib, kept, changed):
            return None
        vectors, edition = kept.vectors[: kept.written], kept.edition
    return find_index(folder, vectors, edition)


def is_cache_true(lib: Library, model: Model) -> bool:
    """Whether the cache, if it is there, has the vectors that the library has, as far as it claims to.

    Only who changes rows of beets' table behind its back can bring that about.
    """
    kept = read_vectors_file(data_folder(lib), model.name, model.dimension)
    since = None if kept is None else _unseen_since(lib, kept.state)
    if since is None:
        return True  # it makes no claims: it will be written anew
    changed = set(_changed(lib, since))
    ids, _, vectors = _read(lib, model)
    for id_, vector in zip(ids.tolist(), vectors, strict=True):
        place = kept.places.get(id_)
        if id_ not in changed and (place is None or not np.array_equal(kept.vectors[place], vector)):
            return False
    return True


def open_rows_index(folder: Path, rows: Vectors, *, search: str = "auto") -> Index:
    """The index of these vectors, of which only the current ones are neighbours."""
    index = open_index(
        folder, rows.vectors, search=search, edition=rows.edition, tracks=rows.written, ids=rows.ids, read=rows.read
    )
    return index if rows.current is None else index.among(rows.current)


def _is_same(lib: Library, kept: Vectors, changed: list[int]) -> bool:
    """Whether the rows that are kept are all that the library has."""
    return not changed and kept.current is None and kept.state.get("rows") == _rows_digest(lib)


def _renew(lib: Library, model: Model, search: str) -> Vectors:
    """All vectors, read from the library, and kept for next time where that is of use."""
    # Before the rows: what comes meanwhile is seen twice, not missed.
    state = _witnesses(lib) | {"rows": _rows_digest(lib)}
    ids, marks, vectors = _read(lib, model)
    by_annoy = asks_annoy(search, len(ids))
    order = layout(vectors) if by_annoy and len(ids) > MOST_WHOLE else np.argsort(ids, kind="stable")
    ids, marks, vectors = ids[order], marks[order], vectors[order]
    folder = data_folder(lib)
    if len(ids) < CACHED_FROM and not by_annoy:
        return Vectors(ids, marks, vectors, written=len(ids))
    try:
        return write_vectors_file(folder, model.name, ids, marks, vectors, state)
    except StoreError:
        return Vectors(ids, marks, vectors, written=len(ids))  # a folder that cannot be written costs time


def _follow(lib: Library, model: Model, kept: Vectors, changed: list[int]) -> Vectors | None:
    """What is kept, with the tracks that have changed since; None if it is better to write all of it anew."""
    if not changed:
        return kept
    if _is_due(kept, changed):
        return None
    state = _witnesses(lib)
    ids, marks, vectors = _read(lib, model, changed)
    found = {id_: row for row, id_ in enumerate(ids.tolist())}
    rows = []
    for id_ in changed:
        place, row = kept.places.get(id_), found.get(id_)
        if row is None and place is not None:
            rows.append((id_, 0, np.zeros(model.dimension, np.float32)))
        elif row is not None and (
            place is None or kept.marks[place] != marks[row] or not np.array_equal(kept.vectors[place], vectors[row])
        ):
            rows.append((id_, marks[row], vectors[row]))
    if not rows:
        return kept
    added = [np.array(column) for column in zip(*rows, strict=True)]
    try:
        return extend_vectors_file(data_folder(lib), kept, *added, state)
    except StoreError:
        return Vectors(
            np.concatenate([kept.ids, added[0]]),
            np.concatenate([kept.marks, added[1]]),
            np.concatenate([kept.vectors, added[2]]),
            kept.edition,
            kept.written,
        )


def _is_due(kept: Vectors, changed: list[int]) -> bool:
    """Whether so many rows would have been added that all should be written anew."""
    return len(kept) - kept.written + len(changed) > RENEWED * kept.written


def _read(lib: Library, model: Model, only: Iterable[int] | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids and row numbers (n,) int64, and vectors (n, dimension) float32, of the tracks that have one of this model.

    only: ids of tracks; all by default. What somebody damaged by hand is as good as none.
    """
    select = (
        "SELECT v.entity_id, v.id, v.value FROM item_attributes v JOIN items i ON i.id = v.entity_id "
        "JOIN item_attributes m ON m.entity_id = v.entity_id AND m.key = ? AND m.value = ? WHERE v.key = ?"
    )
    kind, size = VectorType(), model.dimension * FLOAT_BYTES
    ids, marks, data = [], [], bytearray()
    for clause, values in _portions(lib, only):
        with lib.transaction() as tx:
            rows = tx.query(f"{select} AND {clause} ORDER BY v.entity_id", (MODEL, model.name, VECTOR, *values))
        for id_, mark, text in map(tuple, rows):
            value = kind.from_sql(text)
            if value and len(value) == size:
                ids.append(id_)
                marks.append(mark)
                data += value
    vectors = np.frombuffer(bytes(data), "<f4").reshape(-1, model.dimension)
    whole = np.abs(np.einsum("ij,ij->i", vectors, vectors) - 1) < UNIT_TOLERANCE
    ids, marks = np.array(ids, np.int64), np.array(marks, np.int64)
    return (ids, marks, vectors) if whole.all() else (ids[whole], marks[whole], vectors[whole])


def _portions(lib: Library, only: Iterable[int] | None) -> Iterator[tuple[str, list[int]]]:
    """Clauses that find these tracks, or all, so many at a time that their rows fit the memory."""
    if only is None:
        with lib.transaction() as tx:
            last = tx.query("SELECT MAX(id) FROM items")[0][0] or 0
        for start in range(0, last + 1, PORTION):
            yield "v.entity_id >= ? AND v.entity_id < ?", [start, start + PORTION]
        return
    wanted = list(only)
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        yield f"v.entity_id IN ({', '.join('?' * len(some))})", some


def _changed(lib: Library, since: int) -> list[int]:
    """Ids of the tracks whose vector or model was written after the row of this number."""
    with lib.transaction() as tx:
        rows = tx.query(
            # Not by one of its indexes, which SQLite prefers: in the order of the rows only the last ones are read.
            "SELECT entity_id FROM item_attributes NOT INDEXED WHERE id > ? AND key IN (?, ?)",
            (since, VECTOR, MODEL),
        )
    return sorted({row[0] for row in rows})


def _rows_digest(lib: Library) -> str:
    """What changes whenever a track gets, changes or loses a vector. An index of beets' table holds all that it reads."""
    with lib.transaction() as tx:
        rows = tx.query("SELECT entity_id, id FROM item_attributes WHERE key = ? ORDER BY entity_id", (VECTOR,))
    return hashlib.blake2b(np.array([tuple(row) for row in rows], np.int64).tobytes(), digest_size=16).hexdigest()


def _witnesses(lib: Library) -> dict:
    """What tells later what has changed since now."""
    numbers: list[int] = []
    with lib.transaction() as tx:
        (last,) = tx.query("SELECT MAX(id) FROM item_attributes")[0]
        for back in (0, *(2**power for power in range(WITNESSES - 1))):
            rows = tx.query("SELECT MAX(id) FROM item_attributes WHERE id <= ?", ((last or 0) - back,))
            numbers += [row[0] for row in rows if row[0] and row[0] not in numbers]
    witnesses = [[number, digest] for number, digest in sorted(_digests(lib, numbers).items())]
    return {"witnesses": witnesses}


def _unseen_since(lib: Library, state: dict | None) -> int | None:
    """The row number behind which whatever has changed must lie; None if that cannot be told."""
    try:
        witnesses = {int(number): str(digest) for number, digest in state["witnesses"]}
    except (TypeError, KeyError, ValueError):
        return None
    there = _digests(lib, list(witnesses))
    unchanged = [number for number in witnesses if there.get(number) == witnesses[number]]
    if not unchanged:
        return None
    since = max(unchanged)
    # A row below that is another one than it was: this is not the library that was read.
    if any(number < since and there[number] != witnesses[number] for number in there):
        return None
    return since


def _digests(lib: Library, numbers: list[int]) -> dict[int, str]:
    """What tells a row of the attributes from another one of the same number."""
    marked = ", ".join("?" * len(numbers))
    with lib.transaction() as tx:
        rows = tx.query(
            f"SELECT id, entity_id, key, value FROM item_attributes WHERE id IN ({marked})",  # noqa: S608 (question marks)
            numbers,
        )
        return {row[0]: hashlib.blake2b(repr(tuple(row)).encode(), digest_size=8).hexdigest() for row in rows}

"""The vectors of a library, from a cache that follows the library without reading all of it, and their index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from deejai_core.errors import StoreError
from deejai_core.index.annoy_file import MOST_WHOLE, Manifest, digest_of, find_index, why_no_annoy
from deejai_core.index.annoy_file import build_index as build_index_file
from deejai_core.index.layout import layout
from deejai_core.index.neighbours import Index, asks_annoy, open_index
from deejai_core.index.vectors import Vectors, extend_vectors_file, read_vectors_file, write_vectors_file
from deejai_core.library import Library
from deejai_core.models.protocol import Model

CACHED_FROM = 2_000  # tracks from which on vectors are cached; fewer are read from the library as fast
RENEWED = 0.1  # of the rows: if this share was added later, the whole cache is written again


def open_vectors(library: Library, model: Model, *, search: str = "auto", whole: bool = False) -> Vectors:
    """Return the vectors of this model, of all tracks that have one.

    The cache follows the library: what was added or changed is appended. So some rows may be out of date
    (`Vectors.current`), and a removed track is noticed only when its data are read. The first rows are in the order of the
    ids; if Annoy is used for more than `MOST_WHOLE` tracks, in that of `layout`. whole: one row for each track in any case,
    however long it takes.
    """
    kept = read_vectors_file(library.folder, model.name, model.dimension)
    follows = None
    if kept is not None:
        follows = (kept if _is_same(library, kept) else None) if whole else _follow(library, model, kept)
    return _renew(library, model, search) if follows is None else follows


def ids_with_vectors(library: Library, model: Model) -> tuple[set[int], Vectors | None]:
    """Return the tracks that have a vector of this model, and the cache, if it has exactly the vectors of the library.

    If it has, no vectors are read.
    """
    kept = read_vectors_file(library.folder, model.name, model.dimension)
    exact = kept if kept is not None and _is_same(library, kept) else None
    rows = library.vectors(model.name, model.dimension) if exact is None else exact
    return set(rows.ids.tolist()), exact


def build_index(
    library: Library,
    model: Model,
    *,
    search: str = "auto",
    on_build: Callable[[int], None] = lambda tracks: None,
    exact: Vectors | None = None,
) -> None:
    """Build the index now if it is due, so that no list has to wait for it.

    If a disk has damaged the index, lists build another one, and `doctor` checks for it: checking each byte here would take
    longer than all the rest. on_build(tracks): called before a large one is built. exact: the cache, if it has exactly the
    vectors of the library. Raises StoreError if it cannot be written; lists then compare all tracks.
    """
    if why_no_annoy():
        return
    rows = open_vectors(library, model, search=search) if exact is None else exact
    if exact is None and rows.edition and rows.written <= MOST_WHOLE and not _is_same(library, rows):
        rows = _renew(library, model, search)  # few tracks, so they are indexed again for every new one
    folder, vectors, ids = library.folder, rows.vectors[: rows.written], rows.ids[: rows.written]
    edition = rows.edition or digest_of(vectors, ids)
    if not len(vectors) or find_index(folder, vectors, edition, intact=False):
        return
    if len(vectors) > MOST_WHOLE:
        on_build(len(vectors))
    build_index_file(folder, vectors, edition, ids)


def current_index(library: Library, model: Model) -> Manifest | None:
    """Return the index on disk, if it is up to date; None if the next `build_index` will build another one.

    With more than `MOST_WHOLE` tracks, the index stays until a tenth of them is new.
    """
    kept = read_vectors_file(library.folder, model.name, model.dimension)
    changed = None if kept is None else library.changed_since(kept.state or {})
    if kept is None or changed is None:
        ids, _, vectors = library.vectors(model.name, model.dimension)
        edition = digest_of(vectors, ids)
    else:
        if _is_due(kept, changed) if kept.written > MOST_WHOLE else not _is_same(library, kept):
            return None
        vectors, edition = kept.vectors[: kept.written], kept.edition
    return find_index(library.folder, vectors, edition)


def is_cache_true(library: Library, model: Model) -> bool:
    """Return whether the cache, if it exists, has the vectors of the library, as far as it claims to.

    Only changes to the library's database by other means can make it wrong.
    """
    kept = read_vectors_file(library.folder, model.name, model.dimension)
    changed = None if kept is None else library.changed_since(kept.state or {})
    if kept is None or changed is None:
        return True  # it makes no claims: it will be written again
    claimed = set(changed)
    ids, _, vectors = library.vectors(model.name, model.dimension)
    for id_, vector in zip(ids.tolist(), vectors, strict=True):
        place = kept.places.get(id_)
        if id_ not in claimed and (place is None or not np.array_equal(kept.vectors[place], vector)):
            return False
    return True


def open_rows_index(folder: Path, rows: Vectors, *, search: str = "auto") -> Index:
    """Return the index of these vectors, in which only the current ones are neighbours."""
    index = open_index(
        folder,
        rows.vectors,
        search=search,
        edition=rows.edition,
        tracks=rows.written,
        ids=rows.ids,
        read=rows.read,
    )
    return index if rows.current is None else index.among(rows.current)


def _is_same(library: Library, kept: Vectors) -> bool:
    """Return whether the first rows are all vectors that the library has, and none was added later."""
    return kept.written == len(kept) and library.changed_since(kept.state or {}, removals=True) == []


def _renew(library: Library, model: Model, search: str) -> Vectors:
    """Return all vectors, read from the library, and cache them if that is useful."""
    # Before the rows: changes that happen meanwhile are seen twice, not missed.
    bookmark = library.bookmark(removals=True)
    ids, marks, vectors = library.vectors(model.name, model.dimension)
    by_annoy = asks_annoy(search, len(ids))
    order = layout(vectors) if by_annoy and len(ids) > MOST_WHOLE else np.argsort(ids, kind="stable")
    ids, marks, vectors = ids[order], marks[order], vectors[order]
    if len(ids) < CACHED_FROM and not by_annoy:
        return Vectors(ids, marks, vectors, written=len(ids))
    try:
        return write_vectors_file(library.folder, model.name, ids, marks, vectors, bookmark)
    except StoreError:
        return Vectors(ids, marks, vectors, written=len(ids))  # if the folder cannot be written, only time is lost


def _follow(library: Library, model: Model, kept: Vectors) -> Vectors | None:
    """Return the cached vectors with the tracks that have changed since; None if it is better to write all again."""
    if library.changed_since(kept.state or {}) == []:
        return kept
    # The part that finds removals stays as it was: rows of tracks that were removed since may be among the cached ones.
    bookmark = (kept.state or {}) | library.bookmark()
    # Read again, after the bookmark: changes that happen meanwhile are seen twice, not missed.
    changed = library.changed_since(kept.state or {})
    if changed is None or _is_due(kept, changed):
        return None
    ids, marks, vectors = library.vectors(model.name, model.dimension, changed)
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
    added = (
        np.array([id_ for id_, _, _ in rows], np.int64),
        np.array([mark for _, mark, _ in rows], np.int64),
        np.array([vector for _, _, vector in rows], np.float32).reshape(len(rows), model.dimension),
    )
    try:
        # Even without new rows: if the bookmark did not move on, the same changes would be looked at each time.
        return extend_vectors_file(library.folder, kept, *added, bookmark)
    except StoreError:
        if not rows:
            return kept
        return Vectors(
            np.concatenate([kept.ids, added[0]]),
            np.concatenate([kept.marks, added[1]]),
            np.concatenate([kept.vectors, added[2]]),
            kept.edition,
            kept.written,
        )


def _is_due(kept: Vectors, changed: list[int]) -> bool:
    """Return whether so many rows would have been added that all should be written again."""
    return len(kept) - kept.written + len(changed) > RENEWED * kept.written

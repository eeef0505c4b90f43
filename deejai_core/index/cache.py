"""The vectors of a library, from a cache beside it that follows the library without reading all of it, and their index."""

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

CACHED_FROM = 2_000  # tracks that are compared; fewer are read from the library as fast
RENEWED = 0.1  # of the rows: so many that were added later, and the cache is written anew


def open_vectors(library: Library, model: Model, *, search: str = "auto", whole: bool = False) -> Vectors:
    """The vectors of this model, of all tracks that have one.

    The cache follows the library: what came or changed is added at its end. So some rows may be out of date
    (`Vectors.current`), and a track that was removed is found out only by whoever reads it, since its row is not there. The
    first rows are in the order of the ids; where Annoy is asked for more than `MOST_WHOLE` tracks, in that of `layout`.
    whole: one row for each track in any case, whatever it takes.
    """
    kept = read_vectors_file(library.folder, model.name, model.dimension)
    follows = None
    if kept is not None:
        follows = (kept if _is_same(library, kept) else None) if whole else _follow(library, model, kept)
    return _renew(library, model, search) if follows is None else follows


def ids_with_vectors(library: Library, model: Model) -> tuple[set[int], Vectors | None]:
    """The tracks that have a vector of this model, and the cache, if it has just the vectors that the library has.

    Where it has, no vector is looked at.
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
    """Make the index now, if it is due, so that no list has to wait for it. One that a disk has damaged is left to lists,
    which make another one in its place, and to `doctor`: to look at each byte takes longer than all the rest.

    on_build(tracks): called before a large one is built. exact: the cache, if it has just the vectors that the library
    has, where that is known. Raises StoreError if it cannot be written; lists then compare all tracks.
    """
    if why_no_annoy():
        return
    rows = open_vectors(library, model, search=search) if exact is None else exact
    if exact is None and rows.edition and rows.written <= MOST_WHOLE and not _is_same(library, rows):
        rows = _renew(library, model, search)  # so few are indexed anew for a single track
    folder, vectors, ids = library.folder, rows.vectors[: rows.written], rows.ids[: rows.written]
    edition = rows.edition or digest_of(vectors, ids)
    if not len(vectors) or find_index(folder, vectors, edition, intact=False):
        return
    if len(vectors) > MOST_WHOLE:
        on_build(len(vectors))
    build_index_file(folder, vectors, edition, ids)


def current_index(library: Library, model: Model) -> Manifest | None:
    """The index on disk, if it is that of the vectors as they are; None if the next `build_index` builds another one.

    That of more than `MOST_WHOLE` tracks stays until a tenth of them is new.
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
    """Whether the cache, if it is there, has the vectors that the library has, as far as it claims to.

    Only who changes the library's database behind its back can bring that about.
    """
    kept = read_vectors_file(library.folder, model.name, model.dimension)
    changed = None if kept is None else library.changed_since(kept.state or {})
    if kept is None or changed is None:
        return True  # it makes no claims: it will be written anew
    claimed = set(changed)
    ids, _, vectors = library.vectors(model.name, model.dimension)
    for id_, vector in zip(ids.tolist(), vectors, strict=True):
        place = kept.places.get(id_)
        if id_ not in claimed and (place is None or not np.array_equal(kept.vectors[place], vector)):
            return False
    return True


def open_rows_index(folder: Path, rows: Vectors, *, search: str = "auto") -> Index:
    """The index of these vectors, of which only the current ones are neighbours."""
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
    """Whether the rows that were written at first are all that the library has, and nothing came later."""
    return kept.written == len(kept) and library.changed_since(kept.state or {}, removals=True) == []


def _renew(library: Library, model: Model, search: str) -> Vectors:
    """All vectors, read from the library, and kept for next time where that is of use."""
    # Before the rows: what comes meanwhile is seen twice, not missed.
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
        return Vectors(ids, marks, vectors, written=len(ids))  # a folder that cannot be written costs time


def _follow(library: Library, model: Model, kept: Vectors) -> Vectors | None:
    """What is kept, with the tracks that have changed since; None if it is better to write all of it anew."""
    if library.changed_since(kept.state or {}) == []:
        return kept
    # What tells removals stays as it was: rows of tracks that were removed since then may be among those that are kept.
    bookmark = (kept.state or {}) | library.bookmark()
    # Looked for again, after the bookmark: what comes meanwhile is seen twice, not missed.
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
        # Also where there is no row to add: the bookmark moves on, or what has changed would be looked at each time.
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
    """Whether so many rows would have been added that all should be written anew."""
    return len(kept) - kept.written + len(changed) > RENEWED * kept.written

"""What the plugin reads from and writes to a beets library."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from beets.dbcore.query import InQuery, ParsingError, PathQuery
from beets.library import Album, Item, parse_query_string
from beets.ui import UserError
from beets.util import case_sensitive

from deejai_core.embedding.slices import SliceStore
from deejai_core.formats.entries import Track, one_line
from deejai_core.formats.locate import Locator

from .fields import FLOAT_BYTES, MODEL, VECTOR, Vector

if TYPE_CHECKING:
    from beets.library import Library

    from deejai_core.models.protocol import Model

UNIT_TOLERANCE = 1e-3  # of a vector's squared length
CHUNK = 500  # rows for one SQL statement or one transaction: short, since others wait for it


def data_folder(lib: Library) -> Path:
    """Where this library's slice store and index lie: beside it."""
    path = Path(os.fsdecode(lib.path))
    return path.with_name(f"{path.name}.deejai")


def music_folder(lib: Library) -> Path:
    return Path(os.fsdecode(lib.directory))


def store_path(lib: Library) -> Path:
    return data_folder(lib) / "slices.db"


def unfinished_path(lib: Library) -> Path:
    """Where it is noted which large files are being written, wherever they lie."""
    return data_folder(lib) / "unfinished"


def open_store(lib: Library) -> SliceStore:
    return SliceStore(store_path(lib))


@contextlib.contextmanager
def alone(lib: Library) -> Iterator[None]:
    """Keeps a second `analyze` of the same library from doing the same work, however this one ends. Raises UserError."""
    from filelock import FileLock, Timeout

    path = data_folder(lib) / "analyze.lock"
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError("another `beet deejai analyze` is at work on this library; wait until it has finished") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from error
    try:
        yield
    finally:
        lock.release()


def any_has(lib: Library, name: str) -> bool:
    """Whether any track has a flexible attribute."""
    with lib.transaction() as tx:
        return bool(tx.query("SELECT 1 FROM item_attributes WHERE key = ? LIMIT 1", (name,)))


def attribute_values(lib: Library, name: str) -> dict[int, str]:
    """A flexible attribute of all tracks that have it, as text, by track id."""
    # All of lib.items() would take a hundred times as long.
    with lib.transaction() as tx:
        rows = tx.query(
            "SELECT a.entity_id, a.value FROM item_attributes a JOIN items i ON i.id = a.entity_id "
            "WHERE a.key = ? AND a.value IS NOT NULL ORDER BY a.entity_id",
            (name,),
        )
    return {row[0]: row[1] if isinstance(row[1], str) else repr(row[1]) for row in rows}  # what is no text is damage


def track_ids(lib: Library) -> list[int]:
    with lib.transaction() as tx:
        return [row[0] for row in tx.query("SELECT id FROM items ORDER BY id")]


def require_tracks(lib: Library) -> None:
    """Raises UserError if the library is empty."""
    with lib.transaction() as tx:
        if not tx.query("SELECT 1 FROM items LIMIT 1"):
            raise UserError("Your beets library is empty. Import music first: `beet import ~/Music`.")


def read_vectors(lib: Library, model: str, dimension: int) -> tuple[list[int], np.ndarray]:
    """Ids and vectors (n, dimension) float32 of all tracks that have one of this model, in the order of their ids."""
    with lib.transaction() as tx:
        rows = tx.query(
            "SELECT v.entity_id, v.value FROM item_attributes v JOIN items i ON i.id = v.entity_id "
            "JOIN item_attributes m ON m.entity_id = v.entity_id AND m.key = ? AND m.value = ? "
            "WHERE v.key = ? ORDER BY v.entity_id",
            (MODEL, model, VECTOR),
        )
    kind, size = Vector(), dimension * FLOAT_BYTES
    found = [(row[0], value) for row in rows if (value := kind.from_sql(row[1])) and len(value) == size]
    vectors = np.frombuffer(b"".join(value for _, value in found), "<f4").reshape(-1, dimension).astype(np.float32)
    # What somebody damaged by hand is as good as none.
    whole = np.abs(np.einsum("ij,ij->i", vectors, vectors) - 1) < UNIT_TOLERANCE
    return [id_ for (id_, _), ok in zip(found, whole, strict=True) if ok], vectors[whole]


def unanalysed_items(lib: Library, model: Model) -> list[Item]:
    """The tracks that have no vector of this model."""
    done = set(read_vectors(lib, model.name, model.dimension)[0])
    return items_by_id(lib, [id_ for id_ in track_ids(lib) if id_ not in done])


def items_by_id(lib: Library, ids: Iterable[int]) -> list[Item]:
    """Tracks in the order of `ids`; an id that is gone is left out."""
    ids = list(ids)
    found = {}
    for start in range(0, len(ids), CHUNK):
        found |= {item.id: item for item in lib.items(InQuery("id", ids[start : start + CHUNK]))}
    return [found[id_] for id_ in ids if id_ in found]


def items_at(lib: Library, path: Path) -> list[Item]:
    """The tracks of a file: one, or none."""
    return list(items_of(lib, [path]).values())


def items_of(lib: Library, paths: Sequence[Path], locator: Locator | None = None) -> dict[Path, Item]:
    """The tracks of files, by absolute path; files that are none are left out.

    A path that is not the library's own may lead through a symbolic link, or be in another Unicode normalisation.
    """
    locator = locator or Locator(music_folder(lib))
    found = _items_named(lib, paths)
    aliases = {path: list(locator.aliases(path)) for path in paths if path not in found}
    named = _items_named(lib, [alias for others in aliases.values() for alias in others])
    for path, others in aliases.items():
        match = next((named[alias] for alias in others if alias in named), None) or _item_in_any_case(lib, path)
        if match:
            found[path] = match
    return found


def _items_named(lib: Library, paths: Iterable[Path]) -> dict[Path, Item]:
    """The tracks that the library has at just these paths."""
    column = Item._fields["path"]
    rows = {}
    names = {path: column.to_sql(os.fsencode(os.path.normpath(path))) for path in paths}
    wanted = list(set(names.values()))
    for start in range(0, len(wanted), CHUNK):
        chunk = [sqlite3.Binary(name) for name in wanted[start : start + CHUNK]]
        marks = ", ".join("?" * len(chunk))
        query = f"SELECT id, path FROM items WHERE path IN ({marks})"  # noqa: S608 (question marks)
        with lib.transaction() as tx:
            rows |= {bytes(row[1]): row[0] for row in tx.query(query, chunk)}
    items = {item.id: item for item in items_by_id(lib, rows.values())}
    return {path: items[rows[name]] for path, name in names.items() if rows.get(name) in items}


def _item_in_any_case(lib: Library, path: Path) -> Item | None:
    """The track of a file on a file system that does not tell upper from lower case."""
    if case_sensitive(os.fsencode(path)):
        return None
    return next(iter(lib.items(PathQuery("path", os.fsencode(path)))), None)


def file_path(item: Item) -> Path:
    """Where a track's file lies, as an absolute path."""
    return Path(os.fsdecode(item.path))


def as_track(item: Item) -> Track:
    """A track as a playlist shows it."""
    return Track(file_path(item), item.artist, item.title, item.length, item.album, item.mb_trackid)


def display_name(track: Track) -> str:
    """Artist and title on one line; the file's name for a track without a title."""
    return " - ".join(filter(None, (one_line(track.artist), one_line(track.title) or one_line(track.path.name))))


def album_name(album: Album) -> str:
    return " - ".join(filter(None, (one_line(album.albumartist), one_line(album.album))))


def matching_ids(lib: Library, text: str, kind: type[Item] | type[Album]) -> set[int]:
    """Ids of the tracks or albums that a query finds. Raises UserError for a query that is none."""
    try:
        query, _ = parse_query_string(text, kind)
        where, values = query.clause()
        if where and not query.field_names & kind.other_db_fields:
            # Without making an object of each: a scope may well be half of the library.
            with lib.transaction() as tx:
                rows = tx.query(f"SELECT id FROM {kind._table} WHERE {where}", values)  # noqa: S608 (beets' own clause)
                return {row[0] for row in rows}
        return {found.id for found in (lib.items if kind is Item else lib.albums)(query)}
    except (ParsingError, UnicodeError, OverflowError) as error:  # the latter two: of what SQLite cannot keep
        reason = error if isinstance(error, ParsingError) else "no track can have such a value"
        raise UserError(f"{text!r} is not a query: {reason}") from error

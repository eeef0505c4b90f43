"""Files that are not what they were when their audio key was last known: retagged, or another song by now.

The slice store notes the size and time of each file. What differs is looked at by its audio key, which tags do not change.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from beets.library import Item

from deejai_core.embedding.slices import FileNote, SliceStore

from .fields import KEY
from .library import attribute_values, file_path, items_by_id, open_store, store_path

if TYPE_CHECKING:
    from beets.library import Library


def note_of(path: bytes, key: str) -> FileNote | None:
    """What a file of this audio key is like now; None if it is not there."""
    try:
        status = os.stat(path)  # noqa: PTH116 (there may be a hundred thousand, and an object of each takes time)
    except (OSError, ValueError):
        return None
    return FileNote(path, key, status.st_size, status.st_mtime_ns)


def look_at_files(lib: Library, store: SliceStore) -> tuple[set[int], list[FileNote]]:
    """Ids of the tracks whose files have changed, and notes to be kept of files of which there is none yet.

    A file that is not there has not changed. One look at each file, and nothing is read of it.
    """
    paths, noted = _paths(lib), store.files()
    changed, unknown = set(), []
    for id_, key in attribute_values(lib, KEY).items():
        note = note_of(paths[id_], key) if id_ in paths else None
        if note is None:
            continue
        before = noted.get(note.path)
        if before is None or before.key != key:  # the track came here since
            unknown.append(note)
        elif before != note:
            changed.add(id_)
    return changed, unknown


def note_imported(lib: Library, items: Iterable[Item]) -> None:
    """Note what the files of new tracks are like, now that the import has put them where they stay."""
    if not store_path(lib).exists():
        return
    current = items_by_id(lib, [item.id for item in items])
    keys = [(os.fsencode(file_path(item)), item.get(KEY, with_album=False)) for item in current]
    notes = [note for path, key in keys if key and (note := note_of(path, key))]
    with open_store(lib) as store:
        store.note_files(notes)


def _paths(lib: Library) -> dict[int, bytes]:
    """Where each track's file lies, without making an object of each track."""
    kind = Item._type("path")
    with lib.transaction() as tx:
        rows = tx.query("SELECT id, path FROM items")
    return {row[0]: path for row in rows if (path := kind.from_sql(row[1]))}

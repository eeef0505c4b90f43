"""Finds files that have changed since their audio key was computed: retagged, or a different song.

The slice store notes the size and time of each file. If they differ, the file's audio key is computed again, which tags do
not change.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from deejai_core.data_folder import slices_path
from deejai_core.embedding.slices import FileNote, SliceStore, open_slices
from deejai_core.errors import UnmountedError
from deejai_core.library import Library


def note_of(path: Path, key: str) -> FileNote | None:
    """Return the state of a file with this audio key; None if it is missing."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return FileNote(os.fsencode(path), key, status.st_size, status.st_mtime_ns)


def look_at_files(
    files: Mapping[int, bytes], keys: Mapping[int, str], store: SliceStore
) -> tuple[set[int], list[FileNote]]:
    """Return the ids of the tracks whose files have changed, and notes about files that have none yet.

    files: the library's, see `Library.files`. keys: the audio keys of those whose recording is known. A missing file has
    not changed. Each file is checked once, and nothing is read from it.
    """
    noted = store.files()
    changed, unknown = set(), []
    for id_, name in files.items():
        key = keys.get(id_)
        if key is None or not name:
            continue
        try:
            status = os.stat(name)  # noqa: PTH116 (there may be a hundred thousand, and pathlib's takes twice as long)
        except (OSError, ValueError):
            continue
        now = (name, key, status.st_size, status.st_mtime_ns)
        before = noted.get(name)
        if before == now:
            continue
        if before is None or before[1] != key:  # the track came here since
            unknown.append(FileNote(*now))
        else:
            changed.add(id_)
    return changed, unknown


def note_files(library: Library, ids: Iterable[int]) -> None:
    """Note the state of the files of these tracks, for instance when an import has put them in their final place."""
    if not slices_path(library).exists():
        return
    tracks = library.tracks(ids)
    recordings = library.recordings(tracks)
    notes = [note for id_, track in tracks.items() if id_ in recordings and (note := note_of(track.path, recordings[id_]))]
    with open_slices(library) as store:
        store.note_files(notes)


def check_mounted(paths: Iterable[Path]) -> None:
    """Raise UnmountedError if the common folder of all these files is missing or empty."""
    root = Path(os.path.commonpath([path.parent for path in paths]))
    try:
        there = any(root.iterdir())
    except OSError:
        there = False
    if not there:
        raise UnmountedError(f"{root}: this folder is missing or empty; is the drive mounted?", hint="analyse later")

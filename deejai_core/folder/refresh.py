"""Brings the data of a folder library up to date with its files: added, changed, moved and removed ones.

This depends on three things: the stored data, the files in the folder, and the content of new and changed files. If the
file of a track is gone but its recording is known, the track is kept as "lost", so that it is recognised wherever the
recording turns up, now or years later.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from deejai_core.audio.metadata import Metadata
from deejai_core.audio.sandbox import Decoder
from deejai_core.database import Database
from deejai_core.errors import AudioError, UnavailableError
from deejai_core.folder.names import is_name, stem_of, suffix_of, text_of, words_in
from deejai_core.folder.tables import METADATA, touch_vectors, writing
from deejai_core.folder.walk import Stamp, is_below, music_files

CHUNK = 300  # files in one transaction
MOST_DECODERS = 4
WORTH_A_DECODER = 50  # files that can be read in the time that starting a process takes
SECONDS, MEMORY = 60, 2_000_000_000  # limits for a file
NEVER = Stamp(-1, -1)  # of a file that could not be read this time: it will be read again


@dataclass
class Refreshed:
    """How many tracks were added, changed, found elsewhere and removed; and which folders could not be read."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    gone: int = 0
    unreadable: list[Path] = field(default_factory=list)  # the data of tracks there are kept


class Known(NamedTuple):
    id: int
    stamp: Stamp
    lost: bool


class Reading(NamedTuple):
    """The content of a file. stamp: `NEVER` if it could not be read this time. key: its audio key, if requested."""

    name: bytes
    stamp: Stamp
    metadata: Metadata
    key: str = ""


def refresh(
    opened: Callable[[], contextlib.AbstractContextManager[Database]],
    music: Path,
    data: Path,
    on_progress: Callable[[int, int], None] | None,
) -> Refreshed:
    """Implement `FolderLibrary.refresh`. opened: opens the library's file."""
    with opened() as database:
        known = _known(database)  # before the files: tracks that another process adds meanwhile must not count as gone
    files, unreadable = music_files(music, data)
    result = Refreshed(unreadable=[music / os.fsdecode(name) for name in unreadable])
    gone = [
        track.id for name, track in known.items() if not track.lost and name not in files and not is_below(name, unreadable)
    ]
    back = [track.id for name, track in known.items() if track.lost and files.get(name) == track.stamp]
    to_read = sorted(name for name, stamp in files.items() if name not in known or known[name].stamp != stamp)
    result.added += len(back)
    with opened() as database:
        for ids, is_lost in ((gone, 1), (back, 0)):
            for start in range(0, len(ids), CHUNK):
                with writing(database):
                    _set_lost(database, ids[start : start + CHUNK], is_lost)
        lost = Lost(database)
        with contextlib.closing(Reader(music, known, lost).read([(name, files[name]) for name in to_read])) as readings:
            for done, batch in readings:
                with writing(database):
                    _store(database, batch, lost, result)
                if on_progress:
                    on_progress(done, len(to_read))
        if gone or to_read:  # otherwise the medium may be read-only
            with writing(database):
                _forget(database)
    result.gone = len(lost.still.intersection(gone))
    return result


def _known(database: Database) -> dict[bytes, Known]:
    rows = database.select("SELECT path, id, size, mtime_ns, lost FROM tracks", of=(bytes, int, int, int, int))
    return {path: Known(id_, Stamp(size, mtime_ns), bool(lost)) for path, id_, size, mtime_ns, lost in rows}


def _set_lost(database: Database, ids: list[int], lost: int) -> None:
    connection = database.connection
    changed = [
        id_
        for id_ in ids
        if connection.execute("UPDATE tracks SET lost = ? WHERE id = ? AND lost != ?", (lost, id_, lost)).rowcount
    ]
    touch_vectors(database, changed)


def _forget(database: Database) -> None:
    """Remove lost tracks without anything to recognise them by, and albums without tracks."""
    database.connection.execute("DELETE FROM tracks WHERE lost AND audio_key = ''")
    database.connection.execute("DELETE FROM vectors WHERE track_id NOT IN (SELECT id FROM tracks)")
    database.connection.execute("DELETE FROM albums WHERE id NOT IN (SELECT album_id FROM tracks)")


class Lost:
    """The lost tracks, by what identifies them."""

    def __init__(self, database: Database) -> None:
        columns = ", ".join(METADATA)
        text = "path, id, audio_key, size, mtime_ns"
        rows = database.connection.execute(f"SELECT {text}, {columns} FROM tracks WHERE lost")  # noqa: S608 (constants)
        self.still: set[int] = set()  # those that have not been found yet
        self._names: dict[int, bytes] = {}
        self._places: dict[int, list[list[int]]] = {}  # the lists that contain each
        self._same: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        self._keys: dict[str, list[int]] = defaultdict(list)
        self._seconds: set[int] = set()
        with database.errors():
            for name, id_, key, size, mtime_ns, *metadata in rows:
                if not is_name(name) or not isinstance(metadata[METADATA.index("length")], float):
                    raise database.damaged("a lost track")
                self.still.add(id_)
                self._names[id_] = name
                places = [self._same[(size, mtime_ns, *metadata)], *([self._keys[key]] if key else [])]
                for others in places:
                    others.append(id_)
                self._places[id_] = places
                if key:
                    seconds = int(metadata[METADATA.index("length")])
                    self._seconds |= {seconds - 1, seconds, seconds + 1}  # an estimate, which may vary

    def is_plain(self, stamp: Stamp, metadata: Metadata) -> bool:
        """Return whether a new file is certainly one of them: only its place has changed."""
        return len(self._same.get((*stamp, *astuple(metadata)), [])) == 1

    def may_have(self, metadata: Metadata) -> bool:
        """Return whether a new file may be one of them, so that reading its audio key is worthwhile."""
        return int(metadata.length) in self._seconds

    def find(self, reading: Reading) -> int | None:
        """Return the lost track that a new file is, or None."""
        same = self._same.get((*reading.stamp, *astuple(reading.metadata)), [])
        if len(same) == 1:
            return same[0]
        found = self._keys.get(reading.key, [])
        file_name = reading.name.rpartition(b"/")[2]
        return min(found, key=lambda id_: (self._names[id_].rpartition(b"/")[2] != file_name, id_), default=None)

    def drop(self, id_: int) -> None:
        """Remove a track that was found."""
        self.still.discard(id_)
        for others in self._places.pop(id_, ()):
            others.remove(id_)


class Reader:
    """Reads metadata in separate processes, several files at a time."""

    def __init__(self, music: Path, known: dict[bytes, Known], lost: Lost) -> None:
        self._music, self._known, self._lost = music, known, lost
        self._decoders: queue.SimpleQueue[Decoder] = queue.SimpleQueue()

    def read(self, files: Sequence[tuple[bytes, Stamp]]) -> Generator[tuple[int, list[Reading]], None, None]:
        """Yield how many files are done, and the content of the last ones, in order."""
        number = min(MOST_DECODERS, os.cpu_count() or 1, len(files) // WORTH_A_DECODER + 1)
        decoders = [Decoder(seconds=SECONDS, memory=MEMORY) for _ in range(number)]
        for decoder in decoders:
            self._decoders.put(decoder)
        try:
            with ThreadPoolExecutor(number) as pool:
                for start in range(0, len(files), CHUNK):
                    some = files[start : start + CHUNK]
                    try:
                        batch = list(pool.map(self._read_file, some))
                    except BaseException:
                        pool.shutdown(cancel_futures=True)
                        raise
                    yield start + len(some), batch
        finally:
            for decoder in decoders:
                decoder.close()

    def _read_file(self, file: tuple[bytes, Stamp]) -> Reading:
        name, stamp = file
        path = self._music / os.fsdecode(name)
        decoder = self._decoders.get()
        try:
            metadata, key = decoder.metadata(path), ""
            metadata = replace(metadata, title=metadata.title or stem_of(name))
            if name not in self._known and not self._lost.is_plain(stamp, metadata) and self._lost.may_have(metadata):
                key = decoder.key(path)
            return Reading(name, stamp, metadata, key)
        except UnavailableError:
            return Reading(name, NEVER, _by_name(name))
        except AudioError:
            return Reading(name, stamp, _by_name(name))
        finally:
            self._decoders.put(decoder)


def _by_name(name: bytes) -> Metadata:
    """Return the metadata that a file's name suggests."""
    return Metadata(title=stem_of(name), format=suffix_of(name))


def _store(database: Database, batch: list[Reading], lost: Lost, result: Refreshed) -> None:
    """Store the content of files in their tracks. New files become tracks, or are recognised as lost ones."""
    connection = database.connection
    albums: dict[tuple[bytes, str, str], int] = {}
    for reading in batch:
        row = connection.execute("SELECT id, lost FROM tracks WHERE path = ?", (reading.name,)).fetchone()
        if reading.stamp == NEVER and row:
            continue  # the old data are better than none
        id_, was_lost = row or (_still_lost(connection, lost.find(reading)), 1)
        if row:
            result.changed += not was_lost
            result.added += bool(was_lost)
        elif id_ is None:
            result.added += 1
        else:
            result.moved += 1
        if id_ is not None:
            lost.drop(id_)
        values = (*_values(reading), _album(connection, albums, reading))
        if id_ is None:
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO tracks ({', '.join(WRITTEN)}) VALUES ({marks})", values)  # noqa: S608
        else:
            names = ", ".join(f"{name} = ?" for name in WRITTEN)
            connection.execute(f"UPDATE tracks SET lost = 0, {names} WHERE id = ?", (*values, id_))  # noqa: S608
            if was_lost:
                touch_vectors(database, [id_])


def _still_lost(connection: sqlite3.Connection, id_: int | None) -> int | None:
    """Return the lost track, or None if another process has found it meanwhile."""
    return id_ if connection.execute("SELECT 1 FROM tracks WHERE id = ? AND lost", (id_,)).fetchone() else None


WRITTEN = ("path", "size", "mtime_ns", *METADATA, "words", "album_id")


def _values(reading: Reading) -> tuple[Any, ...]:
    metadata = reading.metadata
    words = words_in(metadata.artist, metadata.title, metadata.album, text_of(reading.name))
    return (reading.name, *reading.stamp, *astuple(metadata), words)


def _album(connection: sqlite3.Connection, albums: dict[tuple[bytes, str, str], int], reading: Reading) -> int:
    """Return the number of a track's album, which is created if necessary; 0 for none."""
    metadata = reading.metadata
    if not metadata.album:
        return 0
    album = (reading.name.rpartition(b"/")[0], metadata.albumartist or metadata.artist, metadata.album)
    if album not in albums:
        connection.execute("INSERT OR IGNORE INTO albums (folder, artist, title) VALUES (?, ?, ?)", album)
        (albums[album],) = connection.execute(
            "SELECT id FROM albums WHERE folder = ? AND artist = ? AND title = ?", album
        ).fetchone()
    return albums[album]

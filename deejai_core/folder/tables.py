"""The tables of a FolderLibrary's file, and the values that they may have. docs/storage.md describes it."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator

from deejai_core.database import Database, Schema, Whole
from deejai_core.folder.names import is_name

# lost: the file is missing; its track waits for the recording to turn up again. vectors: mark numbers each change, also of
# the recording; a row without a vector means that the track no longer has one. writes: the last marks of some changes, with
# a token that distinguishes them from those of a copy of this file that developed differently.
SCRIPT = """
BEGIN;
CREATE TABLE IF NOT EXISTS tracks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    lost INTEGER NOT NULL DEFAULT 0,
    audio_key TEXT NOT NULL DEFAULT '',
    album_id INTEGER NOT NULL DEFAULT 0,
    artist TEXT NOT NULL,
    albumartist TEXT NOT NULL,
    title TEXT NOT NULL,
    album TEXT NOT NULL,
    length REAL NOT NULL,
    recording TEXT NOT NULL,
    tempo REAL NOT NULL,
    key TEXT NOT NULL,
    year INTEGER NOT NULL,
    genres TEXT NOT NULL,
    disc INTEGER NOT NULL,
    track INTEGER NOT NULL,
    format TEXT NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS tracks_of_albums ON tracks (album_id);
CREATE TABLE IF NOT EXISTS albums (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder BLOB NOT NULL,
    artist TEXT NOT NULL,
    title TEXT NOT NULL,
    UNIQUE (folder, artist, title)
);
CREATE TABLE IF NOT EXISTS vectors (
    mark INTEGER PRIMARY KEY AUTOINCREMENT,
    track_id INTEGER NOT NULL UNIQUE,
    model TEXT NOT NULL,
    vector BLOB
);
CREATE TABLE IF NOT EXISTS fields (
    name TEXT NOT NULL,
    track_id INTEGER NOT NULL,
    value NOT NULL,
    PRIMARY KEY (name, track_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS writes (mark INTEGER PRIMARY KEY, token TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS origin (music BLOB NOT NULL);
INSERT OR IGNORE INTO writes VALUES (0, hex(randomblob(16)));
PRAGMA user_version = 1;
COMMIT;
"""

SCHEMA = Schema(1, SCRIPT, hint="repair the library")

METADATA = (  # columns, as `deejai_core.audio.metadata.Metadata` names them
    "artist",
    "albumartist",
    "title",
    "album",
    "length",
    "recording",
    "tempo",
    "key",
    "year",
    "genres",
    "disc",
    "track",
    "format",
)
KINDS = {"length": float, "tempo": float, "year": int, "disc": int, "track": int}  # types of values; all others are text

KEPT_WRITES = 10_000  # the number of transactions after which a bookmark is too old

Value = str | int | float  # of a field


def is_length(seconds: object) -> bool:
    return isinstance(seconds, float) and 0 <= seconds < math.inf


@contextlib.contextmanager
def writing(database: Database) -> Iterator[sqlite3.Connection]:
    """Run a transaction. Raises StoreError."""
    with database.errors(), database.transaction():
        yield database.connection


def note_write(database: Database) -> None:
    """Call at the end of a transaction that has changed vectors, so that bookmarks notice it."""
    database.connection.execute(
        "INSERT OR IGNORE INTO writes SELECT seq, hex(randomblob(16)) FROM sqlite_sequence WHERE name = 'vectors'"
    )
    database.connection.execute(
        "DELETE FROM writes WHERE mark <= (SELECT mark FROM writes ORDER BY mark DESC LIMIT 1 OFFSET ?)", (KEPT_WRITES,)
    )


def forget_vectors(database: Database, ids: list[int]) -> None:
    """Remove the vectors of these tracks, and leave a mark of the change."""
    database.connection.executemany(
        "INSERT OR REPLACE INTO vectors (track_id, model, vector) SELECT id, '', NULL FROM tracks WHERE id = ?",
        [(id_,) for id_ in ids],
    )
    note_write(database)


def touch_vectors(database: Database, ids: list[int]) -> None:
    """Give these tracks new marks: whatever follows the library must look at them again."""
    database.connection.executemany(
        "INSERT OR REPLACE INTO vectors (track_id, model, vector) "
        "SELECT id, COALESCE(model, ''), vector FROM tracks LEFT JOIN vectors ON track_id = id WHERE id = ?",
        [(id_,) for id_ in ids],
    )
    note_write(database)


WHOLE: Whole = {
    "tracks": lambda path, size, mtime_ns, lost, audio_key, album_id, words, **metadata: (
        is_name(path)
        and all(isinstance(value, int) for value in (size, mtime_ns, lost, album_id))
        and all(isinstance(value, str) for value in (audio_key, words))
        and all(isinstance(metadata[name], KINDS.get(name, str)) for name in METADATA)
        and is_length(metadata["length"])
        and is_length(metadata["tempo"])
        and metadata["id"] > 0
    ),
    "albums": lambda folder, artist, title, **_: (
        (folder == b"" or is_name(folder)) and isinstance(artist, str) and isinstance(title, str)
    ),
    "vectors": lambda mark, track_id, model, vector: (
        mark > 0 and isinstance(track_id, int) and isinstance(model, str) and isinstance(vector, bytes | None)
    ),
    "fields": lambda name, track_id, value: (
        isinstance(name, str) and isinstance(track_id, int) and isinstance(value, Value)
    ),
    "origin": lambda music: isinstance(music, bytes) and b"\0" not in music,
}

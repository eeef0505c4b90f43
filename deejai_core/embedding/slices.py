"""The slice store: the trunk's output for the windows of every recording, on disk.

It holds hours of analysis; everything else can be computed from it. It is one SQLite file beside the library, with audio
keys as keys, so that moved, renamed, retagged and re-imported files keep their slices. docs/storage.md describes it.

It also holds the count that the library's vectors were last computed from: which recordings were the reference, and how
many of them share the word of each slice. Triggers keep the count true, whatever replaces or removes slices.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import numpy as np

from deejai_core.data_folder import slices_path
from deejai_core.database import Database, Row, Schema, Types, Whole, rebuild
from deejai_core.library import Library

SCHEMA_VERSION = 5

COUNT_TABLES = (
    "CREATE TABLE IF NOT EXISTS weighing (model TEXT NOT NULL, trunk TEXT NOT NULL, epsilon REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS reference (key TEXT PRIMARY KEY, trunk BLOB) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS counts (key TEXT PRIMARY KEY, others BLOB NOT NULL) WITHOUT ROWID",
    *(
        f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON slices "  # noqa: S608 (our own names)
        "WHEN OLD.model = (SELECT trunk FROM weighing) BEGIN "
        "UPDATE reference SET trunk = OLD.trunk WHERE key = OLD.key AND trunk IS NULL; "
        "DELETE FROM counts WHERE key = OLD.key; END"
        for name, event in (("slices_replaced", "UPDATE OF trunk"), ("slices_dropped", "DELETE"))
    ),
)

FILE_TABLES = (
    "CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, key TEXT, size INTEGER, mtime_ns INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS again (model TEXT, key TEXT, PRIMARY KEY (model, key)) WITHOUT ROWID",
)

SCRIPT = f"""
BEGIN;
CREATE TABLE IF NOT EXISTS slices (
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    trunk BLOB NOT NULL,
    crc INTEGER,
    PRIMARY KEY (model, key)
);
CREATE TABLE IF NOT EXISTS failures (
    path BLOB PRIMARY KEY,
    size INTEGER,
    mtime_ns INTEGER,
    reason TEXT NOT NULL,
    failed_at TEXT NOT NULL,
    lasting INTEGER NOT NULL DEFAULT 1,
    attempts INTEGER NOT NULL DEFAULT 1
);
{";".join(COUNT_TABLES + FILE_TABLES)};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

SCHEMA = Schema(
    SCHEMA_VERSION,
    SCRIPT,
    {
        1: (
            "ALTER TABLE failures ADD COLUMN lasting INTEGER NOT NULL DEFAULT 1",
            "ALTER TABLE failures ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1",
        ),
        2: COUNT_TABLES,
        3: FILE_TABLES,
        4: ("ALTER TABLE slices ADD COLUMN crc INTEGER",),
    },
)

STORED = np.dtype("<f2")
COUNTED = np.dtype("<u2")  # more than any reference has tracks
INFINITE = 0x7C00  # bits that are all set in a two-byte number that is not finite
CHUNK = 500  # keys in one SQL statement


@dataclass(frozen=True)
class Failure:
    """A file that could not be analysed, and its state at that time."""

    path: Path
    reason: str
    size: int | None  # bytes; None if the file was missing
    mtime_ns: int | None
    failed_at: str  # ISO 8601, UTC
    lasting: bool  # whether its content is at fault, not the circumstances
    attempts: int  # failed attempts since the file last changed

    def still_stands(self, retries: int = 0) -> bool:
        """Return whether another try is useless: the file is unchanged, and at fault, or `retries` are used up."""
        unchanged = self.size is not None and (self.size, self.mtime_ns) == _stat(self.path)
        return unchanged and (self.lasting or self.attempts > retries)


class FileNote(NamedTuple):
    """The state of a file when its audio key was last known. There may be a hundred thousand, so this is a plain tuple."""

    path: bytes
    key: str
    size: int  # bytes
    mtime_ns: int


@dataclass(frozen=True, eq=False)
class Weighting:
    """What the stored counts were made with."""

    model: str
    epsilon: float
    reference: Mapping[str, bytes | None]  # by key: its slices as they were counted, if they have changed since


class SliceStore:
    """An open slice store, as a context manager, for the thread that opened it.

    path: of the SQLite file, which is created with its folder if missing. Every method raises StoreError if the file cannot
    be read or written; each change is one transaction.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path, SCHEMA)
        self._connection = self._database.connection
        self._errors = self._database.errors

    def __enter__(self) -> SliceStore:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def keys(self, model: str) -> Set[str]:
        """Return the audio keys of all recordings that `model` has embedded, in the order of the file."""
        rows = self._database.select("SELECT key FROM slices WHERE model = ? ORDER BY rowid", (model,), of=(str,))
        return dict.fromkeys(key for (key,) in rows).keys()

    def known(self, keys: Iterable[str], model: str) -> set[str]:
        """Return which of these recordings `model` has embedded."""
        return {key for (key,) in self._rows("SELECT key FROM slices WHERE model = ?", keys, model, of=(str,))}

    def checksums(self, keys: Iterable[str], model: str) -> dict[str, int | None]:
        """Return the CRC-32 of the stored output of those recordings that `model` has embedded; None if unknown."""
        return dict(self._rows("SELECT key, crc FROM slices WHERE model = ?", keys, model, of=(str, int | None)))

    def has(self, model: str) -> bool:
        """Return whether `model` has embedded any recording; unlike `keys` or `known`, this takes no time."""
        return any(self._database.select("SELECT key FROM slices WHERE model = ? LIMIT 1", (model,), of=(str,)))

    def uncounted(self, model: str) -> set[str]:
        """Return the recordings that `model` has embedded and that have no stored counts."""
        statement = "SELECT key FROM slices s WHERE model = ? AND NOT EXISTS (SELECT 1 FROM counts c WHERE c.key = s.key)"
        return {key for (key,) in self._database.select(statement, (model,), of=(str,))}

    def damage(self, sizes: Mapping[str, int]) -> str:
        """Return what is wrong with the file, its slices or its counts, or "". This reads the whole file.

        sizes: how many numbers per slice the trunks of some models give.
        """
        return self._database.damage({**_lasting_rows(sizes), **COUNT_ROWS}) or self._miscounted(sizes)

    def _miscounted(self, sizes: Mapping[str, int]) -> str:
        with self._errors():
            for model, size in sizes.items():
                (number,) = self._connection.execute(
                    "SELECT count(*) FROM weighing w JOIN counts c JOIN slices s ON s.model = w.trunk AND s.key = c.key "
                    "WHERE w.trunk = ? AND length(c.others) * ? != length(s.trunk)",
                    (model, size),
                ).fetchone()
                if number:
                    return f"counts of other slices: {number:,}"
        return ""

    def drop(self, keys: Iterable[str], model: str) -> None:
        """Delete recordings."""
        with self._errors(), self._connection:
            self._connection.executemany("DELETE FROM slices WHERE model = ? AND key = ?", [(model, key) for key in keys])

    def put(self, key: str, model: str, trunk: np.ndarray) -> None:
        """Store the trunk's output (n, trunk_size) for a recording as float16, in place of an earlier one."""
        data = np.ascontiguousarray(trunk, STORED).tobytes()
        with self._errors(), self._connection:
            self._connection.execute("DELETE FROM again WHERE model = ? AND key = ?", (model, key))
            self._connection.execute(
                "INSERT INTO slices VALUES (?, ?, ?, ?) ON CONFLICT (model, key) DO UPDATE "
                "SET trunk = excluded.trunk, crc = excluded.crc WHERE (trunk, crc) IS NOT (excluded.trunk, excluded.crc)",
                (key, model, data, zlib.crc32(data)),
            )

    def embed_again(self, keys: Iterable[str], model: str) -> None:
        """Mark recordings to be embedded again, because their stored output is lost."""
        with self._errors(), self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO again VALUES (?, ?)", [(model, key) for key in keys])

    def to_embed_again(self, model: str) -> set[str]:
        """Return the keys of recordings that `embed_again` has marked, and that were not embedded since."""
        return {key for (key,) in self._database.select("SELECT key FROM again WHERE model = ?", (model,), of=(str,))}

    def get(self, keys: Iterable[str], model: str, trunk_size: int) -> Iterator[tuple[str, np.ndarray]]:
        """Yield (key, trunk output (n, trunk_size) float16) of those `keys` that exist, in the given order."""
        for key in keys:
            for trunk in self.get_many([key], model, trunk_size).values():
                yield key, np.frombuffer(trunk, STORED).reshape(-1, trunk_size)

    def get_many(self, keys: Iterable[str], model: str, trunk_size: int) -> dict[str, bytes]:
        """Return the stored bytes of those `keys` that exist: faster than `get`, all of it in memory, in any order."""
        statement, types = "SELECT key, trunk, crc FROM slices WHERE model = ?", (str, bytes, int | None)
        found = {}
        for key, trunk, crc in self._rows(statement, keys, model, of=types):
            if not are_slices(trunk, trunk_size, crc):
                raise self._database.damaged("slices of a recording")
            found[key] = trunk
        return found

    def weighting(self) -> Weighting | None:
        """Return what the stored counts were made with; None if there are none."""
        rows = list(self._database.select("SELECT model, epsilon FROM weighing", of=(str, float)))
        if not rows:
            return None
        model, epsilon = rows[0]
        return Weighting(
            model, epsilon, dict(self._database.select("SELECT key, trunk FROM reference", of=(str, bytes | None)))
        )

    def forget_weighting(self) -> None:
        """Delete all counts."""
        with self._errors(), self._connection:
            self._forget_weighting()

    def _forget_weighting(self) -> None:
        for table in ("weighing", "reference", "counts"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 (one of ours)

    def begin_weighting(self, model: str, trunk: str, epsilon: float, reference: Iterable[str]) -> None:
        """Delete all counts; new ones will be against the current recordings of `reference`."""
        with self._errors(), self._connection:
            self._forget_weighting()
            self._connection.execute("INSERT INTO weighing VALUES (?, ?, ?)", (model, trunk, epsilon))
            self._connection.executemany("INSERT INTO reference (key) VALUES (?)", [(key,) for key in reference])

    def continue_weighting(self, reference: Iterable[str], known: Iterable[str], counts: Mapping[str, np.ndarray]) -> None:
        """Use this reference for the counts of `known` recordings from now on; `counts` are those that change."""
        others = self.counted().difference(known)  # if they return to the library, they are counted again
        with self._errors(), self._connection:
            self._drop_counts(others)
            self._connection.execute("DELETE FROM reference")
            self._connection.executemany("INSERT INTO reference (key) VALUES (?)", [(key,) for key in reference])
            self._put_counts(counts)

    def put_counts(self, counts: Mapping[str, np.ndarray]) -> None:
        """Store how many other recordings of the reference share the word of each slice, (n,) by key."""
        with self._errors(), self._connection:
            self._put_counts(counts)

    def _put_counts(self, counts: Mapping[str, np.ndarray]) -> None:
        rows = [(key, np.asarray(others, COUNTED).tobytes()) for key, others in counts.items()]
        self._connection.executemany("INSERT OR REPLACE INTO counts VALUES (?, ?)", rows)

    def get_counts(self, lengths: Mapping[str, int], most: int) -> dict[str, np.ndarray]:
        """Return stored counts, (n,) int64 by key, of those that exist.

        lengths: how many slices each recording has. most: how many other recordings there are.
        """
        found = {}
        for key, others in self._rows("SELECT key, others FROM counts WHERE 1", lengths, of=(str, bytes)):
            if len(others) != lengths[key] * COUNTED.itemsize:
                raise self._database.damaged("counts of other slices")
            found[key] = np.frombuffer(others, COUNTED).astype(np.int64)
            if found[key].max() > most:
                raise self._database.damaged("counts that are too high")
        return found

    def counted(self) -> set[str]:
        """Return the keys of all recordings with stored counts."""
        return {key for (key,) in self._database.select("SELECT key FROM counts", of=(str,))}

    def drop_counts(self, keys: Iterable[str]) -> None:
        """Delete the counts of recordings, because their vectors are no longer computed from them."""
        with self._errors(), self._connection:
            self._drop_counts(keys)

    def _drop_counts(self, keys: Iterable[str]) -> None:
        self._connection.executemany("DELETE FROM counts WHERE key = ?", [(key,) for key in keys])

    def _rows(self, statement: str, keys: Iterable[str], *values: str, of: Types) -> Iterator[Row]:
        keys = list(keys)
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
            places = ", ".join("?" * len(chunk))
            yield from self._database.select(f"{statement} AND key IN ({places})", (*values, *chunk), of=of)

    def put_failure(self, path: Path, reason: str, *, lasting: bool) -> None:
        """Store that a file could not be analysed, with its size and modification time, and the number of attempts."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        before = self.failures().get(path)
        attempts = before.attempts + 1 if before and (before.size, before.mtime_ns) == _stat(path) else 1
        row = (os.fsencode(path), *_stat(path), reason, now, lasting, attempts)
        with self._errors(), self._connection:
            self._connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def files(self) -> dict[bytes, tuple[bytes, str, int, int]]:
        """Return the notes of all files, by path: plain tuples that equal a `FileNote`, since there may be very many."""
        rows = self._database.select("SELECT path, key, size, mtime_ns FROM files", of=(bytes, str, int, int))
        return {row[0]: row for row in rows}

    def note_files(self, notes: Iterable[FileNote]) -> None:
        """Store the state of files, in place of earlier notes."""
        with self._errors(), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", notes)

    def drop_failure(self, path: Path) -> None:
        """Delete the failure of a file that has been analysed since."""
        with self._errors(), self._connection:
            self._connection.execute("DELETE FROM failures WHERE path = ?", (os.fsencode(path),))

    def failures(self) -> dict[Path, Failure]:
        """Return all files that could not be analysed when they were last tried."""
        rows = self._database.select(
            "SELECT path, reason, size, mtime_ns, failed_at, lasting, attempts FROM failures ORDER BY path",
            of=(bytes, str, int | None, int | None, str, int, int),
        )
        found = {}
        for path, reason, size, mtime_ns, failed_at, lasting, attempts in rows:
            if not _is_path(path):
                raise self._database.damaged("a path that is none")
            failure = Failure(Path(os.fsdecode(path)), reason, size, mtime_ns, failed_at, bool(lasting), attempts)
            found[failure.path] = failure
        return found


def open_slices(library: Library) -> SliceStore:
    return SliceStore(slices_path(library))


def are_slices(trunk: object, trunk_size: int = 1, crc: int | None = None) -> bool:
    """Return whether this can be the stored output of a recording: bytes of at least one slice, complete and finite.

    crc: CRC-32 of the stored bytes, if known. If it matches, the numbers need no other check.
    """
    if not isinstance(trunk, bytes) or not trunk or len(trunk) % (trunk_size * STORED.itemsize):
        return False
    if crc is not None:
        return zlib.crc32(trunk) == crc
    return not (np.frombuffer(trunk, COUNTED) & INFINITE == INFINITE).any()


def rebuild_store(path: Path, sizes: Mapping[str, int]) -> Path:
    """Replace a damaged store by a new file with all intact data; return where the damaged one is kept, beside it.

    sizes: how many numbers per slice the trunks of some models give. Raises StoreError if this fails.
    """
    return rebuild(path, SCHEMA, _lasting_rows(sizes))


def _lasting_rows(sizes: Mapping[str, int]) -> Whole:
    """Return checks of whether rows that cannot be computed again are intact."""
    return {
        "slices": lambda key, model, trunk, crc=None: _is_text(key, model) and are_slices(trunk, sizes.get(model, 1), crc),
        "failures": lambda path, size, mtime_ns, reason, failed_at, lasting=1, attempts=1: (
            _is_path(path)
            and _is_text(reason, failed_at)
            and all(isinstance(number, int) for number in (lasting, attempts))
            and all(isinstance(number, int | None) for number in (size, mtime_ns))
        ),
        "files": lambda path, key, size, mtime_ns: (
            _is_path(path) and _is_text(key) and isinstance(size, int) and isinstance(mtime_ns, int)
        ),
        "again": lambda model, key: _is_text(model, key),
    }


COUNT_ROWS: Whole = {
    "weighing": lambda model, trunk, epsilon: _is_text(model, trunk) and isinstance(epsilon, float),
    "reference": lambda key, trunk: _is_text(key) and (trunk is None or are_slices(trunk)),
    "counts": lambda key, others: _is_text(key) and isinstance(others, bytes) and len(others) % COUNTED.itemsize == 0,
}


def _is_text(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_path(value: object) -> bool:
    return isinstance(value, bytes) and b"\0" not in value


def _stat(path: Path) -> tuple[int | None, int | None]:
    try:
        status = path.stat()
    except OSError:
        return None, None
    return status.st_size, status.st_mtime_ns

"""The slice store: what the model's trunk heard in every recording, on disk.

Hours of analysis lie here, everything else can be computed from it. One SQLite file beside the library, keyed by the
recording's audio key, so that moved, renamed, retagged and re-imported files keep theirs. docs/storage.md describes it.

It also holds the count that the library's vectors were last made from: which recordings were the reference, and how many
of them share the word of each slice. Triggers keep it true, whoever replaces or removes slices.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from deejai_core.database import Database, Schema

SCHEMA_VERSION = 3

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

SCRIPT = f"""
BEGIN;
CREATE TABLE IF NOT EXISTS slices (
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    trunk BLOB NOT NULL,
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
{";".join(COUNT_TABLES)};
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
    },
    rescue="restore it from a backup, or move it away and analyse again",
)

STORED = np.dtype("<f2")
COUNTED = np.dtype("<u2")  # more than any reference has tracks
CHUNK = 500  # keys in one SQL statement


@dataclass(frozen=True)
class Failure:
    """A file that could not be analysed, and what it was like then."""

    path: Path
    reason: str
    size: int | None  # bytes; None if the file was not there
    mtime_ns: int | None
    failed_at: str  # ISO 8601, UTC
    lasting: bool  # whether its content is at fault, not the circumstances
    attempts: int  # that failed, since the file last changed

    def still_stands(self, retries: int = 0) -> bool:
        """Whether another try is of no use: the file is as it was, and its content is at fault or `retries` are used up."""
        unchanged = self.size is not None and (self.size, self.mtime_ns) == _stat(self.path)
        return unchanged and (self.lasting or self.attempts > retries)


@dataclass(frozen=True, eq=False)
class Weighing:
    """What the stored counts were made with."""

    model: str
    epsilon: float
    reference: Mapping[str, bytes | None]  # by key: its slices as they were counted, if they are others by now


class SliceStore:
    """An open slice store. A context manager; to be used by the thread that opened it.

    path: of the SQLite file, made with its folder if missing. Every method raises StoreError if the file cannot be read
    or written; each change is one transaction.
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
        """The audio keys of all recordings that `model` has heard, in the order in which they lie in the file."""
        with self._errors():
            rows = self._connection.execute("SELECT key FROM slices WHERE model = ? ORDER BY rowid", (model,))
            return dict.fromkeys(key for (key,) in rows).keys()

    def damage(self) -> str:
        """What SQLite finds wrong with the file; empty if nothing."""
        with self._errors():
            found = [row[0] for row in self._connection.execute("PRAGMA integrity_check(1)")]
        return "" if found == ["ok"] else found[0]

    def misshapen(self, model: str, trunk_size: int) -> list[str]:
        """Keys of recordings whose slices cannot be what the model heard: none at all, or not whole ones."""
        with self._errors():
            rows = self._connection.execute(
                "SELECT key FROM slices WHERE model = ? AND (length(trunk) = 0 OR length(trunk) % ? != 0)",
                (model, trunk_size * STORED.itemsize),
            )
            return [key for (key,) in rows]

    def drop(self, keys: Iterable[str], model: str) -> None:
        """Forget recordings."""
        with self._errors(), self._connection:
            self._connection.executemany("DELETE FROM slices WHERE model = ? AND key = ?", [(model, key) for key in keys])

    def put(self, key: str, model: str, trunk: np.ndarray) -> None:
        """Keep the trunk's output (n, trunk_size) for a recording, in place of an earlier one; stored as float16."""
        data = np.ascontiguousarray(trunk, STORED).tobytes()
        with self._errors(), self._connection:
            self._connection.execute(
                "INSERT INTO slices VALUES (?, ?, ?) "
                "ON CONFLICT (model, key) DO UPDATE SET trunk = excluded.trunk WHERE trunk IS NOT excluded.trunk",
                (key, model, data),
            )

    def get(self, keys: Iterable[str], model: str, trunk_size: int) -> Iterator[tuple[str, np.ndarray]]:
        """(key, trunk output (n, trunk_size) float16) of those `keys` that are there, in the order asked for."""
        with self._errors():
            for key in keys:
                row = self._connection.execute(
                    "SELECT trunk FROM slices WHERE model = ? AND key = ?", (model, key)
                ).fetchone()
                if row:
                    yield key, np.frombuffer(row[0], STORED).reshape(-1, trunk_size)

    def get_many(self, keys: Iterable[str], model: str) -> dict[str, bytes]:
        """The stored bytes of those `keys` that are there: faster than `get`, all of it in memory, in any order."""
        return {row[0]: row[1] for row in self._rows("SELECT key, trunk FROM slices WHERE model = ?", keys, model)}

    def weighing(self) -> Weighing | None:
        """What the stored counts were made with; None if there are none."""
        with self._errors():
            row = self._connection.execute("SELECT model, epsilon FROM weighing").fetchone()
            reference = dict(self._connection.execute("SELECT key, trunk FROM reference"))
        return Weighing(*row, reference) if row else None

    def forget_weighing(self) -> None:
        """Forget all counts."""
        with self._errors(), self._connection:
            self._forget_weighing()

    def _forget_weighing(self) -> None:
        for table in ("weighing", "reference", "counts"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 (one of ours)

    def begin_weighing(self, model: str, trunk: str, epsilon: float, reference: Iterable[str]) -> None:
        """Forget all counts; those to come are against the recordings of `reference` as they are now."""
        with self._errors(), self._connection:
            self._forget_weighing()
            self._connection.execute("INSERT INTO weighing VALUES (?, ?, ?)", (model, trunk, epsilon))
            self._connection.executemany("INSERT INTO reference (key) VALUES (?)", [(key,) for key in reference])

    def go_on_weighing(self, reference: Iterable[str], known: Iterable[str], counts: Mapping[str, np.ndarray]) -> None:
        """The counts of `known` recordings are against these from now on; `counts` are those that this changes."""
        others = self.counted().difference(known)  # should they come back to the library, they are counted anew
        with self._errors(), self._connection:
            self._drop_counts(others)
            self._connection.execute("DELETE FROM reference")
            self._connection.executemany("INSERT INTO reference (key) VALUES (?)", [(key,) for key in reference])
            self._put_counts(counts)

    def put_counts(self, counts: Mapping[str, np.ndarray]) -> None:
        """Keep how many other recordings of the reference share the word of each slice, (n,) by key."""
        with self._errors(), self._connection:
            self._put_counts(counts)

    def _put_counts(self, counts: Mapping[str, np.ndarray]) -> None:
        rows = [(key, np.asarray(others, COUNTED).tobytes()) for key, others in counts.items()]
        self._connection.executemany("INSERT OR REPLACE INTO counts VALUES (?, ?)", rows)

    def get_counts(self, keys: Iterable[str]) -> dict[str, np.ndarray]:
        """What `put_counts` kept, (n,) int64 by key, of those that are there."""
        rows = self._rows("SELECT key, others FROM counts WHERE 1", keys)
        return {key: np.frombuffer(others, COUNTED).astype(np.int64) for key, others in rows}

    def counted(self) -> set[str]:
        """The keys of all recordings whose counts are kept."""
        with self._errors():
            return {key for (key,) in self._connection.execute("SELECT key FROM counts")}

    def drop_counts(self, keys: Iterable[str]) -> None:
        """Forget the counts of recordings, since their vectors are no longer made of them."""
        with self._errors(), self._connection:
            self._drop_counts(keys)

    def _drop_counts(self, keys: Iterable[str]) -> None:
        self._connection.executemany("DELETE FROM counts WHERE key = ?", [(key,) for key in keys])

    def _rows(self, statement: str, keys: Iterable[str], *values: str) -> Iterator[tuple]:
        keys = list(keys)
        with self._errors():
            for start in range(0, len(keys), CHUNK):
                chunk = keys[start : start + CHUNK]
                places = ", ".join("?" * len(chunk))
                yield from self._connection.execute(f"{statement} AND key IN ({places})", (*values, *chunk))

    def put_failure(self, path: Path, reason: str, *, lasting: bool) -> None:
        """Remember that a file could not be analysed, with its size and modification time, and how often by now."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        before = self.failures().get(path)
        same = before is not None and (before.size, before.mtime_ns) == _stat(path)
        row = (os.fsencode(path), *_stat(path), reason, now, lasting, before.attempts + 1 if same else 1)
        with self._errors(), self._connection:
            self._connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def drop_failure(self, path: Path) -> None:
        """Forget that a file failed: it has been analysed since."""
        with self._errors(), self._connection:
            self._connection.execute("DELETE FROM failures WHERE path = ?", (os.fsencode(path),))

    def failures(self) -> dict[Path, Failure]:
        """All files that could not be analysed when last tried."""
        with self._errors():
            rows = self._connection.execute(
                "SELECT path, reason, size, mtime_ns, failed_at, lasting, attempts FROM failures ORDER BY path"
            )
            found = [
                Failure(Path(os.fsdecode(path)), *rest, bool(lasting), attempts) for path, *rest, lasting, attempts in rows
            ]
        return {failure.path: failure for failure in found}


def _stat(path: Path) -> tuple[int | None, int | None]:
    try:
        status = path.stat()
    except OSError:
        return None, None
    return status.st_size, status.st_mtime_ns

"""The slice store: what the model's trunk heard in every recording, on disk.

Hours of analysis lie here, everything else can be computed from it. One SQLite file beside the library, keyed by the
recording's audio key, so that moved, renamed, retagged and re-imported files keep theirs. docs/storage.md describes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from deejai_core.database import Database, Schema

SCHEMA_VERSION = 2

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
    },
    rescue="restore it from a backup, or move it away and analyse again",
)

STORED = np.dtype("<f2")


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

    def keys(self, model: str) -> set[str]:
        """The audio keys of all recordings that `model` has heard."""
        with self._errors():
            return {key for (key,) in self._connection.execute("SELECT key FROM slices WHERE model = ?", (model,))}

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
            self._connection.execute("INSERT OR REPLACE INTO slices VALUES (?, ?, ?)", (key, model, data))

    def get(self, keys: Iterable[str], model: str, trunk_size: int) -> Iterator[tuple[str, np.ndarray]]:
        """(key, trunk output (n, trunk_size) float16) of those `keys` that are there, in the order asked for."""
        with self._errors():
            for key in keys:
                row = self._connection.execute(
                    "SELECT trunk FROM slices WHERE model = ? AND key = ?", (model, key)
                ).fetchone()
                if row:
                    yield key, np.frombuffer(row[0], STORED).reshape(-1, trunk_size)

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

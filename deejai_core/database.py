"""SQLite files of our own: a version in each, changes whole or not at all, and one line when something is wrong."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deejai_core.errors import StoreError

LOCK_TIMEOUT = 60  # seconds to wait for another process that writes


@dataclass(frozen=True)
class Schema:
    """What a file of some kind looks like in its newest version."""

    version: int
    script: str  # makes a new one, with `PRAGMA user_version`
    migrations: Mapping[int, Sequence[str]] = field(default_factory=dict)  # statements from a version to the next
    rescue: str = ""  # what to do with a damaged file


class Database:
    """An open file. To be used by the thread that opened it.

    path: made with its folder if missing; an older version is migrated, a newer one refused untouched. Every method
    raises StoreError if the file cannot be read or written.
    """

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self._schema = schema
        with self.errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT)
            try:
                version = self.connection.execute("PRAGMA user_version").fetchone()[0]
                if version > schema.version:
                    raise StoreError(
                        f"{path}: made by a newer beets-deejai (schema {version}, known here: {schema.version}); "
                        "upgrade beets-deejai"
                    )
                if version == 0:
                    self.connection.executescript(schema.script)
                for older in range(version, schema.version) if version else ():
                    self._migrate(older)
            except BaseException:
                self.connection.close()
                raise

    def close(self) -> None:
        self.connection.close()

    def _migrate(self, version: int) -> None:
        """One version further, in one transaction; unless another process has done it meanwhile."""
        with self.transaction():
            if self.connection.execute("PRAGMA user_version").fetchone()[0] == version:
                for statement in self._schema.migrations[version]:
                    self.connection.execute(statement)
                self.connection.execute(f"PRAGMA user_version = {version + 1}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes of the block, or, after any exception or the end of the process, none."""
        with self.errors():
            self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with self.errors():
                self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Errors of SQLite and of the file system as StoreError."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            broken = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
            rescue = f"; {self._schema.rescue}" if broken and self._schema.rescue else ""
            raise StoreError(f"{self.path}: {error}{rescue}") from error

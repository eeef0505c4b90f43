"""SQLite files of our own: each has a version, changes are atomic, and every problem is one line.

The content of such a file is checked like any other input: its version, its tables and every value that is read. Damage
raises DamagedError, and `rebuild` makes a new file from all intact data.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import Any
from weakref import WeakSet

from deejai_core.errors import DamagedError, StoreError
from deejai_core.files import replacing
from deejai_core.refusals import OF_SQLITE, OWN, refusal, with_remedy

Row = tuple[Any, ...]
Types = tuple[type | UnionType, ...]  # of the values of a row

CHUNK = 500  # rows per SQL statement or transaction: few, because other processes wait for it
LOCK_TIMEOUT = 60  # seconds to wait for another process that writes
FAR_AHEAD = 1000  # versions: no newer program will ever have so many, so it is damage
TOGETHER = 1_000  # rows whose types are checked together, column by column
CAUSE = 120  # characters of SQLite's messages that are shown: some quote the damaged data
# Whether the values of a row, by the names of its columns, are possible; for some tables of a file.
Whole = Mapping[str, Callable[..., bool]]
# The beginnings of SQLite's messages about the circumstances, not about the file.
CIRCUMSTANCES = (*OF_SQLITE, "interrupted", "out of memory")


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """Split values into chunks that one statement may have."""
    values = list(values)
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def marks_for(values: Sequence[object]) -> str:
    """Return as many question marks as there are values, for a statement."""
    return ", ".join("?" * len(values))


@dataclass(frozen=True)
class Schema:
    """The newest schema of a kind of file.

    script: makes a new file, with `PRAGMA user_version`. migrations: statements from each version to the next. hint: what
    to do if a file is damaged, see `errors.HINTS`.
    """

    version: int
    script: str
    migrations: Mapping[int, Sequence[str]] = field(default_factory=dict)
    hint: str = "repair"


def stamp_of(path: Path) -> Hashable:
    """Return a value that changes whenever a database is written to."""
    found = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        with contextlib.suppress(OSError):
            status = file.stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


class Database:
    """An open file, for the thread that opened it.

    path: created with its folder if missing. A file of an older version is copied and then migrated; one of a newer version
    is refused and not changed. Every method raises StoreError if the file cannot be read or written, DamagedError if it
    contains impossible values.
    """

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self._schema = schema
        self._cursors: WeakSet[sqlite3.Cursor] = WeakSet()
        with self.errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink() and not (path.exists() and path.stat().st_size):
                raise StoreError(f"{path}: is a symbolic link that deejai did not make; remove it")
            self.connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT)
            try:
                self._prepare()
            except BaseException:
                self.connection.close()
                raise

    def close(self) -> None:
        # Rows that were not read to the end would lock the file as long as anything, such as an error, refers to them.
        for cursor in self._cursors:
            cursor.close()
        self.connection.close()

    def _prepare(self) -> None:
        newest = self._schema.version
        # In one statement, because another process may be creating the file.
        version, tables = self.connection.execute(
            "SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_user_version"
        ).fetchone()
        if newest < version < FAR_AHEAD:
            raise StoreError(
                f"{self.path}: made by a newer beets-deejai (schema {version}, known here: {newest}); upgrade beets-deejai"
            )
        if version == 0 and not tables:
            self.connection.executescript(self._schema.script)
        elif not 0 < version <= newest:
            raise self.damaged(f"its version is {version}")
        elif version < newest:
            self._migrate()
        if not _tables_made_by(self._schema.script) <= _tables(self.connection):
            raise self.damaged(f"its tables are not those of version {newest}")

    def _migrate(self) -> None:
        """Migrate to the newest version, in one transaction, unless another process has done so meanwhile."""
        with self.transaction():
            (version,) = self.connection.execute("PRAGMA user_version").fetchone()
            if version < self._schema.version:
                with (
                    replacing(self.path.with_name(f"{self.path.name}.version-{version}")) as temporary,
                    contextlib.closing(sqlite3.connect(self.path)) as old,
                    contextlib.closing(sqlite3.connect(temporary)) as new,
                ):
                    old.backup(new)
            for older in range(version, self._schema.version):
                for statement in self._schema.migrations[older]:
                    self.connection.execute(statement)
                self.connection.execute(f"PRAGMA user_version = {older + 1}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as a transaction: all its changes, or, after an exception or the end of the process, none."""
        with self.errors():
            self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with self.errors():
                self.connection.commit()
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # the first error is the one to report
                self.connection.rollback()
            raise

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn errors of SQLite and of the file system into StoreError."""
        try:
            yield
        except OSError as error:
            raise StoreError(refusal(self.path, "cannot be opened", error, OWN)) from error
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the message may quote damaged text
            if "readonly" in str(error) and not self._may_be_written():
                raise self.damaged("its header") from error
            if str(error).startswith(CIRCUMSTANCES):
                raise StoreError(with_remedy(f"{self.path}: {error}", error, OWN)) from error
            raise self.damaged(str(error)) from error

    def _may_be_written(self) -> bool:
        """Return whether the header lets SQLite write to the file: if not, SQLite opens it read-only, and blames the disk.

        Do not call this while anything in this process writes to the file: closing a file drops all locks of the process on
        it.
        """
        with self.path.open("rb") as file:
            return set(file.read(20)[18:]) <= {1, 2}

    def damaged(self, what: str) -> DamagedError:
        """Return the error to raise if the file contains impossible values."""
        shown = "".join(c if c.isprintable() else " " for c in what[:CAUSE])
        return DamagedError(f"{self.path}: damaged ({shown})", hint=self._schema.hint)

    def select(self, statement: str, values: Sequence[Any] = (), *, of: Types) -> Iterator[Row]:
        """Return the rows that a statement finds. Their values must have these types."""
        with self.errors():
            cursor = self.connection.execute(statement, values)
            self._cursors.add(cursor)
            while rows := cursor.fetchmany(TOGETHER):
                for column, wanted in zip(zip(*rows, strict=True), of, strict=False):
                    if not all(issubclass(kind, wanted) for kind in set(map(type, column))):
                        raise self.damaged("a value of a wrong type")
                yield from rows

    def damage(self, whole: Whole) -> str:
        """Return what is wrong with the file or its rows, or "". This reads the whole file."""
        with self.errors():
            if not self._may_be_written():
                return "its header"
            (found,) = self.connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                return str(found)
            with _read(self.path) as connection:
                bad = dict.fromkeys(whole, 0)
                for table, is_whole in whole.items():
                    rows = _dictionaries(connection.execute(f"SELECT * FROM {table}"))  # noqa: S608 (our own names)
                    bad[table] = sum(not _passes(is_whole, row) for row in rows)
        return ", ".join(f"damaged rows of {table}: {number:,}" for table, number in bad.items() if number)


def rebuild(path: Path, schema: Schema, whole: Whole) -> Path:
    """Replace a damaged file by a new one with all intact rows of these tables.

    Returns where the old file is kept, beside the new one. Raises StoreError if this fails; then nothing has changed.
    """
    kept = path.with_name(f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S}")
    try:
        with replacing(path, through_link=True) as temporary:
            new = Database(temporary, schema)
            with contextlib.closing(new), _read(path) as old, new.transaction():
                for table, is_whole in whole.items():
                    _copy_rows(old, new.connection, table, is_whole)
            shutil.copy2(path, kept)
            with contextlib.suppress(FileNotFoundError):  # SQLite would take it for the log of the new file
                Path(f"{path}-journal").rename(f"{kept}-journal")
    except (sqlite3.Error, OSError) as error:
        raise StoreError(refusal(path, "cannot be repaired", error, OWN)) from error
    return kept


def _copy_rows(old: sqlite3.Connection, new: sqlite3.Connection, table: str, is_whole: Callable[..., bool]) -> None:
    columns = new.execute("SELECT name, pk FROM pragma_table_info(?)", (table,)).fetchall()
    (made_by,) = new.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    key = [name for name, place in columns if place] if "WITHOUT ROWID" in made_by else ["rowid"]
    for found in _readable(old, table, key):
        row = {name: found[name] for name, _ in columns if name in found}
        if _passes(is_whole, row):
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            new.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))  # noqa: S608


def _readable(connection: sqlite3.Connection, table: str, key: list[str]) -> Iterator[dict[str, Any]]:
    """Return the rows of a table: from the first one on, and then from the last one back, up to what cannot be read."""
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{name} {direction}" for name in key)
        try:
            yield from _dictionaries(connection.execute(f"SELECT * FROM {table} ORDER BY {order}"))  # noqa: S608
            return
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if "locked" in str(error):
                raise


def _passes(is_whole: Callable[..., bool], row: dict[str, Any]) -> bool:
    try:
        return is_whole(**row)
    except (TypeError, KeyError):  # it lacks columns
        return False


@contextlib.contextmanager
def _read(path: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection that returns invalid text as bytes."""

    def text(data: bytes) -> str | bytes:
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data

    with contextlib.closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT)) as connection:
        connection.text_factory = text
        yield connection


def _dictionaries(rows: sqlite3.Cursor) -> Iterator[dict[str, Any]]:
    names = [column[0] for column in rows.description]
    return (dict(zip(names, row, strict=True)) for row in rows)


def _tables(connection: sqlite3.Connection) -> set[Row]:
    """Return the columns of each table in order, and the statements that create indexes and triggers."""
    return set(
        connection.execute(
            "SELECT m.type, m.name, iif(m.type = 'table', NULL, m.sql), c.cid, c.name, c.type, c.pk "
            "FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c"
        )
    )


@lru_cache
def _tables_made_by(script: str) -> set[Row]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script)
        return _tables(connection)

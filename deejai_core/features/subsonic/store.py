"""What each listener has sent to the server: stars, ratings, plays, the queue and playlists.

It is one SQLite file beside the library. Songs, albums and artists are stored under the ids of `ids`, so everything
survives importing the library again. docs/storage.md describes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deejai_core.database import CHUNK, Database, Row, Schema, Whole, chunks, marks_for, rebuild

SCHEMA_VERSION = 1

# file, digest: where the playlist was last written, and its digest then; "" if it never was.
SCRIPT = f"""
BEGIN;
CREATE TABLE IF NOT EXISTS marks (
    user TEXT NOT NULL,
    item TEXT NOT NULL,
    starred REAL NOT NULL DEFAULT 0,
    rating INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user, item)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS plays (
    user TEXT NOT NULL,
    item TEXT NOT NULL,
    count INTEGER NOT NULL,
    last REAL NOT NULL,
    PRIMARY KEY (user, item)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queues (
    user TEXT PRIMARY KEY,
    place INTEGER NOT NULL,
    position INTEGER NOT NULL,
    changed REAL NOT NULL,
    client TEXT NOT NULL,
    items TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS playlists (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    comment TEXT NOT NULL,
    public INTEGER NOT NULL,
    created REAL NOT NULL,
    changed REAL NOT NULL,
    items TEXT NOT NULL,
    file TEXT NOT NULL DEFAULT '',
    digest TEXT NOT NULL DEFAULT ''
);
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

SCHEMA = Schema(SCHEMA_VERSION, SCRIPT)


@dataclass(frozen=True)
class Mark:
    """starred: seconds since 1970, 0 if not starred. rating: 1 to 5, 0 for none."""

    starred: float = 0
    rating: int = 0


@dataclass(frozen=True)
class Plays:
    """count: how often. last: seconds since 1970."""

    count: int = 0
    last: float = 0


@dataclass(frozen=True)
class Queue:
    """The queue that a client left. place: of the current song in `items`. position: milliseconds. client: its name."""

    items: tuple[str, ...]
    place: int
    position: int
    changed: float
    client: str


@dataclass(frozen=True)
class Playlist:
    """A playlist that a listener made.

    file: where it was last written, inside the playlist folder; digest: of its bytes.
    """

    owner: str
    name: str
    items: tuple[str, ...]
    created: float
    changed: float
    comment: str = ""
    public: bool = False
    id: int = 0  # 0: not stored yet
    file: str = ""
    digest: str = ""


class ListenerStore:
    """An open store, as a context manager, for the thread that opened it.

    path: of the SQLite file, which is created with its folder if missing. Every method raises StoreError if the file cannot
    be read or written; each change is one transaction.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path, SCHEMA)
        self._connection = self._database.connection

    def __enter__(self) -> ListenerStore:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def marks(self, user: str, items: Iterable[str] | None = None) -> dict[str, Mark]:
        """Return what a listener has starred or rated, of these items or of all, with the latest star first."""
        select = "SELECT item, starred, rating FROM marks WHERE user = ?"
        rows = self._rows(select, user, items, "starred DESC, item", (str, float, int))
        return {item: Mark(starred, rating) for item, starred, rating in rows}

    def plays(self, user: str, items: Iterable[str] | None = None) -> dict[str, Plays]:
        """Return what a listener has played, of these items or of all, the latest first."""
        select = "SELECT item, count, last FROM plays WHERE user = ?"
        rows = self._rows(select, user, items, "last DESC, item", (str, int, float))
        return {item: Plays(count, last) for item, count, last in rows}

    def plays_of_others(self, user: str | None) -> dict[str, int]:
        """Return how often all other listeners together have played what they have played."""
        select = "SELECT item, SUM(count) FROM plays WHERE user IS NOT ? GROUP BY item"
        return dict(self._select(select, (user,), of=(str, int)))

    def star(self, user: str, items: Iterable[str], when: float) -> None:
        """Store when a listener has starred items; 0 removes the stars."""
        with self._database.transaction():
            self._connection.executemany(
                "INSERT INTO marks (user, item, starred) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET starred = excluded.starred WHERE excluded.starred = 0 OR starred = 0",
                [(user, item, float(when)) for item in items],
            )
            self._drop_empty_marks()

    def rate(self, user: str, item: str, rating: int) -> None:
        """Store a rating: 1 to 5; 0 removes it."""
        with self._database.transaction():
            self._connection.execute(
                "INSERT INTO marks (user, item, rating) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET rating = excluded.rating",
                (user, item, rating),
            )
            self._drop_empty_marks()

    def _drop_empty_marks(self) -> None:
        self._connection.execute("DELETE FROM marks WHERE starred = 0 AND rating = 0")

    def play(self, user: str, played: Iterable[tuple[str, float]]) -> None:
        """Count plays of items, with their times."""
        with self._database.transaction():
            self._connection.executemany(
                "INSERT INTO plays VALUES (?, ?, 1, ?) "
                "ON CONFLICT DO UPDATE SET count = count + 1, last = MAX(last, excluded.last)",
                [(user, item, float(when)) for item, when in played],
            )

    def queue(self, user: str) -> Queue | None:
        select = "SELECT items, place, position, changed, client FROM queues WHERE user = ?"
        for items, place, position, changed, client in self._select(select, (user,), (str, int, int, float, str)):
            return Queue(self._items(items), place, position, changed, client)
        return None

    def save_queue(self, user: str, queue: Queue) -> None:
        row = (user, queue.place, queue.position, float(queue.changed), queue.client, json.dumps(queue.items))
        with self._database.transaction():
            self._connection.execute("INSERT OR REPLACE INTO queues VALUES (?, ?, ?, ?, ?, ?)", row)

    def playlists(self) -> list[Playlist]:
        """Return all playlists, in the order in which they were made."""
        select = "SELECT owner, name, items, created, changed, comment, public, id, file, digest FROM playlists ORDER BY id"
        kinds = (str, str, str, float, float, str, int, int, str, str)
        return [
            Playlist(owner, name, self._items(items), created, changed, comment, bool(public), *others)
            for owner, name, items, created, changed, comment, public, *others in self._select(select, of=kinds)
        ]

    def save_playlist(self, playlist: Playlist) -> Playlist:
        """Store a playlist in place of the one with its id; return it with its id."""
        row = (
            playlist.id or None,
            playlist.owner,
            playlist.name,
            playlist.comment,
            int(playlist.public),
            float(playlist.created),
            float(playlist.changed),
            json.dumps(playlist.items),
            playlist.file,
            playlist.digest,
        )
        with self._database.transaction():
            cursor = self._connection.execute(f"INSERT OR REPLACE INTO playlists VALUES ({marks_for(row)})", row)  # noqa: S608
        return replace(playlist, id=cursor.lastrowid or playlist.id)

    def delete_playlist(self, id_: int) -> None:
        with self._database.transaction():
            self._connection.execute("DELETE FROM playlists WHERE id = ?", (id_,))

    def items(self) -> set[str]:
        """Return the items that anybody has starred, rated or played."""
        return {item for (item,) in self._select("SELECT item FROM marks UNION SELECT item FROM plays", of=(str,))}

    def rename(self, names: Mapping[str, str]) -> None:
        """Give items other ids. If both ids have data, the first star, one rating and the sum of plays are kept."""
        with self._database.transaction():
            for old, new in names.items():
                self._connection.execute(
                    "INSERT INTO marks SELECT user, ?, starred, rating FROM marks WHERE item = ? "
                    "ON CONFLICT DO UPDATE SET rating = CASE WHEN rating = 0 THEN excluded.rating ELSE rating END, "
                    "starred = CASE WHEN starred = 0 OR excluded.starred = 0 THEN MAX(starred, excluded.starred) "
                    "ELSE MIN(starred, excluded.starred) END",
                    (new, old),
                )
                self._connection.execute(
                    "INSERT INTO plays SELECT user, ?, count, last FROM plays WHERE item = ? "
                    "ON CONFLICT DO UPDATE SET count = count + excluded.count, last = MAX(last, excluded.last)",
                    (new, old),
                )
                for table in ("marks", "plays"):
                    self._connection.execute(f"DELETE FROM {table} WHERE item = ?", (old,))  # noqa: S608 (our own names)

    def damage(self) -> str:
        """Return what is wrong with the file, or ""."""
        return self._database.damage(WHOLE)

    def _rows(self, select: str, user: str, items: Iterable[str] | None, order: str, of: tuple[type, ...]) -> list[Row]:
        wanted = None if items is None else set(items)
        if wanted is None or len(wanted) > CHUNK:
            rows = self._select(f"{select} ORDER BY {order}", (user,), of)
            return rows if wanted is None else [row for row in rows if row[0] in wanted]
        return [
            row
            for some in chunks(wanted)
            for row in self._select(f"{select} AND item IN ({marks_for(some)}) ORDER BY {order}", (user, *some), of)
        ]

    def _select(self, statement: str, values: Sequence[Any] = (), of: tuple[type, ...] = ()) -> list[Row]:
        return list(self._database.select(statement, values, of=of))

    def _items(self, text: str) -> tuple[str, ...]:
        if not _is_items(text):
            raise self._database.damaged("a list of songs is none")
        return tuple(json.loads(text))


def rebuild_listeners(path: Path) -> Path:
    """Make a new file from all intact data; return where the old one is. Raises StoreError."""
    return rebuild(path, SCHEMA, WHOLE)


def _is_items(text: object) -> bool:
    try:
        items = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return False
    return isinstance(items, list) and all(isinstance(item, str) for item in items)


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


WHOLE: Whole = {
    "marks": lambda user, item, starred, rating: (
        _are_texts(user, item) and isinstance(starred, float) and isinstance(rating, int) and 0 <= rating <= 5
    ),
    "plays": lambda user, item, count, last: (
        _are_texts(user, item) and isinstance(count, int) and count > 0 and isinstance(last, float)
    ),
    "queues": lambda user, place, position, changed, client, items: (
        _are_texts(user, client)
        and isinstance(place, int)
        and isinstance(position, int)
        and isinstance(changed, float)
        and _is_items(items)
    ),
    "playlists": lambda id, owner, name, comment, public, created, changed, items, file, digest: (  # noqa: A006 (a column)
        _are_texts(owner, name, comment, file, digest)
        and all(isinstance(value, int) for value in (id, public))
        and all(isinstance(value, float) for value in (created, changed))
        and _is_items(items)
    ),
}

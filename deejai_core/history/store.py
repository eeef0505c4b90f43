"""The history: which songs were put together or played one after another, and in which source.

It is one SQLite file beside the library. Sources give lists of songs, or plays, which are split into lists wherever the
music stopped. A list is a row of song numbers, so that a million playlists fit on any disk. docs/storage.md describes it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np

from deejai_core.database import Database, Row, Schema, Whole, rebuild
from deejai_core.history.mentions import Mention, Play, SongList, sessions
from deejai_core.tracks.songs import normal_artist, normal_title

SCHEMA_VERSION = 1

SCRIPT = f"""
PRAGMA auto_vacuum = FULL;
BEGIN;
CREATE TABLE IF NOT EXISTS sources (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    added_at TEXT NOT NULL,
    UNIQUE (kind, name)
);
CREATE TABLE IF NOT EXISTS songs (
    id INTEGER PRIMARY KEY,
    identity INTEGER NOT NULL UNIQUE,
    artist TEXT NOT NULL,
    title TEXT NOT NULL,
    album TEXT NOT NULL,
    recording TEXT NOT NULL,
    path BLOB
);
CREATE TABLE IF NOT EXISTS lists (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    name TEXT NOT NULL,
    date TEXT NOT NULL,
    songs BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS lists_of ON lists (source);
CREATE TABLE IF NOT EXISTS plays (
    source INTEGER NOT NULL,
    at INTEGER NOT NULL,
    song INTEGER NOT NULL,
    PRIMARY KEY (source, at, song)
) WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

SCHEMA = Schema(SCHEMA_VERSION, SCRIPT)

NUMBERS = np.dtype("<i4")  # the numbers of a list's songs
MOST_SONGS = np.iinfo(NUMBERS).max
MENTION = (str, str, str, str, bytes | None)  # of a song: artist, title, album, recording and path
EARLIEST, LATEST = -62135596800, 253402300799  # the range of dates, in seconds since 1970
CACHE = 64_000  # KB of the file in memory: new songs come in random order for the index of identities
FAMILIAR = 200_000  # songs whose number is remembered while a source is added
CHUNK = 1000  # lists or plays that are written at once

# A play in two sources is that of the older one: exports of a service overlap.
PLAYS = """
SELECT at, song FROM plays AS mine WHERE source = ? AND NOT EXISTS (
    SELECT 1 FROM plays AS other WHERE other.source IN (SELECT id FROM sources WHERE id < mine.source)
    AND other.at = mine.at AND other.song = mine.song
)
"""


@dataclass(frozen=True)
class Source:
    """Where lists and plays come from."""

    kind: str  # such as "files"
    name: str  # which of this kind; may be empty if there is only one


@dataclass(frozen=True)
class Holding:
    """The content of a source."""

    source: Source
    added_at: str  # ISO 8601, UTC; when it was last added
    lists: int
    plays: int
    songs: int  # different ones


@dataclass(frozen=True, eq=False)
class StoredList:
    """Songs in order, by their numbers in the store."""

    name: str
    date: str  # ISO 8601 day; "" if unknown
    songs: np.ndarray  # (n,) int32


class HistoryStore:
    """An open history, as a context manager, for the thread that opened it.

    path: of the SQLite file, which is created with its folder if missing. Every method raises StoreError if the file cannot
    be read or written; each change is one transaction. A reader that is not exhausted keeps others from writing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path, SCHEMA)
        self._connection = self._database.connection
        self._errors = self._database.errors
        with self._errors():
            self._connection.execute(f"PRAGMA cache_size = -{CACHE}")

    def __enter__(self) -> HistoryStore:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def replace(self, source: Source, content: Iterable[SongList | Play]) -> None:
        """Store a source's current content in place of its former one. If `content` fails, the former one stays."""
        with self._database.transaction():
            with self._errors():
                again = self._empty(source)
                number = self._number(source)
            self._fill(number, content)
            if again:
                with self._errors():
                    self._forget_songs()

    def append(self, source: Source, plays: Iterable[Play]) -> int:
        """Add plays to those of a source; return how many are new.

        For sources that come page by page: each call is a transaction of its own, and `newest` shows where to continue.
        """
        with self._database.transaction():
            with self._errors():
                number = self._number(source)
                before = self._count_plays(number)
            self._fill(number, plays)
            with self._errors():
                return self._count_plays(number) - before

    def remove(self, source: Source) -> bool:
        """Remove a source and its content; return whether it existed."""
        with self._database.transaction(), self._errors():
            there = self._empty(source)
            if there:
                self._connection.execute("DELETE FROM sources WHERE kind = ? AND name = ?", (source.kind, source.name))
                self._forget_songs()
            return there

    def newest(self, source: Source) -> int | None:
        """Return when the source's latest play began, in seconds since 1970; None if it has none."""
        ((at,),) = self._database.select(
            "SELECT max(at) FROM plays WHERE source = (SELECT id FROM sources WHERE kind = ? AND name = ?)",
            (source.kind, source.name),
            of=(int | None,),
        )
        return None if at is None else int(at)

    def sources(self) -> list[Source]:
        """Return all sources, in the order in which they were first added."""
        return [Source(*row) for row in self._database.select("SELECT kind, name FROM sources ORDER BY id", of=(str, str))]

    def holdings(self) -> list[Holding]:
        """Return the content of each source, in the same order."""
        rows = self._database.select(
            "SELECT kind, name, added_at, (SELECT count(*) FROM lists WHERE source = sources.id), "
            "(SELECT count(*) FROM plays WHERE source = sources.id) FROM sources ORDER BY id",
            of=(str, str, str, int, int),
        )
        return [
            Holding(source := Source(kind, name), added_at, lists, plays, int((self.frequencies(source) > 0).sum()))
            for kind, name, added_at, lists, plays in list(rows)
        ]

    def songs(self) -> Iterator[tuple[int, Mention]]:
        """Yield all songs with their numbers, which begin with 1 and may have gaps, in ascending order."""
        statement = "SELECT id, artist, title, album, recording, path FROM songs ORDER BY id"
        for row in self._database.select(statement, of=(int, *MENTION)):
            yield row[0], self._mention(row[1:])

    def song(self, number: int) -> Mention | None:
        """Return one song, or None if no song has this number."""
        statement = "SELECT artist, title, album, recording, path FROM songs WHERE id = ?"
        rows = list(self._database.select(statement, (number,), of=MENTION))
        return self._mention(rows[0]) if rows else None

    def _mention(self, row: Row) -> Mention:
        artist, title, album, recording, path = row
        if path is not None and b"\0" in path:
            raise self._database.damaged("a path that is none")
        return Mention(artist, title, album, recording, None if path is None else Path(os.fsdecode(path)))

    def song_limit(self) -> int:
        """Return a number above those of all songs."""
        ((first, limit),) = self._database.select(
            "SELECT coalesce(min(id), 1), coalesce(max(id), 0) + 1 FROM songs", of=(int, int)
        )
        if first < 1 or limit > MOST_SONGS:
            raise self._database.damaged("a song's number")
        return int(limit)

    def lists(self, source: Source | None = None) -> Iterator[StoredList]:
        """Yield the lists of a source, or of all, as they were given, and its plays split into sessions.

        A play that several sources have counts once.
        """
        limit = self.song_limit()
        for number in self._numbers(source):
            statement = "SELECT name, date, songs FROM lists WHERE source = ? ORDER BY id"
            for name, date, songs in self._database.select(statement, (number,), of=(str, str, bytes)):
                yield StoredList(name, date, self._song_numbers_in(songs, limit))
            for at, heard in sessions(self._plays(f"{PLAYS} ORDER BY at, song", number, limit)):
                start = datetime.fromtimestamp(at, timezone.utc)
                yield StoredList(f"{start:%Y-%m-%d %H:%M}", f"{start:%Y-%m-%d}", np.array(heard, NUMBERS))

    def frequencies(self, source: Source | None = None) -> np.ndarray:
        """Return (song_limit,), how often each song is in the lists of a source, or of all, or was played."""
        limit = self.song_limit()
        counts = np.zeros(limit, np.int64)
        for number in self._numbers(source):
            lists = self._database.select("SELECT songs FROM lists WHERE source = ?", (number,), of=(bytes,))
            while chunk := list(islice(lists, CHUNK)):
                _add_counts(counts, self._song_numbers_in(b"".join(songs for (songs,) in chunk), limit))
            plays = self._plays("SELECT at, song FROM plays WHERE source = ?", number, limit)
            while chunk := list(islice(plays, 100 * CHUNK)):
                _add_counts(counts, np.array(chunk)[:, 1])
        return counts

    def drop_strays(self) -> None:
        """Delete lists and plays of missing songs."""
        limit = self.song_limit()
        with self._database.transaction(), self._errors():
            lists = self._connection.execute("SELECT id, songs FROM lists").fetchall()
            strays = [(id_,) for id_, songs in lists if not are_numbers(songs, limit)]
            self._connection.executemany("DELETE FROM lists WHERE id = ?", strays)
            self._connection.execute("DELETE FROM plays WHERE song >= ?", (limit,))

    def _song_numbers_in(self, blob: bytes, limit: int) -> np.ndarray:
        """Return (n,) int32, the songs of a stored list, which are below `limit`."""
        if not are_numbers(blob, limit):
            raise self._database.damaged("a list of songs")
        return np.frombuffer(blob, NUMBERS)

    def _plays(self, statement: str, source: int, limit: int) -> Iterator[tuple[int, int]]:
        """Return when a song was played, and its number, which is below `limit`."""
        for at, song in self._database.select(statement, (source,), of=(int, int)):
            if not (EARLIEST <= at <= LATEST and 0 < song < limit):
                raise self._database.damaged("a play")
            yield at, song

    def damage(self) -> str:
        """Return what is wrong with the file, or "". This reads the whole file."""
        return self._database.damage(_rows(self.song_limit()))

    def _numbers(self, source: Source | None) -> list[int]:
        where, values = ("WHERE kind = ? AND name = ?", (source.kind, source.name)) if source else ("", ())
        rows = self._database.select(f"SELECT id FROM sources {where} ORDER BY id", values, of=(int,))  # noqa: S608
        return [number for (number,) in list(rows)]

    def _number(self, source: Source) -> int:
        """Return the number of a source, which is new or added again now."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._connection.execute(
            "INSERT INTO sources (kind, name, added_at) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, name) DO UPDATE SET added_at = excluded.added_at",
            (source.kind, source.name, now),
        )
        return self._numbers(source)[0]

    def _empty(self, source: Source) -> bool:
        """Delete the content of a source; return whether there is such a source."""
        numbers = self._numbers(source)
        for number in numbers:
            self._connection.execute("DELETE FROM lists WHERE source = ?", (number,))
            self._connection.execute("DELETE FROM plays WHERE source = ?", (number,))
        return bool(numbers)

    def _fill(self, number: int, content: Iterable[SongList | Play]) -> None:
        number_of = lru_cache(FAMILIAR)(self._song_numbers())
        content = iter(content)
        while chunk := list(islice(content, CHUNK)):  # here, its errors are not those of the store
            with self._errors():
                lists, plays = [], []
                for given in chunk:
                    if isinstance(given, Play):
                        plays.append((number, given.at, number_of(given.song)))
                    else:
                        songs = np.array([number_of(song) for song in given.songs], NUMBERS)
                        lists.append((number, _text(given.name), given.date, songs.tobytes()))
                self._connection.executemany("INSERT INTO lists (source, name, date, songs) VALUES (?, ?, ?, ?)", lists)
                self._connection.executemany("INSERT OR IGNORE INTO plays VALUES (?, ?, ?)", plays)

    def _song_numbers(self) -> Callable[[Mention], int]:
        """Return a function that gives a song its number: that of the same song, or the next one."""
        plain_artist = lru_cache(FAMILIAR)(normal_artist)

        def number_of(song: Mention) -> int:
            identity = _identity(song, plain_artist(song.artist), normal_title(song.title))
            row = self._connection.execute("SELECT id FROM songs WHERE identity = ?", (identity,)).fetchone()
            if row:
                return int(row[0])
            path = None if song.path is None else os.fsencode(song.path)
            texts = (_text(song.artist), _text(song.title), _text(song.album), _text(song.recording))
            cursor = self._connection.execute(
                "INSERT INTO songs (identity, artist, title, album, recording, path) VALUES (?, ?, ?, ?, ?, ?)",
                (identity, *texts, path),
            )
            return cursor.lastrowid or 0  # not 0, because a row was inserted

        return number_of

    def _forget_songs(self) -> None:
        """Delete the songs that no source has any more."""
        numbers = np.fromiter((number for (number,) in self._connection.execute("SELECT id FROM songs")), np.int64)
        gone = numbers[self.frequencies()[numbers] == 0]
        self._connection.executemany("DELETE FROM songs WHERE id = ?", ((number,) for number in gone.tolist()))

    def _count_plays(self, number: int) -> int:
        (count,) = self._connection.execute("SELECT count(*) FROM plays WHERE source = ?", (number,)).fetchone()
        return int(count)


def _identity(song: Mention, artist: str, title: str) -> int:
    """Return 64 bits of a song's file, recording, artist and title, equal for all spellings."""
    names = (song.recording.lower(), artist or _text(song.artist), title)
    file = b"" if song.path is None else os.fsencode(song.path)
    data = b"\0".join([*(name.encode("utf-8", "replace") for name in names), file])
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)


def _text(text: str) -> str:
    """Return text that SQLite can store: metadata and names may come from invalid bytes."""
    return text.encode("utf-8", "replace").decode()


def are_numbers(blob: object, limit: int) -> bool:
    """Return whether this can be a stored list: the numbers of songs, all of them below `limit`."""
    if not isinstance(blob, bytes) or len(blob) % NUMBERS.itemsize:
        return False
    songs = np.frombuffer(blob, NUMBERS)
    return not len(songs) or bool(songs.min() > 0 and songs.max() < limit)


def rebuild_history(path: Path) -> Path:
    """Replace a damaged history by a new file with all intact data; return where the damaged one is kept, beside it.

    Raises StoreError if this fails.
    """
    kept = rebuild(path, SCHEMA, _rows(MOST_SONGS))
    with HistoryStore(path) as store:
        store.drop_strays()
    return kept


def _rows(limit: int) -> Whole:
    """Return checks of whether rows are intact. limit: above the numbers of all songs."""

    def is_source(**row: object) -> bool:
        return isinstance(row["id"], int) and _are_texts(row["kind"], row["name"], row["added_at"])

    def is_song(**row: object) -> bool:
        path = row["path"]
        return (
            isinstance(row["id"], int)
            and 0 < row["id"] < limit
            and isinstance(row["identity"], int)
            and _are_texts(*(row[name] for name in ("artist", "title", "album", "recording")))
            and (path is None or (isinstance(path, bytes) and b"\0" not in path))
        )

    def is_list(**row: object) -> bool:
        numbers = isinstance(row["id"], int) and isinstance(row["source"], int)
        return numbers and _are_texts(row["name"], row["date"]) and are_numbers(row["songs"], limit)

    def is_play(source: object, at: object, song: object) -> bool:
        if not (isinstance(source, int) and isinstance(at, int) and isinstance(song, int)):
            return False
        return EARLIEST <= at <= LATEST and 0 < song < limit

    return {"sources": is_source, "songs": is_song, "lists": is_list, "plays": is_play}


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def _add_counts(counts: np.ndarray, numbers: np.ndarray) -> None:
    counts += np.bincount(numbers, minlength=len(counts))

"""The port to a music library over a folder of files and one SQLite file."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deejai_core.database import Database, chunks, rebuild, stamp_of
from deejai_core.errors import LibraryError, QueryError
from deejai_core.folder.names import is_name, text_of, words_in
from deejai_core.folder.refresh import Refreshed, refresh
from deejai_core.folder.rows import (
    COLUMNS,
    OF_COLUMNS,
    album_columns,
    all_albums,
    all_titles,
    checked_length,
    ids_of_names,
    keyed_rows,
    some_rows,
    track_columns,
)
from deejai_core.folder.tables import KINDS, METADATA, SCHEMA, WHOLE, Value, forget_vectors, writing
from deejai_core.folder.vectors import (
    is_still,
    latest_write,
    read_vectors,
    vector_counts,
    vector_models,
    write_vectors,
    written_since,
)
from deejai_core.folder.walk import cover_beside
from deejai_core.formats.entries import Track
from deejai_core.formats.locate import Locator
from deejai_core.library import Album, Kept, Kind, Names, Rows, album_name
from deejai_core.refusals import reason_of
from deejai_core.tracks.songs import Catalogue
from deejai_core.tracks.text import plain
from deejai_core.words import one_line

TRACK = "id, path, artist, title, length, album, recording, format", (int, bytes, str, str, float, str, str, str)


class FolderLibrary:
    """A folder of music files as a `deejai_core.library.Library`. It contains what `refresh` has found.

    folder: of the music. data: the folder of its data, by default `.deejai` inside the music folder. Every method raises
    LibraryError if the music folder is missing, StoreError if `library.db` in `data` cannot be read or written, and
    DamagedError if it contains impossible values. Several threads, and several processes, may use it at once.
    """

    def __init__(self, folder: str | Path, data: str | Path | None = None) -> None:
        self.music_folder = _absolute(folder)
        self.folder = self.music_folder / ".deejai" if data is None else _absolute(data)
        self.path = self.folder / "library.db"
        self._elsewhere = data is not None
        self._prefix = os.path.join(self.music_folder, "")  # noqa: PTH118 (the slash at its end)
        self._check_folder()

    def _check_folder(self) -> None:
        if not self.music_folder.is_dir():
            raise LibraryError(f"{one_line(str(self.music_folder))}: there is no such folder; is its drive mounted?")

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Database]:
        """Open the file for one operation: any thread may call, and changes by another process are noticed."""
        self._check_folder()  # otherwise the file would be created
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = f"{one_line(str(self.folder))}: cannot be made ({reason_of(error)})"
            raise LibraryError(f"{what}; name another folder with `data`") from error
        with contextlib.closing(Database(self.path, SCHEMA)) as database:
            yield database

    def refresh(self, on_progress: Callable[[int, int], None] | None = None) -> Refreshed:
        """Read the new and changed files in the folder.

        A file that was moved, renamed or retagged stays the same track if its recording is known (`keep_recording`) or only
        its place has changed. An interrupted call continues the next time. on_progress: receives the number of files that
        were read, and of all files to read.
        """
        self._check_origin()
        return refresh(self._opened, self.music_folder, self.folder, on_progress)

    def _check_origin(self) -> None:
        """Raise LibraryError if the data belong to another music folder: all its tracks would be lost."""
        if not self._elsewhere:
            return
        ours = os.fsencode(self.music_folder)
        with self._opened() as database:
            for (origin,) in database.select("SELECT music FROM origin", of=(bytes,)):
                if b"\0" in origin:
                    raise database.damaged("a folder that is none")
                if origin == ours:
                    return
                if (other := Path(os.fsdecode(origin))).is_dir():
                    what = f"{one_line(str(self.path))}: holds the data of {one_line(str(other))}"
                    raise LibraryError(f"{what}; name another folder with `data`")
            with writing(database) as connection:
                connection.execute("DELETE FROM origin")
                connection.execute("INSERT INTO origin VALUES (?)", (ours,))

    def damage(self) -> str:
        """Return what is wrong with `library.db`, or "". This reads the whole file."""
        with self._opened() as database:
            return database.damage(WHOLE)

    def repair(self) -> Path:
        """Replace `library.db` by a new file with all intact data; return where the damaged one is kept, beside it."""
        return rebuild(self.path, SCHEMA, WHOLE)

    def is_empty(self) -> bool:
        with self._opened() as database:
            return not list(database.select("SELECT id FROM tracks WHERE NOT lost LIMIT 1", of=(int,)))

    def count(self) -> int:
        with self._opened() as database:
            ((count,),) = database.select("SELECT COUNT(*) FROM tracks WHERE NOT lost", of=(int,))
            return int(count)

    def stamp(self) -> Hashable:
        return stamp_of(self.path)

    def ids(self, kind: Kind = "track") -> list[int]:
        with self._opened() as database:
            if kind == "album":
                return [id_ for (id_,) in all_albums(database)]
            return [id_ for (id_,) in database.select("SELECT id FROM tracks WHERE NOT lost ORDER BY id", of=(int,))]

    def tracks(self, ids: Iterable[int]) -> dict[int, Track]:
        (columns, types), ids, found = TRACK, list(ids), {}
        with self._opened() as database:
            for id_, name, artist, title, length, *rest in some_rows(database, columns, ids, of=types):
                path = self._path(database, name)
                found[id_] = Track(path, artist, title, checked_length(database, length) or None, *rest)
        return _in_order(found, ids)

    def albums(self, ids: Iterable[int]) -> dict[int, Album]:
        ids = list(ids)
        names: dict[int, str] = {}
        members: dict[int, list[int]] = {}
        with self._opened() as database:
            rows = some_rows(
                database,
                "album_id, tracks.id, albums.artist, albums.title",
                ids,
                of=(int, int, str, str),
                by="album_id",
                join="JOIN albums ON albums.id = album_id",
                order="ORDER BY disc, track, path",
            )
            for album, id_, artist, title in rows:
                names[album] = album_name(artist, title)
                members.setdefault(album, []).append(id_)
        return _in_order({album: Album(names[album], tuple(members[album])) for album in members}, ids)

    def albums_of(self, ids: Iterable[int]) -> dict[int, int]:
        with self._opened() as database:
            return {id_: album for id_, album in some_rows(database, "id, album_id", ids, of=(int, int)) if album}

    def find(self, query: str, kind: Kind = "track") -> list[int]:
        """Return the tracks, or albums, that have all words of a query in artist, title, album or path.

        Case and accents do not matter, parts of words match, and "words in quotes" stay together. An empty query finds
        everything. Raises QueryError for an unpaired quotation mark.
        """
        wanted = _words_of(query)
        with self._opened() as database:
            if kind == "track":
                rows = database.select("SELECT id, words FROM tracks WHERE NOT lost ORDER BY id", of=(int, str))
            else:
                albums = all_albums(database, "artist", "title", "folder", of=(str, str, bytes))
                rows = ((id_, words_in(artist, title, text_of(folder))) for id_, artist, title, folder in albums)
            return [id_ for id_, words in rows if all(word in words for word in wanted)]

    def matching(self, query: str, kind: Kind = "track") -> set[int]:
        return set(self.find(query, kind))

    def titled(self, title: str, kind: Kind = "track") -> list[int]:
        wanted = _caseless(title)
        with self._opened() as database:
            return [id_ for id_, other in all_titles(database, kind) if _caseless(other) == wanted]

    def by_artist(self, name: str) -> list[int]:
        wanted = _caseless(name)
        with self._opened() as database:
            rows = database.select("SELECT id, artist FROM tracks WHERE NOT lost ORDER BY id", of=(int, str))
            return [id_ for id_, artist in rows if _caseless(artist) == wanted]

    def titles(self, kind: Kind, shortest: int, longest: int, most: int) -> list[str]:
        with self._opened() as database:
            different = dict.fromkeys(title for _, title in all_titles(database, kind) if shortest <= len(title) <= longest)
        return list(different)[:most]

    def names(self) -> list[Names]:
        select = "SELECT id, title, artist, album, albumartist FROM tracks WHERE NOT lost ORDER BY disc, track, path"
        with self._opened() as database:
            return [Names(*row) for row in database.select(select, of=(int, str, str, str, str))]

    def at(self, paths: Sequence[Path]) -> dict[Path, int]:
        locator, names = Locator(self.music_folder), {path: self._name(path) for path in paths}
        with self._opened() as database:
            known = ids_of_names(database, names.values())
            aliases = {
                path: list(map(self._name, locator.aliases(path))) for path, name in names.items() if name not in known
            }
            known |= ids_of_names(database, (name for others in aliases.values() for name in others))
            found = {}
            for path, name in names.items():
                if (match := next((other for other in (name, *aliases.get(path, ())) if other in known), None)) is not None:
                    found[path] = known[match]
            odd = [path for path, name in names.items() if name and path not in found and os.path.isfile(path)]  # noqa: PTH113 (any name)
            return found | (self._in_any_case(database, odd) if odd else {})

    def _in_any_case(self, database: Database, paths: Sequence[Path]) -> dict[Path, int]:
        """Return files that exist, on a file system that ignores case."""
        folded = {_caseless(str(path)): path for path in paths}
        found = {}
        for name, id_ in database.select("SELECT path, id FROM tracks WHERE NOT lost", of=(bytes, int)):
            ours = self._path(database, name)
            path = folded.get(_caseless(str(ours)))
            if path and _is_same_file(path, ours):
                found[path] = id_
        return found

    def paths(self) -> dict[int, Path]:
        return {id_: Path(os.fsdecode(name)) for id_, name in self.files().items()}

    def files(self) -> dict[int, bytes]:
        with self._opened() as database:
            rows = database.select("SELECT id, path FROM tracks WHERE NOT lost ORDER BY id", of=(int, bytes))
            return {id_: os.fsencode(self._path(database, name)) for id_, name in rows}

    def cover(self, id_: int) -> Path | None:
        with self._opened() as database:
            paths = [self._path(database, name) for (name,) in some_rows(database, "path", [id_], of=(bytes,))]
        return cover_beside(paths[0].parent) if paths else None

    def columns(self, ids: Sequence[int], kind: Kind = "track", *, plays: bool = False) -> Catalogue:
        """Implement `Library.columns`; a folder has no plays."""
        unplayed = {name: np.zeros(len(ids)) for name in ("plays", "skips", "played_at")} if plays else {}
        with self._opened() as database:
            if kind == "album":
                return album_columns(database, ids, unplayed)
            return track_columns(database, ids, dict(keyed_rows(database, COLUMNS, ids, OF_COLUMNS)), unplayed)

    def columns_with_marks(self, ids: Sequence[int]) -> tuple[Catalogue, np.ndarray]:
        marks = "COALESCE((SELECT mark FROM vectors WHERE track_id = tracks.id AND vector IS NOT NULL), 0)"
        with self._opened() as database:
            found = dict(keyed_rows(database, f"{COLUMNS}, {marks}", ids, (*OF_COLUMNS, int)))
            catalogue = track_columns(database, ids, {id_: row[:-1] for id_, row in found.items()}, {})
        return catalogue, np.array([found[id_][-1] if id_ in found else 0 for id_ in ids], np.int64)

    def field(self, name: str, ids: Collection[int] | None = None) -> dict[int, Any]:
        """Implement `Library.field`.

        A folder's own fields are those of `Metadata` (0 and empty text count as missing), and `path`.
        """
        if name == "path":
            paths = self.paths()
            return paths if ids is None else {id_: paths[id_] for id_ in ids if id_ in paths}
        wanted = None if ids is None else sorted(set(ids))
        with self._opened() as database:
            if name in METADATA:
                rows = some_rows(database, f"id, {name}", wanted, of=(int, KINDS.get(name, str)), order="ORDER BY id")
                return {id_: value for id_, value in rows if value}
            rows = some_rows(
                database,
                "id, value",
                wanted,
                of=(int, Value),
                join="JOIN fields ON track_id = id",
                where="AND name = ?",
                values=(_storable(name),),
                order="ORDER BY id",
            )
            return dict(rows)

    def fields(self, names: Sequence[str], ids: Collection[int] | None = None) -> dict[str, dict[int, Any]]:
        return {name: self.field(name, ids) for name in names}

    def has_field(self, name: str) -> bool:
        select = "SELECT 1 FROM fields JOIN tracks ON id = track_id WHERE NOT lost AND name = ? LIMIT 1"
        with self._opened() as database:
            return bool(list(database.select(select, (_storable(name),), of=(int,))))

    def keep_field(self, name: str, values: Mapping[int, Any], recordings: Mapping[int, str]) -> int:
        """Implement `Library.keep_field`; values are text or numbers."""
        if name in METADATA or name == "path":
            raise ValueError(f"{name} is read from the files")
        kept = 0
        for ids in chunks(values):
            with self._opened() as database, writing(database) as connection:
                theirs: dict[int, str] = dict(some_rows(database, "id, audio_key", ids, of=(int, str)))
                still = [id_ for id_ in ids if is_still(theirs, recordings, id_)]
                connection.executemany("DELETE FROM fields WHERE name = ? AND track_id = ?", [(name, id_) for id_ in still])
                rows = [(name, id_, values[id_]) for id_ in still if values[id_] is not None]
                connection.executemany("INSERT INTO fields VALUES (?, ?, ?)", rows)
            kept += len(still)
        return kept

    def recordings(self, ids: Collection[int] | None = None) -> dict[int, str]:
        with self._opened() as database:
            if ids is not None:
                rows = some_rows(database, "id, audio_key", sorted(set(ids)), of=(int, str))
                return dict(sorted((id_, key) for id_, key in rows if key))
            select = "SELECT id, audio_key FROM tracks WHERE NOT lost AND audio_key != '' ORDER BY id"
            return dict(database.select(select, of=(int, str)))

    def keep_recording(self, id_: int, path: Path, key: str) -> bool | None:
        with self._opened() as database, writing(database) as connection:
            row = next(iter(some_rows(database, "path, audio_key", [id_], of=(bytes, str))), None)
            if row is None or row[0] != self._name(path):
                return None
            if row[1] != key:
                connection.execute("UPDATE tracks SET audio_key = ? WHERE id = ?", (key, id_))
                connection.execute("DELETE FROM fields WHERE track_id = ?", (id_,))
                forget_vectors(database, [id_])
            has = "SELECT 1 FROM vectors WHERE track_id = ? AND vector IS NOT NULL"
            return connection.execute(has, (id_,)).fetchone() is not None

    def vectors(self, model: str, dimension: int, ids: Collection[int] | None = None) -> Rows:
        with self._opened() as database:
            return read_vectors(database, _storable(model), dimension, ids)

    def models(self) -> dict[str, int]:
        with self._opened() as database:
            return vector_counts(database)

    def keep_vectors(self, model: str, vectors: Mapping[int, np.ndarray], recordings: Mapping[int, str]) -> Kept:
        kept = Kept(set(), set())
        for ids in chunks(vectors):
            with self._opened() as database:
                current, changed = write_vectors(database, model, {id_: vectors[id_] for id_ in ids}, recordings)
            kept.current.update(current)
            kept.changed.update(changed)
        return kept

    def unusable_vectors(self, model: str, dimension: int) -> dict[int, str]:
        usable = set(self.vectors(model, dimension).ids.tolist())
        with self._opened() as database:
            return {id_: of for id_, of in vector_models(database).items() if id_ not in usable}

    def drop_vectors(self, ids: Iterable[int]) -> None:
        for some in chunks(ids):
            with self._opened() as database, writing(database):
                forget_vectors(database, some)

    def bookmark(self, *, removals: bool = False) -> dict[str, Any]:
        """Implement `Library.bookmark`; it always includes removals."""
        with self._opened() as database:
            return latest_write(database)

    def changed_since(self, bookmark: Mapping[str, Any], *, removals: bool = False) -> list[int] | None:
        """Implement `Library.changed_since`; it always includes removals."""
        with self._opened() as database:
            return written_since(database, bookmark)

    def _path(self, database: Database, name: bytes) -> Path:
        if not is_name(name):
            raise database.damaged("a path that is none")
        return Path(self._prefix + os.fsdecode(name))

    def _name(self, path: Path) -> bytes | None:
        """Return the name of a file relative to the music folder; None if it is not below it."""
        try:
            return os.fsencode(Path(os.path.normpath(path)).relative_to(self.music_folder).as_posix())
        except (ValueError, UnicodeError):
            return None


def _absolute(folder: str | Path) -> Path:
    """Return the absolute path of a file, keeping links."""
    return Path(os.path.abspath(os.path.expanduser(folder)))  # noqa: PTH100, PTH111 (no error for a user who is not there)


def _words_of(query: str) -> list[str]:
    """Return the words of a query, as `plain` text. Raises QueryError."""
    try:
        parts = text_of(os.fsencode(query)).split('"')
    except UnicodeError as error:
        raise QueryError(f"{query!r} is not a query: no file can have such a name") from error
    if len(parts) % 2 == 0:
        raise QueryError(f"{query!r} is not a query: a quotation mark is not closed")
    words = [word for number, part in enumerate(parts) for word in ([part] if number % 2 else part.split())]
    return list(filter(None, map(plain, words)))


def _storable(text: str) -> str:
    """Return text that SQLite accepts; whatever is replaced in it cannot be in the file."""
    return text.encode("utf-8", "replace").decode()


def _caseless(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _is_same_file(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return False


def _in_order(found: Mapping[int, Any], ids: Iterable[int]) -> dict[int, Any]:
    return {id_: found[id_] for id_ in ids if id_ in found}

"""A beets library for deejai's core: it implements the port `deejai_core.library.Library`."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import sqlite3
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from beets.dbcore.query import InvalidQueryError, ParsingError, PathQuery, StringQuery
from beets.dbcore.types import MULTI_VALUE_DELIMITER
from beets.library import Album, Item, parse_query_string
from beets.util import case_sensitive

from deejai_core.database import chunks, stamp_of
from deejai_core.errors import LibraryError, QueryError
from deejai_core.formats.entries import Track
from deejai_core.formats.locate import Locator
from deejai_core.interrupts import uninterrupted
from deejai_core.library import Album as AlbumOfTracks
from deejai_core.library import Kept, Kind, Names, Rows, album_name
from deejai_core.models.tag_set import FIELDS as TAGS
from deejai_core.refusals import OWN, with_remedy

from . import sql
from .attributes import KEY, MODEL, VECTOR, as_text

if TYPE_CHECKING:
    from beets.library import Library

    from deejai_core.tracks.songs import Catalogue

MODELS: dict[Kind, type[Item] | type[Album]] = {"track": Item, "album": Album}
PLAYS = {  # columns of a catalogue, from fields of beets' mpdstats, lastimport and listenbrainz plugins
    "plays": ("play_count", "lastfm_play_count", "listenbrainz_play_count"),
    "skips": ("skip_count",),
    "played_at": ("last_played",),
}


def _reporting(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let any thread call a method, and turn its database errors into LibraryError."""

    @functools.wraps(method)
    def wrapped(self: BeetsLibrary, *args: Any, **options: Any) -> Any:
        try:
            with self.lib.music_dir_context():  # in other threads, paths would be relative
                return method(self, *args, **options)
        except sqlite3.OperationalError as error:
            raise LibraryError(with_remedy(f"library database: {error}", error, OWN)) from error

    return wrapped


def _reporting_all(kind: type) -> type:
    """Apply `_reporting` to each public method of a class."""
    for name, method in list(vars(kind).items()):
        if callable(method) and not name.startswith("_"):
            setattr(kind, name, _reporting(method))
    return kind


@_reporting_all
class BeetsLibrary:
    """A beets library as a `deejai_core.library.Library`."""

    def __init__(self, lib: Library) -> None:
        self.lib = lib
        path = Path(os.fsdecode(lib.path))
        self.folder = path.with_name(f"{path.name}.deejai")
        self.music_folder = Path(os.fsdecode(lib.directory))

    def is_empty(self) -> bool:
        return sql.is_empty(self.lib)

    def count(self) -> int:
        return sql.track_count(self.lib)

    def stamp(self) -> Hashable:
        return stamp_of(Path(os.fsdecode(self.lib.path)))

    def ids(self, kind: Kind = "track") -> list[int]:
        return sql.ids(self.lib, MODELS[kind])

    def tracks(self, ids: Iterable[int]) -> dict[int, Track]:
        ids = list(ids)
        rows = sql.columns(self.lib, "path, artist, title, length, album, mb_trackid, format", ids)
        return {id_: _track(*rows[id_]) for id_ in ids if id_ in rows}

    def albums(self, ids: Iterable[int]) -> dict[int, AlbumOfTracks]:
        ids = list(ids)
        tracks = sql.tracks_of_albums(self.lib, ids)
        rows = sql.columns(self.lib, "albumartist, album", ids, "albums")
        return {id_: AlbumOfTracks(album_name(*rows[id_]), tuple(tracks.get(id_, ()))) for id_ in ids if id_ in rows}

    def albums_of(self, ids: Iterable[int]) -> dict[int, int]:
        rows = sql.columns(self.lib, "album_id", ids)
        return {id_: album for id_, (album,) in rows.items() if album is not None}

    def find(self, query: str, kind: Kind = "track") -> list[int]:
        with _queried(query):
            return [found.id for found in self._fetch(kind)(query)]

    def matching(self, query: str, kind: Kind = "track") -> set[int]:
        model = MODELS[kind]
        with _queried(query):
            parsed, _ = parse_query_string(query, model)
            clause, values = sql.clause_of(parsed, model)
            if clause:
                return sql.where(self.lib, model, clause, values)
            return {found.id for found in self._fetch(kind)(parsed)}

    def titled(self, title: str, kind: Kind = "track") -> list[int]:
        return [found.id for found in self._fetch(kind)(StringQuery("title" if kind == "track" else "album", title))]

    def by_artist(self, name: str) -> list[int]:
        return [item.id for item in self.lib.items(StringQuery("artist", name)) if item.id]

    def titles(self, kind: Kind, shortest: int, longest: int, most: int) -> list[str]:
        return sql.titles(self.lib, MODELS[kind], shortest, longest, most)

    def names(self) -> list[Names]:
        return [Names(id_, *(text or "" for text in texts)) for id_, *texts in sql.search_rows(self.lib)]

    def at(self, paths: Sequence[Path]) -> dict[Path, int]:
        found = self._at(paths)
        locator = Locator(self.music_folder)
        aliases = {path: list(locator.aliases(path)) for path in paths if path not in found}
        named = self._at([alias for others in aliases.values() for alias in others])
        for path, others in aliases.items():
            match = next((named[alias] for alias in others if alias in named), None) or self._in_any_case(path)
            if match:
                found[path] = match
        return {path: found[path] for path in paths if path in found}

    def _at(self, paths: Iterable[Path]) -> dict[Path, int]:
        """Return the tracks that the library has at exactly these paths."""
        column = Item._fields["path"]
        stored: dict[Path, Any] = {path: column.to_sql(os.fsencode(os.path.normpath(path))) for path in paths}
        names = {path: bytes(name) for path, name in stored.items()}
        there = sql.ids_at(self.lib, names.values())
        return {path: there[name] for path, name in names.items() if name in there}

    def _in_any_case(self, path: Path) -> int | None:
        """Return the track of a file on a file system that ignores case."""
        if case_sensitive(os.fsencode(path)):
            return None
        return next((item.id for item in self.lib.items(PathQuery("path", os.fsencode(path)))), None)

    def paths(self) -> dict[int, Path]:
        return {id_: Path(os.fsdecode(name)) for id_, name in self.files().items() if name}

    def files(self) -> dict[int, bytes]:
        return sql.files(self.lib, os.fsencode(self.music_folder))

    def cover(self, id_: int) -> Path | None:
        item = self.lib.get_item(id_)
        album = item.get_album() if item else None
        return album.art_filepath if album else None

    def columns(self, ids: Sequence[int], kind: Kind = "track", *, plays: bool = False) -> Catalogue:
        if kind == "album":
            return self._album_columns(ids, plays=plays)
        return _catalogue(sql.rule_rows(self.lib, ids), self._plays(ids) if plays else {})

    def columns_with_marks(self, ids: Sequence[int]) -> tuple[Catalogue, np.ndarray]:
        rows = sql.rule_rows_with_marks(self.lib, ids)
        return _catalogue([row[:-1] for row in rows], {}), np.array([row[-1] for row in rows], np.int64)

    def _album_columns(self, ids: Sequence[int], *, plays: bool) -> Catalogue:
        from deejai_core.tracks.songs import Catalogue

        rows = sql.album_rows(self.lib)
        found = [rows.get(id_, ("", "", "", None)) for id_ in ids]
        counts: dict[str, np.ndarray] = {}
        if plays:
            place = {id_: number for number, id_ in enumerate(ids)}
            tracks = {track: place[album] for track, album in sql.albums_of_tracks(self.lib).items() if album in place}
            for name, values in self._plays(list(tracks)).items():
                counts[name] = np.zeros(len(ids))
                (np.maximum if name == "played_at" else np.add).at(counts[name], list(tracks.values()), values)
        return Catalogue(
            artist=[artist or "" for artist, *_ in found],
            title=[album or "" for _, album, *_ in found],
            album=[f"#{id_}" for id_ in ids],
            length=np.array([seconds or np.nan for *_, seconds in found], float),
            recording=[release or "" for *_, release, _ in found],
            plays=counts.get("plays"),
            skips=counts.get("skips"),
            played_at=counts.get("played_at"),
        )

    def _plays(self, ids: Sequence[int]) -> dict[str, np.ndarray]:
        columns = {column: np.zeros(len(ids)) for column in PLAYS}
        column_of = {name: columns[column] for column, names in PLAYS.items() for name in names}
        place = {id_: number for number, id_ in enumerate(ids)}
        for id_, name, value in sql.numbers_of(self.lib, tuple(column_of)):
            if id_ in place:
                column, row = column_of[name], place[id_]
                column[row] = max(column[row], _count(value))  # several fields count the same plays
        return columns

    def field(self, name: str, ids: Collection[int] | None = None) -> dict[int, Any]:
        # Not through beets' objects: that would take minutes, and warn about fields that have been renamed.
        name = field_name(name)
        if name in Item._fields:
            return {id_: _listed(value) for id_, (value,) in sql.columns(self.lib, name, ids).items()}
        stored = sql.attributes_of_albums(self.lib, name, ids) | sql.attribute_values(self.lib, name, ids)
        if stored or name not in Item._getters():
            return {id_: _listed(value) for id_, value in stored.items()}
        items = self.lib.items() if ids is None else filter(None, map(self.lib.get_item, ids))
        return {item.id: item.get(name) for item in items if item.id}  # computed by beets or a plugin

    def fields(self, names: Sequence[str], ids: Collection[int] | None = None) -> dict[str, dict[int, Any]]:
        fixed = [name for name in map(field_name, names) if name in Item._fields]
        rows = sql.columns(self.lib, ", ".join(fixed), ids) if fixed else {}
        columns = dict(zip(fixed, zip(*rows.values(), strict=True), strict=True)) if rows else dict.fromkeys(fixed, ())
        return {
            name: dict(zip(rows, map(_listed, columns[known]), strict=True))
            if (known := field_name(name)) in columns
            else self.field(name, ids)
            for name in names
        }

    def has_field(self, name: str) -> bool:
        return sql.any_has(self.lib, name)

    def keep_field(self, name: str, values: Mapping[int, Any], recordings: Mapping[int, str]) -> int:
        written = 0
        for some in chunks(values):
            with uninterrupted(), self.lib.transaction() as tx:
                stored = sql.stored_attributes(tx, some, (KEY,))
                for id_ in some:
                    if not _is_still(stored, recordings, id_):
                        continue
                    if values[id_] is None:
                        sql.remove_attribute(tx, id_, name)
                    else:
                        sql.write_attribute(tx, id_, name, values[id_])
                    written += 1
        return written

    def recordings(self, ids: Collection[int] | None = None) -> dict[int, str]:
        return sql.attribute_values(self.lib, KEY, ids)

    def keep_recording(self, id_: int, path: Path, key: str) -> bool | None:
        with uninterrupted(), self.lib.transaction() as tx:
            row = sql.columns(self.lib, "path", [id_]).get(id_)
            if row is None or not row[0] or sql.as_path(row[0]) != path:
                return None
            stored = sql.stored_attributes(tx, [id_], (KEY, VECTOR))
            if stored.get((id_, KEY)) == key:
                return (id_, VECTOR) in stored
            sql.write_attribute(tx, id_, KEY, key)
            sql.remove_attribute(tx, id_, VECTOR)  # it belongs to other audio, and so do the tags
            sql.remove_attributes(tx, id_, TAGS)
            return False

    def vectors(self, model: str, dimension: int, ids: Collection[int] | None = None) -> Rows:
        return sql.vectors(self.lib, model, dimension, ids)

    def models(self) -> dict[str, int]:
        return sql.vector_counts(self.lib)

    def keep_vectors(self, model: str, vectors: Mapping[int, np.ndarray], recordings: Mapping[int, str]) -> Kept:
        kept = Kept(set(), set())
        for some in chunks(vectors):
            with uninterrupted(), self.lib.transaction() as tx:
                stored = sql.stored_attributes(tx, some, (KEY, VECTOR, MODEL))
                for id_ in some:
                    if not _is_still(stored, recordings, id_):
                        continue
                    kept.current.add(id_)
                    for name, value in ((VECTOR, as_text(vectors[id_].astype("<f4").tobytes())), (MODEL, model)):
                        if stored.get((id_, name)) != value:
                            kept.changed.add(id_)
                            sql.write_attribute(tx, id_, name, value)
        return kept

    def unusable_vectors(self, model: str, dimension: int) -> dict[int, str]:
        usable = set(sql.vectors(self.lib, model, dimension).ids.tolist())
        models = sql.attribute_values(self.lib, MODEL)
        return {id_: models.get(id_, "") for id_ in sql.attribute_values(self.lib, VECTOR) if id_ not in usable}

    def drop_vectors(self, ids: Iterable[int]) -> None:
        for some in chunks(ids):
            with uninterrupted(), self.lib.transaction() as tx:
                for id_ in some:
                    for name in (VECTOR, MODEL):
                        sql.remove_attribute(tx, id_, name)

    def bookmark(self, *, removals: bool = False) -> dict[str, Any]:
        bookmark: dict[str, Any] = {"witnesses": sql.witnesses(self.lib)}
        return bookmark | {"rows": sql.rows_digest(self.lib)} if removals else bookmark

    def changed_since(self, bookmark: Mapping[str, Any], *, removals: bool = False) -> list[int] | None:
        since = sql.seen_until(self.lib, bookmark)
        if since is None:
            return None
        if removals and bookmark.get("rows") != sql.rows_digest(self.lib):
            return None
        return sql.changed_after(self.lib, since)

    def _fetch(self, kind: Kind) -> Callable[..., Any]:
        return self.lib.items if kind == "track" else self.lib.albums


def field_name(name: str) -> str:
    """Return the field that has replaced one with a name that people still use: genre is genres, composer is composers."""
    return f"{name}s" if name not in Item._fields and f"{name}s" in Item._fields else name


def _listed(value: Any) -> Any:
    """Return a value as beets shows a list, and as people write one; the database has another separator."""
    return value.replace(MULTI_VALUE_DELIMITER, "; ") if isinstance(value, str) else value


@contextlib.contextmanager
def _queried(query: str) -> Iterator[None]:
    try:
        yield
    except (ParsingError, InvalidQueryError, UnicodeError, OverflowError) as error:  # the last two: not SQLite's
        known = isinstance(error, ParsingError | InvalidQueryError)
        reason = str(error).removeprefix(f"'{query}': ") if known else "no track can have such a value"
        raise QueryError(f"{query!r} is not a query: {reason}") from error


def _is_still(stored: Mapping[tuple[int, str], Any], recordings: Mapping[int, str], id_: int) -> bool:
    """Return whether a track still has the recording that something is stored for, and its id was not reused."""
    return (id_, KEY) in stored and stored[id_, KEY] == recordings.get(id_)


def _track(path: bytes, artist: str, title: str, length: float, album: str, recording: str, format_: str) -> Track:
    return Track(
        sql.as_path(path),
        artist or "",
        title or "",
        length if length and math.isfinite(length) else None,
        album or "",
        recording or "",
        format_ or "",
    )


def _catalogue(rows: list[tuple[Any, ...]], counts: dict[str, np.ndarray]) -> Catalogue:
    from deejai_core.tracks.songs import Catalogue

    columns = list(zip(*rows, strict=True)) or [()] * len(sql.GONE)
    artist, title, album_id, album, length, recording, tempo, key = columns
    return Catalogue(
        artist=[text or "" for text in artist],
        title=[text or "" for text in title],
        album=[
            f"#{number}" if number else f"{who} / {name}" if name else ""
            for number, who, name in zip(album_id, artist, album, strict=True)
        ],
        length=np.array([seconds or np.nan for seconds in length], float),
        recording=[text or "" for text in recording],
        tempo=np.array([beats or 0 for beats in tempo], float),
        key=[text or "" for text in key],
        plays=counts.get("plays"),
        skips=counts.get("skips"),
        played_at=counts.get("played_at"),
    )


def _count(value: Any) -> float:
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return 0.0

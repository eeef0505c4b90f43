"""A library as clients browse it: its songs, albums, artists, genres and folders, as they were when it was last read."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from deejai_core.features.subsonic.ids import (
    ALBUM,
    FOLDER,
    SONG,
    album_ids,
    artist_id,
    first_copy,
    id_of,
    numbered,
    song_ids,
)
from deejai_core.features.web.search import SearchIndex
from deejai_core.library import Library
from deejai_core.tracks.text import plain
from deejai_core.words import one_line

NO_ALBUM = "Singles"  # the album of an artist's songs that are on no album
NOBODY = "Unknown artist"
NUMBERS = (
    "disc", "track", "year", "length", "bitrate", "samplerate", "bitdepth", "channels", "added", "bpm", "comp",
    "rg_track_gain", "rg_track_peak", "rg_album_gain", "rg_album_peak", "play_count", "last_played",
)  # fmt: skip
TEXTS = (
    "artist", "albumartist", "title", "album", "genres", "format", "mb_trackid", "mb_albumid", "artist_sort",
    "albumartist_sort",
)  # fmt: skip
OF_FOLDERS = {"mb_trackid": "recording", "bpm": "tempo"}  # the names of these columns in a library over a folder
ARTICLES = "The El La Los Las Le Les Der Die Das Ein Eine"
_ARTICLES = frozenset(ARTICLES.lower().split())


@dataclass(frozen=True, slots=True, eq=False)
class Song:
    """A song. Texts are empty, and numbers 0, where the library has no value."""

    id: str
    track: int  # the library's own id, valid as long as this catalogue
    title: str
    artist: str
    album: str  # id
    path: Path
    values: Mapping[str, Any]  # other values of the library, by the names of NUMBERS and TEXTS

    def number(self, name: str) -> float:
        found: float = self.values.get(name, 0)
        return found

    @property
    def genres(self) -> list[str]:
        return genres_of(self.values.get("genres", ""))


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """An album. songs: rows of the catalogue, in playing order."""

    id: str
    title: str
    artist: str
    release: str  # MusicBrainz id
    year: int
    added: float  # seconds since 1970, of its newest song
    length: float  # seconds
    genres: tuple[str, ...]
    songs: tuple[int, ...]
    compilation: bool


@dataclass(frozen=True, slots=True, eq=False)
class Artist:
    """An artist. albums: ids of their own albums. songs: rows, including those on albums of others."""

    id: str
    name: str
    sort_name: str
    albums: tuple[str, ...]
    songs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder of the music folder. parent: "" for the music folder itself."""

    id: str
    name: str
    parent: str
    folders: list[str] = field(default_factory=list)
    songs: list[int] = field(default_factory=list)


class Catalogue:
    """A whole library, read at once."""

    def __init__(self, library: Library) -> None:
        """Raises LibraryError, StoreError."""
        self.music_folder = library.music_folder
        self._keys = library.recordings()
        self.songs, albums_of = _read_songs(library, self._keys)
        self.row = {song.id: row for row, song in enumerate(self.songs)}
        self.row_of_track = {song.track: row for row, song in enumerate(self.songs)}
        self.albums = {album.id: album for album in _albums(self.songs, albums_of)}
        self.artists = {artist.id: artist for artist in _artists(self.songs, self.albums.values())}
        self.names = SearchIndex(library.names())

    @cached_property
    def _aliases(self) -> dict[str, int]:
        """Return rows by the ids that songs had before more was known of them."""
        found: dict[str, int] = {}
        for row, song in enumerate(self.songs):
            for id_ in _song_ids(song, self._keys.get(song.track, ""))[1:]:
                found.setdefault(id_, row)
        return found

    @cached_property
    def _album_aliases(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for album in self.albums.values():
            for id_ in album_ids(album.release, album.artist, album.title)[1:]:
                found.setdefault(id_, album.id)
        return found

    def song(self, id_: str) -> Song | None:
        """Return the song with an id, or None.

        The id may be one that it had before more was known of it, or that of a copy that is gone.
        """
        if id_ in self.row:
            return self.songs[self.row[id_]]
        if not id_.startswith(SONG):
            return None
        first = first_copy(id_)
        row = next((rows[one] for one in (id_, first) for rows in (self._aliases, self.row) if one in rows), None)
        return None if row is None else self.songs[row]

    def album(self, id_: str) -> Album | None:
        """Return the album with an id, or None, likewise."""
        if id_ in self.albums or not id_.startswith(ALBUM):
            return self.albums.get(id_)
        first = first_copy(id_)
        known = (self._album_aliases.get(id_), first, self._album_aliases.get(first))
        return next((self.albums[one] for one in known if one in self.albums), None)

    def current(self, id_: str) -> str | None:
        """Return the current id of a song, an album or an artist, or None if there is none."""
        thing = self.song(id_) or self.album(id_) or self.artists.get(id_)
        return thing.id if thing else None

    def artist_named(self, name: str) -> Artist | None:
        return self.artists.get(artist_id(name))

    def named(self, artist: str, title: str) -> Song | None:
        """Return the first song with this artist and title, whatever their case, or None."""
        found = self.artist_named(artist)
        rows = found.songs if found else ()
        return next((self.songs[row] for row in rows if plain(self.songs[row].title) == plain(title)), None)

    def songs_of(self, id_: str) -> list[Song]:
        """Return the songs of an artist, an album or a folder, or the one song with this id; none if there is none."""
        if song := self.song(id_):
            return [song]
        of = self.album(id_) or self.artists.get(id_) or self.folders.get(id_)
        return [self.songs[row] for row in of.songs] if of else []

    @cached_property
    def by_name(self) -> list[Album]:
        return sorted(self.albums.values(), key=lambda album: (sort_key(album.title), album.id))

    @cached_property
    def by_artist(self) -> list[Album]:
        return sorted(self.albums.values(), key=lambda album: (sort_key(album.artist), album.year, sort_key(album.title)))

    @cached_property
    def newest(self) -> list[Album]:
        return sorted(self.albums.values(), key=lambda album: (-album.added, album.id))

    @cached_property
    def by_year(self) -> list[Album]:
        return sorted(self.albums.values(), key=lambda album: (album.year, sort_key(album.title)))

    @cached_property
    def artist_list(self) -> list[Artist]:
        """The artists that have albums, by name."""
        found = [artist for artist in self.artists.values() if artist.albums]
        return sorted(found, key=lambda artist: (sort_key(artist.sort_name or artist.name), artist.id))

    @cached_property
    def genres(self) -> dict[str, tuple[list[int], set[str]]]:
        """The rows of the songs, and the ids of the albums, of each genre, by name and in order of names."""
        found: dict[str, tuple[list[int], set[str]]] = {}
        for row, song in enumerate(self.songs):
            for genre in song.genres:
                rows, albums = found.setdefault(genre, ([], set()))
                rows.append(row)
                albums.add(song.album)
        return {genre: found[genre] for genre in sorted(found, key=plain)}

    @cached_property
    def folders(self) -> dict[str, Folder]:
        """The music folder, first, and all folders below it that contain songs.

        Files elsewhere count as in the music folder.
        """
        root = id_of(FOLDER, "")
        found = {root: Folder(root, self.music_folder.name or "Music", "")}
        ids: dict[str, str] = {"": root}
        base = os.fspath(self.music_folder) + os.sep

        def folder(name: str) -> str:
            if name not in ids:
                above, _, last = name.rpartition(os.sep)
                parent = folder(above)
                ids[name] = id_of(FOLDER, name)
                found[ids[name]] = Folder(ids[name], one_line(last), parent)
                found[parent].folders.append(ids[name])
            return ids[name]

        for row, song in enumerate(self.songs):
            path = os.fspath(song.path)
            below = path.removeprefix(base) if path.startswith(base) else ""
            found[folder(os.path.dirname(below))].songs.append(row)  # noqa: PTH120 (a text, 100,000 times)
        for one in found.values():
            one.folders.sort(key=lambda id_: sort_key(found[id_].name))
        return found


def genres_of(text: str) -> list[str]:
    """Split a text into genres, as libraries write them."""
    return list(dict.fromkeys(filter(None, map(str.strip, text.replace(",", ";").split(";")))))


def sort_key(name: str) -> str:
    """Return a name as it is filed: in plain letters, without its article."""
    first, _, rest = plain(name).partition(" ")
    return rest if rest and first in _ARTICLES else f"{first} {rest}".strip()


def matching(names: Iterable[tuple[str, Any]], text: str) -> list[Any]:
    """Return things in whose plain name each word of a text begins a word; those whose name begins like this first."""
    wanted = plain(text)
    words = [f" {word}" for word in wanted.split()]
    found = [(not name.startswith(wanted), thing) for name, thing in names if all(word in f" {name}" for word in words)]
    return [thing for _, thing in sorted(found, key=lambda entry: entry[0])]


def _read_songs(library: Library, keys: Mapping[int, str]) -> tuple[list[Song], dict[int, int]]:
    """Return the songs in the library's order, and the library's own album of each, if it is on one."""
    ids = library.ids()
    paths = library.paths()
    columns = _columns(library)
    songs = []
    for id_ in ids:
        if id_ not in paths:
            continue
        values = {name: column[id_] for name, column in columns.items() if id_ in column}
        path = paths[id_]
        title = one_line(values.pop("title", "")) or path.stem
        songs.append(Song("", id_, title, one_line(values.pop("artist", "")), "", path, values))
    known = [_song_ids(song, keys.get(song.track, ""))[0] for song in songs]
    # Copies are numbered in an order that does not depend on the library's ids.
    order = sorted(range(len(songs)), key=lambda row: (known[row], *_names(songs[row]), os.fspath(songs[row].path)))
    numbers = dict(zip(order, numbered(known[row] for row in order), strict=True))
    return [replace(song, id=numbers[row]) for row, song in enumerate(songs)], library.albums_of(ids)


def _columns(library: Library) -> dict[str, dict[int, Any]]:
    """Return NUMBERS and TEXTS of all tracks, by name.

    Values that are not finite numbers, or not text, count as missing.
    """
    names = (*NUMBERS, *TEXTS)
    found = library.fields(names)
    for name, theirs in OF_FOLDERS.items():
        found[name] = found[name] or library.field(theirs)
    shared: dict[Any, Any] = {}  # one object for a value that many tracks share
    read = dict.fromkeys(NUMBERS, _number) | dict.fromkeys(TEXTS, str)
    return {
        name: {
            id_: shared.setdefault(value, value)
            for id_, given in found[name].items()
            if given and (value := read[name](given))
        }
        for name in names
    }


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0
    if not math.isfinite(number):
        return 0
    return int(number) if number == int(number) else number


def _names(song: Song) -> tuple[str, ...]:
    values = song.values
    return song.artist, values.get("album", ""), str(values.get("disc", 0)), str(values.get("track", 0)), song.title


def _song_ids(song: Song, key: str) -> list[str]:
    return song_ids(key, song.values.get("mb_trackid", ""), _names(song))


def _albums(songs: list[Song], albums_of: Mapping[int, int]) -> Iterable[Album]:
    """Group songs to albums, and set each song's album."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for row, song in enumerate(songs):
        owner = song.values.get("albumartist") or song.artist
        title = song.values.get("album", "")
        groups[albums_of.get(song.track) or (plain(owner), plain(title))].append(row)
    drafts = []
    for rows in groups.values():
        ordered = sorted(rows, key=lambda row: (songs[row].number("disc"), songs[row].number("track"), songs[row].title))
        drafts.append(_album([songs[row] for row in ordered], ordered))
    drafts.sort(key=lambda album: (album.year, [songs[row].id for row in album.songs[:1]]))
    known = numbered(album_ids(album.release, album.artist, album.title)[0] for album in drafts)
    for id_, draft in zip(known, drafts, strict=True):
        for row in draft.songs:
            songs[row] = replace(songs[row], album=id_)
        yield replace(draft, id=id_)


def _album(songs: Sequence[Song], rows: Sequence[int]) -> Album:
    first = songs[0]
    genres = dict.fromkeys(genre for song in songs for genre in song.genres)
    return Album(
        "",
        one_line(first.values.get("album", "")) or NO_ALBUM,
        one_line(first.values.get("albumartist") or first.artist) or NOBODY,
        first.values.get("mb_albumid", ""),
        int(max(song.number("year") for song in songs)),
        max(song.number("added") for song in songs),
        sum(song.number("length") for song in songs),
        tuple(genres),
        tuple(rows),
        any(song.number("comp") for song in songs),
    )


def _artists(songs: Sequence[Song], albums: Iterable[Album]) -> Iterable[Artist]:
    names: dict[str, str] = {}
    sort_names: dict[str, str] = {}
    own: dict[str, list[str]] = defaultdict(list)
    rows: dict[str, list[int]] = defaultdict(list)
    ids = {name: artist_id(name) for name in {song.artist or NOBODY for song in songs}}
    for album in albums:
        id_ = artist_id(album.artist)
        names.setdefault(id_, album.artist)
        own[id_].append(album.id)
        sort_names.setdefault(id_, songs[album.songs[0]].values.get("albumartist_sort", ""))
        rows[id_] += [row for row in album.songs if ids[songs[row].artist or NOBODY] != id_]
    for row, song in enumerate(songs):
        id_ = ids[song.artist or NOBODY]
        names.setdefault(id_, song.artist or NOBODY)
        sort_names.setdefault(id_, song.values.get("artist_sort", ""))
        rows[id_].append(row)
    for id_, name in names.items():
        yield Artist(id_, name, sort_names.get(id_, ""), tuple(own[id_]), tuple(rows[id_]))

"""What Mopidy's clients browse, and the songs that a radio begins with."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pykka
from mopidy import backend
from mopidy.models import Album, Artist, Ref, Track

from deejai_core.api import MadeList
from deejai_core.errors import LibraryError
from deejai_core.formats.entries import Track as Song
from deejai_core.words import one_line

from .music import Music, log_failure
from .opening import open_music
from .uris import RADIO, SCHEME, Files, files_of, is_radio, parts_of, uri_of

logger = logging.getLogger(__name__)

BRANCHES = {"like": "Songs like…", "journeys": "Journeys", "lists": "Named lists", "radios": "Radio"}
UNKNOWN = "Unknown artist"

Found = TypeVar("Found")


class DeejaiBackend(pykka.ThreadingActor, backend.Backend):
    uri_schemes = (SCHEME,)

    def __init__(self, config: Mapping[str, Any], audio: Any) -> None:
        super().__init__()
        folder = config[SCHEME]["library"]
        files = files_of(config)
        self.library = DeejaiLibrary(self, Path(folder) if folder else None, files)
        self.playback = RadioSongs(audio, self, files)


class RadioSongs(backend.PlaybackProvider):
    """Plays the songs that a radio begins with, each a file."""

    def __init__(self, audio: Any, backend: DeejaiBackend, files: Files) -> None:
        super().__init__(audio, backend)
        self._files = files

    def translate_uri(self, uri: str) -> str | None:
        path = self._files.path(uri)
        return path.as_uri() if path else None


class DeejaiLibrary(backend.LibraryProvider):
    """Branches of artists, songs, and lists. A failure is a line in the log, and an empty branch."""

    root_directory = Ref.directory(uri=uri_of("root"), name="Deejai")

    def __init__(self, backend: DeejaiBackend, folder: Path | None, files: Files) -> None:
        super().__init__(backend)
        self._folder = folder
        self._files = files
        self._music: Music | None = None

    def browse(self, uri: str) -> list[Ref]:
        return self._made(uri, lambda music: list(self._browse(music, *parts_of(uri))))

    def lookup(self, uri: str) -> list[Track]:
        if is_radio(uri):
            return self._made(uri, lambda music: [self._track(song, uri) for song in self._song(music, uri)])
        return self._made(uri, lambda music: [self._track(song) for song in list_of(music, *parts_of(uri))])

    def _browse(self, music: Music, verb: str, parts: Sequence[str]) -> Iterable[Ref]:
        match verb, *parts:
            case ["root"]:
                return [Ref.directory(uri=uri_of(branch), name=name) for branch, name in BRANCHES.items()]
            case ["like" | "journeys" | "radios"]:
                return artists(music, verb)
            case ["from", start]:
                return artists(music, "from", start)
            case ["like", artist]:
                return songs(music, artist, lambda path: uri_of("similar", path))
            case ["journeys", artist]:
                return songs(music, artist, lambda path: uri_of("from", path))
            case ["from", start, artist]:
                return songs(music, artist, lambda path: uri_of("journey", start, path))
            case ["radios", artist]:
                return songs(music, artist, lambda path: uri_of(RADIO, path), Ref.track)
            case ["lists"]:
                return [Ref.directory(uri=uri_of("list", name), name=name) for name in music.named()]
        return [Ref.track(uri=self._files.uri(song.path), name=song.name) for song in list_of(music, verb, parts)]

    def _song(self, music: Music, uri: str) -> Iterable[Song]:
        path = self._files.path(uri)
        ids = music.library.at([path] if path else []).values()
        if not ids:
            raise LibraryError("it is not a song of the library")
        return music.library.tracks(ids).values()

    def _track(self, song: Song, uri: str | None = None) -> Track:
        return Track(
            uri=uri or self._files.uri(song.path),
            name=song.title or song.path.name,
            artists=[Artist(name=song.artist)] if song.artist else [],
            album=Album(name=song.album) if song.album else None,
            length=None if song.length is None else round(song.length * 1000),
        )

    def _made(self, uri: str, make: Callable[[Music], list[Found]]) -> list[Found]:
        """Return what can be made from the music; if it fails, nothing, and a line in the log."""
        try:
            self._music = self._music or open_music(self._folder)
            return make(self._music)
        except Exception as error:  # also of beets, its configuration, or the database: Mopidy continues to play
            log_failure(uri, error, self._music)
        return []


def list_of(music: Music, verb: str, parts: Sequence[str]) -> list[Song]:
    """Return the tracks of the list that a URI means; none if it means something else."""
    if not parts:
        return []
    makers: dict[str, Callable[[Sequence[str]], MadeList]] = {
        "similar": music.similar,
        "journey": music.journey,
        "list": lambda names: music.make(names[0]),
    }
    if verb not in makers:
        return []
    made = makers[verb](parts)
    for warning in made.warnings:
        logger.warning("%s: %s", made.title, warning)
    return [track for entry in made.entries for track in entry.member.tracks]


def artists(music: Music, *parts: str) -> list[Ref]:
    """Return a directory for each artist of a library, whose URI has the artist after these parts."""
    verb, *before = parts
    name_of = {each.artist: one_line(each.artist) or UNKNOWN for each in music.library.names()}
    ordered = sorted(name_of.items(), key=lambda item: item[1].casefold())
    return [Ref.directory(uri=uri_of(verb, *before, artist), name=name) for artist, name in ordered]


def songs(music: Music, artist: str, uri: Callable[[str], str], ref: Callable[..., Ref] = Ref.directory) -> list[Ref]:
    """Return a directory, or what `ref` makes instead, for each song of an artist. uri: makes one from a path."""
    ids = [each.id for each in music.library.names() if each.artist == artist]
    tracks = sorted(music.library.tracks(ids).values(), key=lambda track: track.title.casefold())
    return [ref(uri=uri(str(track.path)), name=one_line(track.title) or track.path.name) for track in tracks]

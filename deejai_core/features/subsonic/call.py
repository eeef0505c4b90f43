"""A client's request, and the parts of the server that answer it."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from deejai_core.errors import DeejaiError
from deejai_core.features.subsonic.answers import GENERIC, MISSING, NOT_FOUND, SubsonicError
from deejai_core.features.subsonic.catalogue import Album, Artist, Catalogue, Song
from deejai_core.features.subsonic.ids import LONGEST
from deejai_core.features.subsonic.store import ListenerStore
from deejai_core.features.subsonic.users import Guesses, Users
from deejai_core.features.web.audio import Transcoders
from deejai_core.features.web.covers import Covers
from deejai_core.features.web.following import Following
from deejai_core.features.web.words import in_words
from deejai_core.library import Library
from deejai_core.lists.request import Request as ListRequest
from deejai_core.lists.space import Space
from deejai_core.lists.writing import Playlists
from deejai_core.playlists.candidates import Candidates

if TYPE_CHECKING:
    from flask import Request

PlaylistFiles = dict[Path, tuple[tuple[int, int], list[Song]]]  # what shows whether a file has changed, and its songs

AN_HOUR = 3600  # seconds after which "played recently" is computed again
LONGEST_TEXT = 2000  # characters of a parameter
MOST_VALUES = 10_000  # of one parameter, and so songs of a playlist
MOST_PLAYING = 1000  # clients whose playing song is remembered

log = logging.getLogger(__name__)

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Playing:
    """What a client is playing. began: seconds since 1970. scrobbled: whether it has reported the play."""

    song: str
    began: float
    client: str
    scrobbled: bool = False


@dataclass(eq=False)
class Server:
    """All that outlives a request.

    sounds: the library as a space, None until something is analysed. request: its walk, rules and so on are those of lists
    of similar songs. store: the path of a `ListenerStore`.
    """

    library: Library
    users: Users
    request: ListRequest
    playlists: Playlists
    store: Path
    catalogues: Following[Catalogue]
    sounds: Following[Space]
    covers: Covers
    transcoders: Transcoders = field(default_factory=Transcoders)
    guesses: Guesses = field(default_factory=Guesses)
    playing: OrderedDict[tuple[str, str], Playing] = field(default_factory=OrderedDict)  # by listener and client
    lock: threading.Lock = field(default_factory=threading.Lock)  # guards `playing` and changes to playlists
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _files: tuple[Catalogue, PlaylistFiles] | None = None
    _candidates: tuple[Space, int, Candidates] | None = None

    @contextlib.contextmanager
    def opened(self) -> Iterator[ListenerStore]:
        if not self.library.folder.parent.is_dir():  # where a drive is not mounted, no folder is created
            raise SubsonicError(GENERIC, "the library is not there; is the drive mounted?")
        with ListenerStore(self.store) as store:
            yield store

    def candidates(self) -> tuple[Space, Candidates]:
        """Return the library as a space, and what lists may take from it. Raises SubsonicError if nothing is analysed."""
        space = self.sounds.latest()
        if space is None:
            error = self.sounds.error
            raise SubsonicError(GENERIC, in_words(error) if error else "nothing in the library has been analysed yet")
        hour = int(time.time() // AN_HOUR)
        kept = self._candidates
        if kept is None or kept[:2] != (space, hour):
            kept = self._candidates = space, hour, space.candidates(self.request.rules)
        return space, kept[2]

    def files_in(self, catalogue: Catalogue) -> PlaylistFiles:
        """Return what is known of playlist files and their songs, for as long as the catalogue stays the same."""
        if self._files is None or self._files[0] is not catalogue:
            self._files = catalogue, {}
        return self._files[1]

    @contextlib.contextmanager
    def writing(self) -> Iterator[Library]:
        """Yield the library, for writing a listener's data to it, which is no reason to read all of it again.

        A failure to write is only logged: the data are already in the store, and a client that got an error would send them
        again.
        """
        with self._writing, self.catalogues.unnoticed(), self.sounds.unnoticed():
            try:
                yield self.library
            except DeejaiError as error:
                log.warning("not written to the library: %s", in_words(error))

    def note_playing(self, user: str, playing: Playing) -> Playing | None:
        """Note what a client is playing now; return what it played before."""
        key = user, playing.client
        with self.lock:
            before = self.playing.pop(key, None)
            self.playing[key] = playing
            while len(self.playing) > MOST_PLAYING:
                self.playing.popitem(last=False)
        return before


@dataclass(frozen=True)
class Call:
    """A request of a listener. values: its parameters; each may be given several times."""

    server: Server
    user: str
    values: Mapping[str, Sequence[str]]
    request: Request

    @cached_property
    def catalogue(self) -> Catalogue:
        """The library, the same during the whole request."""
        catalogue = self.server.catalogues.latest()
        if catalogue is None:
            raise SubsonicError(GENERIC, "the library cannot be read; the terminal that the server runs in says why")
        return catalogue

    @property
    def client(self) -> str:
        return self.text("c", "")

    @property
    def is_owner(self) -> bool:
        return self.user == self.server.users.owner

    def given(self, name: str) -> bool:
        return bool(self.values.get(name))

    def all(self, name: str) -> list[str]:
        """Return every value of a parameter that may be given several times. Raises SubsonicError."""
        found = list(self.values.get(name, ()))
        if len(found) > MOST_VALUES or any(len(one) > LONGEST_TEXT for one in found):
            raise SubsonicError(GENERIC, f"{name}: {MOST_VALUES:,} values of {LONGEST_TEXT:,} characters at most")
        return found

    def text(self, name: str, default: str | None = None) -> str:
        """Return a parameter. default: None if it is required. Raises SubsonicError."""
        found = self.all(name)
        if found:
            return found[0]
        if default is None:
            raise SubsonicError(MISSING, f"{name}: this parameter is missing")
        return default

    def whole(self, name: str, default: int | None, low: int, high: int) -> int:
        """Return a whole number, limited to its range. Raises SubsonicError if it is not one."""
        text = self.text(name, None if default is None else str(default))
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise SubsonicError(GENERIC, f"{name}: must be a whole number")
        return int(min(max(number, low), high))

    def switch(self, name: str, default: bool) -> bool:
        return self.text(name, "true" if default else "false").lower() in ("true", "1")

    def id(self, name: str = "id") -> str:
        """Return the id in a parameter. Raises SubsonicError."""
        return _checked(self.text(name))

    def ids(self, name: str) -> list[str]:
        return [_checked(one) for one in self.all(name)]

    def song(self, name: str = "id") -> Song:
        """Return the song with the id in a parameter. Raises SubsonicError if there is none."""
        return _found(self.catalogue.song(self.id(name)), "song")

    def album(self) -> Album:
        return _found(self.catalogue.album(self.id()), "album")

    def artist(self) -> Artist:
        return _found(self.catalogue.artists.get(self.id()), "artist")


def _checked(id_: str) -> str:
    return id_ if len(id_) <= LONGEST else ""  # an id that nothing has


def _found(thing: Thing | None, what: str) -> Thing:
    if thing is None:
        raise SubsonicError(NOT_FOUND, f"there is no such {what}")
    return thing

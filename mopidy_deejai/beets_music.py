"""The music of a beets library, with what beets' configuration says of lists."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import beets
import beets.library
from beets import plugins

from beetsplug.deejai.cli.hints import in_words
from beetsplug.deejai.cli.making import make, request_for
from beetsplug.deejai.cli.models import model_in_use
from beetsplug.deejai.cli.named import LISTED
from beetsplug.deejai.cli.settings import read_settings
from beetsplug.deejai.library.beets_library import BeetsLibrary
from deejai_core.api import MadeList, Player, Radio, RadioObserver
from deejai_core.errors import LibraryError
from deejai_core.lists.named import NamedPlaylist, name_of, read_named

from .music import ahead, song_at

OPENING = threading.Lock()  # beets has one configuration and one set of plugins in a process


class BeetsMusic:
    """See `Music`. folder: where beets' configuration is; None: where beets looks for it."""

    def __init__(self, folder: Path | None) -> None:
        with OPENING:
            if folder is not None:
                os.environ["BEETSDIR"] = str(folder)  # beets knows no other way to be told
            beets.config.set({"plugins": ["deejai"]})  # other plugins are no business of a player
            plugins.load_plugins()
            database = beets.config["library"].as_path()
            if not database.is_file():
                raise LibraryError(f"{database}: there is no beets library; name beets' folder with [deejai] library")
            self.library = BeetsLibrary(beets.library.Library(database, beets.config["directory"].as_filename()))
            self._config = beets.config["deejai"]

    def similar(self, words: Sequence[str]) -> MadeList:
        return make("similar", self.library, words, read_settings(self._config))

    def journey(self, words: Sequence[str]) -> MadeList:
        return make("journey", self.library, words, read_settings(self._config))

    def named(self) -> list[str]:
        return [name for entry in self._config["playlists"].get(list) if (name := name_of(entry))]

    def make(self, name: str) -> MadeList:
        playlist = self._read(name)
        settings = read_settings(self._config, playlist.options)
        return make(playlist.verb, self.library, playlist.words, settings, **playlist.asked)

    def _read(self, name: str) -> NamedPlaylist:
        for number, entry in enumerate(self._config["playlists"].get(list), 1):
            if name_of(entry) == name:
                return read_named(entry, LISTED, number)
        raise LibraryError(f"no playlist is named {name!r}")

    def radio(self, player: Player, observer: RadioObserver, first: Path | None, pause: Callable[[float], None]) -> Radio:
        settings = read_settings(self._config)
        space = request_for("similar", settings).open(self.library, model_in_use(self.library, settings))
        walk = ahead(settings.walk)
        return Radio(space, player, observer, walk, settings.rules, seeds=song_at(space, first), pause=pause)

    def in_words(self, error: Exception) -> str:
        return in_words(error)

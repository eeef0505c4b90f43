"""The music of a beets library, with the options for lists in beets' configuration."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import beets
import beets.library
import confuse
from beets import plugins

from beetsplug.deejai.cli.hints import in_words
from beetsplug.deejai.cli.making import make, request_for
from beetsplug.deejai.cli.models import model_in_use
from beetsplug.deejai.cli.named import LISTED
from beetsplug.deejai.cli.settings import read_settings
from beetsplug.deejai.library.beets_library import BeetsLibrary
from deejai_core.api import MadeList, Player, Radio, RadioObserver
from deejai_core.errors import LibraryError, PlayerError
from deejai_core.features.radio.radio import AHEAD
from deejai_core.lists.named import asked_for, name_of, read_named
from deejai_core.refusals import OWN, refusal

from .music import song_at

OPENING = threading.Lock()  # beets has one configuration and one set of plugins in a process


def _read_configuration() -> None:
    """Let beets read its configuration, if it has not yet. Raises confuse.ConfigError."""
    if beets.config.sources:
        return
    try:
        beets.config.read()
    except confuse.ConfigError:
        beets.config.clear()  # otherwise the next call would take the half that was read for all of it
        raise
    beets.config.set({"plugins": ["deejai"]})  # a player does not need the other plugins


class BeetsMusic:
    """The music of a beets library as `Music`. folder: of beets' configuration; None: where beets looks for it."""

    def __init__(self, folder: Path | None) -> None:
        with OPENING:
            if folder is not None:
                os.environ["BEETSDIR"] = str(folder)  # the only way to tell beets
            _read_configuration()
            plugins.load_plugins()
            database = beets.config["library"].as_path()
            if not database.is_file():
                raise LibraryError(f"{database}: there is no beets library; name beets' folder with [deejai] library")
            try:
                library = beets.library.Library(database, beets.config["directory"].as_filename())
            except sqlite3.Error as error:
                raise LibraryError(refusal(database, "cannot be opened", error, OWN)) from error
            self.library = BeetsLibrary(library)
            self._config = beets.config["deejai"]

    def similar(self, words: Sequence[str]) -> MadeList:
        return make("similar", self.library, words, read_settings(self._config))

    def journey(self, words: Sequence[str]) -> MadeList:
        return make("journey", self.library, words, read_settings(self._config))

    def named(self) -> list[str]:
        return [name for entry in self._config["playlists"].get(list) if (name := name_of(entry))]

    def make(self, name: str) -> MadeList:
        number, _, entry = next(asked_for(self._config["playlists"].get(list), [name]))
        playlist = read_named(entry, LISTED, number)
        settings = read_settings(self._config, playlist.options)
        return make(playlist.verb, self.library, playlist.words, settings, **playlist.asked)

    def radio(self, player: Player, observer: RadioObserver, first: Path | None, pause: Callable[[float], None]) -> Radio:
        settings = read_settings(self._config)
        space = request_for("similar", settings).open(self.library, model_in_use(self.library, settings))
        walk = replace(settings.walk, count=AHEAD.count)
        return Radio(space, player, observer, walk, settings.rules, seeds=song_at(space, first), pause=pause)

    def in_words(self, error: Exception) -> str:
        return str(error) if isinstance(error, PlayerError) else in_words(error)  # beets' advice is for another player, MPD

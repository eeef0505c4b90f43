"""The radio in Mopidy: when one begins and ends, and how it learns of events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pykka
from mopidy.core import CoreListener

from deejai_core.errors import LostError
from deejai_core.features.radio.text import RadioText
from deejai_core.players.player import QueueEntry, Snapshot

from .music import Music, log_failure
from .opening import open_music
from .player import MopidyPlayer
from .uris import SCHEME, Files, files_of, is_radio

logger = logging.getLogger(__name__)

IDLE = 300  # seconds without news, after which the tracklist is checked anyway
NO_NEWS = {"volume_changed", "mute_changed", "stream_title_changed"}


class MopidyEndsError(Exception):
    """Mopidy is about to end, and so must the thread of its radios."""


class RadioOverError(Exception):
    """A radio is over; Mopidy continues."""


class News:
    """Shows whether something has happened since the last call. Any thread may report or ask."""

    def __init__(self) -> None:
        self._told = threading.Event()
        self._ended = threading.Event()

    def tell(self) -> None:
        self._told.set()

    def end(self) -> None:
        self._ended.set()
        self._told.set()

    def wait(self, seconds: float = IDLE) -> None:
        """Return when something has happened, or after these seconds. Raises MopidyEndsError."""
        self._told.wait(seconds)
        self._told.clear()
        self._check()

    def pause(self, seconds: float) -> None:
        """Return after these seconds, whatever happens. Raises MopidyEndsError."""
        self._ended.wait(seconds)
        self._check()

    def _check(self) -> None:
        if self._ended.is_set():
            raise MopidyEndsError


class DeejaiFrontend(pykka.ThreadingActor, CoreListener):
    def __init__(self, config: Mapping[str, Any], core: Any) -> None:
        super().__init__()
        folder = config[SCHEME]["library"]
        self._news = News()
        self._radios = Radios(
            core, self._news, Path(folder) if folder else None, files_of(config), always=config[SCHEME]["radio"]
        )

    def on_start(self) -> None:
        threading.Thread(target=self._radios.run, name="deejai-radio", daemon=True).start()

    def on_stop(self) -> None:
        self._news.end()

    def on_event(self, event: str, **kwargs: Any) -> None:
        if event not in NO_NEWS:
            self._news.tell()


class Radios:
    """One radio after another, each from when it is requested until it is over.

    A song whose URI says so requests a radio. always: any song that plays requests one.
    """

    def __init__(self, core: Any, news: News, folder: Path | None, files: Files, *, always: bool) -> None:
        self._core = core
        self._news = news
        self._folder = folder
        self._files = files
        self._always = always
        self._music: Music | None = None

    def run(self) -> None:
        """Continue until Mopidy ends."""
        player = MopidyPlayer(self._core, self._news.wait, Path(), self._files)
        asked = None  # the entry that requested the last radio
        self._news.tell()  # there may already be a tracklist
        while True:
            try:
                self._news.wait()
                now = player.snapshot()
                current = now.current_entry
                if current and current.id != asked and now.state == "play" and self._is_asked_for(current.file):
                    asked = current.id
                    self._go_on(current)
            except (MopidyEndsError, LostError):
                return
            except RadioOverError:
                self._news.tell()  # what ended this radio may request another
            except Exception as error:  # also of beets, its configuration, or the database: Mopidy continues to play
                log_failure("radio", error, self._music)

    def _is_asked_for(self, uri: str) -> bool:
        return self._always or is_radio(uri)

    def _go_on(self, first: QueueEntry) -> None:
        """Run a radio that begins with an entry of the tracklist, until RadioOverError or MopidyEndsError is raised."""
        self._music = self._music or open_music(self._folder)
        folder = self._music.library.music_folder
        player = Watched(self._core, self._news.wait, folder, self._files, first=first, always=self._always)
        text = RadioText(player.name, logger.info, logger.warning, logger.debug)
        seed = self._files.path(first.file) if is_radio(first.file) else None
        radio = self._music.radio(player, text, seed, self._news.pause)
        radio.start(play=False)
        radio.run()


class Watched(MopidyPlayer):
    """Mopidy for one radio: once the radio is over, looking at Mopidy raises RadioOverError."""

    def __init__(self, *of_the_player: Any, first: QueueEntry, always: bool) -> None:
        super().__init__(*of_the_player)
        self._first = first
        self._always = always
        self._before = Snapshot(())

    def snapshot(self) -> Snapshot:
        before, now = self._before, super().snapshot()
        if is_over(self._first, before, now, always=self._always):
            logger.info("the radio is off")
            raise RadioOverError
        self._before = now
        return now


def is_over(first: QueueEntry, before: Snapshot, now: Snapshot, *, always: bool) -> bool:
    """Return whether the radio that began with an entry is over: another radio's song plays, or the tracklist was cleared.

    It may have been filled again since. always: clearing the tracklist does not end the radio.
    """
    current = now.current_entry
    if current and current.id != first.id and is_radio(current.file):
        return True
    return not always and bool(before.entries) and not set(before.entries) & set(now.entries)

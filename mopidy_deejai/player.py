"""Mopidy as a player: `deejai_core.players.player.Player` over its core."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pykka

from deejai_core.errors import LostError, RefusedError, UnplayableError
from deejai_core.players.player import Mode, QueueEntry, Snapshot
from deejai_core.words import one_line

from .uris import Files

MODES: tuple[Mode, ...] = ("random", "single")
STATES = {"playing": "play", "paused": "pause", "stopped": "stop"}
STARTING = 5  # seconds until a song plays
LOOKS = 5  # attempts to read a tracklist that keeps changing


class MopidyPlayer:
    """Mopidy as a `deejai_core.players.player.Player`.

    core: a proxy of Mopidy's core. news: returns when something has happened in it, or after some minutes.
    """

    name = "Mopidy"

    def __init__(self, core: Any, news: Callable[[], None], music_folder: Path, files: Files) -> None:
        self.music_folder = music_folder
        self._core = core
        self._news = news
        self._files = files

    def connect(self) -> None:
        self._ask("get_version")

    def close(self) -> None:
        pass

    def wait(self) -> None:
        self._news()

    def snapshot(self) -> Snapshot:
        for _ in range(LOOKS):
            version, current = self._ask("tracklist.get_version"), self._ask("playback.get_current_tl_track")
            now = self._look(current)
            if (version, current) == (self._ask("tracklist.get_version"), self._ask("playback.get_current_tl_track")):
                break  # otherwise it was read in the middle of a change
        return now

    def _look(self, current: Any) -> Snapshot:
        entries = tuple(_entry(each) for each in self._ask("tracklist.get_tl_tracks"))
        following = self._ask("tracklist.get_next_tlid")
        return Snapshot(
            entries,
            None if current is None else str(current.tlid),
            None if following is None else str(following),
            STATES[self._ask("playback.get_state")],
            self._ask("playback.get_time_position") / 1000,
            (current.track.length or 0) / 1000 if current else 0.0,
            consumes=self._ask("tracklist.get_consume"),
            modes=frozenset(mode for mode in MODES if self._ask(f"tracklist.get_{mode}")),
            at=time.monotonic(),
        )

    def add(self, path: Path) -> str:
        if not path.is_file():  # Mopidy-File accepts any name
            raise UnplayableError("there is no such file")
        uri = self._files.uri(path)
        if not self._ask("tracklist.add", uris=[uri]):
            raise UnplayableError("no Mopidy extension plays it; enable Mopidy-File ([file] enabled = true)")
        return uri

    def remove(self, entry: QueueEntry) -> None:
        self._ask("tracklist.remove", criteria={"tlid": [int(entry.id)]})

    def play(self) -> None:
        entries = self._ask("tracklist.get_tl_tracks")
        self._ask("playback.play", **({"tlid": entries[0].tlid} if entries else {}))
        deadline = time.monotonic() + STARTING
        while entries and self._ask("playback.get_current_tlid") is None and time.monotonic() < deadline:
            time.sleep(0.02)  # until there is sound, Mopidy says that it plays, but not what

    def path(self, file: str) -> Path:
        return self._files.path(file) or self.music_folder / file

    def _ask(self, method: str, **arguments: Any) -> Any:
        """Return the result of a method of the core, by its name in the core."""
        found = self._core
        with _errors():
            for name in method.split("."):
                found = getattr(found, name)
            return found(**arguments).get()


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except pykka.ActorDeadError as error:
        raise LostError(MopidyPlayer.name, "it has ended") from error
    except Exception as error:  # Mopidy's own, for any problem there
        raise RefusedError(f"{MopidyPlayer.name}: {one_line(str(error))}") from error


def _entry(tl_track: Any) -> QueueEntry:
    return QueueEntry(str(tl_track.tlid), tl_track.track.uri)

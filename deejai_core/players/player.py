"""The port to a music player: what a radio needs from anything that plays songs from a queue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Mode = Literal["random", "single"]  # the queue is not played in order, or playing stops after each song


@dataclass(frozen=True)
class QueueEntry:
    """A song in a player's queue."""

    id: str  # identifies this place in the queue as long as the player runs
    file: str  # the player's name for the song


@dataclass(frozen=True)
class Snapshot:
    """The state of a player at some moment."""

    entries: tuple[QueueEntry, ...]
    current: str | None = None  # id of the entry that is playing, paused or stopped
    following: str | None = None  # id of the entry that plays next, automatically or after a skip
    state: str = "stop"  # or "play", "pause"
    elapsed: float = 0.0  # seconds of the current song
    duration: float = 0.0  # seconds; 0: unknown
    consumes: bool = False  # whether entries leave the queue after they have played
    modes: frozenset[Mode] = frozenset()  # the modes that are on
    at: float = 0.0  # seconds, on any clock

    @property
    def current_entry(self) -> QueueEntry | None:
        return next((entry for entry in self.entries if entry.id == self.current), None)

    @property
    def upcoming(self) -> tuple[QueueEntry, ...]:
        """The entries after the current one; all if there is no current one."""
        ids = [entry.id for entry in self.entries]
        return self.entries[ids.index(self.current) + 1 :] if self.current in ids else self.entries


class Player(Protocol):
    """A player with a queue, which other people use at the same time.

    Every method raises LostError if the player does not answer, and RefusedError if it says no.
    """

    name: str  # its name in messages
    music_folder: Path  # the folder of its files, once it is connected; its names for them are relative to this folder

    def connect(self) -> None:
        """Connect to the player, or connect again."""

    def close(self) -> None:
        """Disconnect, and leave the player as it is."""

    def wait(self) -> None:
        """Return when something has happened in the player since the last call, or after some minutes."""

    def snapshot(self) -> Snapshot:
        """Return the state of the player, and its queue."""

    def add(self, path: Path) -> str:
        """Append a file to the queue; return the player's name for the song.

        Raises UnplayableError if it may accept others.
        """

    def remove(self, entry: QueueEntry) -> None:
        """Remove a song from the queue, if it is still there."""

    def play(self) -> None:
        """Play the first song of the queue."""

    def path(self, file: str) -> Path:
        """Return the path of a song in the queue; for a song that is not a file, a path where none exists."""

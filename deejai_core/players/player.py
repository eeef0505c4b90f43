"""The port to a music player: what a radio needs of anything that plays songs from a queue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Mode = Literal["random", "single"]  # in which a player does not keep to the order of its queue, or stops after each song


@dataclass(frozen=True)
class QueueEntry:
    """A song in a player's queue."""

    id: str  # of this place in the queue; as long as the player runs, no other has it
    file: str  # what the player knows the song by


@dataclass(frozen=True)
class Snapshot:
    """A player at some moment."""

    entries: tuple[QueueEntry, ...]
    current: str | None = None  # id of the entry that plays, is paused, or was stopped
    following: str | None = None  # id of the entry that plays next, by itself or when somebody skips
    state: str = "stop"  # or "play", "pause"
    elapsed: float = 0.0  # seconds of the current song
    duration: float = 0.0  # seconds; 0: unknown
    consumes: bool = False  # whether entries leave the queue when they are over
    modes: frozenset[Mode] = frozenset()  # those that are on
    at: float = 0.0  # seconds on any clock

    @property
    def current_entry(self) -> QueueEntry | None:
        return next((entry for entry in self.entries if entry.id == self.current), None)

    @property
    def upcoming(self) -> tuple[QueueEntry, ...]:
        """The entries after the current one, all if there is none."""
        ids = [entry.id for entry in self.entries]
        return self.entries[ids.index(self.current) + 1 :] if self.current in ids else self.entries


class Player(Protocol):
    """A player with a queue, which other people use at the same time.

    Every method raises LostError if the player does not answer, and RefusedError if it says no.
    """

    name: str  # what messages call it
    music_folder: Path  # where its files lie, once it is connected; what it calls them starts from there

    def connect(self) -> None:
        """Connect to it; anew, if it was connected before."""

    def close(self) -> None:
        """Leave it as it is."""

    def wait(self) -> None:
        """Return when something has happened in it since the last time, or when nothing has for some minutes."""

    def snapshot(self) -> Snapshot:
        """Return what it does, and what is in its queue."""

    def add(self, path: Path) -> str:
        """Put a file at the end of its queue; returns what it calls the song. Raises UnplayableError if it takes others."""

    def remove(self, entry: QueueEntry) -> None:
        """Take a song out of its queue, if it is still there."""

    def play(self) -> None:
        """Play the first song of its queue."""

    def path(self, file: str) -> Path:
        """Return where a song of its queue lies; for one that is no file, a path where nothing is."""

"""A player that is none: a queue in memory, and what people do to it while a program looks at it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from deejai_core.errors import LostError, UnplayableError
from deejai_core.players.player import QueueEntry, Snapshot

LENGTH = 300.0  # seconds of each song


@dataclass
class Queue:
    """The songs in a player, by the ids of their places."""

    songs: list[tuple[int, str]] = field(default_factory=list)
    current: int | None = None  # id
    elapsed: float = 10.0
    state: str = "stop"
    options: set[str] = field(default_factory=set)
    last_id: int = 0

    @property
    def ids(self) -> list[int]:
        return [id_ for id_, _ in self.songs]

    def add(self, file: str, at: int | None = None) -> int:
        self.last_id += 1
        self.songs.insert(len(self.songs) if at is None else at, (self.last_id, file))
        return self.last_id

    @property
    def following(self) -> int | None:
        later = self.ids[self.ids.index(self.current) + 1 :] if self.current in self.ids else []
        return later[0] if later else None

    def play(self, place: int = 0) -> None:
        self.current, self.state, self.elapsed = self.ids[place], "play", 10.0

    def skip(self) -> None:
        self.current, self.elapsed = self.following, 10.0

    def near_its_end(self) -> None:
        self.elapsed = LENGTH - 1

    def throw_out_next(self) -> None:
        self.songs.pop(self.ids.index(self.following))

    def throw_out_current(self) -> None:
        place = self.ids.index(self.current)
        self.skip()
        self.songs.pop(place)

    def put_in(self, file: str) -> None:
        """After the current song, if there is one."""
        self.add(file, self.ids.index(self.current) + 1 if self.current in self.ids else None)

    def clear(self) -> None:
        self.songs, self.current, self.state = [], None, "stop"

    def restart(self) -> None:
        """As a player that was started again has it: the same songs, their places numbered anew."""
        place = self.ids.index(self.current) if self.current in self.ids else None
        self.songs = [(number, file) for number, (_, file) in enumerate(self.songs, 1)]
        self.last_id = len(self.songs)
        self.current = None if place is None else self.ids[place]


class FakePlayer:
    """See `deejai_core.players.player.Player`. What people do there is done to its `queue`.

    refuses: files that it does not take. gone: whether it does not answer.
    """

    name = "the player"

    def __init__(self, music_folder: Path) -> None:
        self.music_folder = music_folder
        self.queue = Queue()
        self.refuses: set[str] = set()
        self.gone = False
        self._connected = False
        self._clock = itertools.count()

    def connect(self) -> None:
        self._connected = not self.gone
        self._answer()

    def close(self) -> None:
        self._connected = False

    def wait(self) -> None:
        """Nothing happens in it but between two questions, so that there are always news."""
        self._answer()

    def snapshot(self) -> Snapshot:
        queue = self._answer()
        playing = queue.current in queue.ids
        return Snapshot(
            tuple(QueueEntry(str(id_), file) for id_, file in queue.songs),
            str(queue.current) if playing else None,
            str(queue.following) if queue.following else None,
            queue.state,
            queue.elapsed if playing else 0.0,
            LENGTH if playing else 0.0,
            consumes="consume" in queue.options,
            modes=frozenset(queue.options & {"random", "single"}),
            at=next(self._clock),
        )

    def add(self, path: Path) -> str:
        queue = self._answer()
        if not path.is_relative_to(self.music_folder):
            raise UnplayableError("it is not in the player's music folder")
        file = path.relative_to(self.music_folder).as_posix()
        if file in self.refuses:
            raise UnplayableError("no such file")
        queue.add(file)
        return file

    def remove(self, entry: QueueEntry) -> None:
        queue = self._answer()
        queue.songs = [song for song in queue.songs if song != (int(entry.id), entry.file)]

    def play(self) -> None:
        self._answer().play()

    def path(self, file: str) -> Path:
        return self.music_folder / file

    def _answer(self) -> Queue:
        if self.gone or not self._connected:
            self._connected = False
            raise LostError(self.name, "no answer")
        return self.queue

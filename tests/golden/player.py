"""A player that speaks MPD's protocol and plays what a script says."""

from __future__ import annotations

import shlex
import socket
import threading
from collections.abc import Callable

from tests.players import LENGTH, Queue

PATIENCE = 60  # seconds


class ScriptedMpd:
    """A server for one client at a time.

    refuses: files that it does not take. log: what the client did since the last change.
    """

    def __init__(self) -> None:
        self.queue = Queue()
        self.refuses: set[str] = set()
        self.log: list[str] = []
        self._lock = threading.Condition()
        self._news = False  # what the client has not been told yet
        self._waits = False  # whether the client waits for news
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(PATIENCE)

    def change(self, change: Callable[[Queue], None], *, hang_up: bool = False) -> list[str]:
        """Change the queue, tell the client or hang up, and return what it did by the time it waits for news again."""
        with self._lock:
            self.log.clear()
            change(self.queue)
            self._waits = False
            if hang_up:
                self._connection.shutdown(socket.SHUT_RDWR)
            else:
                self._connection.sendall(b"changed: player\nchanged: playlist\nOK\n")
        return self.settled()

    def settled(self) -> list[str]:
        """What the client did by the time it waits for news."""
        with self._lock:
            assert self._lock.wait_for(lambda: self._waits, PATIENCE), self.log
            return list(self.log)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as file:
                self._connection, self._news = connection, False
                file.write(b"OK MPD 0.23.5\n")
                file.flush()
                try:
                    for line in file:
                        file.write(self._answer(*shlex.split(line.decode())))
                        file.flush()
                except OSError:
                    continue  # somebody has hung up

    def _answer(self, command: str, *words: str) -> bytes:
        with self._lock:
            if command == "idle":
                if not self._news:
                    self._waits = True
                    self._lock.notify_all()
                    return b""
                self._news = False
                return b"changed: playlist\nOK\n"
            try:
                lines = getattr(self, f"_{command}")(*words)
            except ValueError as error:
                return f"ACK [50@0] {{{command}}} {error}\n".encode()
            return "".join(f"{name}: {value}\n" for name, value in lines).encode() + b"OK\n"

    def _status(self) -> list[tuple[str, object]]:
        queue = self.queue
        lines = [(name, int(name in queue.options)) for name in ("repeat", "random", "single", "consume")]
        lines += [("playlistlength", len(queue.songs)), ("state", queue.state)]
        if queue.current in queue.ids:
            lines += [("songid", queue.current), ("elapsed", queue.elapsed), ("duration", LENGTH)]
        return lines + ([("nextsongid", queue.following)] if queue.following else [])

    def _playlistinfo(self) -> list[tuple[str, object]]:
        return [line for id_, file in self.queue.songs for line in (("file", file), ("Id", id_))]

    def _addid(self, file: str) -> list[tuple[str, object]]:
        if file in self.refuses:
            self.log.append(f"refused {file}")
            raise ValueError("No such directory")
        self.log.append(f"added {file}")
        self._news = True
        return [("Id", self.queue.add(file))]

    def _deleteid(self, id_: str) -> list[tuple[str, object]]:
        (file,) = [file for number, file in self.queue.songs if number == int(id_)]
        self.log.append(f"removed {file}")
        self.queue.songs.remove((int(id_), file))
        self._news = True
        return []

    def _play(self, place: str) -> list[tuple[str, object]]:
        self.log.append("plays")
        self.queue.current, self.queue.state, self._news = self.queue.ids[int(place)], "play", True
        return []

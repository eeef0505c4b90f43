"""Music Player Daemon as a player: `deejai_core.players.player.Player` over its protocol."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deejai_core.errors import LostError, PlayerError, RefusedError, UnplayableError
from deejai_core.extras import extra
from deejai_core.players.player import Mode, QueueEntry, Snapshot
from deejai_core.refusals import reason_of
from deejai_core.words import one_line

TIMEOUT = 10  # seconds for an answer
IDLE = 300  # seconds without news after which it checks whether the player still answers
HINTS = {4: "player password", 51: "player queue"}  # by MPD's error numbers, for errors that would occur with any song
WATCHED = ("player", "playlist", "options")
MODES: tuple[Mode, ...] = ("random", "single")


@dataclass(frozen=True)
class Address:
    """The address of a player. host: a name, the path of a socket, or @ and the name of an abstract one."""

    host: str = "localhost"
    port: int = 6600
    password: str = ""

    def __str__(self) -> str:
        return self.host if self.is_local else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        return self.host.startswith(("/", "@"))

    def but(self, host: str | None, port: str | None, password: str | None, *, port_name: str) -> Address:
        """Return this address with the given parts replaced. A host may have a password in front: password@host.

        port_name: where the port comes from. Raises PlayerError, which names it, for an impossible port.
        """
        address = self
        if host:
            address = replace(address, host=_socket(host))
            told, at, name = host.partition("@")
            if told and at and name:
                address = replace(address, host=_socket(name), password=told)
        if port:
            address = replace(address, port=_port(port, port_name))
        if password:
            address = replace(address, password=password)
        return address


def _port(text: str, name: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= 65535:
        raise PlayerError(f"{name}: must be from 1 to 65535, not {text}")
    return number


def _socket(host: str) -> str:
    return os.path.expanduser(host) if host.startswith("~") else host  # noqa: PTH111 (a path, or not)


class Mpd:
    """MPD as a `deejai_core.players.player.Player`.

    music_folder: where this program has the music. It applies to MPD, too, unless MPD reports another one, which it does
    only to programs on its machine, or unless `configured` is given, because another machine may have the same files
    elsewhere.
    """

    name = "MPD"

    def __init__(self, address: Address, music_folder: Path, configured: Path | None = None) -> None:
        self.address = address
        self.music_folder = configured or music_folder
        self._asks = configured is None and address.is_local
        self._library = _library()
        self._client = self._library.MPDClient()
        self._client.timeout = TIMEOUT
        self._client.idletimeout = IDLE

    def __str__(self) -> str:
        return f"{self.name} at {self.address}"

    def connect(self) -> None:
        """Connect, or connect again. Also raises RefusedError if the password is wrong."""
        self.close()
        self._ask("connect", self.address.host, self.address.port)
        if self.address.password:
            try:
                self._command("password", self.address.password)
            except _NoError as error:
                raise RefusedError(f"{self} does not accept the password ({error})") from error
        if self._asks and (told := self._music_directory()):
            self.music_folder = told

    def close(self) -> None:
        with contextlib.suppress(Exception):  # whatever its state
            self._client.disconnect()

    def wait(self) -> None:
        try:
            self._ask("idle", *WATCHED)
        except LostError as error:
            if not isinstance(error.__cause__, TimeoutError):
                raise
            self.connect()  # perhaps nothing has happened, or the network failed silently

    def snapshot(self) -> Snapshot:
        status = self._ask("status")
        songs = self._ask("playlistinfo")
        return Snapshot(
            tuple(QueueEntry(song["id"], song["file"]) for song in songs),
            status.get("songid"),
            status.get("nextsongid"),
            status["state"],
            float(status.get("elapsed", 0)),
            float(status.get("duration", 0)),
            consumes=status.get("consume", "0") != "0",
            modes=frozenset(mode for mode in MODES if status.get(mode, "0") != "0"),
            at=time.monotonic(),
        )

    def add(self, path: Path) -> str:
        if path.is_relative_to(self.music_folder):
            file = path.relative_to(self.music_folder).as_posix()
        elif self.address.is_local:  # MPD plays any file for clients on the same machine
            file = os.fspath(path)
        else:
            raise UnplayableError("it is not in MPD's music directory")
        try:
            self._command("addid", file)
        except _NoError as error:
            if error.number in HINTS:
                raise self._refused(error) from error
            raise UnplayableError(str(error)) from error
        return file

    def remove(self, entry: QueueEntry) -> None:
        with contextlib.suppress(_NoError):
            self._command("deleteid", entry.id)

    def play(self) -> None:
        self._ask("play", 0)

    def path(self, file: str) -> Path:
        return self.music_folder / file.removeprefix("file://")

    def _music_directory(self) -> Path | None:
        try:
            found = self._command("config")
        except _NoError:
            return None
        directory = found.get("music_directory") if isinstance(found, dict) else found
        return Path(directory) if directory and directory.startswith("/") and Path(directory).is_dir() else None

    def _ask(self, command: str, *arguments: object) -> Any:
        """Return MPD's answer to a command."""
        try:
            return self._command(command, *arguments)
        except _NoError as error:
            raise self._refused(error) from error

    def _refused(self, error: _NoError) -> RefusedError:
        return RefusedError(f"{self}: {error}", hint=HINTS.get(error.number))

    def _command(self, command: str, *arguments: object) -> Any:
        """Return the same, but raise _NoError if MPD refuses.

        Everything that is sent goes through here, because a line break would begin another command.
        """
        if any("\n" in str(argument) for argument in arguments):
            raise _NoError("its name has a line break, which MPD cannot take")
        with self._errors():
            return getattr(self._client, command)(*arguments)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._library.CommandError as error:
            raise _NoError(one_line(str(error)), error.errno and error.errno.value) from error
        except UnicodeError as error:
            raise _NoError("its name is not text") from error
        except (OSError, self._library.MPDError) as error:
            reason = reason_of(error) or "no answer"
            raise LostError(str(self), one_line(reason)) from error


class _NoError(Exception):
    """MPD refuses a command: its message and error number."""

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number


def _library() -> Any:
    with extra("mpd"):
        import mpd
    return mpd

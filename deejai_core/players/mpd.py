"""Music Player Daemon: where it is, what is in its queue, and how beets' files are called there."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import beets
from beets import ui

from deejai_core.extras import extra
from deejai_core.features.radio import Entry, Snapshot
from deejai_core.formats.entries import one_line

if TYPE_CHECKING:
    from .library.beets_library import BeetsLibrary

TIMEOUT = 10  # seconds for an answer
IDLE = 300  # seconds without news, after which it is looked whether the player is still there
FORBIDDEN, QUEUE_FULL = 4, 51  # MPD's numbers of errors that no other song would change
HINTS = {
    FORBIDDEN: "give a password that allows it: --password, or PASSWORD@HOST in MPD_HOST",
    QUEUE_FULL: "`mpc crop` leaves nothing in it but what plays, and `mpc consume on` keeps it short",
}
WATCHED = ("player", "playlist", "options")


class LostError(Exception):
    """The player does not answer any more."""


class RefusedError(Exception):
    """The player does not do what it was asked for; the message and the number are its own."""

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.number = number


@dataclass(frozen=True)
class Address:
    """Where a player is. host: a name, the path of a socket, or @ and the name of an abstract one."""

    host: str = "localhost"
    port: int = 6600
    password: str = ""

    def __str__(self) -> str:
        return self.host if self.is_local else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        return self.host.startswith(("/", "@"))


def find_address(
    host: str | None, port: int | None, password: str | None, environment: Mapping[str, str] = MappingProxyType({})
) -> Address:
    """The player that is meant: by the command line, by beets' section `mpd`, by the environment as mpc reads it.

    A host may have its password in front: password@host.
    """
    config = beets.config["mpd"]
    address = Address()
    for some_host, some_port, some_password, named in (
        (environment.get("MPD_HOST"), environment.get("MPD_PORT"), None, "MPD_PORT"),
        (_configured(config["host"]), _configured(config["port"]), _configured(config["password"]), "mpd.port"),
        (host, None if port is None else str(port), password, "--port"),
    ):
        if some_host:
            address = replace(address, host=_socket(some_host))
            told, at, name = some_host.partition("@")
            if told and at and name:
                address = replace(address, host=_socket(name), password=told)
        if some_port:
            address = replace(address, port=_port(some_port, named))
        if some_password:
            address = replace(address, password=some_password)
    return address


def _port(text: str, named: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= 65535:
        raise ui.UserError(f"{named}: must be from 1 to 65535, not {text}")
    return number


def _configured(view: object) -> str | None:
    return str(view.get()) if view.exists() and view.get() not in (None, "") else None


def _socket(host: str) -> str:
    return os.path.expanduser(host) if host.startswith("~") else host  # noqa: PTH111 (a path, or not)


class Player:
    """A connection to MPD. Every method raises LostError if it is gone, RefusedError if MPD says no."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._library = _library()
        self._client = self._library.MPDClient()
        self._client.timeout = TIMEOUT
        self._client.idletimeout = IDLE

    def connect(self) -> None:
        """Anew, if it was connected. Raises UserError if the password is wrong."""
        self.close()
        with self._errors():
            self._client.connect(self.address.host, self.address.port)
        if self.address.password:
            try:
                self._ask("password", self.address.password)
            except RefusedError as error:
                raise ui.UserError(f"MPD at {self.address} does not accept the password ({error})") from error

    def close(self) -> None:
        with contextlib.suppress(Exception):  # whatever state it is in
            self._client.disconnect()

    def wait(self) -> None:
        """Until something happens, or for some minutes."""
        try:
            self._ask("idle", *WATCHED)
        except LostError as error:
            if not isinstance(error.__cause__, TimeoutError):
                raise
            self.connect()  # nothing may have happened, or the network is gone without a word

    def snapshot(self) -> Snapshot:
        status = self._ask("status")
        songs = self._ask("playlistinfo")
        return Snapshot(
            tuple(Entry(song["id"], song["file"]) for song in songs),
            status.get("songid"),
            status.get("nextsongid"),
            status["state"],
            float(status.get("elapsed", 0)),
            float(status.get("duration", 0)),
            status.get("consume", "0") != "0",
            time.monotonic(),
        )

    def options(self) -> set[str]:
        """Which of random, repeat, single and consume are on."""
        status = self._ask("status")
        return {name for name in ("random", "repeat", "single", "consume") if status.get(name, "0") != "0"}

    def add(self, file: str) -> str:
        """Put a song at the end of the queue; returns why MPD does not take it, nothing if it does."""
        try:
            self._ask("addid", file)
        except RefusedError as error:
            if error.number in HINTS:
                raise
            return str(error)
        return ""

    def remove(self, entry: Entry) -> None:
        """Take a song out of the queue, if it is still there."""
        with contextlib.suppress(RefusedError):
            self._ask("deleteid", entry.id)

    def play(self) -> None:
        self._ask("play", 0)

    def music_directory(self) -> Path | None:
        """Where its music lies; it tells only who is on the same machine."""
        try:
            found = self._ask("config")
        except RefusedError:
            return None
        directory = found.get("music_directory") if isinstance(found, dict) else found
        return Path(directory) if directory and directory.startswith("/") else None

    def _ask(self, command: str, *arguments: object) -> Any:
        """MPD's answer to a command. Whatever is sent goes through here: a line break would begin another command."""
        if any("\n" in str(argument) for argument in arguments):
            raise RefusedError("its name has a line break, which MPD cannot take")
        with self._errors():
            return getattr(self._client, command)(*arguments)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._library.CommandError as error:
            raise RefusedError(one_line(str(error)), error.errno and error.errno.value) from error
        except UnicodeError as error:
            raise RefusedError("its name is not text") from error
        except (OSError, self._library.MPDError) as error:
            raise LostError(one_line(getattr(error, "strerror", None) or str(error) or "no answer")) from error


class Names:
    """What beets' files are called by a player, and which file a name of the player's means.

    Where the player's music lies is what beets' section `mpd` says, else what the player says, which it does to programs on
    its machine only, else beets' own directory: another machine may well have the same files elsewhere.
    """

    def __init__(self, library: BeetsLibrary, player: Player) -> None:
        own = Path(os.fsdecode(library.lib.directory))
        self._is_local = player.address.is_local
        told = player.music_directory() if self._is_local else None
        configured = _configured(beets.config["mpd"]["music_directory"])
        self.directory = told if told and told.is_dir() else own
        if configured and Path(configured).expanduser() != own:  # mpdstats makes beets' own the default
            self.directory = Path(configured).expanduser()

    def file(self, path: Path) -> str | None:
        """The player's name for a file; None if it can have none."""
        if path.is_relative_to(self.directory):
            return path.relative_to(self.directory).as_posix()
        return os.fspath(path) if self._is_local else None  # MPD plays any file for who is on the same machine

    def path(self, file: str) -> Path:
        return self.directory / file.removeprefix("file://")


def _library() -> ModuleType:
    with extra("mpd"):
        import mpd
    return mpd

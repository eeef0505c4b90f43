"""A real MPD, and what somebody does in it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

MPD = shutil.which("mpd") or shutil.which("/usr/sbin/mpd")
needs_mpd = pytest.mark.skipif(MPD is None, reason="mpd is not installed")

LONG = 300  # seconds of each song that MPD has: none ends by itself, however slow the machine
PATIENCE = 60  # seconds that anything may take on a machine with other things to do


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Client:
    """The few words of MPD's protocol that a test needs."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rwb")
        assert self.file.readline().startswith(b"OK MPD")

    def command(self, text: str) -> list[bytes]:
        self.file.write(text.encode(errors="surrogateescape") + b"\n")
        self.file.flush()
        answer = []
        while (line := self.file.readline().rstrip(b"\n")) != b"OK":
            assert line, "mpd hung up"
            assert not line.startswith(b"ACK"), line
            answer.append(line)
        return answer

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def connect(port: int) -> Client:
    deadline = time.monotonic() + 20
    while True:
        try:
            return Client(port)
        except OSError:
            assert time.monotonic() < deadline, "mpd does not start"
            time.sleep(0.05)


class MpdServer:
    """An MPD of our own on loopback, with the music of a folder and no sound."""

    def __init__(self, folder: Path, music: Path, more: str = "") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.socket = folder / "socket"
        self.config = folder / "mpd.conf"
        self.config.write_text(
            f'music_directory "{music}"\ndb_file "{folder}/mpd.db"\nstate_file "{folder}/mpd.state"\n'
            f'bind_to_address "127.0.0.1"\nbind_to_address "{self.socket}"\nport "{self.port}"\n'
            f'filesystem_charset "UTF-8"\n{more}\naudio_output {{\n type "null"\n name "none"\n}}\n'
        )
        self.process: subprocess.Popen | None = None
        self.client: Client | None = None

    def start(self, password: str = "") -> None:
        self.process = subprocess.Popen(
            [MPD, "--no-daemon", "--stderr", self.config], stderr=subprocess.DEVNULL, env=os.environ | {"LC_ALL": "C.UTF-8"}
        )
        self.client = connect(self.port)
        if password:
            self("password", password)
        self("update")
        until(lambda: "updating_db" not in self.status(), "MPD reads its music")

    def stop(self) -> None:
        if self.client:
            self.client.close()
            self.client = None
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)
            self.process = None

    def __call__(self, command: str, *words: object) -> list[str]:
        quoted = ['"{}"'.format(str(word).replace('"', '\\"')) for word in words]
        return [line.decode() for line in self.client.command(" ".join([command, *quoted]))]

    def status(self) -> dict[str, str]:
        return dict(line.split(": ", 1) for line in self("status"))

    def queue(self) -> list[str]:
        return [line.removeprefix("file: ") for line in self("playlistinfo") if line.startswith("file: ")]

    def ahead(self) -> list[str]:
        """What follows the current song."""
        return self.queue()[int(self.status().get("song", -1)) + 1 :]

    def current(self) -> str:
        return next((line[6:] for line in self("currentsong") if line.startswith("file: ")), "")

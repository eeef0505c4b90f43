"""A real Mopidy with this extension, and its core as seen over JSON-RPC."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
MOPIDY = shutil.which("mopidy")
PATIENCE = 60  # seconds that anything may take on a machine with other things to do


def _lacking() -> str | None:
    """What the tests lack to run the extension in a Mopidy."""
    if MOPIDY is None:
        return "mopidy is not installed"
    python = Path(MOPIDY).read_text(encoding="utf-8").partition("\n")[0].removeprefix("#!").strip()
    tell = "import sys, mopidy_local, mopidy_mpd; print(*sys.version_info[:2], sep='.')"
    told = subprocess.run([python, "-c", tell], capture_output=True, text=True, check=False)
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if told.returncode:
        return "mopidy-local or mopidy-mpd is not installed"
    if not metadata.entry_points(group="mopidy.ext", name="deejai"):
        return "the extension is not installed: this package was before it had one"
    return None if told.stdout.strip() == ours else f"mopidy runs on Python {told.stdout.strip()}, this is {ours}"


LACKING = _lacking()
needs_mopidy = pytest.mark.skipif(LACKING is not None, reason=str(LACKING))


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment() -> dict[str, str]:
    """In which Mopidy's Python finds what ours does."""
    packages = [path for path in sys.path if path.endswith("site-packages")]
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *packages])}


class GoneError(Exception):
    """Mopidy does not answer."""


class MopidyServer:
    """A Mopidy of our own on loopback, with no sound; it keeps its tracklist when it ends.

    deejai: the extension's options, a line each. sections: of the configuration, besides those of every server here.
    """

    def __init__(self, folder: Path, deejai: str, sections: str) -> None:
        self.log = folder / "mopidy.log"
        self.port, self.mpd_port = free_port(), free_port()
        self.config = folder / "mopidy.conf"
        self.config.write_text(
            f"[core]\ncache_dir = {folder}/cache\nconfig_dir = {folder}/config\ndata_dir = {folder}/data\n"
            f"restore_state = true\n[audio]\noutput = fakesink sync=true\n"
            f"[http]\nhostname = 127.0.0.1\nport = {self.port}\nzeroconf =\n"
            f"[mpd]\nhostname = 127.0.0.1\nport = {self.mpd_port}\nzeroconf =\n"
            f"[deejai]\n{deejai}\n{sections}\n"
        )
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log, env=environment())
        until(self._answers, f"mopidy starts: {self.said()}")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)
            self.process = None

    def run(self, *words: str) -> None:
        """Run a command of Mopidy's to its end."""
        subprocess.run([*self._command(), *words], check=True, capture_output=True, env=environment())

    def _command(self) -> list[str]:
        return [MOPIDY, "--config", str(self.config)]

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.said()
        try:
            return bool(self("get_version"))
        except GoneError:
            return False

    def __call__(self, method: str, **arguments: Any) -> Any:
        """What a method of Mopidy's core returns, by its name within it."""
        asked = {"jsonrpc": "2.0", "id": 1, "method": f"core.{method}", "params": arguments}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", "/mopidy/rpc", json.dumps(asked), {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read(), object_hook=_Model)
        except (OSError, http.client.HTTPException) as error:
            raise GoneError from error
        finally:
            connection.close()
        if answer.error:
            raise RuntimeError(answer.error.data["message"])
        return answer.result

    def uris(self) -> list[str]:
        return [each.track.uri for each in self("tracklist.get_tl_tracks")]


class _Model(dict):
    """A model of Mopidy's, in which what is not said is None."""

    __getattr__ = dict.get

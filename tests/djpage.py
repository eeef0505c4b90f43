"""`beet deejai web`, or another server of ours, as a user starts it, and what asks it."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from tests.forkserver import start_beet

PATIENCE = 120  # seconds that a start may take on a machine that has much else to do


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers  # names in lower case
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return self.json["error"]


class Page:
    """A running server. A context manager."""

    def __init__(
        self, folder: Path, *words: str, verb: str = "web", beet: Sequence[str] = (), port: int | None = None, **env: str
    ) -> None:
        """beet: options of `beet` itself. words: those of the command, and what the page begins with."""
        self.port = port or free_port()
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self.log = folder / "web.log"
        env = {"BEETSDIR": str(folder), "TMPDIR": str(self.temporary), "PYTHONUNBUFFERED": "1"} | env
        with self.log.open("wb") as log:
            self.process = start_beet(*beet, "deejai", verb, "--port", self.port, *words, env=env, cwd=folder, output=log)
        self.printed = self._first_line()
        self.url = f"http://127.0.0.1:{self.port}/"

    def _first_line(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := [line for line in self.log.read_text().splitlines() if line.startswith("http")]:
                return found[0]
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(self.log.read_text())

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()
        assert "Traceback" not in self.log.read_text(), self.log.read_text()

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """headers: with _ for -. A body that is not bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent = {"Content-Type": "application/json"} | sent
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: object, **headers: str) -> Answer:
        return self.ask("POST", path, body, **headers)

    def find(self, text: str) -> list[dict]:
        return self.get(f"/api/search?q={quote(text)}").json["tracks"]

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def raw(self, parts: bytes | Iterable[bytes]) -> bytes:
        """What is answered to bytes that no client library would send; those after an answer may not be taken any more."""
        with self.connected() as connection:
            try:
                for part in [parts] if isinstance(parts, bytes) else parts:
                    connection.sendall(part)
            except OSError:
                pass  # it has hung up
            answer = b""
            try:
                while chunk := connection.recv(65_536):
                    answer += chunk
            except OSError:
                pass
            return answer

"""Clients of the DJ page that keep it waiting, go away, or are many."""

from __future__ import annotations

import contextlib
import http.client
import os
import sqlite3
import threading
import time
from itertools import cycle

import pytest

from tests.djpage import Page
from tests.plugin.conftest import copied
from tests.processes import children, eventually
from tests.sounds import chirp, write_audio

CLIENTS = 200
SECONDS = float(os.environ.get("DEEJAI_TEST_CLIENTS_SECONDS", "2"))  # 30 for the whole run


@pytest.fixture(scope="module")
def hasty(web_library, tmp_path_factory):
    """A server with short deadlines, and little room for what is not read; tracks 1 to 4 are ten minutes long."""
    folder = tmp_path_factory.mktemp("hasty")
    (folder / "sitecustomize.py").write_text(
        "from waitress.adjustments import Adjustments\n"
        "from deejai_core.features.web import server\n"
        "Adjustments.outbuf_high_watermark = 1_000_000\n"
        "server.HEAD_SECONDS = server.IDLE_SECONDS = server.UNREAD_SECONDS = 3\n"
    )
    long = write_audio(folder / "long.flac", chirp(600, 8000), 8000)
    own = copied(web_library, folder / "library")
    with sqlite3.connect(own.library) as connection:
        connection.execute("UPDATE items SET path = ? WHERE id <= 4", (os.fsencode(long),))
    connection.close()
    with Page(own.folder, PYTHONPATH=str(folder)) as server:
        yield server


class TestClientsThatKeepItWaiting:
    """With deadlines of seconds instead of a minute. Meanwhile others are served."""

    def test_heads_that_never_end(self, hasty):
        """More than there may be connections. Each sends another byte from time to time."""
        waiting = [hasty.connected() for _ in range(420)]
        try:
            for number, connection in enumerate(waiting):
                send(connection, (b"", b"\r\n", b"GET /api/status HTTP/1.1\r\nX: ")[number % 3])
            deadline = time.monotonic() + 60
            while hasty.get("/api/status").status != 200:
                assert time.monotonic() < deadline
            for _ in range(5):
                for connection in waiting:
                    send(connection, b"x")
                time.sleep(1)
            assert hasty.get("/api/status").status == 200
            eventually(lambda: all(map(is_closed, waiting)))
        finally:
            for connection in waiting:
                connection.close()

    def test_a_connection_is_kept_between_requests(self, hasty):
        connection = http.client.HTTPConnection("127.0.0.1", hasty.port, timeout=60)
        for _ in range(3):
            connection.request("GET", "/api/status")
            assert connection.getresponse().read()
            time.sleep(1)
        socket = connection.sock
        eventually(lambda: is_closed(socket))  # but not for ever
        connection.close()

    def test_listeners_that_do_not_listen(self, hasty):
        """They have all transcoders there are, until they have read nothing for too long."""
        listeners = []
        try:
            for number in (1, 2, 3, 4):
                listeners.append(connection := hasty.connected())
                head = f"GET /api/audio/{number}?formats=webm HTTP/1.1\r\nHost: 127.0.0.1:{hasty.port}\r\n\r\n"
                connection.sendall(head.encode())
                assert connection.recv(12) == b"HTTP/1.1 200"
            assert hasty.get("/api/audio/5?formats=webm").status == 503
            eventually(lambda: hasty.get("/api/audio/5?formats=webm").status == 200, seconds=180)
        finally:
            for connection in listeners:
                connection.close()

    def test_one_who_listens_slowly_hears_it_to_the_end(self, hasty):
        whole = hasty.get("/api/audio/5?formats=mp3").body
        with hasty.connected() as connection:
            connection.sendall(f"GET /api/audio/5?formats=mp3 HTTP/1.0\r\nHost: 127.0.0.1:{hasty.port}\r\n\r\n".encode())
            heard = b""
            while chunk := connection.recv(len(whole) // 4):
                heard += chunk
                time.sleep(1.5)
        assert heard.endswith(whole)


def send(connection, data: bytes) -> None:
    with contextlib.suppress(OSError):  # closed by the server
        connection.sendall(data)


def is_closed(connection) -> bool:
    """Whether the server has closed a connection, on which it has said nothing that is not read."""
    connection.setblocking(False)
    try:
        return connection.recv(65_536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_transcoders_end_with_their_listeners(server, web_library):
    """Who goes away in the middle of a stream takes its process along."""
    for _ in range(12):  # more than there may be at once
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/api/audio/1?formats=mp3")
        response = connection.getresponse()
        assert response.status == 200
        response.read(1000)
        connection.close()
        eventually(lambda: not children(server.process.pid))


def test_many_at_once_lose_nothing(server, whole):
    """Whatever 200 clients ask for at the same time, each gets the answer to its own question."""
    questions = [
        ("GET", "/api/search?q=kettle", None, lambda answer: len(answer.json["tracks"]) > 0),
        ("POST", "/api/similar", {"seeds": [1], "coming": [None] * 3}, lambda answer: len(answer.json["tracks"]) == 3),
        ("POST", "/api/similar", {"seeds": [2], "drunk": 0.5, "seed": 1}, lambda answer: answer.json["complete"]),
        ("GET", "/api/audio/1", None, lambda answer: answer.body == whole),
        ("GET", "/api/track/5", None, lambda answer: answer.json["id"] == 5),
        ("POST", "/api/journey", {"waypoints": [1, 9], "between": 2}, lambda answer: len(answer.json["legs"][0]) == 2),
        ("GET", "/", None, lambda answer: b"</html>" in answer.body),
    ]
    end, asked, wrong = time.monotonic() + SECONDS, [], []

    def client(number: int) -> None:
        for method, path, body, right in cycle(questions[number % len(questions) :] + questions[: number % len(questions)]):
            try:
                answer = server.ask(method, path, body)
                asked.append(path)
                if answer.status != 200 or not right(answer):
                    wrong.append((path, answer.status, answer.body[:200]))
            except Exception as error:
                wrong.append((path, repr(error)))
            if time.monotonic() > end:
                return

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:5]
    assert len(asked) >= CLIENTS
    print(f"{len(asked)} answers to {CLIENTS} clients in {SECONDS:g} s")  # noqa: T201

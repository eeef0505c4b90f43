"""Files of a library that have been exchanged for something else: the page opens none of it, and plays on."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.djpage import Page
from tests.pictures import compressed_picture, png
from tests.plugin.conftest import copied
from tests.processes import children, eventually, resident, runs
from tests.sounds import chirp, write_audio

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pipes, devices and /proc")

MEGABYTE = 1_000_000
BUSINESS = "nobody's business"
PLAYLIST = "ffconcat version 1.0\nfile 'song.mp3'\n"


def link_to(name: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(name)


def linked_song(path: Path) -> None:
    write_audio(path.with_name("song.mp3"), chirp(6, 44_100), 44_100)
    path.symlink_to("song.mp3")


def heavy_cover(path: Path) -> None:
    write_audio(path, chirp(6, 44_100), 44_100)
    compressed_picture(path, 3000)


def hour(path: Path) -> None:
    write_audio(path, chirp(3600, 8000), 8000)


FILES = [  # of the tracks 1, 2, ...
    ("link.mp3", linked_song),
    ("pipe.mp3", os.mkfifo),
    ("device.mp3", link_to("/dev/zero")),
    ("secret.mp3", link_to("secret.txt")),
    ("list.mp3", lambda path: path.write_text(PLAYLIST)),
    ("folder.mp3", Path.mkdir),
    ("gone.mp3", link_to("nowhere")),
    ("heavy.mp3", heavy_cover),
    ("hour.flac", hour),
    ("wide.png", lambda path: path.write_bytes(png(50_000, 50_000))),
]
ID = {name: number for number, (name, _) in enumerate(FILES, 1)}


@pytest.fixture(scope="module")
def library(tmp_path_factory, analysed_library):
    own = copied(analysed_library, tmp_path_factory.mktemp("exchanged"))
    folder = own.folder / "exchanged"
    folder.mkdir()
    (folder / "secret.txt").write_text(BUSINESS * 1000)
    with sqlite3.connect(own.library) as connection:
        for number, (name, make) in enumerate(FILES, 1):
            make(folder / name)
            connection.execute(
                "UPDATE items SET path = ?, format = 'MP3' WHERE id = ?", (os.fsencode(folder / name), number)
            )
    connection.close()
    return own


@pytest.fixture(scope="module")
def page(library):
    with Page(library.folder) as page:
        yield page


def test_a_link_plays(page, library):
    assert page.get(f"/api/audio/{ID['link.mp3']}").body == (library.folder / "exchanged/song.mp3").read_bytes()


@pytest.mark.parametrize("formats", ["", "?formats=mp3", "?formats=webm"])
@pytest.mark.parametrize("name", ["pipe.mp3", "device.mp3", "secret.mp3", "list.mp3", "folder.mp3", "gone.mp3"])
def test_what_is_no_music_is_not_sent(page, name, formats):
    start = time.monotonic()
    answer = page.get(f"/api/audio/{ID[name]}{formats}")
    assert answer.status == (422 if name in ("secret.mp3", "list.mp3") else 404)
    assert BUSINESS.encode() not in answer.body
    assert page.get(f"/api/art/{ID[name]}").status == 204
    assert time.monotonic() - start < 20  # nothing is waited for


def test_pictures_that_are_larger_than_they_look(page):
    before = resident(page.process.pid)
    assert page.get(f"/api/art/{ID['heavy.mp3']}").status == 204
    assert page.get(f"/api/art/{ID['wide.png']}").status == 204
    assert resident(page.process.pid) < before + 50 * MEGABYTE
    assert page.get(f"/api/audio/{ID['heavy.mp3']}").status == 200


def test_what_the_server_has_started_ends_with_it(library):
    """Even if it is killed: while a track is being transcoded for somebody who does not listen, and covers were read."""
    with Page(library.folder) as own, own.connected() as connection:
        connection.sendall(
            f"GET /api/audio/{ID['hour.flac']}?formats=webm HTTP/1.1\r\nHost: 127.0.0.1:{own.port}\r\n\r\n".encode()
        )
        assert connection.recv(12) == b"HTTP/1.1 200"
        own.get(f"/api/art/{ID['link.mp3']}")
        started = children(own.process.pid)
        assert len(started) == 2
        own.process.kill()
        own.process.wait()
        eventually(lambda: not any(map(runs, started)), seconds=20)

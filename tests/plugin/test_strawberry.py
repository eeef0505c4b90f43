"""Strawberry, a music player of the desktop, as a client of `beet deejai subsonic`: on a screen that nobody sees."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.djpage import PATIENCE, Page
from tests.plugin.conftest import copied

PROGRAMS = ("strawberry", "Xvfb", "xdotool", "dbus-run-session")
REFRESH = (166, 66)  # where the button "Refresh catalogue" is, in a window at the corner of the screen
FIRST_ARTIST = (175, 108)
SUBSONIC_TAB = 8
SETTINGS = """
[MainWindow]
tab_mode=1
current_tab={tab}

[Backend]
engine=gstreamer
output=fakesink

[Scrobbler]
enabled=true

[Subsonic]
enabled=true
url=http://127.0.0.1:{port}
username=ann
password=@ByteArray({password})
http2=false
downloadalbumcovers=false
serversidescrobbling=true
authmethod=1
"""

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason=f"one of {', '.join(PROGRAMS)} is not installed"
)


@pytest.fixture
def server(analysed_library, tmp_path) -> Iterator[Page]:
    library = copied(analysed_library, tmp_path / "beets")
    library.configure(subsonic_users={"ann": "secret", "bob": "hidden"})
    with Page(library.folder, verb="subsonic") as server:
        yield server


@pytest.fixture
def screen(tmp_path) -> Iterator[dict[str, str]]:
    """The environment of programs on a screen of their own, with a home of their own."""
    number, free = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(free), "-screen", "0", "1280x900x24"], pass_fds=[free], stderr=subprocess.DEVNULL
    )
    os.close(free)
    with open(number) as displays:  # noqa: PTH123 (a descriptor)
        display = displays.readline().strip()
    home = tmp_path / "home"
    runtime = home / "run"
    runtime.mkdir(parents=True, mode=0o700)
    yield os.environ | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_RUNTIME_DIR": str(runtime),
        "DISPLAY": f":{display}",
        "LC_ALL": "C.UTF-8",
    }
    process.terminate()
    process.wait()


@contextlib.contextmanager
def strawberry(screen: dict[str, str], port: int) -> Iterator[Path]:
    """The player, its window open at the tab of Subsonic; gives its database."""
    config = Path(screen["XDG_CONFIG_HOME"]) / "strawberry"
    config.mkdir(parents=True)
    password = b64encode(b"secret").decode()
    (config / "strawberry.conf").write_text(SETTINGS.format(tab=SUBSONIC_TAB, port=port, password=password))
    process = subprocess.Popen(
        ["dbus-run-session", "--", "strawberry"],
        env=screen,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        find = ["xdotool", "search", "--onlyvisible", "--name", "Strawberry Music Player"]
        wait(lambda: subprocess.run(find, env=screen, capture_output=True).stdout)
        yield Path(screen["XDG_DATA_HOME"]) / "strawberry/strawberry/strawberry.db"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def wait(seen: Callable[[], object], do: Callable[[], object] = lambda: None) -> None:
    """Do something every few seconds until something is seen."""
    deadline = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < deadline
        do()
        until = time.monotonic() + 5
        while time.monotonic() < until and not seen():
            time.sleep(0.1)


def click(screen: dict[str, str], place: tuple[int, int], times: int = 1) -> None:
    words = ["mousemove", *map(str, place), "click", "--repeat", str(times), "--delay", "80", "1"]
    subprocess.run(["xdotool", *words], env=screen, check=True)


def play(screen: dict[str, str]) -> None:
    """Add the first artist's songs to the list, and play."""
    click(screen, FIRST_ARTIST, times=2)
    time.sleep(1)
    subprocess.run(["strawberry", "--play"], env=screen, timeout=30, capture_output=True)


def test_it_reads_the_library_and_plays_it(server, screen):
    def songs() -> int:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            return connection.execute("SELECT COUNT(*) FROM subsonic_songs").fetchone()[0]

    def playing() -> list[dict]:
        answer = server.get("/rest/getNowPlaying?u=bob&p=hidden&f=json").json
        return answer["subsonic-response"]["nowPlaying"]["entry"]

    with strawberry(screen, server.port) as database:
        wait(lambda: songs() == 24, lambda: click(screen, REFRESH))
        wait(playing, lambda: play(screen))
        (entry, *_) = playing()
    assert (entry["username"], entry["playerName"]) == ("ann", "Strawberry")

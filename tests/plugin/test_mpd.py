"""A real player loads our playlists and finds every file in them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

MPD = shutil.which("mpd") or (shutil.which("/usr/sbin/mpd"))

pytestmark = pytest.mark.skipif(MPD is None, reason="mpd is not installed")


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


@pytest.fixture
def odd_names(beets, collection):
    """A library whose music folder has names that playlists trip over."""
    names = ["Aisle.flac", "日本 🎵.flac", "#1 hit.flac", "100% [live] 'n' \"more\".flac", "Élan, é.flac", "A: b.flac"]
    songs = sorted(collection.rglob("*.flac"))
    for name, song in zip(names, songs[: len(names)], strict=True):
        shutil.copy(song, beets.music / name)
    beets.run("import", "-qA", beets.music)
    return beets, names


@pytest.fixture
def mpd(odd_names, tmp_path):
    """An MPD of our own on loopback, with the library's folders and no sound."""
    beets, _ = odd_names
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    playlists = beets.folder / "playlists"
    playlists.mkdir()
    config = tmp_path / "mpd.conf"
    config.write_text(
        f'music_directory "{beets.music}"\n'
        f'playlist_directory "{playlists}"\n'
        f'db_file "{tmp_path}/mpd.db"\n'
        f'state_file "{tmp_path}/mpd.state"\n'
        f'bind_to_address "127.0.0.1"\n'
        f'port "{port}"\n'
        'filesystem_charset "UTF-8"\n'
        'audio_output {\n type "null"\n name "none"\n}\n'
    )
    process = subprocess.Popen(
        [MPD, "--no-daemon", "--stderr", config],
        stderr=subprocess.DEVNULL,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    try:
        client = connect(port)
        client.command("update")
        deadline = time.monotonic() + 20
        while any(line.startswith(b"updating_db") for line in client.command("status")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield client
        client.close()
    finally:
        process.terminate()
        process.wait(timeout=10)


def connect(port: int) -> Client:
    deadline = time.monotonic() + 20
    while True:
        try:
            return Client(port)
        except OSError:
            assert time.monotonic() < deadline, "mpd does not start"
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("playlists/ours.m3u", ["--relative-to", "library"]),
        ("playlists/ours.m3u", ["--output-format", "m3u", "--relative-to", "library"]),
        ("playlists/ours.m3u", []),
        ("music/ours.pls", ["--relative-to", "library"]),  # MPD looks for these among the music
    ],
    ids=["relative to the library", "plain", "absolute paths", "pls"],
)
def test_mpd_loads_the_playlist_and_finds_every_file(odd_names, mpd, name, options):
    beets, names = odd_names
    beets.deejai("similar", "path:" + str(beets.music / "Aisle.flac"), "-o", beets.folder / name, *options)
    mpd.command("clear")
    mpd.command(f"load {Path(name).name.removesuffix('.m3u')}")
    queue = [line[len(b"file: ") :].decode() for line in mpd.command("playlistinfo") if line.startswith(b"file: ")]
    assert sorted(Path(name).name for name in queue) == sorted(names)
    # With a length: MPD found the file itself, in its database.
    assert len([line for line in mpd.command("playlistinfo") if line.startswith(b"duration: ")]) == len(names)
    mpd.command("play 1")
    deadline = time.monotonic() + 20
    while not (state := [line for line in mpd.command("status") if line.startswith(b"elapsed: ")]):
        assert time.monotonic() < deadline, state
        time.sleep(0.05)
    assert b"error" not in b"".join(mpd.command("status"))

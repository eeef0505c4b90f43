"""A real player loads our playlists and finds every file in them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.mpd_server import MpdServer, needs_mpd

pytestmark = needs_mpd


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
    """An MPD with the library's folders."""
    beets, _ = odd_names
    playlists = beets.folder / "playlists"
    playlists.mkdir()
    player = MpdServer(tmp_path, beets.music, f'playlist_directory "{playlists}"')
    try:
        player.start()
        yield player.client
    finally:
        player.stop()


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

"""Players that are programs: how they are started, and what is said of those that fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deejai_core.errors import PlayerError
from deejai_core.players.program import Program

SONGS = [Path("/music/a.mp3"), Path("/music/b c.mp3")]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("player --now $playlist -q", ["player", "--now", "{}", "-q"]),
        ("player --list=$playlist", ["player", "--list={}"]),
        ("player '--a b'", ["player", "--a b", "{}"]),
    ],
)
def test_it_is_started_with_a_playlist(command, expected):
    words = Program(command, "player", relative_to=Path("/"), mark=True).words(SONGS)
    (playlist,) = (Path(word.removeprefix("--list=")) for word in words if word.endswith(".m3u"))
    assert words == [word.format(playlist) for word in expected]
    assert playlist.read_bytes() == b"\xef\xbb\xbfmusic/a.mp3\nmusic/b c.mp3\n"
    playlist.unlink()


def test_or_with_the_songs_themselves():
    assert Program("player $playlist -q", "player", raw=True).words(SONGS) == ["player", "-q", *map(str, SONGS)]


@pytest.mark.parametrize(
    ("command", "told"), [("player 'half", "play: No closing quotation"), (" ", "play: it is empty; set it to a player")]
)
def test_commands_that_are_none(command, told):
    with pytest.raises(PlayerError, match=told):
        Program(command, "play").words(SONGS)


def test_one_that_fails(tmp_path):
    Program("", "play").run([sys.executable, "-c", ""])
    with pytest.raises(PlayerError, match=r"play: .* ended with status 3"):
        Program("", "play").run([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(PlayerError, match=r"play: cannot run '.*gone'.*; set it to an installed player"):
        Program("", "play").run([str(tmp_path / "gone")])

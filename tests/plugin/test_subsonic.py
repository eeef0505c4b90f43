"""`beet deejai subsonic`, and real clients of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest

from tests.djpage import Page
from tests.plugin.conftest import Beets, copied

USERS = {"ann": "secret", "bob": "hidden"}
NPM = shutil.which("npm")
CLIENTS = 200
SECONDS = float(os.environ.get("DEEJAI_TEST_CLIENTS_SECONDS", "2"))  # 30 for the whole run


@pytest.fixture(scope="module")
def library(analysed_library, tmp_path_factory) -> Beets:
    own = copied(analysed_library, tmp_path_factory.mktemp("subsonic"))
    own.configure(subsonic_users=USERS, subsonic_owner="ann")
    return own


@pytest.fixture(scope="module")
def server(library) -> Page:
    with Page(library.folder, verb="subsonic") as server:
        yield server


class Opensonic:
    """A connection of py-opensonic, whose methods wait for their answers."""

    def __init__(self, port: int, name: str | None = None, **options: object) -> None:
        opensonic = pytest.importorskip("libopensonic")
        self._loop = asyncio.new_event_loop()
        password = str(USERS[name]) if name else None
        self._connection = opensonic.AsyncConnection("http://127.0.0.1", name, password, port=port, **options)

    def __getattr__(self, name: str) -> Callable:
        method = getattr(self._connection, name)
        return lambda *values, **options: self._loop.run_until_complete(method(*values, **options))

    def close(self) -> None:
        self.cleanup()
        self._loop.close()


@pytest.fixture
def connect(server) -> Iterator[Callable[..., Opensonic]]:
    """Logs a listener in."""
    with contextlib.ExitStack() as stack:

        def connect(name: str | None = None, **options: object) -> Opensonic:
            return stack.enter_context(contextlib.closing(Opensonic(server.port, name, **options)))

        yield connect


class TestPyOpensonic:
    """What Music Assistant asks with."""

    def test_a_listener_browses_and_finds_what_sounds_alike(self, connect, library):
        ann = connect("ann")
        assert ann.ping()
        assert sum(len(letter.artist) for letter in ann.get_artists().index) == 6
        (song,) = ann.search3("October Bread").song
        album = ann.get_album(song.album_id)
        assert song.id in [one.id for one in album.song]
        matches = ann.get_sonic_similar_tracks(song.id, count=6)
        library.deejai(
            "similar", "October Bread", "-n", "6", "--no-seeds", "--keep-on", "0", "-o", library.folder / "list.m3u"
        )
        written = [line for line in (library.folder / "list.m3u").read_text().splitlines() if line.startswith("#EXTINF")]
        named = sorted(f"{match.entry.artist} - {match.entry.title}" for match in matches)
        assert named == sorted(line.partition(",")[2] for line in written)
        last = ann.search3("", song_count=1, song_offset=20).song[0]
        path = ann.find_sonic_path(song.id, last.id, count=5)
        assert [path[0].entry.id, path[-1].entry.id, len(path)] == [song.id, last.id, 5]

    def test_what_the_owner_says_is_in_the_library(self, connect, library):
        ann = connect("ann")
        (song,) = ann.search3("October Bread").song
        ann.star([song.id])
        ann.set_rating(song.id, 4)
        ann.scrobble(song.id)
        assert library.field("play_count", "October Bread") == ["1"]
        assert library.run("ls", "-f", "$title", "user_rating:3..", "starred::^20").lines == ["October Bread"]
        bob = connect("bob")
        bob.set_rating(song.id, 1)
        assert library.field("user_rating", "October Bread") == ["4"]

    def test_a_playlist_becomes_a_file(self, connect, library):
        bob = connect("bob", legacy_auth=True)
        songs = bob.search3("", song_count=3).song
        bob.create_playlist(name="On the road", song_ids=[song.id for song in songs])
        assert len(library.playlist("On the road.m3u")) == 3
        (made,) = [one for one in bob.get_playlists() if one.name == "On the road"]
        assert "On the road" not in [one.name for one in connect("ann").get_playlists()]
        bob.delete_playlist(made.id)
        assert not (library.folder / "playlists/On the road.m3u").exists()

    def test_playlists_of_the_configuration_are_there(self, connect, library):
        library.configure(
            subsonic_users=USERS,
            subsonic_owner="ann",
            playlists=[{"name": "Bread", "similar": "October Bread", "number": 4}],
        )
        library.deejai("playlists")
        (made,) = [one for one in connect("bob").get_playlists() if one.name == "Bread"]
        assert made.song_count == 5

    def test_keys_in_place_of_passwords(self, connect, library):
        keys = dict(line.split(": ") for line in library.deejai("subsonic", "--keys").lines)
        assert keys.keys() == USERS.keys()
        assert connect(api_key=keys["bob"]).token_info().username == "bob"


@pytest.mark.skipif(NPM is None, reason="npm is not installed")
def test_subsonic_api_of_npm(server, tmp_path):
    installed = subprocess.run(
        [NPM, "install", "--no-audit", "--no-fund", "subsonic-api@3.3.1"], cwd=tmp_path, capture_output=True, text=True
    )
    if installed.returncode:
        pytest.skip(f"npm cannot fetch subsonic-api: {installed.stderr[-200:]}")
    script = Path(__file__).parent.parent / "data" / "subsonic_client.mjs"
    shutil.copy(script, tmp_path)
    done = subprocess.run(
        ["node", script.name, server.url.rstrip("/"), "ann", "secret"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["artists"] == 6
    assert told["similar"] == 5
    assert told["bytes"] > 10_000
    assert told["playlist"] == ["made in a browser", 5]


def test_many_clients_are_served(server):
    login = "u=ann&p=secret&f=json"
    failed = []
    until = time.monotonic() + SECONDS

    def ask() -> None:
        for endpoint in cycle(("getArtists", "getAlbumList2?type=newest", "search3?query=a", "ping")):
            if time.monotonic() > until:
                return
            answer = server.get(f"/rest/{endpoint}{'&' if '?' in endpoint else '?'}{login}")
            if answer.status != 200 or answer.json["subsonic-response"]["status"] != "ok":
                failed.append(answer.body)

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_wrong_password_is_refused(server):
    told = server.get("/rest/ping?u=bob&p=wrong&f=json").json["subsonic-response"]
    assert told["error"] == {"code": 40, "message": "the name or the password is wrong"}


def test_bodies_that_are_too_large_are_not_taken(server):
    answer = server.raw(b"POST /rest/ping HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")


class TestConfiguration:
    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({}, "subsonic_users: no listener is configured; add each with a name and a password"),
            ({"subsonic_users": {"ann": 1234}}, "subsonic_users: put the name and the password of ann in quotes"),
            ({"subsonic_users": {"ann": ""}}, "subsonic_users: ann has no password"),
            (
                {"subsonic_users": {"ann": "x"}, "subsonic_owner": "bob"},
                "subsonic_owner: 'bob' is not one of subsonic_users",
            ),
            ({"subsonic_users": ["ann"]}, "deejai.subsonic_users: must be a Mapping, not list"),
        ],
    )
    def test_what_is_wrong_with_it_is_one_line(self, beets, options, told):
        beets.configure(**options)
        err = beets.deejai("subsonic", status=1).err
        assert told in err
        assert len(err.strip().splitlines()) == 1

    def test_passwords_are_not_shown(self, beets):
        beets.configure(subsonic_users=USERS)
        assert "secret" not in beets.run("config").out

    def test_words_are_none(self, beets):
        beets.configure(subsonic_users=USERS)
        assert "subsonic takes no query" in beets.deejai("subsonic", "jazz", status=1).err

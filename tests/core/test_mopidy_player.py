"""Mopidy is a player like others: the real one, its core as JSON-RPC shows it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deejai_core.errors import LostError
from deejai_core.players.player import Mode
from tests.mopidy_server import GoneError, MopidyServer, needs_mopidy, until
from tests.player_conformance import PlayerConformance, silence  # noqa: F401 (a fixture)

pykka = pytest.importorskip("pykka")

from mopidy_deejai.player import MopidyPlayer  # noqa: E402 (it needs pykka)
from mopidy_deejai.uris import Files  # noqa: E402

pytestmark = needs_mopidy


class Core:
    """A core over JSON-RPC that looks like the proxy which extensions get."""

    def __init__(self, server: MopidyServer, name: str = "") -> None:
        self._server, self._name = server, name

    def __getattr__(self, name: str) -> Core:
        return Core(self._server, f"{self._name}.{name}".strip("."))

    def __call__(self, **arguments: Any) -> Answer:
        return Answer(self._server, self._name, arguments)


class Answer:
    def __init__(self, server: MopidyServer, method: str, arguments: dict[str, Any]) -> None:
        self.asked = server, method, arguments

    def get(self) -> Any:
        server, method, arguments = self.asked
        try:
            return server(method, **arguments)
        except GoneError as error:
            raise pykka.ActorDeadError from error


class MopidyListener:
    """See `Listener`."""

    def __init__(self, server: MopidyServer, music: Path) -> None:
        self.server = server
        self.files = Files()
        self.player = MopidyPlayer(Core(server), self.news, music, self.files)
        self.seen: object = None

    def news(self) -> None:
        """What Mopidy's events tell, by looking often."""
        for _ in range(20):
            try:
                now = self.looks()
            except GoneError as error:
                raise LostError("Mopidy", "it has ended") from error
            if now != self.seen:
                self.seen = now
                return
            time.sleep(0.05)

    def looks(self) -> object:
        asked = "tracklist.get_version", "playback.get_current_tlid", "playback.get_state", "tracklist.get_single"
        return [self.server(method) for method in asked]

    def queue(self) -> list[str]:
        return [self._name(uri) for uri in self.server.uris()]

    def current(self) -> str:
        track = self.server("playback.get_current_track")
        return self._name(track.uri) if track else ""

    def _name(self, uri: str) -> str:
        return str(self.files.path(uri).relative_to(self.player.music_folder))

    def play(self, place: int) -> None:
        self.server("playback.play", tlid=self.server("tracklist.get_tl_tracks")[place].tlid)

    def skip(self) -> None:
        self.server("playback.next")

    def near_its_end(self) -> None:
        self._seek(10_000)

    def next_plays(self) -> None:
        before = self.server("playback.get_current_tlid")
        self._seek(100)
        until(lambda: self.server("playback.get_current_tlid") != before, "the song ends")

    def _seek(self, left: int) -> None:
        length = self.server("playback.get_current_track").length
        until(lambda: self.server("playback.seek", time_position=length - left), "it plays, so that it can be sought")

    def put_in(self, file: str) -> None:
        place = self.server("tracklist.index")
        uris = [(self.player.music_folder / file).as_uri()]
        self.server("tracklist.add", uris=uris, at_position=None if place is None else place + 1)

    def throw_out_next(self) -> None:
        self.server("tracklist.remove", criteria={"tlid": [self.server("tracklist.get_next_tlid")]})

    def clear(self) -> None:
        self.server("tracklist.clear")

    def switch_on(self, mode: Mode) -> None:
        self.server(f"tracklist.set_{mode}", value=True)

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        if self.server.process is None:
            self.server.start()

    def reset(self) -> None:
        self.start()
        self.server("playback.stop")
        self.server("tracklist.clear")
        for mode in ("random", "single", "repeat", "consume"):
            self.server(f"tracklist.set_{mode}", value=False)
        self.seen = None


@pytest.fixture(scope="module")
def server(silence, tmp_path_factory) -> Iterator[MopidyServer]:  # noqa: F811
    server = MopidyServer(tmp_path_factory.mktemp("mopidy"), "enabled = false", f"[file]\nmedia_dirs = {silence}")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def listener(server, silence) -> MopidyListener:  # noqa: F811
    listener = MopidyListener(server, silence)
    listener.reset()
    return listener


class TestMopidy(PlayerConformance):
    pass

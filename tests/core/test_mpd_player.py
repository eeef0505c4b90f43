"""MPD is a player like others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deejai_core.players.mpd import Address, Mpd
from deejai_core.players.player import Mode
from tests.mpd_server import MpdServer, needs_mpd, until
from tests.player_conformance import ODD_NAMES, PlayerConformance, silence  # noqa: F401 (a fixture)

pytestmark = [
    needs_mpd,
    # python-mpd2 leaves a socket that has failed to the garbage collector.
    pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning"),
]


class MpdListener:
    """See `Listener`."""

    def __init__(self, server: MpdServer, player: Mpd) -> None:
        self.server = server
        self.player = player

    def queue(self) -> list[str]:
        return self.server.queue()

    def current(self) -> str:
        return self.server.current()

    def play(self, place: int) -> None:
        self.server("play", place)

    def skip(self) -> None:
        self.server("next")

    def near_its_end(self) -> None:
        length = float(self.server.status()["duration"])
        self.server("seekcur", length - 1.5)

    def next_plays(self) -> None:
        before = self.server.status()["songid"]
        self.server("seekcur", float(self.server.status()["duration"]) - 0.1)
        until(lambda: self.server.status()["songid"] != before, "the song ends")

    def put_in(self, file: str) -> None:
        place = self.server.status().get("song")
        self.server("addid", file, *([] if place is None else [int(place) + 1]))

    def throw_out_next(self) -> None:
        self.server("deleteid", self.server.status()["nextsongid"])

    def clear(self) -> None:
        self.server("clear")

    def switch_on(self, mode: Mode) -> None:
        self.server(mode, 1)

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server.start()


@pytest.fixture(params=["network", "socket"])
def listener(request, silence, tmp_path, monkeypatch) -> Iterator[MpdListener]:  # noqa: F811
    monkeypatch.setattr("deejai_core.players.mpd.IDLE", 1)  # a radio in a test waits for no news but its own
    server = MpdServer(tmp_path, silence)
    address = Address("localhost", server.port) if request.param == "network" else Address(str(server.socket))
    player = Mpd(address, silence)
    try:
        server.start()
        yield MpdListener(server, player)
    finally:
        player.close()
        server.stop()


class TestMpd(PlayerConformance):
    unplayable = frozenset(ODD_NAMES[-2:])  # neither bytes that are no text, nor line breaks

"""The player of the core's tests is a player like others."""

from __future__ import annotations

import pytest

from deejai_core.players.player import Mode
from tests.player_conformance import PlayerConformance, silence  # noqa: F401 (a fixture)
from tests.players import FakePlayer


class FakeListener:
    """See `Listener`."""

    def __init__(self, player: FakePlayer) -> None:
        self.player = player

    def queue(self) -> list[str]:
        return [file for _, file in self.player.queue.songs]

    def current(self) -> str:
        return dict(self.player.queue.songs)[self.player.queue.current]

    def play(self, place: int) -> None:
        self.player.queue.play(place)

    def skip(self) -> None:
        self.player.queue.skip()

    def near_its_end(self) -> None:
        self.player.queue.near_its_end()

    def next_plays(self) -> None:
        self.player.queue.skip()

    def put_in(self, file: str) -> None:
        self.player.queue.put_in(file)

    def throw_out_next(self) -> None:
        self.player.queue.throw_out_next()

    def clear(self) -> None:
        self.player.queue.clear()

    def switch_on(self, mode: Mode) -> None:
        self.player.queue.options.add(mode)

    def stop(self) -> None:
        self.player.gone = True

    def start(self) -> None:
        self.player.gone = False
        self.player.queue.restart()


@pytest.fixture
def listener(silence) -> FakeListener:  # noqa: F811
    return FakeListener(FakePlayer(silence))


class TestFakePlayer(PlayerConformance):
    pass

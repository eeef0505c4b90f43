"""The radio as `beet` runs it: where beets' configuration says that MPD is, and what a terminal is told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import beets

from deejai_core.errors import LostError
from deejai_core.features.radio.changes import Fate
from deejai_core.features.radio.radio import Remark
from deejai_core.lists.reasons import relaxed
from deejai_core.players.mpd import Address, Mpd
from deejai_core.playlists.candidates import Pick

from .hints import WORDS

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from deejai_core.library import Library
    from deejai_core.lists.space import Member

NAMED_REFUSALS = 3  # that are logged; more are only with -v
REMARKS: dict[Remark, str] = {
    "random": "MPD's random mode is on, so that it ignores the order of its queue; `mpc random off` turns it off",
    "single": "MPD's single mode is on, so that it stops after each song; `mpc single off` turns it off",
    "exhausted": "the library has no more songs that the options allow",
    "unknown": f"no song in MPD's queue is an analysed one of beets; {WORDS['name a seed']}",
}


class RadioLog:
    """See `deejai_core.features.radio.radio.RadioObserver`."""

    def __init__(self, log: BeetsLogger) -> None:
        self.log = log

    def added(self, member: Member, pick: Pick | None) -> None:
        if pick is None:
            self.log.info("added: {} (seed)", member.name)
            return
        self.log.info("added: {:.3f} {}", pick.similarity, member.name)
        for warning in relaxed([pick]):
            self.log.info("       {}", warning)

    def left_out(self, member: Member, reason: str, number: int) -> None:
        (self.log.info if number <= NAMED_REFUSALS else self.log.debug)("left out: {}: {}", member.name, reason)

    def turned_away(self, name: str, fate: Fate) -> None:
        self.log.info("{}: {}; less like this", fate, name)

    def emptied(self) -> None:
        self.log.info("the queue is empty; the radio goes on from whatever is put there")

    def remarked(self, remark: Remark) -> None:
        self.log.warning("{}", REMARKS[remark])

    def lost(self, error: LostError) -> None:
        self.log.warning("MPD is gone ({}); the radio goes on when it is back", error.reason)

    def found_again(self) -> None:
        self.log.info("MPD is back")


def find_mpd(library: Library, host: str | None, port: int | None, password: str | None) -> Mpd:
    """The player that is meant, see `find_address`; its music lies where beets' section `mpd` says, if it says so."""
    configured = _configured(beets.config["mpd"]["music_directory"])
    folder = Path(configured).expanduser() if configured else library.music_folder
    elsewhere = folder if folder != library.music_folder else None  # mpdstats makes beets' own the default
    return Mpd(find_address(host, port, password, os.environ), library.music_folder, elsewhere)


def find_address(
    host: str | None, port: int | None, password: str | None, environment: Mapping[str, str] = MappingProxyType({})
) -> Address:
    """The address that is meant: by the command line, by beets' section `mpd`, by the environment as mpc reads it."""
    config = beets.config["mpd"]
    address = Address().but(environment.get("MPD_HOST"), environment.get("MPD_PORT"), None, port_name="MPD_PORT")
    configured = [_configured(config[name]) for name in ("host", "port", "password")]
    address = address.but(*configured, port_name="mpd.port")
    return address.but(host, None if port is None else str(port), password, port_name="--port")


def _configured(view: object) -> str | None:
    return str(view.get()) if view.exists() and view.get() not in (None, "") else None

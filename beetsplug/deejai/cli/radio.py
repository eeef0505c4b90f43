"""The radio as `beet` runs it: the address of MPD in beets' configuration, and advice about problems."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import beets

from deejai_core.features.radio.radio import Remark
from deejai_core.features.radio.text import REMARKS as OF_ANY_PLAYER
from deejai_core.players.mpd import Address, Mpd

from .hints import WORDS

if TYPE_CHECKING:
    import confuse

    from deejai_core.library import Library

REMARKS: dict[Remark, str] = OF_ANY_PLAYER | {
    "random": "MPD's random mode is on, so it ignores the order of its queue; `mpc random off` turns it off",
    "single": "MPD's single mode is on, so it stops after each song; `mpc single off` turns it off",
    "unknown": f"no song in MPD's queue is in the library and analysed; {WORDS['name a seed']}",
}


def find_mpd(library: Library, host: str | None, port: int | None, password: str | None) -> Mpd:
    """Return the player; its music is where beets' section `mpd` says, if it does."""
    configured = _configured(beets.config["mpd"]["music_directory"])
    folder = Path(configured).expanduser() if configured else library.music_folder
    elsewhere = folder if folder != library.music_folder else None  # mpdstats makes beets' own folder the default
    return Mpd(find_address(host, port, password, os.environ), library.music_folder, elsewhere)


def find_address(
    host: str | None, port: int | None, password: str | None, environment: Mapping[str, str] = MappingProxyType({})
) -> Address:
    """Return the address: from the command line, beets' section `mpd`, or the environment as mpc reads it."""
    config = beets.config["mpd"]
    address = Address().but(environment.get("MPD_HOST"), environment.get("MPD_PORT"), None, port_name="MPD_PORT")
    configured = [_configured(config[name]) for name in ("host", "port", "password")]
    address = address.but(*configured, port_name="mpd.port")
    return address.but(host, None if port is None else str(port), password, port_name="--port")


def _configured(view: confuse.ConfigView) -> str | None:
    return str(view.get()) if view.exists() and view.get() not in (None, "") else None

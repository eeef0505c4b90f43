"""Whose Last.fm account to read, and with which key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import beets
import confuse
from beets.exceptions import UserError

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from deejai_core.history.sources.lastfm import LastFm


def lastfm_user(asked: str = "") -> str:
    """The user asked for, else that of other plugins, in the section `lastfm`. Raises UserError if there is none."""
    user = asked or beets.config["lastfm"]["user"].get(confuse.Optional(str))
    if not user:
        raise UserError(
            "whose Last.fm account? Say lastfm:USER, or set `user` in the section `lastfm` of the configuration"
        )
    return user


def lastfm_key(config: confuse.Subview) -> str:
    """The API key in the plugin's section, else that of other plugins. Raises UserError if there is none."""
    shared = beets.config["lastfm"]["api_key"]
    key = config["lastfm_key"].get(confuse.Optional(str)) or shared.get(confuse.Optional(str))
    if not key:
        raise UserError("Last.fm wants an API key: get one at https://www.last.fm/api/account/create and set `lastfm_key`")
    return key


def open_lastfm(config: confuse.Subview, user: str, log: BeetsLogger) -> LastFm:
    """Raises UserError without a key, and MissingError without pylast."""
    from deejai_core.history.sources.lastfm import LastFm

    return LastFm(user, lastfm_key(config), on_warning=lambda warning: log.warning("{}", warning))

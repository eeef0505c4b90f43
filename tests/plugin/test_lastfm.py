"""The Last.fm account in the configuration."""

from __future__ import annotations

import beets as beets_package
import confuse
import pytest
from beets.exceptions import UserError

from beetsplug.deejai.lastfm import lastfm_key, lastfm_user
from beetsplug.deejai.settings import DEFAULTS


@pytest.fixture
def configured(monkeypatch):
    def configure(ours: dict, shared: dict) -> confuse.Subview:
        config = confuse.Configuration("beets", read=False)
        config.add({"deejai": DEFAULTS})
        config.set({"deejai": ours, "lastfm": shared})
        monkeypatch.setattr(beets_package, "config", config)
        return config["deejai"]

    return configure


@pytest.mark.parametrize(
    ("asked", "shared", "user"),
    [("rj", {}, "rj"), ("rj", {"user": "me"}, "rj"), ("", {"user": "me"}, "me"), ("", {"user": ""}, None), ("", {}, None)],
)
def test_whose_account(configured, asked, shared, user):
    configured({}, shared)
    if user:
        assert lastfm_user(asked) == user
    else:
        with pytest.raises(UserError, match="Say lastfm:USER"):
            lastfm_user(asked)


@pytest.mark.parametrize(
    ("ours", "shared", "key"),
    [
        ({"lastfm_key": "ours"}, {}, "ours"),
        ({"lastfm_key": "ours"}, {"api_key": "theirs"}, "ours"),
        ({}, {"api_key": "theirs"}, "theirs"),
        ({}, {"api_key": None}, None),
        ({}, {}, None),
    ],
)
def test_with_which_key(configured, ours, shared, key):
    config = configured(ours, shared)
    if key:
        assert lastfm_key(config) == key
    else:
        with pytest.raises(UserError, match=r"wants an API key: .*set `lastfm_key`"):
            lastfm_key(config)


def test_the_key_is_not_shown(beets):
    beets.configure(lastfm_key="0123456789abcdef")
    assert "lastfm_key: REDACTED" in beets.run("config").out

"""The Last.fm account in the configuration."""

from __future__ import annotations

from types import SimpleNamespace

import beets as beets_package
import confuse
import pytest
from beets.exceptions import UserError

from beetsplug.deejai.cli.defaults import DEFAULTS
from beetsplug.deejai.cli.hints import in_words
from beetsplug.deejai.cli.sources import lastfm_key, meant_source, sources_of
from deejai_core.errors import HistoryError
from deejai_core.history.store import Source
from tests.scrobbler import KEY, Scrobbler, garbling, serving


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
        assert meant_source(f"lastfm:{asked}") == Source("lastfm", user)
    else:
        with pytest.raises(HistoryError) as caught:
            meant_source(f"lastfm:{asked}")
        assert in_words(caught.value).startswith("whose Last.fm account? Give it as lastfm:USER, or set `user`")


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
        with pytest.raises(UserError, match=r"needs an API key: .*set `lastfm_key`"):
            lastfm_key(config)


def test_what_never_comes_is_a_warning(configured, monkeypatch):
    pytest.importorskip("pylast")
    plays = [(1_300_000_000 + at, "Artist", f"Song {at}") for at in range(3)]
    warnings = []
    log = SimpleNamespace(warning=lambda *message: warnings.append(message))
    with serving(Scrobbler("rj", plays, spoilt={"Song 1": garbling})) as server:
        monkeypatch.setenv("DEEJAI_LASTFM_SERVER", server.url)
        lastfm = sources_of(None, configured({"lastfm_key": KEY}, {}), log).account("rj")
        lastfm._pause = lambda seconds: None
        assert [play.song.title for page in lastfm.scrobbles() for play in page] == ["Song 0", "Song 2"]
    assert warnings == [("{}", "Last.fm: 1 play of rj left out, because it never sends them in a readable form")]


def test_the_key_is_not_shown(beets):
    beets.configure(lastfm_key="0123456789abcdef")
    assert "lastfm_key: REDACTED" in beets.run("config").out

"""The DJ page and the system around it: media keys, lock screens, and music that goes on where nobody looks."""

from __future__ import annotations

import re

import pytest

from tests.browsing import begin, coming, expect, play, title, until_played
from tests.djpage import Page
from tests.pictures import png

# What the page tells the system, and what the system's keys do.
WATCH = """
    window.keys = {};
    window.position = null;
    const set = MediaSession.prototype.setActionHandler, place = MediaSession.prototype.setPositionState;
    MediaSession.prototype.setActionHandler = function (name, act) { keys[name] = act; return set.call(this, name, act); };
    MediaSession.prototype.setPositionState = function (state) { position = state; return place.call(this, state); };
"""
# A page that nobody sees: browsers slow its timers down or stop them. Here none fires any more, and nothing is drawn.
HIDE = """
    let hidden = false;
    for (const name of ["setTimeout", "setInterval", "requestAnimationFrame"]) {
        const real = window[name];
        window[name] = (act, ...rest) => real((...given) => hidden || act(...given), ...rest);
    }
    Object.defineProperty(document, "hidden", { get: () => hidden });
    Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
    window.setHidden = (value) => {
        hidden = value;
        document.dispatchEvent(new Event("visibilitychange"));
    };
    window.decks = new Set();
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () { decks.add(this); return play.call(this); };
"""
SOUNDING = "() => [...decks].filter((deck) => !deck.paused && deck.currentTime > 0).map((deck) => deck.volume)"


def until_sounding(page, levels: list[float]) -> None:
    """Asked from outside: the page itself has no timers that could."""
    for _ in range(300):
        if (found := page.evaluate(SOUNDING)) == levels:
            return
        page.wait_for_timeout(100)
    raise AssertionError(found)


@pytest.fixture
def watched(visit, server):
    page = visit(server)
    page.add_init_script(WATCH)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    return page


def test_media_keys(watched):
    begin(watched, "margin")
    after = coming(watched)[0]
    for _ in range(2):  # the second time it plays already, and goes on
        watched.evaluate("keys.play()")
        expect(watched.get_by_role("button", name="Pause").first).to_be_visible()
    watched.evaluate("keys.nexttrack()")
    expect(watched.locator("#title")).to_have_text(after)
    watched.evaluate("keys.pause()")
    expect(watched.get_by_role("button", name="Play", exact=True)).to_be_visible()
    watched.evaluate("keys.previoustrack()")
    expect(watched.locator("#title")).to_have_text("Margin")
    watched.evaluate("keys.stop()")
    expect(watched.get_by_role("button", name="Play", exact=True)).to_be_visible()
    for key, given, elapsed in [
        ("seekto", {"seekTime": 4}, "0:04"),
        ("seekforward", {"seekOffset": 2}, "0:06"),
        ("seekbackward", {"seekOffset": 3}, "0:03"),
        ("seekforward", {}, "0:07"),  # ten seconds, of which the song has not so many
        ("seekbackward", {}, "0:00"),
    ]:
        watched.evaluate("([key, given]) => keys[key](given)", [key, given])
        expect(watched.locator("#elapsed")).to_have_text(elapsed)


def test_a_key_that_the_browser_does_not_know_stops_nothing(visit, server):
    page = visit(server)
    page.add_init_script(
        """
        const set = MediaSession.prototype.setActionHandler;
        MediaSession.prototype.setActionHandler = function (name, act) {
            if (name === "stop") throw new TypeError("no such action");
            return set.call(this, name, act);
        };
        """
    )
    page.reload()
    page.wait_for_selector("body[data-ready]")
    begin(page, "margin")


def test_what_the_system_shows(watched):
    state = "() => [navigator.mediaSession.metadata?.title, navigator.mediaSession.playbackState]"
    assert watched.evaluate(state) == [None, "none"]
    play(watched, "margin")
    assert watched.evaluate("navigator.mediaSession.metadata.artist") == "The Blue Ledger"
    assert watched.evaluate("navigator.mediaSession.metadata.album") == watched.locator("#album").inner_text()
    assert watched.evaluate(state) == ["Margin", "playing"]
    watched.keyboard.press("k")
    expect(watched.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert watched.evaluate(state) == ["Margin", "paused"]
    watched.locator("#seek").evaluate("seek => { seek.value = 500; seek.dispatchEvent(new Event('change')); }")
    watched.wait_for_function("() => Math.round(position.position) === 4 && Math.round(position.duration) === 8")
    watched.get_by_role("button", name="Start over").click()
    assert watched.evaluate(state) == [None, "none"]
    assert watched.evaluate("position") == {}


def test_the_system_shows_the_cover(visit, analysed):
    analysed.run("modify", "-y", "-a", "-W", f"artpath={analysed.folder / 'cover.png'}", "album::.")
    (analysed.folder / "cover.png").write_bytes(png(300, 300))
    with Page(analysed.folder) as server:
        page = visit(server)
        begin(page, "margin")
        (picture,) = page.evaluate("navigator.mediaSession.metadata.artwork.map((each) => each.src)")
        assert re.fullmatch(rf"{server.url}api/art/\d+", picture)
        assert server.get(picture.removeprefix(server.url.rstrip("/"))).headers["content-type"] == "image/png"


def test_songs_follow_each_other_where_nobody_looks(visit, server):
    """Although no timer fires: whatever happens is driven by the songs themselves."""
    page = visit(server)
    page.add_init_script(HIDE)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    play(page, "surge")
    page.evaluate("setHidden(true)")
    heard = [title(page)]
    for _ in range(3):
        announced = coming(page)[0]
        expect(page.locator("#title")).to_have_text(announced)
        heard.append(announced)
        expect(page.locator("#coming li")).to_have_count(10)
        until_sounding(page, [1])  # it has faded in wholly
    assert len(set(heard)) == 4
    page.evaluate("setHidden(false)")
    until_played(page, 1)

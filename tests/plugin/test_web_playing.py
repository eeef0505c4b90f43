"""The DJ page goes on playing, whatever is pressed, however fast, and whatever cannot be played."""

from __future__ import annotations

import pytest

from tests.browsing import begin, coming, expect, play, settled, title


def sounds(page) -> None:
    """It says that it plays, and its position moves on."""
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.wait_for_function(
        """() => {
            const now = Number(document.getElementById("seek").value);
            const before = (window.sounded ??= now);
            if (now < before) window.sounded = now;
            return now > window.sounded + 50;
        }""",
        timeout=15_000,
    )
    page.evaluate("delete window.sounded")


def fading(page) -> None:
    """Let the song that plays begin to fade into the next one."""
    after = coming(page)[0]
    page.locator("#seek").evaluate("seek => { seek.value = 750; seek.dispatchEvent(new Event('change')); }")
    expect(page.locator("#title")).to_have_text(after)


@pytest.mark.parametrize(
    "press",
    [
        lambda page: page.locator("#next").dblclick(),
        lambda page: [page.keyboard.press(key) for key in "nnn"],
        lambda page: [page.keyboard.press(key) for key in "npnp"],
        lambda page: page.locator("#coming .go").nth(2).dblclick(),
    ],
    ids=["double click on next", "three times next", "next and previous", "double click on a song"],
)
def test_two_changes_of_song_in_a_moment(visit, server, press):
    page = visit(server)
    play(page, "kettle hazel")
    press(page)
    sounds(page)


@pytest.mark.parametrize("key", ["n", "p"])
def test_a_change_of_song_while_one_fades_into_the_next(visit, server, key):
    page = visit(server)
    play(page, "kettle hazel")
    fading(page)
    page.keyboard.press(key)
    page.keyboard.press(key)
    sounds(page)


def test_songs_that_cannot_be_played_are_passed_over(visit, server):
    """Six in a row; the seventh plays."""
    page = visit(server)
    begin(page, "kettle hazel")
    wanted = coming(page)[6]
    broken = set(page.locator("#coming li").evaluate_all("rows => rows.slice(0, 6).map(row => row.dataset.id)"))
    page.route("**/api/audio/*", lambda route: _answer(route, broken))
    page.locator("#play").click()
    page.locator("#next").click()
    expect(page.locator("#title")).to_have_text(wanted)
    sounds(page)
    settled(page)
    assert title(page) == wanted


def _answer(route, broken: set[str]) -> None:
    """Noise instead of the audio of some tracks."""
    if route.request.url.split("/api/audio/")[1].split("?")[0] in broken:
        route.fulfill(body=b"no audio at all", content_type="audio/mpeg")
    else:
        route.continue_()

"""The DJ page goes on playing, whatever is pressed, however fast, and whatever cannot be played."""

from __future__ import annotations

import pytest

from tests.browsing import begin, coming, expect, play, settled, title
from tests.djpage import Page
from tests.sounds import chirp, write_audio


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


class TestTheServerGoesAway:
    def test_the_song_and_the_list_stay_and_it_goes_on_where_it_was(self, visit, analysed):
        with Page(analysed.folder) as server:
            page = visit(server)
            begin(page, "kettle hazel")
            there = coming(page)
        page.locator("#next").click()
        expect(page.locator("#offline")).to_be_visible()
        expect(page.locator("#title")).to_have_text(there[0])
        assert coming(page) == there[1:]
        with Page(analysed.folder, port=server.port):
            expect(page.locator("#offline")).to_be_hidden()
            sounds(page)
            expect(page.locator("#title")).to_have_text(there[0])
            expect(page.locator("#coming li")).to_have_count(10)
            page.goto("about:blank")

    def test_a_page_that_is_opened_meanwhile_waits(self, visit, analysed):
        with Page(analysed.folder) as server:
            page = visit(server)
            page.route("**/api/status", lambda route: route.abort())
            page.reload()
            expect(page.locator("#offline")).to_be_visible()
            page.unroute("**/api/status")
            expect(page.locator("#offline")).to_be_hidden()
            expect(page.get_by_text("24 songs are ready.")).to_be_visible()


class TestReload:
    def test_all_is_as_it_was(self, visit, server):
        page = visit(server)
        begin(page, "anvil")
        page.locator("#seek").evaluate("seek => { seek.value = 600; seek.dispatchEvent(new Event('change')); }")
        page.locator("#volume").fill("40")
        page.locator("#rules summary").click()
        page.get_by_label("Crossfade").select_option("8")
        there = coming(page)
        page.reload()
        page.wait_for_selector("body[data-ready]")
        expect(page.locator("#title")).to_have_text("Anvil")
        expect(page.locator("#elapsed")).to_have_text("0:04")
        assert coming(page) == there
        expect(page.locator("#volume")).to_have_value("40")
        expect(page.get_by_label("Crossfade")).to_have_value("8")

    def test_a_file_that_was_opened(self, visit, server, tmp_path):
        page = visit(server)
        page.locator("#file").set_input_files(write_audio(tmp_path / "organ.flac", chirp(9, 22_050, 1), 22_050))
        expect(page.locator("#coming li")).to_have_count(10)
        page.locator("#play").click()
        there = coming(page)
        page.reload()
        page.wait_for_selector("body[data-ready]")
        expect(page.locator("#title")).to_have_text("organ")
        assert coming(page) == there
        page.locator("#play").click()
        sounds(page)


def test_next_while_a_file_is_analysed(visit, server, tmp_path):
    """It says so, and the next song plays as soon as that is done."""
    page = visit(server)
    held = []
    page.route("**/api/upload*", lambda route: held.append(route))
    page.locator("#file").set_input_files(write_audio(tmp_path / "organ.flac", chirp(9, 22_050, 1), 22_050))
    expect(page.locator("#title")).to_have_text("organ")
    page.locator("#next").click()
    expect(page.locator("#notice")).to_contain_text("“organ” is still being analysed")
    held[0].continue_()
    expect(page.locator("#title")).not_to_have_text("organ")
    sounds(page)


def test_of_two_tabs_one_plays(visit, server):
    page = visit(server)
    play(page, "kettle hazel")
    other = visit.open(page.context, server)
    other.locator("#play").click()
    sounds(other)
    expect(page.locator("#notice")).to_contain_text("Another tab plays now.")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.get_by_role("button", name="Play here").click()
    sounds(page)
    expect(other.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_the_back_button_leads_back_and_the_music_goes_on(visit, server):
    page = visit(server)
    play(page, "kettle hazel")
    page.get_by_role("tab", name="Map").click()
    expect(page.locator("#listen")).to_be_hidden()
    page.go_back()
    expect(page.locator("#listen")).to_be_visible()
    sounds(page)
    page.go_forward()
    expect(page.locator("#listen")).to_be_hidden()


def test_a_file_that_the_browser_does_not_play_is_converted(visit, server, tmp_path):
    page = visit(server)
    page.locator("#file").set_input_files(write_audio(tmp_path / "organ.wma", chirp(9, 44_100, 2), 44_100))
    expect(page.locator("#title")).to_have_text("organ")
    sounds(page)
    expect(page.locator("#title")).to_have_text("organ")
    page.locator("#play").click()
    expect(page.locator("#coming li")).to_have_count(10)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    page.locator("#play").click()
    sounds(page)
    expect(page.locator("#title")).to_have_text("organ")

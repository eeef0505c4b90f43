"""Nothing on the DJ page is lost: whatever replaces or shortens the list can be undone, and a journey stays one."""

from __future__ import annotations

import re

import pytest

from tests.browsing import begin, coming, expect, settled, shot, title

# The songs last eight seconds: none is to end while a test looks on.
SLOWLY = """
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () { this.playbackRate = 0.1; return play.call(this); };
"""


def search(page, words: str) -> None:
    page.get_by_label("Search the library").fill(words)
    expect(page.locator("#found [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")


def undo(page) -> None:
    page.get_by_role("button", name="Undo").click()
    settled(page)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda page: search(page, "october"), "Started from “October Bread”."),
        (lambda page: page.locator("#coming [data-act=remove]").nth(2).click(), "Removed “"),
        (lambda page: page.locator("#coming [data-act=go]").nth(3).click(), "Skipped 3 songs."),
        (lambda page: page.locator("#followed [data-act=remove]").nth(1).click(), "Not following “"),
        (lambda page: page.get_by_role("button", name="Start over").click(), "Started over."),
    ],
    ids=["a pick", "a removal", "a jump", "not following", "starting over"],
)
def test_what_is_done_can_be_undone(visit, server, act, said):
    page = visit(server)
    begin(page, "breaker")
    page.locator("#coming [data-act=pin]").nth(4).click()
    settled(page)
    there, followed, playing = coming(page), page.locator("#followed .name").all_inner_texts(), title(page)
    act(page)
    expect(page.locator("#notice")).to_contain_text(said)
    undo(page)
    assert coming(page) == there
    assert page.locator("#followed .name").all_inner_texts() == followed
    assert title(page) == playing


def test_what_was_played_stays_in_sight_and_can_be_gone_back_to(visit, server):
    page = visit(server)
    begin(page, "breaker")
    expect(page.locator("#past")).to_be_hidden()
    played = [title(page)]
    for _ in range(4):
        page.locator("#next").click()
        expect(page.locator("#title")).not_to_have_text(played[-1])
        played.append(title(page))
    settled(page)
    expect(page.locator("#played .name")).to_have_text(played[1:4])
    page.get_by_role("button", name="show all 4").click()
    expect(page.locator("#played .name")).to_have_text(played[:4])
    there = coming(page)
    page.locator("#played [data-act=go]").first.click()
    expect(page.locator("#title")).to_have_text("Breaker")
    assert coming(page) == there


def test_the_keyboard_keeps_its_place(visit, server):
    """In a list that changes, and after a removal on the row that takes its place."""
    page = visit(server)
    begin(page, "breaker")
    place = "() => [...document.querySelectorAll('#coming li')].indexOf(document.activeElement.closest('#coming li'))"
    act = "() => document.activeElement.dataset.act"
    page.locator("#coming [data-act=remove]").nth(3).focus()
    for count in range(1, 4):
        removed = coming(page)[3]
        page.keyboard.press("Enter")
        settled(page)
        assert removed not in coming(page)
        assert (page.evaluate(place), page.evaluate(act)) == (3, "remove"), count
    page.locator("#coming [data-act=pin]").nth(5).focus()
    pinned = coming(page)[5]
    page.keyboard.press("Space")
    settled(page)
    assert coming(page)[page.evaluate(place)] == pinned
    page.keyboard.press("n")
    settled(page)
    assert coming(page)[page.evaluate(place)] == pinned


def test_keys_are_shown_and_sound_comes_back_as_loud_as_it_was(visit, server):
    page = visit(server)
    begin(page, "breaker")
    page.locator("#volume").fill("30")
    page.locator("#title").click()
    page.keyboard.press("m")
    expect(page.locator("#volume")).to_have_value("0")
    page.keyboard.press("m")
    expect(page.locator("#volume")).to_have_value("30")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("mute, or unmute")
    shot(page, "desktop-keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_arrows_on_the_map_do_not_seek(visit, server):
    page = visit(server)
    begin(page, "breaker")
    page.locator("#seek").evaluate("seek => { seek.value = 250; seek.dispatchEvent(new Event('change')); }")
    page.get_by_role("tab", name="Map").click()
    expect(page.locator("#canvas .legend button")).to_have_count(6)
    page.locator("#canvas [tabindex]").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#elapsed")).to_have_text("0:02")


def test_waypoints_come_in_the_order_in_which_they_were_entered(visit, server):
    """Also where the answer to an earlier one comes later."""
    page = visit(server)
    begin(page, "breaker")
    page.get_by_text("Journey", exact=True).click()
    page.evaluate("""() => {
        const ask = window.fetch;
        window.fetch = async (url, options) => {
            const answer = await ask(url, options);
            if (String(url).includes("high")) await new Promise((done) => setTimeout(done, 1000));
            return answer;
        };
    }""")
    for words in ("october", "high score", "vault"):
        search(page, words)
    expect(page.locator("#notice")).to_contain_text("Waypoint 3: “Vault”.")
    expect(page.locator("#waypoints .name")).to_have_text(["October Bread", "High Score", "Vault"])


class TestAJourney:
    @pytest.fixture
    def page(self, visit, server):
        """On the way by three songs, two between each, paused at its beginning."""
        page = visit(server)
        page.add_init_script(SLOWLY)
        page.reload()
        page.wait_for_selector("body[data-ready]")
        begin(page, "breaker")
        page.get_by_text("Journey", exact=True).click()
        for words in ("october", "high score", "vault"):
            search(page, words)
        expect(page.locator("#notice")).to_contain_text("Waypoint 3: “Vault”.")
        page.get_by_label("Songs between").fill("2")
        page.get_by_role("button", name="Start the journey").click()
        expect(page.locator("#title")).to_have_text("October Bread")
        page.locator("#play").click()
        settled(page)
        return page

    def test_it_stays_one_until_the_last_waypoint(self, page):
        assert page.locator("input[value=journey]").is_checked()
        expect(page.locator("#stops .name")).to_have_text(["October Bread", "High Score", "Vault"])
        expect(page.locator("#trip-told")).to_have_text("Song 1 of 7; the next waypoint is “High Score”.")
        expect(page.get_by_label("Keep on")).to_be_hidden()
        shot(page, "desktop-journey-on-the-way")
        for _ in range(3):
            page.locator("#next").click()
            settled(page)
        expect(page.locator("#title")).to_have_text("High Score")
        expect(page.locator("#trip-told")).to_have_text("Song 4 of 7; the next waypoint is “Vault”.")
        expect(page.locator("#stops .done")).to_have_count(2)
        for _ in range(3):
            page.locator("#next").click()
            settled(page)
        expect(page.locator("#title")).to_have_text("Vault")
        expect(page.locator("#notice")).to_contain_text("arrived at “Vault”")
        assert page.locator("input[value=similar]").is_checked()
        page.keyboard.press("s")
        expect(page.get_by_label("Name")).to_have_value("Journey from October Bread to Vault")

    def test_it_survives_a_reload(self, page):
        page.locator("#next").click()
        settled(page)
        page.reload()
        page.wait_for_selector("body[data-ready]")
        expect(page.locator("#trip-told")).to_have_text("Song 2 of 7; the next waypoint is “High Score”.")

    def test_it_can_be_left_and_come_back_to(self, page):
        there = coming(page)
        page.get_by_text("Like this", exact=True).click()
        settled(page)
        expect(page.locator("#followed .name")).to_have_text(["October Bread"])
        expect(page.locator("#coming .stop")).to_have_count(0)
        undo(page)
        assert coming(page) == there
        expect(page.locator("#trip-told")).to_have_text("Song 1 of 7; the next waypoint is “High Score”.")

    def test_what_it_replaced_comes_back(self, visit, server):
        page = visit(server)
        begin(page, "breaker")
        there = coming(page)
        page.get_by_text("Journey", exact=True).click()
        search(page, "october")
        search(page, "vault")
        page.get_by_role("button", name="Start the journey").click()
        expect(page.locator("#title")).to_have_text("October Bread")
        undo(page)
        expect(page.locator("#title")).to_have_text("Breaker")
        assert coming(page) == there
        expect(page.locator("#waypoints .name")).to_have_text(["October Bread", "Vault"])


def test_what_is_typed_is_what_is_taken_however_fast(visit, server):
    """Return before anything was found, and the next words at once."""
    page = visit(server)
    begin(page, "breaker")
    page.get_by_text("Journey", exact=True).click()
    field = page.get_by_label("Search the library")
    for words in ("october", "vault", "high score"):
        field.fill(words)
        field.press("Enter")
    expect(page.locator("#waypoints li")).to_have_count(3)
    assert sorted(page.locator("#waypoints .name").all_inner_texts()) == ["High Score", "October Bread", "Vault"]


def test_artists_albums_and_more_songs_are_found(visit, server):
    page = visit(server)
    page.get_by_label("Search the library").fill("kettle")
    found = page.locator("#found [role=option]")
    expect(found.filter(has_text="Artist · 4 songs")).to_have_text(re.compile("Iron Kettle"))
    page.get_by_label("Search the library").fill("kitchen")
    found.filter(has_text="Album").click()
    expect(page.locator("#coming li")).to_have_count(10)
    page.locator("#play").click()
    songs = {title(page), *coming(page)[:3]}
    assert songs == {"Kettle", "Low Fence", "October Bread", "Wren"}
    page.get_by_label("Search the library").fill("e")
    expect(found.filter(has_text="More songs…")).to_be_visible()
    before = found.count()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(found.filter(has_text="More songs…")).to_have_count(0)
    assert found.count() > before
    page.get_by_label("Search the library").fill("octobre")
    expect(found).to_have_text([re.compile("October Bread")])

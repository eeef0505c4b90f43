"""The DJ page and an impatient listener: whatever is pressed, typed or dropped in, it says what happens."""

from __future__ import annotations

import pytest

from tests.browsing import begin, coming, expect, play, title
from tests.sounds import chirp, write_audio

NOTICE = "#notice-text"
BUSY = {"error": "the library's database is busy; try again in a moment"}


def find(page, words: str) -> None:
    page.get_by_label("Search the library").fill(words)
    expect(page.locator("#found [role=option]").first).to_be_visible()


def waypoints(page, *words: str) -> None:
    for song in words:
        find(page, song)
        page.keyboard.press("Enter")
        expect(page.locator("#found")).to_be_hidden()


class TestWhatTheServerRefusesIsSaid:
    """In one sentence, wherever it was asked from."""

    def test_surprise_me(self, visit, server):
        page = visit(server)
        page.route("**/api/anything", lambda route: route.fulfill(status=503, json=BUSY))
        page.get_by_role("button", name="surprise me").click()
        expect(page.locator(NOTICE)).to_have_text("The library's database is busy; try again in a moment.")
        expect(page.get_by_role("button", name="surprise me")).to_be_enabled()

    def test_an_artist(self, visit, server):
        page = visit(server)
        page.route("**/api/tracks*", lambda route: route.fulfill(status=503, json=BUSY))
        find(page, "kettle")
        page.get_by_text("Artist · 4 songs").click()
        expect(page.locator(NOTICE)).to_have_text("The library's database is busy; try again in a moment.")

    def test_that_it_is_gone_is_said_once(self, visit, server):
        page = visit(server)
        page.route("**/api/*", lambda route: route.abort())
        page.get_by_label("Search the library").fill("kettle")
        expect(page.locator("#offline")).to_be_visible()
        expect(page.locator(NOTICE)).to_be_empty()


def test_a_file_that_is_gone_is_not_a_server_that_is_gone(visit, server, tmp_path):
    page = visit(server)
    page.route("**/api/upload*", lambda route: route.abort())
    page.locator("#file").set_input_files(write_audio(tmp_path / "organ.flac", chirp(9, 22_050, 1), 22_050))
    expect(page.locator(NOTICE)).to_have_text("“organ.flac” cannot be read. Is it still there?")
    expect(page.locator("#offline")).to_be_hidden()


def test_of_several_files_it_says_which_plays(visit, server, tmp_path):
    page = visit(server)
    page.route("**/api/upload*", lambda route: None)
    page.locator("#file").evaluate("file => { file.multiple = true; }")
    names = ("one", "two", "three")
    page.locator("#file").set_input_files(
        [write_audio(tmp_path / f"{name}.flac", chirp(9, 22_050, 1), 22_050) for name in names]
    )
    expect(page.locator(NOTICE)).to_have_text("Listening to “one”, the first of 3 files…")


def test_a_reload_while_a_file_is_listened_to(visit, server, tmp_path):
    page = visit(server)
    page.route("**/api/upload*", lambda route: None)
    page.locator("#file").set_input_files(write_audio(tmp_path / "organ.flac", chirp(9, 22_050, 1), 22_050))
    expect(page.locator(NOTICE)).to_have_text("Listening to “organ”…")
    page.wait_for_function("JSON.parse(sessionStorage.getItem('deejai-queue'))?.now")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator(NOTICE)).to_have_text("Listening to “organ”…")


def test_a_file_that_is_known_before_it_is_converted(visit, server, tmp_path):
    """That it is still being converted stays said, since nothing sounds."""
    page = visit(server)
    page.add_init_script(
        "HTMLMediaElement.prototype.play = function () { return Promise.reject(new Error('no such format')); }"
    )
    held = []
    page.route("**/api/transcode*", lambda route: held.append(route))
    page.reload()
    page.wait_for_selector("body[data-ready]")
    noise = tmp_path / "organ.wma"
    noise.write_bytes(b"none that a browser plays")
    page.route("**/api/upload*", lambda route: route.fulfill(json=_heard()))
    page.locator("#file").set_input_files(noise)
    expect(page.locator("#coming li")).to_have_count(10)
    expect(page.locator(NOTICE)).to_contain_text("the server is converting “organ”")
    assert held


def _heard() -> dict:
    """As the server answers to a file."""
    import base64

    import numpy as np

    vector = base64.b64encode(np.eye(1, 100, dtype="<f4").tobytes()).decode()
    return {"track": None, "artist": "", "title": "organ", "length": 9, "vector": vector}


def test_while_nothing_sounds_yet_that_is_seen(visit, server):
    page = visit(server)
    held = []
    page.route("**/api/audio/*", lambda route: held.append(route))
    play(page, "kettle hazel")
    expect(page.locator("body.waiting")).to_be_attached()
    for route in held:
        route.continue_()
    page.unroute("**/api/audio/*")
    expect(page.locator("body:not(.waiting)")).to_be_attached()


class TestUndo:
    def test_is_not_offered_for_a_song_that_is_over(self, visit, server):
        page = visit(server)
        play(page, "kettle hazel")
        page.locator("#coming [data-act=remove]").first.click()
        expect(page.get_by_role("button", name="Undo")).to_be_visible()
        page.keyboard.press("n")
        expect(page.get_by_role("button", name="Undo")).to_be_hidden()

    def test_of_a_journey_leads_back_to_its_plan(self, visit, server):
        page = visit(server)
        page.keyboard.press("j")
        waypoints(page, "october", "vault")
        page.get_by_role("button", name="Start the journey").click()
        expect(page.locator(NOTICE)).to_have_text("The journey has begun.")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#waypoints .name")).to_have_text(["October Bread", "Vault"])


def test_next_with_nothing_to_play(visit, server):
    page = visit(server)
    page.keyboard.press("n")
    page.wait_for_timeout(200)
    expect(page.locator(NOTICE)).to_be_empty()


def test_a_double_click_on_surprise_me_begins_once(visit, server):
    page = visit(server)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/anything" in request.url else None)
    page.get_by_role("button", name="surprise me").dblclick()
    expect(page.locator("#coming li")).to_have_count(10)
    assert len(asked) == 1


def test_a_planned_journey_outlasts_a_reload(visit, server):
    page = visit(server)
    page.keyboard.press("j")
    waypoints(page, "october", "vault")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#waypoints .name")).to_have_text(["October Bread", "Vault"])
    page.get_by_role("button", name="Start the journey").click()
    expect(page.locator("#title")).to_have_text("October Bread")


class TestNonsense:
    def test_in_a_journey(self, visit, server):
        page = visit(server)
        page.keyboard.press("j")
        waypoints(page, "october", "october")
        expect(page.locator(NOTICE)).to_contain_text("“October Bread” is the last waypoint already")
        waypoints(page, "vault")
        for typed, taken in [("-3", "0"), ("1000", "50")]:
            page.get_by_label("Songs between").fill(typed)
            page.get_by_role("button", name="Start the journey").click()
            expect(page.locator(NOTICE)).to_contain_text("The journey has begun.")
            expect(page.get_by_label("Songs between", exact=False)).to_have_value(taken)
            page.get_by_role("button", name="Undo").click()

    @pytest.mark.parametrize(
        ("typed", "taken"),
        [
            ((("least", "9"), ("most", "3")), ("3", "3")),
            ((("most", "3"), ("least", "9")), ("9", "9")),
            ((("least", "-5"), ("most", "1e9")), ("0", "600")),
        ],
    )
    def test_in_the_rules(self, visit, server, typed, taken):
        page = visit(server)
        begin(page, "kettle hazel")
        page.locator("#rules summary").click()
        fields = {"least": page.get_by_label("At least, in minutes"), "most": page.get_by_label("At most, in minutes")}
        fields["most"].fill("")
        for name, minutes in typed:
            fields[name].fill(minutes)
            page.keyboard.press("Tab")
        expect(fields["least"]).to_have_value(taken[0])
        expect(fields["most"]).to_have_value(taken[1])
        expect(page.locator(NOTICE)).to_be_empty()

    def test_in_the_search(self, visit, server):
        page = visit(server)
        page.get_by_label("Search the library").fill("a" * 3000)
        expect(page.locator("#found")).to_contain_text("Nothing found.")
        expect(page.locator(NOTICE)).to_be_empty()


def test_many_changes_of_song_while_the_server_is_gone(visit, server):
    """It waits for the server when nothing comes any more, and does not blame the rules."""
    page = visit(server)
    begin(page, "kettle hazel")
    last = coming(page)[-1]
    page.route("**/api/**", lambda route: route.abort())
    for _ in range(12):
        page.keyboard.press("n")
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#title")).to_have_text(last)
    expect(page.locator(NOTICE)).to_be_empty()
    page.unroute_all()
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#title")).not_to_have_text(last)
    assert title(page)


def test_started_over_the_colours_of_the_cover_are_gone(visit, server):
    page = visit(server)
    begin(page, "kettle hazel")
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".backdrop")).to_be_hidden()

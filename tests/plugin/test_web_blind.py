"""Blind tests on the DJ page, in a real browser: a listener tells lists of one genre from lists at random."""

from __future__ import annotations

import json

import pytest

from tests.browsing import DESKTOP, PHONE, expect, faults, shot
from tests.djpage import Page
from tests.plugin.conftest import copied
from tests.plugin.test_blind import ODDS
from tests.plugin.test_web_accessible import violations

SIDES = {"one": "genre", "other": "random"}


@pytest.fixture(scope="module")
def blind_library(tmp_path_factory, analysed_library):
    library = copied(analysed_library, tmp_path_factory.mktemp("blind"))
    library.configure(blind_tracks=3, blind_rounds=6, artist_separation=0)
    return library


@pytest.fixture
def votes(blind_library):
    """The file of votes, not there at first."""
    path = blind_library.data / "votes.jsonl"
    path.unlink(missing_ok=True)
    return path


@pytest.fixture(scope="module")
def blind_server(blind_library):
    with Page(blind_library.folder) as server:
        yield server


def begin(page, query: str = "") -> None:
    page.get_by_label("Compare").fill(SIDES["one"])
    page.get_by_label("with", exact=True).fill(SIDES["other"])
    page.get_by_label("beginning with").fill(query)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", name="Round 1 of 6")).to_be_focused()


def until_played(page, seconds: float) -> None:
    page.wait_for_function("seconds => document.getElementById('audio').currentTime > seconds", arg=seconds)


def by_ear(page) -> str:
    """Songs by the artist of the first one go best with it."""
    artist, _, _ = page.locator("#seed").inner_text().partition(" - ")
    one, other = (
        page.get_by_role("region", name=f"List {place}").locator(".faint").all_inner_texts().count(artist)
        for place in (1, 2)
    )
    return "1" if one > other else "2"


def asked(page) -> list[str]:
    """What the server says from now on, before the test ends."""
    answers: list[str] = []
    page.on("response", lambda response: answers.append(response.text()) if "/api/blind/" in response.url else None)
    return answers


def test_a_listener_tells_genre_from_chance(visit, blind_server, votes):
    page = visit(blind_server, path="blind")
    shot(page, "blind-begin")
    answers = asked(page)
    begin(page)
    for number in range(1, 7):
        expect(page.get_by_role("heading", name=f"Round {number} of 6")).to_be_focused()
        assert [page.locator(".lists ol").nth(place).locator("li").count() for place in (0, 1)] == [3, 3]
        if number == 1:
            shot(page, "blind-round")
        told = " ".join(answers)
        assert not [side for side in SIDES.values() if side in told]
        if number % 2:
            page.keyboard.press(by_ear(page))
        else:
            page.get_by_role("group", name="Your vote").get_by_role("button", name=f"List {by_ear(page)}").click()
    expect(page.get_by_role("heading", name="Which list was which")).to_be_focused()
    shot(page, "blind-result")
    revealed = page.locator("#revealed li").all_inner_texts()
    assert len(revealed) == 6
    assert all(line.endswith("genre was chosen") for line in revealed)
    assert page.locator("#verdict li").all_inner_texts() == [
        "genre 6, random 0, could not tell 0",
        "genre was chosen in 100 % of 6 votes.",
        f"{ODDS} 3.1 % of the time (exact binomial test, two-sided).",
        "That is less than 5 %, so it is hardly chance.",
    ]
    kept = [json.loads(line) for line in votes.read_text().splitlines()[1:]]
    assert [vote["chosen"] for vote in kept] == ["genre"] * 6


def test_songs_are_played_one_after_the_other(visit, blind_server):
    page = visit(blind_server, path="blind")
    begin(page, "artist:Nave")
    first = page.locator(".lists ol").first.locator("button")
    first.nth(1).focus()
    page.keyboard.press("Enter")
    until_played(page, 0.5)
    expect(first.nth(1)).to_have_attribute("aria-current", "true")
    page.evaluate("document.getElementById('audio').currentTime = 1e6")  # its end
    expect(first.nth(2)).to_have_attribute("aria-current", "true")
    until_played(page, 0.2)
    page.locator("#seed").click()
    expect(page.locator("#seed")).to_have_attribute("aria-current", "true")
    page.keyboard.press("0")
    expect(page.get_by_role("heading", name="Round 2 of 6")).to_be_visible()
    assert page.locator("[aria-current]").count() == 0  # the next round begins in silence


def test_it_ends_when_asked_to_and_goes_on_with_another(visit, blind_server, votes):
    page = visit(blind_server, path="blind")
    begin(page)
    page.keyboard.press("0")
    expect(page.get_by_role("heading", name="Round 2 of 6")).to_be_visible()
    page.get_by_role("button", name="End the test").click()
    expect(page.locator("#verdict li").first).to_have_text("genre 0, random 0, could not tell 1")
    page.get_by_role("button", name="Another test").click()
    begin(page, "title:Aisle")  # one song, one round
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="Which list was which")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("There are no more songs for which")
    assert len(votes.read_text().splitlines()) == 3


def test_a_vote_whose_answer_got_lost_counts_once(visit, blind_server, votes):
    page = visit(blind_server, path="blind")
    begin(page)
    page.route("**/api/blind/next", lambda route: route.abort())
    page.keyboard.press("1")
    expect(page.locator("#said")).not_to_be_empty()
    page.unroute("**/api/blind/next")
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="Round 2 of 6")).to_be_focused()
    assert len(votes.read_text().splitlines()) == 2


def test_a_test_that_the_server_has_forgotten_can_be_begun_again(visit, blind_server):
    page = visit(blind_server, path="blind")
    begin(page)
    for _ in range(4):
        blind_server.post("/api/blind/begin", SIDES | {"query": ""})
    page.keyboard.press("1")
    expect(page.locator("#said")).to_contain_text("his test is over; begin a new one")
    begin(page)


def test_what_cannot_be_compared_is_said(visit, blind_server):
    page = visit(blind_server, path="blind")
    for one, query, told in [
        ("feel", "", "'feel' is not a way to make lists"),
        ("random", "", "andom and random are the same here"),
        ("model:other", "", "Unknown model 'other'"),
        ("genre", "xyzzy", "No track matches 'xyzzy'"),
    ]:
        page.get_by_label("Compare").fill(one)
        page.get_by_label("beginning with").fill(query)
        page.keyboard.press("Enter")
        expect(page.locator("#said")).to_contain_text(told)
    expect(page.locator("#begin")).to_be_visible()


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark", "viewport": PHONE}], ids=["light", "dark phone"])
def test_it_fits_and_axe_finds_nothing(visit, blind_server, options):
    page = visit(blind_server, path="blind", reduced_motion="reduce", **({"viewport": DESKTOP} | options))
    found = violations(page, "begin") | {"begin": faults(page)}
    begin(page)
    page.locator(".lists .go").first.click()
    found |= violations(page, "round") | {"round": faults(page)}
    page.get_by_role("button", name="End the test").click()
    expect(page.locator("#verdict")).to_be_visible()
    found |= violations(page, "result") | {"result": faults(page)}
    assert not any(found.values()), found


class TestApi:
    def begin(self, server, **more) -> str:
        return server.post("/api/blind/begin", SIDES | {"query": ""} | more).json["test"]

    def test_a_round_waits_for_its_vote(self, blind_server, votes):
        test = self.begin(blind_server)
        one, again = (blind_server.post("/api/blind/next", {"test": test}).json["round"] for _ in range(2))
        assert one == again
        assert one.keys() == {"seed", "lists"}
        assert blind_server.post("/api/blind/vote", {"test": test, "chosen": 2}).json == {"votes": 1}
        assert blind_server.post("/api/blind/vote", {"test": test, "chosen": 2}).status == 409
        assert blind_server.post("/api/blind/next", {"test": test}).json["round"] != one
        ended = blind_server.post("/api/blind/end", {"test": test}).json
        assert len(ended["revealed"]) == 1
        assert blind_server.post("/api/blind/next", {"test": test}).json == {"round": None}
        assert blind_server.post("/api/blind/end", {"test": test}).json == ended

    def test_what_can_be_compared(self, blind_server):
        told = blind_server.get("/api/blind").json
        assert told == {"sides": ["sound", "track2vec", "random", "genre", "bliss"], "rounds": 6}

    @pytest.mark.parametrize(
        ("path", "body", "status", "told"),
        [
            ("begin", {"one": 3, "other": "random"}, 400, "one"),
            ("begin", {}, 400, "'' is not a way to make lists"),
            ("begin", SIDES | {"query": ["x"]}, 400, "query"),
            ("begin", SIDES | {"query": "x\0"}, 400, "query"),
            ("begin", [], 400, "JSON object"),
            ("next", {"test": "none"}, 404, "this test is over; begin a new one"),
            ("vote", {"test": "none", "chosen": 1}, 404, "this test is over"),
            ("begin", {"one": "model:/etc", "other": "random"}, 400, "'/etc' is not the name of a model"),
            ("begin", SIDES | {"query": "/etc/passwd.m3u"}, 400, "no track matches"),
            ("vote", {"test": "none", "chosen": 3}, 400, "chosen"),
            ("vote", {"test": "none"}, 400, "chosen"),
            ("vote", {"test": "none", "chosen": None}, 400, "chosen"),
            ("vote", {"test": "none", "chosen": "1.5"}, 400, "chosen"),
            ("vote", {"test": 5, "chosen": 1}, 400, "test"),
            ("end", {"test": "none"}, 404, "this test is over"),
        ],
    )
    def test_what_is_asked_is_checked(self, blind_server, path, body, status, told):
        answer = blind_server.post(f"/api/blind/{path}", body)
        assert answer.status == status
        assert told in answer.error

    @pytest.mark.parametrize("path", ["begin", "next", "vote", "end"])
    def test_nobody_elses_page_may_ask(self, blind_server, votes, path):
        for header in ({"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
            assert blind_server.post(f"/api/blind/{path}", SIDES, **header).status == 403
        assert blind_server.post(f"/api/blind/{path}", b"one=genre&other=random", Content_Type="text/plain").status == 400
        assert not votes.exists()

    def test_the_oldest_of_many_tests_is_forgotten(self, blind_server):
        first, *others = (self.begin(blind_server) for _ in range(5))
        assert blind_server.post("/api/blind/next", {"test": first}).status == 404
        assert all(blind_server.post("/api/blind/next", {"test": test}).status == 200 for test in others)

    def test_a_damaged_file_of_votes_is_found_out_at_once(self, blind_server, votes):
        votes.write_text("my novel")
        answer = blind_server.post("/api/blind/begin", SIDES)
        assert (answer.status, votes.read_text()) == (400, "my novel")
        assert "not a file of votes" in answer.error


def test_only_the_machine_that_has_the_music_has_bliss_analyse_it(blind_library, votes):
    with Page(blind_library.folder, "--host", "0.0.0.0") as server:  # noqa: S104
        token = {"Authorization": f"Bearer {server.printed.partition('?token=')[2]}"}
        assert server.ask("GET", "/api/blind", **token).json["sides"] == ["sound", "track2vec", "random", "genre"]
        answer = server.post("/api/blind/begin", {"one": "bliss", "other": "random"}, **token)
        assert (answer.status, answer.error.partition(" can ")[0]) == (403, "only the machine that has the music")
        assert server.post("/api/blind/begin", SIDES, **token).status == 200


def test_a_page_that_may_not_write_keeps_no_votes(analysed):
    analysed.configure(web={"write": False})
    with Page(analysed.folder) as server:
        answer = server.post("/api/blind/begin", SIDES)
    assert (answer.status, answer.error) == (403, "this page may not write, so it cannot store votes")

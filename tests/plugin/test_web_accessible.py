"""The DJ page for those who do not see it, or use no mouse: axe-core finds nothing in any of its states."""

from __future__ import annotations

import pytest

from tests.browsing import PHONE, begin, expect, settled, title
from tests.djpage import Page

axe = pytest.importorskip("axe_playwright_python.sync_playwright")


def search(page) -> None:
    page.get_by_label("Search the library").fill("e")
    expect(page.locator("#found [role=option]").nth(3)).to_be_visible()


def search_in_vain(page) -> None:
    page.get_by_label("Search the library").fill("xyzzy")
    expect(page.locator("#found")).to_contain_text("Nothing found")


def plan(page) -> None:
    page.get_by_text("Journey", exact=True).click()
    for words in ("october", "vault"):
        page.get_by_label("Search the library").fill(words)
        expect(page.locator("#found [role=option]")).to_have_count(1)
        page.keyboard.press("Enter")


def travel(page) -> None:
    plan(page)
    page.get_by_role("button", name="Start the journey").click()
    expect(page.locator("#trip-told")).to_be_visible()


def show_map(page) -> None:
    page.get_by_role("tab", name="Map").click()
    expect(page.locator("#canvas .legend button")).to_have_count(6)


def play_some(page) -> None:
    begin(page, "kettle hazel")
    page.locator("#coming [data-act=pin]").nth(2).click()
    page.locator("#next").click()
    page.locator("#next").click()
    page.keyboard.press("k")
    settled(page)


def loosen(page) -> None:
    begin(page, "kettle hazel")
    page.locator("#rules summary").click()
    page.get_by_label("Only from").fill("artist:Nave")
    page.keyboard.press("Tab")
    expect(page.locator("#short")).to_be_visible()


def lose_the_server(page) -> None:
    begin(page, "kettle hazel")
    page.route("**/api/*", lambda route: route.abort())
    page.locator("#coming [data-act=remove]").first.click()
    expect(page.locator("#offline")).to_be_visible()


def start_anew(page) -> None:
    begin(page, "kettle hazel")
    begin(page, "vault")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def show_what_plays_on_the_map(page) -> None:
    begin(page, "kettle hazel")
    page.get_by_role("tab", name="Map").click()
    expect(page.locator("#canvas .card strong")).to_have_text("Kettle")


def find_on_the_map(page) -> None:
    show_map(page)
    page.get_by_label("Search", exact=True).fill("a")
    expect(page.locator("#canvas .found li").first).to_be_visible()


def arrive(page) -> None:
    travel(page)
    for _ in range(12):
        page.keyboard.press("n")
        settled(page)
    expect(page.get_by_text("The journey has arrived")).to_be_visible()


STATES = {
    "welcome": lambda page: None,
    "search": search,
    "nothing found": search_in_vain,
    "playing": play_some,
    "rules": loosen,
    "planning a journey": plan,
    "on a journey": travel,
    "saving": lambda page: (begin(page, "kettle hazel"), page.keyboard.press("s")),
    "keys": lambda page: page.keyboard.press("?"),
    "map": show_map,
    "server gone": lose_the_server,
    "undo": start_anew,
    "map of what plays": show_what_plays_on_the_map,
    "search on the map": find_on_the_map,
    "arrived": arrive,
}
LOOKS = pytest.mark.parametrize("options", [{}, {"color_scheme": "dark", "viewport": PHONE}], ids=["light", "dark phone"])


def violations(page, state: str) -> dict[str, list[str]]:
    page.wait_for_timeout(300)  # what fades in is not there yet, nor are its colours
    return {
        f"{state}: {violation['id']}: {violation['help']}": [node["html"][:200] for node in violation["nodes"]]
        for violation in axe.Axe().run(page).response["violations"]
    }


@LOOKS
def test_axe_finds_nothing(visit, server, options):
    page = visit(server, reduced_motion="reduce", **options)
    found = {}
    for state, reach in STATES.items():
        page.unroute_all()
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.goto(server.url)
        page.wait_for_selector("body[data-ready]")
        reach(page)
        found |= violations(page, state)
    assert found == {}, found


@LOOKS
def test_axe_finds_nothing_before_anything_plays(visit, browser, beets, collection, options):
    found = {}
    beets.configure(auto=False)
    beets.run("ls")  # makes the library
    with Page(beets.folder) as server:
        page = visit(server, reduced_motion="reduce", **options)
        expect(page.get_by_text("Your library is empty.")).to_be_visible()
        found |= violations(page, "empty")
        beets.run("import", "-qA", collection / "Nave")
        expect(page.get_by_text("4 songs can be analysed")).to_be_visible()
        found |= violations(page, "not analysed")
    with Page(beets.folder, "--token", "abcdefgh12345678") as server:
        page = browser.new_page(**options)  # whose console may say 401
        page.goto(server.url)
        expect(page.get_by_label("Token")).to_be_visible()
        found |= violations(page, "token")
        page.close()
    assert found == {}


def test_a_new_song_is_announced_and_nothing_else_of_it(visit, server):
    page = visit(server)
    begin(page, "kettle hazel")
    told = page.locator("#told")
    expect(told).to_have_role("status")
    expect(told).to_have_text("Now playing: Kettle by Hazel & Thorn")
    page.evaluate(
        """() => {
            window.announced = [];
            const told = document.getElementById("told");
            new MutationObserver(() => announced.push(told.textContent)).observe(told, {childList: true});
        }"""
    )
    for key in ("x", "k", "k"):  # pinned, played, paused
        page.keyboard.press(key)
    settled(page)
    page.keyboard.press("n")
    by = page.locator("#artist").inner_text()
    expect(told).to_have_text(f"Now playing: {title(page)} by {by}")
    assert page.evaluate("announced") == [told.text_content()]

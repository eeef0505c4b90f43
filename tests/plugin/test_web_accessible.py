"""The DJ page for those who do not see it, or use no mouse: axe-core finds nothing in any of its states."""

from __future__ import annotations

import pytest

from tests.browsing import PHONE, begin, expect, settled, title

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
}


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark", "viewport": PHONE}], ids=["light", "dark phone"])
def test_axe_finds_nothing(visit, server, options):
    page = visit(server, reduced_motion="reduce", **options)
    found = {}
    for state, reach in STATES.items():
        page.unroute_all()
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.goto(server.url)
        page.wait_for_selector("body[data-ready]")
        reach(page)
        page.wait_for_timeout(300)  # what fades in is not there yet, nor are its colours
        violations = axe.Axe().run(page).response["violations"]
        found |= {
            f"{state}: {violation['id']}: {violation['help']}": [node["html"][:200] for node in violation["nodes"]]
            for violation in violations
        }
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

"""The DJ page in a real browser: what opens it, and what a listener does there.

DEEJAI_TEST_SCREENSHOTS names a folder for pictures of what it looks like.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.djpage import Page

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
LYING = {"width": 844, "height": 390}  # a phone

expect.set_options(timeout=30_000)


class Visits:
    """Opens a server's page; whatever it complains of, or asks others for, is collected in `wrong`."""

    def __init__(self, browser) -> None:
        self.browser = browser
        self.contexts: list = []
        self.wrong: list[str] = []

    def __call__(self, server: Page, *, path: str = "", **options):
        options.setdefault("viewport", DESKTOP)
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        return self.open(context, server, path)

    def open(self, context, server: Page, path: str = ""):
        """A further tab of a context."""
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: self.wrong.append(message.text) if _is_complaint(message) else None)
        page.on("request", lambda request: self.wrong.append(request.url) if not _is_own(request.url, server) else None)
        page.goto(server.url + path)
        page.wait_for_selector("body[data-ready]")
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        assert not self.wrong, self.wrong


def _is_complaint(message) -> bool:
    # What a listener does wrong is refused, and said; a song without a cover is nothing to complain of.
    url = message.location["url"]
    refused = "Failed to load resource" in message.text and "/api/" in url and "/api/art/" not in url
    gone = "net::ERR_" in message.text  # the test has ended the server
    return message.type in ("error", "warning") and not refused and not gone


def _is_own(url: str, server: Page) -> bool:
    return url.startswith((server.url, server.url.replace("127.0.0.1", "localhost"), f"blob:{server.url}"))


def shot(page, name: str) -> None:
    if folder := os.environ.get("DEEJAI_TEST_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def play(page, words: str) -> None:
    """Search, and play the first song that is found."""
    page.get_by_label("Search the library").fill(words)
    expect(page.locator("#found [role=option]").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#coming li")).to_have_count(10)


def begin(page, words: str) -> None:
    """The same, and pause: the songs last eight seconds, and what comes is to stay as it is for a moment."""
    play(page, words)
    page.locator("#play").click()
    settled(page)


def title(page) -> str:
    return page.locator("#title").inner_text()


def coming(page) -> list[str]:
    return page.locator("#coming .name").all_inner_texts()


def seconds(page) -> float:
    minutes, rest = page.locator("#elapsed").inner_text().split(":")
    return 60 * int(minutes) + int(rest)


def until_played(page, least: int) -> None:
    page.wait_for_function("least => document.getElementById('elapsed').textContent.split(':')[1] >= least", arg=least)


def settled(page) -> None:
    """After the pause that a knob takes."""
    page.wait_for_timeout(400)
    expect(page.locator("#busy")).to_be_hidden()


FAULTS = """() => {
    const seen = {opacityProperty: true, visibilityProperty: true};
    const shown = (one) => one.checkVisibility(seen) && !one.closest(".sr, svg, #found");
    const name = (one) => `${one.tagName} ${one.id} ${one.className}: ${one.textContent.trim().slice(0, 30)}`;
    const found = document.documentElement.scrollWidth > innerWidth ? ["the page scrolls sideways"] : [];
    for (const one of [...document.querySelectorAll("main *, header *, #dock *")].filter(shown)) {
        const {left, right, top, bottom} = one.getBoundingClientRect();
        if (left < -1 || right > innerWidth + 1) found.push(`beyond the side: ${name(one)}`);
        const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        const cut = text && one.scrollWidth > one.clientWidth + 1 && one.clientWidth;
        if (cut && getComputedStyle(one).textOverflow !== "ellipsis") found.push(`cut: ${name(one)}`);
        if (!one.matches("#dock button, .transport :is(button, input)") || top < 0 || bottom > innerHeight) continue;
        const middle = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        const over = middle?.closest("button, #notice, #mini, #offline");
        if (over && over !== one && !over.contains(one)) found.push(`covered: ${name(one)} by ${name(over)}`);
    }
    for (const one of [...document.querySelectorAll("select")].filter(shown)) {
        const pen = document.createElement("canvas").getContext("2d");
        pen.font = getComputedStyle(one).font;
        const longest = Math.max(...[...one.options].map(({text}) => pen.measureText(text).width));
        if (one.id !== "mood" && longest > one.clientWidth - 30) found.push(`cut: ${name(one)}`);
    }
    return found;
}"""


def faults(page) -> list[str]:
    """What spills out of the page or of its box, and what is pressed but covered by something else that is pressed."""
    return page.evaluate(FAULTS)

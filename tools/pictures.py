"""Make the pictures of the DJ page and of the map anew, all of one library.

python -m tools.pictures MUSIC [FOLDER]      FOLDER: docs/pictures by default; needs Chromium and all extras

MUSIC is a folder of tagged recordings, which stay as they are; those of the pictures are the 80 of docs/benchmarks.md. What
is played there is named below.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page as Tab
from playwright.sync_api import expect, sync_playwright

from tests.browsing import DESKTOP, PHONE, begin, settled
from tests.djpage import Page
from tests.plugin.conftest import CHROMIUM, OFFLINE, Beets

PLAYED, SUNG, TO = "Loyalists", "Code Monkey", "Win Theme"
ROUND = {"width": 960, "height": 710}
MAP = {"width": 1100, "height": 680}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", type=Path)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/pictures"))
    options = parser.parse_args()
    folder = options.folder.absolute()
    with tempfile.TemporaryDirectory() as temporary, browser() as show:
        beets = Beets(Path(temporary) / "beets")
        beets.run("import", "-qA", options.music.absolute())
        beets.deejai("analyze")  # all of them weighted with all of them
        maps(beets, folder, show)
        with Page(beets.folder) as server:
            playing(show(server.url, DESKTOP)).screenshot(path=folder / "web.png")
            travelling(show(server.url, PHONE, scheme="dark", is_mobile=True, has_touch=True)).screenshot(
                path=folder / "web-phone.png"
            )
            judging(show(f"{server.url}blind", ROUND)).screenshot(path=folder / "blind.png")
            mapped(show(server.url, MAP, scheme="dark")).screenshot(path=folder / "web-map.png")


@contextlib.contextmanager
def browser() -> Iterator:
    """show(url, viewport, scheme="light", **options): a tab of its own."""
    with sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)

        def show(url: str, viewport: dict, *, scheme: str = "light", **options: object) -> Tab:
            context = chromium.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce", **options)
            tab = context.new_page()
            tab.goto(url)
            return tab

        yield show
        chromium.close()


def maps(beets: Beets, folder: Path, show) -> None:
    """The map as a picture, and its page with a journey and a playlist."""
    written = beets.folder / "map"
    beets.deejai("map", "-o", written.with_suffix(".png"))
    (folder / "map.png").write_bytes(written.with_suffix(".png").read_bytes())
    lists = [beets.folder / name for name in ("A journey.m3u", "Like Win Theme.m3u")]
    beets.deejai("journey", SUNG, TO, "-n", "6", "-o", lists[0])
    beets.deejai("similar", TO, "-n", "5", "-o", lists[1])
    drawn = [word for path in lists for word in ("--playlist", path)]
    beets.deejai("map", *drawn, "-o", written.with_suffix(".html"))
    tab = show(written.with_suffix(".html").as_uri(), MAP)
    tab.locator(".legend canvas").nth(1).wait_for()
    tab.wait_for_timeout(500)  # until it is drawn
    tab.screenshot(path=folder / "map-page.png")


def ready(tab: Tab) -> Tab:
    tab.wait_for_selector("body[data-ready]")
    return tab


def playing(tab: Tab) -> Tab:
    """A song in the middle, and one that is pinned."""
    begin(ready(tab), PLAYED)
    tab.locator("#coming [data-act=pin]").nth(3).click()
    settled(tab)
    to_the_middle(tab)
    return tab


def travelling(tab: Tab) -> Tab:
    """A journey of three waypoints."""
    ready(tab).get_by_text("Journey", exact=True).click()
    for words in (SUNG, TO, "Silvan Sanctuary"):
        tab.get_by_label("Search the library").fill(words)
        expect(tab.locator("#found .name").first).to_have_text(words)
        tab.keyboard.press("Enter")
    tab.locator("#between").fill("3")
    tab.get_by_role("button", name="Start the journey").click()
    expect(tab.locator("#trip-told")).to_be_visible()
    to_the_middle(tab)
    tab.evaluate("scrollTo(0, document.querySelector('.modes').offsetTop - 16)")
    expect(tab.locator("#mini")).to_be_visible()
    return tab


def judging(tab: Tab) -> Tab:
    """A round that begins with a song, one of whose lists is being played."""
    ready(tab).get_by_label("beginning with").fill(PLAYED)
    tab.get_by_role("button", name="Begin").click()
    tab.locator(".lists .go").nth(1).click()
    tab.wait_for_function("() => document.getElementById('audio').currentTime > 1")
    return tab


def mapped(tab: Tab) -> Tab:
    begin(ready(tab), TO)
    tab.get_by_role("tab", name="Map").click()
    expect(tab.locator("#canvas .card strong")).to_have_text(TO)
    tab.locator("#mini-play").click()
    tab.wait_for_timeout(1000)  # until it is drawn
    return tab


def to_the_middle(tab: Tab) -> None:
    """Of the song, which plays; what was said before is over."""
    tab.locator("#seek").evaluate("seek => { seek.value = 400; seek.dispatchEvent(new Event('change')); }")
    if tab.get_by_role("button", name="Play", exact=True).first.is_visible():
        tab.locator("#play").click()
    expect(tab.locator("#notice")).not_to_be_visible(timeout=20_000)
    tab.mouse.move(0, 0)


if __name__ == "__main__":
    main()

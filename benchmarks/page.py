"""The DJ page in a real browser: from what a listener does to what is seen and embedded.

python -m benchmarks.page [TRACKS...] [--runs N]      25,000 by default; needs Chromium

For each size a real beets library of invented tracks, all of which are one composed file, is served by `beet deejai web`.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import time
from collections.abc import Iterator

from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

from benchmarks.served import served
from tests.djpage import Page
from tests.plugin.conftest import CHROMIUM, OFFLINE

# Tells when a song sounds: its own clock moves.
LISTEN = """
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
        const asked = performance.now();
        this.addEventListener("timeupdate", () => {
            if (asked < window.began || !this.currentTime) return;
            window.sounded ??= performance.now() - 1000 * this.currentTime;
        });
        return play.call(this);
    };
"""
# Types a text at once, and waits for its first result in sight.
SEARCH = """(text) => new Promise((resolve) => {
    const field = document.getElementById("search"), found = document.getElementById("found");
    field.focus();
    field.value = text;
    const began = performance.now();
    const seen = new MutationObserver(() => {
        if (found.hidden || !found.querySelector("[role=option]")) return;
        seen.disconnect();
        requestAnimationFrame(() => resolve(performance.now() - began));
    });
    seen.observe(found, { childList: true, attributes: true });
    field.dispatchEvent(new Event("input"));
})"""
# Takes it, and waits for the sound, and for all ten songs that come.
PLAY = """async () => {
    const coming = document.getElementById("coming"), before = coming.textContent;
    const press = { key: "Enter", bubbles: true };
    const began = (window.began = performance.now());
    window.sounded = undefined;
    const filled = new Promise((resolve) => {
        const seen = new MutationObserver(() => {
            if (coming.children.length < 10 || coming.textContent === before) return;
            seen.disconnect();
            resolve(performance.now() - began);
        });
        seen.observe(coming, { childList: true, subtree: true, characterData: true });
    });
    document.getElementById("search").dispatchEvent(new KeyboardEvent("keydown", press));
    const list = await filled;
    while (window.sounded === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    return [list, window.sounded - began];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tracks", nargs="*", type=int, default=[25_000])
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    print("| tracks | the server is there | the page is there | a search | a song sounds | what comes is there |")
    print("|---|---|---|---|---|---|")
    for tracks in options.tracks:
        with served(tracks) as (server, start), opened(server) as (tab, loaded):
            rows = [measured(tab, random.Random(run).randrange(tracks)) for run in range(options.runs)]
            searched, listed, sounded = map(statistics.median, zip(*rows, strict=True))
            cells = (start, loaded, searched / 1e3, sounded / 1e3, listed / 1e3)
            print(f"| {tracks:,} | {' | '.join(f'{seconds:.2f} s' for seconds in cells)} |", flush=True)


@contextlib.contextmanager
def opened(server: Page) -> Iterator[tuple[Tab, float]]:
    """The page, and the seconds until it can be used."""
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        tab = browser.new_page()
        tab.add_init_script(LISTEN)
        start = time.perf_counter()
        tab.goto(server.url)
        tab.wait_for_selector("body[data-ready]")
        yield tab, time.perf_counter() - start
        browser.close()


def measured(tab: Tab, song: int) -> tuple[float, float, float]:
    """Milliseconds from typing to a result; and from choosing it to what comes, and to its sound."""
    searched = tab.evaluate(SEARCH, f"song {song}")
    listed, sounded = tab.evaluate(PLAY)
    tab.locator("#busy").wait_for(state="hidden")
    return searched, listed, sounded


if __name__ == "__main__":
    main()

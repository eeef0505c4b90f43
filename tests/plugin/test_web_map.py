"""The map as the DJ page's second view."""

from __future__ import annotations

import os

import pytest

from tests.browsing import DESKTOP, PHONE, begin, expect, shot
from tests.canvas import COPY
from tests.djpage import Page


def test_the_map_shows_what_plays_and_a_click_plays(visit, server):
    page = visit(server)
    begin(page, "paid in full")
    page.get_by_role("tab", name="Map").click()
    expect(page.locator("#listen")).to_be_hidden()
    expect(page.locator("#canvas .card strong")).to_have_text("Paid in Full")
    expect(page.locator("#canvas .legend button")).to_have_count(6)  # genres
    expect(page.locator("#no-map")).to_be_hidden()
    expect(page.locator("#mini-title")).to_have_text("Paid in Full")
    lit = wait_for_ring(page)
    shot(page, "desktop-map")
    page.keyboard.press("n")
    expect(page.locator("#canvas .card strong")).to_have_text(page.locator("#mini-title").inner_text())
    expect(page.locator("#canvas .card strong")).not_to_have_text("Paid in Full")
    page.locator("#mini-play").click()
    box = page.locator("#canvas canvas").first.bounding_box()
    page.mouse.click(box["x"] + lit[0], box["y"] + lit[1])
    expect(page.locator("#mini-title")).to_have_text("Paid in Full")
    page.get_by_role("tab", name="Listen").click()
    expect(page.locator("#title")).to_have_text("Paid in Full")
    expect(page.locator("#coming li")).to_have_count(10)


def test_how_far_the_map_is_while_it_is_laid_out(visit, server):
    page = visit(server)
    held = []
    page.route("**/api/map", lambda route: held.append(route))
    page.route("**/api/map/progress", lambda route: route.fulfill(json={"done": 0.354}))
    page.get_by_role("tab", name="Map").click()
    expect(page.locator("#no-map")).to_have_text("Drawing the map… 35 %")
    held[0].continue_()
    expect(page.locator("#no-map")).to_be_hidden()
    assert server.get("/api/map/progress").json == {"done": None}


def test_a_sketch_is_shown_until_the_map_is_laid_out(visit, server):
    page = visit(server)
    begin(page, "paid in full")
    data, held = server.get("/api/map").json, []
    page.route("**/api/map/sketch", lambda route: route.fulfill(json=data))
    page.route("**/api/map", lambda route: held.append(route))
    page.route("**/api/map/progress", lambda route: route.fulfill(json={"done": 0.354}))
    page.get_by_role("tab", name="Map").click()
    wait_for_ring(page)
    expect(page.locator("#no-map")).to_have_text("Drawing the map… 35 %")
    shot(page, "map-sketch")
    held[0].continue_()
    expect(page.locator("#no-map")).to_be_hidden()
    expect(page.locator("#canvas > *")).to_have_count(1)  # the sketch is gone
    wait_for_ring(page)


def test_without_what_a_map_needs_it_is_said(visit, analysed, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['openTSNE'] = None\n")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    with Page(analysed.folder, PYTHONPATH=path) as server:
        page = visit(server)
        page.get_by_role("tab", name="Map").click()
        told = "pip install 'beets-deejai[map]'"
        expect(page.locator("#no-map")).to_contain_text(told)


@pytest.mark.parametrize(
    "viewport", [DESKTOP, PHONE, {"width": 844, "height": 390}], ids=["desktop", "phone", "lying phone"]
)
def test_nothing_of_the_map_is_covered_by_what_plays(visit, server, viewport):
    page = visit(server, viewport=viewport, color_scheme="dark")
    begin(page, "paid in full")
    page.get_by_role("tab", name="Map").click()
    wait_for_ring(page)
    shot(page, f"map-{viewport['width']}")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    mini = page.locator("#mini").bounding_box()
    zoom = page.locator("#canvas .zoom").bounding_box()
    assert zoom["y"] + zoom["height"] <= mini["y"]


def wait_for_ring(page) -> list[float]:
    """The middle of the ring around the song that plays, in CSS pixels of the map, once it is drawn."""
    script = (
        "() => {"
        + COPY
        + """
        const c = document.querySelector("#canvas canvas.over"), d = c?.width / c?.clientWidth;
        const pixels = c?.width ? copyOf(c).getImageData(0, 0, c.width, c.height).data : [];
        const at = [];
        for (let i = 3; i < pixels.length; i += 4) if (pixels[i]) at.push(i >> 2);
        if (!at.length) return null;
        const xs = at.map(i => i % c.width), mean = v => v.reduce((a, b) => a + b, 0) / v.length / d;
        return [mean(xs), mean(at.map(i => Math.floor(i / c.width)))];
    }"""
    )
    for _ in range(300):
        if found := page.evaluate(script):
            return found
        page.wait_for_timeout(100)
    raise AssertionError("no song is marked on the map")

"""`beet deejai map`: the library in two dimensions, as a page that a real browser shows, and as a picture."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from deejai_core.features.map.data import STYLES, category_field, map_data, scale_field, text_field
from deejai_core.features.map.files import map_page
from tests.canvas import COPY

EVIL = "<img src=x onerror=alert(1)>"
AMBER, BLUE, GREEN = [0xF8, 0xB5, 0x28], [0x5F, 0x5E, 0xF0], [0x82, 0xD1, 0xAA]  # the first colours, in order
LIGHT, DARK = [0xFB, 0xFA, 0xF8], [0x15, 0x16, 0x1A]  # grounds
DIMMED = [0xE6, 0xE3, 0xDE]
READ_BACK = "Canvas2D: Multiple readback"  # what chromium says of a test that looks at pixels
SCALED = [32, 156, 136]  # 104 on the scale from 100 to 107


def read(page: Path) -> dict:
    """The data in a page."""
    return json.loads(re.search(r'id="data">(.*?)</script>', page.read_text())[1])


class TestTheCommand:
    def test_a_page_in_the_librarys_folder(self, analysed):
        result = analysed.deejai("map")
        assert result.lines == [f"24 tracks drawn in {analysed.data / 'map.html'}"]
        data = read(analysed.data / "map.html")
        assert sorted(data["titles"]) == analysed.field("title")
        assert data["color"] == "genre"
        assert [field["legend"] for field in data["fields"] if "colours" in field] == ["artist", "decade", "genre"]
        analysed.deejai("map")
        assert read(analysed.data / "map.html") == data

    def test_new_tracks_leave_the_old_ones_where_they_are(self, analysed, tmp_path):
        analysed.deejai("analyze")  # what was imported album by album is weighted against the whole library now
        analysed.run("modify", "-y", "title:Aisle", "deejai_vector!")
        analysed.deejai("map")
        with np.load(analysed.data / "map.npz") as kept:
            before = dict(zip(kept["digests"].tolist(), kept["places"].tolist(), strict=True))
        analysed.deejai("analyze")
        analysed.deejai("map")
        with np.load(analysed.data / "map.npz") as kept:
            after = dict(zip(kept["digests"].tolist(), kept["places"].tolist(), strict=True))
        assert len(after) == len(before) + 1
        assert before.items() < after.items()

    def test_a_picture(self, analysed, tmp_path):
        analysed.deejai("map", "-o", tmp_path / "map.png", "--color", "artist")
        assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
        analysed.deejai("similar", "Aisle", "-n", "3", "-o", tmp_path / "like.m3u")
        for _ in range(2):  # the second replaces the first
            analysed.deejai("map", "-o", tmp_path / "map.svg", "--playlist", tmp_path / "like.m3u")
        assert "like (4)" in (tmp_path / "map.svg").read_text()

    @pytest.mark.parametrize(
        ("changes", "color"),
        [
            ([], "genre"),
            (["genres=", "year=1984"], "decade"),
            (["genres="], "artist"),
            (["genres=", "artist="], "genre"),  # none has a value
        ],
    )
    def test_it_is_coloured_by_what_the_library_has(self, analysed, changes, color):
        if changes:
            analysed.run("modify", "-y", "-W", *changes)
        analysed.deejai("map")
        assert read(analysed.data / "map.html")["color"] == color
        if "genres=" in changes:
            told = "--color genre: no analysed track has this field"
            assert told in analysed.deejai("map", "--color", "genre", status=1).err

    def test_a_playlist_is_drawn_and_what_is_not_analysed_counted(self, analysed, tmp_path):
        analysed.deejai("similar", "Aisle", "-n", "3", "-o", tmp_path / "like.m3u")
        with (tmp_path / "like.m3u").open("a") as playlist:
            playlist.write("/elsewhere.mp3\n")
        result = analysed.deejai("map", "--playlist", tmp_path / "like.m3u", "-o", tmp_path / "map.html")
        assert "1 of 5 tracks not analysed, left out" in result.out
        data = read(tmp_path / "map.html")
        (path,) = data["paths"]
        assert path["name"] == "like"
        assert data["titles"][path["tracks"][0]] == "Aisle"
        assert len(path["tracks"]) == 4

    def test_a_query_dims_the_others(self, analysed):
        result = analysed.deejai("map", "title:Aisle")
        data = read(analysed.data / "map.html")
        assert [data["titles"][track] for track in data["shown"]] == ["Aisle"]
        assert len(data["titles"]) == 24
        assert result.lines[0] == "1 track in colour: what matches title:Aisle"

    def test_colours_by_any_field(self, analysed):
        analysed.run("modify", "-y", "title:Aisle", "mood=calm")
        analysed.deejai("map", "--color", "mood")
        (field,) = (field for field in read(analysed.data / "map.html")["fields"] if field["name"] == "mood")
        assert field["colours"]["names"] == ["calm"]
        analysed.deejai("tag")
        for name in ("deejai_jazz", "length"):
            analysed.deejai("map", "--color", name)
            data = read(analysed.data / "map.html")
            assert data["color"] == name
            assert "scale" in data["fields"][-1] or name == "length"
        analysed.deejai("map", "--color", "deejai_top_tags")  # computed
        assert read(analysed.data / "map.html")["fields"][-1]["colours"]["names"]

    def test_genres_of_which_a_track_has_several(self, analysed):
        analysed.run("modify", "-y", "title:Aisle", "genres=Ambient; Dub")
        analysed.deejai("map", "--color", "genres")
        data = read(analysed.data / "map.html")
        (field,) = (field for field in data["fields"] if field["name"] == "genre")
        assert "Ambient, Dub" in field["values"]
        assert not [name for name in field["colours"]["names"] if "," in name]

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["-o", "usb/maps/map.html"], "usb; make it first)"),
            (["-o", "map.pdf"], "map.pdf: a map is a page (.html) or a picture (.png, .svg)"),
            (["--color", "nonsense"], "--color nonsense: no analysed track has this field; `beet fields` lists"),
            (
                ["--color", "deejai_jazz"],
                "--color deejai_jazz: no analysed track has this field; run `beet deejai tag`",
            ),
            (["--playlist", "none.m3u"], "none.m3u: cannot read the playlist"),
            (
                ["--playlist", "config.yaml"],
                "config.yaml is not a playlist that can be read: none of its lines",
            ),
            (["title:nothing"], "title:nothing: matches nothing"),
            (["year:x"], "'year:x' is not a query: 'x' is not an int"),
            (["-o", "mine.html"], "this file exists and is not a map; choose another name"),
            (["-o", "config.yaml/map.html"], "cannot write the map"),
        ],
    )
    def test_what_goes_wrong_is_one_line(self, analysed, words, told):
        (analysed.folder / "mine.html").write_text("<p>homepage")
        result = analysed.deejai("map", *words, status=1)
        assert told in result.err
        assert len(result.err.splitlines()) == 1
        assert not (analysed.data / "map.html").exists()

    def test_an_empty_library(self, beets):
        assert "Your beets library is empty" in beets.deejai("map", status=1).err

    @pytest.mark.parametrize("library", ["openTSNE", "matplotlib"])
    def test_without_the_extra(self, analysed, tmp_path, library):
        (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{library!r}] = None\n")
        path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
        output = "map.png" if library == "matplotlib" else "map.html"
        result = analysed.deejai("map", "-o", output, status=1, PYTHONPATH=path)
        assert "is not installed; pip install 'beets-deejai[map]'" in result.err

    @pytest.mark.parametrize("tracks", [1, 2])
    def test_a_small_library(self, analysed, tracks):
        with sqlite3.connect(analysed.library) as library:
            library.execute("DELETE FROM items WHERE id > ?", (tracks,))
        library.close()
        assert f"{tracks} track" in analysed.deejai("map").out
        analysed.deejai("map", "-o", "map.png")


def invented(**options) -> dict:
    """Nine tracks in a grid: three genres, one in each row, and titles that would do harm as HTML."""
    places = np.array([(column, row) for row in range(3) for column in range(3)], np.float32)
    titles = [f"Song {number}" for number in range(9)]
    titles[4] = EVIL
    genre = category_field("genre", [("Rock",)] * 3 + [("</script>",)] * 3 + [("Jazz",)] * 3)
    artist = category_field("artist", [("Bjørk & Söhne",) if number == 8 else (f"<b>{number}</b>",) for number in range(9)])
    bpm = scale_field("bpm", [100 + number for number in range(8)] + [None], "{:.0f}".format)
    fields = [artist, text_field("album", ["Album"] * 9), genre, bpm]
    return map_data(places, list(range(101, 110)), titles, fields, "genre", **options)


class TestThePage:
    @pytest.fixture
    def show(self, browser, tmp_path):
        """Opens a map in the browser; nothing may go wrong in it, nor be asked of the network."""
        troubles, pages = [], []

        def open_page(data: dict, **options):
            path = tmp_path / "map.html"
            path.write_bytes(map_page(data, "map"))
            page = browser.new_page(**({"viewport": {"width": 1000, "height": 700}} | options))
            pages.append(page)
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("console", lambda message: None if READ_BACK in message.text else troubles.append(message.text))
            page.on("dialog", lambda dialog: troubles.append(dialog.message))
            page.on("request", lambda request: None if request.url == path.as_uri() else troubles.append(request.url))
            page.goto(path.as_uri())
            page.wait_for_selector(".deejai-map")
            return page

        yield open_page
        for page in pages:
            page.close()
        assert troubles == []

    def middle(self, page) -> tuple[float, float]:
        """Where the middle of the map is drawn: the panel covers a part of a wide window."""
        width, height = page.viewport_size["width"], page.viewport_size["height"]
        return (width + (290 if width > 760 else 0)) / 2, height / 2

    def becomes(self, page, x: float, y: float, colour: list[int]) -> bool:
        """Whether the map has this colour there, once it is drawn."""
        script = f"([x, y]) => {{ {COPY} const c = document.querySelector('canvas'), d = c.width / c.clientWidth;"
        script += "return [...copyOf(c).getImageData(x * d, y * d, 1, 1).data].slice(0, 3) }"
        for _ in range(100):
            if page.evaluate(script, [x, y]) == colour:
                return True
            page.wait_for_timeout(50)
        return False

    def test_hover_shows_the_song_as_text(self, show):
        page = show(invented())
        card = page.locator(".card")
        assert not card.is_visible()
        page.mouse.move(*self.middle(page))
        card.wait_for()
        assert card.locator("strong").text_content() == EVIL
        assert card.locator("dd").all_text_contents() == ["<b>4</b>", "Album", "</script>", "104"]
        assert page.locator(".deejai-map img, .deejai-map b").count() == 0
        page.mouse.move(5, 695)
        card.wait_for(state="hidden")

    def test_a_card_is_as_wide_as_its_words_at_the_edge_too(self, show):
        page = show(invented())
        card = page.locator(".card")
        page.mouse.move(*self.middle(page))
        card.wait_for()
        width = card.evaluate("card => card.offsetWidth")
        at_the_edge = "card => { card.style.left = 'calc(100% - 30px)'; return card.offsetWidth }"
        assert card.evaluate(at_the_edge) == pytest.approx(width, abs=1)

    def test_search_finds_and_centres(self, show):
        page = show(invented())
        page.fill("input", "sohne song")  # without accents, any words of title and artist
        found = page.locator(".found li")
        assert found.all_text_contents() == ["Song 8Bjørk & Söhne"]
        page.press("input", "Enter")
        assert found.count() == 0
        page.locator(".card strong", has_text="Song 8").wait_for()
        assert self.becomes(page, 500, 350, BLUE)  # in the middle now
        page.fill("input", "img")
        page.locator(".found li").click()
        page.locator(".card strong", has_text=EVIL).wait_for()
        page.fill("input", "no such song")
        assert found.all_text_contents() == ["Nothing found"]
        page.press("input", "Escape")
        assert page.input_value("input") == ""

    def test_colours_change_with_the_field_and_a_row_of_the_legend_stands_alone(self, show):
        page = show(invented())
        rows = page.locator(".legend button")
        assert rows.all_text_contents() == ["</script>3", "Jazz3", "Rock3"]
        middle = self.middle(page)
        assert self.becomes(page, *middle, AMBER)
        rows.nth(1).click()
        assert self.becomes(page, *middle, DIMMED)
        rows.nth(1).click()
        page.select_option("select", "bpm")
        assert page.locator(".ends").text_content() == "100107"
        assert rows.all_text_contents() == ["no bpm1"]
        assert self.becomes(page, *middle, SCALED)

    def test_what_a_query_does_not_find_is_dimmed(self, show):
        page = show(invented(shown=[0, 1]))
        assert page.locator(".legend button").all_text_contents() == ["Rock2"]
        assert self.becomes(page, *self.middle(page), DIMMED)
        page.mouse.move(*self.middle(page))
        page.locator(".card").wait_for(state="hidden")  # with the next frame

    def test_a_playlist_is_a_path(self, show):
        page = show(invented(paths={EVIL: [4, 0]}))
        assert page.locator(".legend button").last.text_content() == f"{EVIL}2"
        page.mouse.move(*self.middle(page))
        assert page.locator(".card").text_content().endswith(f"1 in {EVIL} ")

    def test_playlists_differ_in_colour_dashes_and_shape_there_and_in_the_legend(self, show):
        count = len(STYLES)
        page = show(invented(paths={f"Friday {number}": [number, number + 3] for number in range(count)}))
        pieces = page.locator(".legend canvas.line")
        assert pieces.count() == count
        assert len({piece.evaluate("canvas => canvas.toDataURL()") for piece in pieces.all()}) == count
        inked = """canvas => {
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return data.filter((_, i) => i % 4 === 3).join();
        }"""
        assert len({piece.evaluate(inked) for piece in pieces.all()}) == count  # without colours too
        colours = """canvas => {
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), found = new Set();
            const hex = value => value.toString(16).padStart(2, "0");
            for (let i = 0; i < data.length; i += 4) found.add("#" + [...data.slice(i, i + 3)].map(hex).join(""));
            return [...found];
        }"""
        for scheme, ink, ground in (("light", "#1c1c1c", LIGHT), ("dark", "#ecebe8", DARK)):
            page.emulate_media(color_scheme=scheme)
            assert self.becomes(page, 990, 10, ground)
            drawn = set(page.locator("canvas.over").evaluate(colours))
            assert {style["colour"] or ink for style in STYLES} <= drawn
            assert ink in pieces.first.evaluate(colours)

    def test_zoom_by_wheel_and_panning(self, show):
        page = show(invented())
        x, y = self.middle(page)
        page.mouse.move(x, y)
        for _ in range(5):
            page.mouse.wheel(0, -300)
        assert self.becomes(page, x, y, AMBER)  # what is under the pointer stays there
        page.mouse.down()
        page.mouse.move(x + 100, y + 50)
        page.mouse.up()
        assert self.becomes(page, x + 100, y + 50, AMBER)
        page.click("text=⤢")
        assert self.becomes(page, x, y, AMBER)

    def test_it_is_dark_where_the_system_is(self, show):
        page = show(invented(), color_scheme="dark")
        assert self.becomes(page, 990, 10, DARK)
        page.emulate_media(color_scheme="light")
        assert self.becomes(page, 990, 10, LIGHT)

    def test_on_a_phone(self, show):
        page = show(
            invented(), viewport={"width": 375, "height": 667}, has_touch=True, device_scale_factor=3, is_mobile=True
        )
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        assert not page.locator(".legend").is_visible()
        page.click(".fold")
        page.locator(".legend").wait_for()
        page.click(".fold")
        page.touchscreen.tap(*self.middle(page))
        assert page.locator(".card strong").text_content() == EVIL
        box = page.locator(".card").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 375

    def test_another_page_may_hold_it(self, show):
        """The script alone: what is clicked is told by its id, and an id can be marked."""
        page = show(invented())
        page.evaluate(
            """() => {
                document.querySelector(".deejai-map").remove();
                const data = JSON.parse(document.getElementById("data").textContent);
                globalThis.clicked = [];
                globalThis.map = deejaiMap.draw(document.body, data, {onClick: id => clicked.push(id)});
            }"""
        )
        page.mouse.click(*self.middle(page))
        assert page.evaluate("clicked") == [105]
        page.evaluate("map.highlight(109)")
        page.locator(".card strong", has_text="Song 8").wait_for()
        assert self.becomes(page, *self.middle(page), AMBER)  # it is in sight, so nothing moves
        page.evaluate("for (let i = 0; i < 9; i++) document.querySelector('[title=\"Zoom in\"]').click()")
        page.evaluate("map.highlight(101)")
        page.locator(".card strong", has_text="Song 0").wait_for()
        assert self.becomes(page, *self.middle(page), GREEN)  # it was not
        page.evaluate("map.highlight(null)")
        page.locator(".card").wait_for(state="hidden")
        page.evaluate("map.destroy()")
        assert page.locator(".deejai-map").count() == 0

    def test_a_library_of_one(self, show):
        page = show(map_data(np.zeros((1, 2)), [1], ["Song"], [category_field("genre", [()])], "genre"))
        page.mouse.move(*self.middle(page))
        assert page.locator(".card strong").text_content() == "Song"

"""Names that somebody made long on purpose, on the page."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3

import mutagen.flac
import pytest

from tests.browsing import DESKTOP, LYING, PHONE, begin, expect, faults
from tests.djpage import Page
from tests.plugin.conftest import copied

GAP = 60_000  # blanks
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 4


@pytest.fixture(scope="module")
def library(tmp_path_factory, analysed_library):
    own = copied(analysed_library, tmp_path_factory.mktemp("web"))
    # Not by `beet modify`, which takes minutes to show the difference.
    with contextlib.closing(sqlite3.connect(own.library)) as database:
        database.execute(
            "UPDATE items SET title = ?, artist = ? WHERE id = 1", (f"One{' ' * GAP}two", f"No{' ' * GAP}body")
        )
        database.commit()
    return own


def test_a_song_with_a_gap_in_its_name(library, tmp_path):
    """Nothing takes longer than for other songs: a server that is busy for long is one that does not answer."""
    (path,) = library.run("ls", "-p", "id:2").lines
    copy = shutil.copy(path, tmp_path / "gap.flac")
    tags = mutagen.flac.FLAC(copy)
    tags["title"], tags["artist"] = f"One{' ' * GAP}two", f"No{' ' * GAP}body"
    tags.save()
    with Page(library.folder) as page:
        assert page.post("/api/save", {"title": "List", "ids": [1, 2]}).status == 200
        assert page.post("/api/similar", {"seeds": [1], "coming": [None] * 3}).status == 200
        uploaded = page.post("/api/upload?name=gap.flac", (tmp_path / "gap.flac").read_bytes())
        assert uploaded.status == 200
        assert page.get(f"/api/search?q={'+' * GAP}x").status == 400
    assert f"One{' ' * GAP}two" in (library.folder / "playlists/List.m3u").read_text()


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, analysed_library):
    """The page of a library in which each album, artist and title is one very long word."""
    own = copied(analysed_library, tmp_path_factory.mktemp("unbroken"))
    with contextlib.closing(sqlite3.connect(own.library)) as database, database:
        database.execute("UPDATE items SET album = ?1, artist = artist || ?1, title = title || ?1", (UNBROKEN,))
    with Page(own.folder) as server:
        yield server


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, LYING], ids=["desktop", "phone", "lying"])
def test_names_without_a_blank_stay_in_their_boxes(visit, unbroken, viewport):
    page = visit(unbroken, viewport=viewport, reduced_motion="reduce")
    page.get_by_label("Search the library").fill("october")
    expect(page.locator("#found [role=option]").first).to_be_visible()
    assert page.locator("#found").evaluate("list => list.scrollWidth <= list.clientWidth")
    begin(page, "october")
    page.locator("#coming .go").nth(2).click()  # a notice with an undo
    page.locator("#play").click()
    expect(page.locator("#notice-act")).to_be_visible()
    for where in (0, 10_000):
        page.evaluate("where => scrollTo(0, where)", where)
        page.wait_for_timeout(100)  # until what plays is shown in short, or no longer
        assert faults(page) == []
    page.keyboard.press("j")
    for words in ("vault", "kettle"):
        page.get_by_label("Search the library").fill(words)
        expect(page.locator("#found .name").first).to_contain_text(words.capitalize())
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Start the journey").click()
    expect(page.locator("#trip-told")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("s")
    expect(page.locator("#saving")).to_be_visible()
    assert page.locator("#saving").evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Map").click()
    expect(page.locator("#canvas .card strong")).to_be_visible()
    assert faults(page) == []

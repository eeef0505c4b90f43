"""The DJ page over a library of which nothing has been analysed yet."""

from __future__ import annotations

import time

import pytest
import yaml

from tests.browsing import expect, play, shot
from tests.djpage import Page


def test_music_is_analysed_from_the_page_which_comes_alive(visit, beets, collection):
    beets.configure(auto=False)
    beets.run("import", "-qA", collection)
    with Page(beets.folder) as server:
        page = visit(server)
        expect(page.get_by_text("24 songs can be analysed")).to_be_visible()
        shot(page, "desktop-first")
        page.get_by_role("button", name="Analyse them now").click()
        expect(page.get_by_text("Listening to your music.")).to_be_visible()
        shot(page, "desktop-first-listening")
        expect(page.get_by_text("24 songs are ready.")).to_be_visible(timeout=120_000)
        play(page, "kettle hazel")


def test_an_empty_library_comes_alive_when_music_is_imported(visit, beets, collection):
    beets.run("ls")  # makes the library
    with Page(beets.folder) as server:
        page = visit(server)
        expect(page.get_by_text("Your library is empty.")).to_be_visible()
        beets.run("import", "-qA", collection / "Nave")
        expect(page.get_by_text("4 songs are ready.")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("beet", [("-c", "server.yaml"), ("-p", "deejai", "-c", "server.yaml")])
def test_it_is_analysed_with_the_configuration_of_the_server(beets, collection, beet):
    beets.configure(plugins="", tags=False)
    beets.run("import", "-qA", collection / "Nave")
    other = {"deejai": {"tags": True}} | ({} if "-p" in beet else {"plugins": "deejai"})
    (beets.folder / "server.yaml").write_text(yaml.safe_dump(other))
    with Page(beets.folder, beet=beet) as page:
        assert page.post("/api/analyse", {}).status == 200
        until_analysed(page)
        assert page.get("/api/status").json["tags"]  # as server.yaml has it


def until_analysed(page: Page) -> None:
    deadline = time.monotonic() + 120
    while (status := page.get("/api/status").json)["analysis"]["running"] or not status["tracks"]:
        assert time.monotonic() < deadline, page.log.read_text()
        time.sleep(0.2)


def test_who_may_have_it_analysed(beets, collection):
    beets.configure(auto=False, web={"write": False})
    beets.run("import", "-qA", collection / "Nave")
    with Page(beets.folder) as page:
        status = page.get("/api/status").json
        assert status["analysis"] == {"total": 4, "analysed": 0, "running": False}
        assert status["writable"] is False
        assert page.post("/api/analyse", {}).status == 403
        assert page.post("/api/similar", {"seeds": [1]}).status == 409
        assert page.get("/api/anything").status == 409
        assert page.get("/api/track/1").json["analysed"] is False
    beets.configure(auto=False)
    with Page(beets.folder, "--token", "abcdefgh12345678") as page:  # others may be listening
        assert page.post("/api/analyse", {}, Authorization="Bearer abcdefgh12345678").status == 403


def test_playlists_are_not_written_where_that_is_forbidden(analysed):
    analysed.configure(web={"write": False})
    with Page(analysed.folder) as page:
        assert page.post("/api/save", {"title": "x", "ids": [1]}).status == 403
        assert page.post("/api/save", {"title": "x", "ids": [1], "download": True}).status == 200

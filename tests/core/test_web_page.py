"""The DJ page over a folder's library, without beets: what it asks, and what it keeps in memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deejai_core.api import analyse
from deejai_core.embedding.tagging import tag
from deejai_core.errors import NoMatchError
from deejai_core.features.web.app import Start, create_app
from deejai_core.features.web.covers import Covers
from deejai_core.features.web.guard import Guard
from deejai_core.features.web.library import RefusedError
from deejai_core.features.web.page_library import KEPT_VIEWS, PageLibrary
from deejai_core.features.web.uploads import Uploads
from deejai_core.folder import FolderLibrary
from deejai_core.lists.request import Request
from deejai_core.lists.writing import Playlists
from deejai_core.models.musicnn.model import MusiCNN
from tests.pictures import whole_png

PORT = 8050


class Analysis:
    """One that waits to be told that it is over."""

    running = False

    def start(self) -> None:
        self.running = True

    def end(self) -> None:
        self.running = False


@pytest.fixture
def library(analysed, tmp_path) -> FolderLibrary:
    return FolderLibrary(shutil.copytree(analysed, tmp_path / "music"))


def page_of(library: FolderLibrary, folder: Path, analysis: Analysis | None = None) -> PageLibrary:
    playlists = Playlists(folder, "m3u")
    return PageLibrary(library, MusiCNN(), Request(), playlists, analysis=analysis)


@pytest.fixture
def page(library, tmp_path) -> Iterator[PageLibrary]:
    page = page_of(library, tmp_path / "lists", Analysis())
    yield page
    page.close()


def test_a_program_that_knows_no_models_by_name_compares_none(page):
    with pytest.raises(RefusedError, match="'mine' cannot be loaded here; choose sound, which uses the current model"):
        page.begin_test(("model:mine", "random"), "")
    test = page.begin_test(("sound", "random"), "Aisle")
    assert len(page.next_round(test).lists) == 2


class Client:
    """What a browser on this machine asks."""

    def __init__(self, page: PageLibrary, folder: Path, covers: Covers) -> None:
        app = create_app(page, Guard(PORT, None), Uploads(folder), covers, Start())
        self._client = app.test_client()
        self._base = f"http://127.0.0.1:{PORT}"

    def get(self, path: str):
        return self._client.get(path, base_url=self._base, buffered=True)

    def post(self, path: str, **body: object):
        return self._client.post(path, json=body, base_url=self._base, buffered=True)

    def find(self, text: str) -> list[dict]:
        return self.get(f"/api/search?q={text}").json["tracks"]


@pytest.fixture
def covers() -> Iterator[Covers]:
    with Covers() as covers:
        yield covers


@pytest.fixture
def client(page, covers, tmp_path) -> Client:
    return Client(page, tmp_path / "uploads", covers)


def test_what_it_begins_with(client):
    status = client.get("/api/status").json
    assert status["tracks"] == 12
    assert status["writable"] is True
    assert status["analysis"] == {"total": 12, "analysed": 12, "running": False}
    assert client.get("/").status_code == 200


def test_who_lacks_the_token_is_told_where_it_is(page, covers, tmp_path):
    app = create_app(page, Guard(PORT, "abcdefgh12345678"), Uploads(tmp_path), covers, Start(program="play <it>"))
    answer = app.test_client().get("/", base_url=f"http://127.0.0.1:{PORT}")
    assert answer.status_code == 401
    assert "the address that <b>play &lt;it&gt;</b> has printed" in answer.text


def test_search(client):
    (aisle,) = client.find("aisle")
    assert (aisle["artist"], aisle["title"], aisle["analysed"]) == ("Nave", "Aisle", True)
    assert aisle["length"] == pytest.approx(8, abs=0.1)
    assert {track["artist"] for track in client.find("nave")} == {"Nave"}
    assert client.find("no such song") == client.find('"half') == []


def test_a_sentence_finds_what_sounds_so(client, library):
    text = "calm%20piano%20for%20a%20rainy%20evening"
    assert client.get(f"/api/search?q={text}").json == {"tracks": [], "groups": [], "more": False}  # without tags
    tag(library, MusiCNN())
    found = client.get(f"/api/search?q={text}&limit=5").json
    (group,) = found["groups"]
    assert (group["kind"], group["name"]) == ("sound", "low energy, instrumental, low valence")
    assert group["ids"] == [track["id"] for track in found["tracks"][:3]]
    assert len(found["tracks"]) == 5
    assert client.get("/api/search?q=calm%20pianoo").json["tracks"] == []  # no word
    assert client.get(f"/api/search?q={text}&offset=5").json["tracks"] == []


def test_a_queue_is_filled(client, library):
    (aisle,) = client.find("aisle")
    answer = client.post("/api/similar", seeds=[aisle["id"]], coming=[None] * 4)
    assert answer.status_code == 200, answer.text
    ids = [track["id"] for track in answer.json["tracks"]]
    assert len(set(ids)) == 4
    assert set(ids) < set(library.ids()) - {aisle["id"]}


def test_a_journey(client, library):
    first, *_, last = library.ids()
    answer = client.post("/api/journey", waypoints=[first, last], between=2)
    assert answer.status_code == 200, answer.text
    (leg,) = answer.json["legs"]
    ids = [track["id"] for track in leg]
    assert len(set(ids)) == 2
    assert set(ids) < set(library.ids()) - {first, last}


def test_audio_and_cover(client, library):
    (aisle,) = client.find("aisle")
    path = library.paths()[aisle["id"]]
    audio = client.get(f"/api/audio/{aisle['id']}")
    assert (audio.status_code, audio.mimetype) == (200, "audio/flac")
    assert audio.data == path.read_bytes()
    cover = client.get(f"/api/art/{aisle['id']}")
    assert (cover.status_code, cover.mimetype, cover.data) == (200, "image/png", whole_png(64, 32))
    other = next(id_ for id_, track in library.tracks(library.ids()).items() if track.artist != "Nave")
    assert client.get(f"/api/art/{other}").status_code == 204
    assert client.get("/api/audio/987654").status_code == 404


def test_playlists_are_written_where_they_belong(client, library, tmp_path):
    (aisle,) = client.find("aisle")
    title = "Rain / Monday"
    saved = client.post("/api/save", title=title, ids=[aisle["id"], 987_654])
    assert (saved.status_code, saved.json["tracks"]) == (200, 1)
    assert (tmp_path / "lists" / "Rain _ Monday.m3u").read_text() == f"{library.paths()[aisle['id']]}\n"
    assert client.post("/api/save", title=title, ids=[aisle["id"]]).status_code == 409
    assert client.post("/api/save", title=title, ids=[aisle["id"]], replace=True).status_code == 200
    assert client.post("/api/save", title=title, ids=[987_654]).status_code == 404


def test_a_map(client, page, library):
    assert sorted(client.get("/api/map").json["ids"]) == library.ids()
    assert page.map_progress is None


def test_a_map_that_takes_long_is_sketched_until_it_is_there(client, library, monkeypatch):
    assert client.get("/api/map/sketch").json is None
    monkeypatch.setattr("deejai_core.features.map.places.SKETCHED_FROM", 1)
    sketch = client.get("/api/map/sketch").json
    assert sorted(sketch["ids"]) == library.ids()
    drawn = client.get("/api/map").json
    assert {key for key in drawn if drawn[key] != sketch[key]} <= {"x", "y"}
    assert client.get("/api/map/sketch").json is None


def test_an_analysis_is_started_and_ended(client, page, covers, library, tmp_path):
    assert client.post("/api/analyse").status_code == 200
    assert page.progress().running is True
    page.close()
    assert page.progress().running is False
    remote = Client(page_of(library, tmp_path), tmp_path / "uploads", covers)
    assert remote.post("/api/analyse").status_code == 403


def test_a_library_of_which_nothing_is_analysed_comes_alive(music, tmp_path):
    page = page_of(music, tmp_path)
    assert page.progress().analysed == 0
    with pytest.raises(RefusedError, match="nothing in the library has been analysed yet"):
        page.search("aisle", 10, 0)
    analyse(music)
    page.progress()  # notices that it has changed
    page._state.close()
    assert page.search("aisle", 10, 0).ids


def test_what_it_may_begin_with(page, tmp_path):
    (aisle,) = page.seeds(["Aisle"])
    assert page.describe([aisle])[aisle].title == "Aisle"
    (tmp_path / "outside.flac").touch()
    with pytest.raises(RefusedError, match="drop other files onto the page"):
        page.seeds([str(tmp_path / "outside.flac")])
    with pytest.raises(NoMatchError, match="no track matches 'nowhere'") as caught:
        page.seeds(["nowhere"])
    assert caught.value.hint == "query"  # whoever starts the page may be told by another program what helps


def test_an_error_says_what_helps_in_words_of_the_page(client, library):
    (aisle,) = client.find("aisle")
    refused = client.post("/api/similar", seeds=[aisle["id"]], rules={"mood": {"happy": 1}})
    told = "no track has tags such as 'happy' to choose it by; tag the library first"
    assert (refused.status_code, refused.json["error"]) == (400, told)
    library.path.write_bytes(b"no database" * 1000)
    told = client.get("/api/status").json["error"]
    assert told.startswith(f"{library.path}: ")
    assert told.endswith("; repair it on the machine that has the music")


def test_a_map_of_nothing_says_what_helps(music, tmp_path):
    with pytest.raises(RefusedError, match=r"nothing analysed yet with musicnn-msd-1; analyse the library first"):
        page_of(music, tmp_path).map()


def test_the_views_of_the_latest_rules_are_kept(page):
    """Whoever drags a slider makes one after the other; of a large library each takes megabytes."""
    rules = [replace(page.rules, min_length=float(number)) for number in range(3 * KEPT_VIEWS)]
    rules = [replace(each, min_length=each.min_length / 10) for each in rules]
    views = [page.view(each) for each in rules]
    assert len(page.state.views) == KEPT_VIEWS
    assert [page.view(each) for each in rules[-KEPT_VIEWS:]] == views[-KEPT_VIEWS:]
    assert page.view(rules[0]) is not views[0]

"""The OpenSubsonic server over a folder's library: what it answers, and to whom."""

from __future__ import annotations

import hashlib
import io
import itertools
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from deejai_core.api import analyse
from deejai_core.errors import DamagedError, LibraryError
from deejai_core.features.subsonic.annotating import is_skipped
from deejai_core.features.subsonic.answers import encode, iso
from deejai_core.features.subsonic.app import ENDPOINTS, create_app
from deejai_core.features.subsonic.call import Playing, Server
from deejai_core.features.subsonic.ids import LIST, id_of
from deejai_core.features.subsonic.media import parse_lyrics
from deejai_core.features.subsonic.serving import make_server
from deejai_core.features.subsonic.users import MOST_GUESSES, Guesses, Users
from deejai_core.features.web.covers import Covers
from deejai_core.folder import FolderLibrary
from deejai_core.lists.request import Request
from deejai_core.lists.writing import Playlists
from deejai_core.models.musicnn.model import MusiCNN
from tests.opensubsonic import check

pytest.importorskip("flask")

USERS = Users({"ann": "secret", "bob": "hidden"}, owner="ann")


@pytest.fixture(scope="module")
def covers() -> Iterator[Covers]:
    with Covers() as covers:
        yield covers


def server_of(library: FolderLibrary, lists: Path, covers: Covers) -> Server:
    return make_server(library, MusiCNN(), Request(), Playlists(lists), USERS, covers)


@pytest.fixture(scope="module")
def shared(analysed, covers, tmp_path_factory) -> Server:
    """A server whose files stay as they are."""
    library = FolderLibrary(shutil.copytree(analysed, tmp_path_factory.mktemp("shared") / "music"))
    return server_of(library, tmp_path_factory.mktemp("shared") / "lists", covers)


@pytest.fixture
def server(shared) -> Iterator[Server]:
    """The same, as if nobody had listened to it yet."""
    yield shared
    shared.playing.clear()
    shared.store.unlink(missing_ok=True)
    shutil.rmtree(shared.playlists.folder, ignore_errors=True)
    library = shared.library
    for field in ("starred", "user_rating", "play_count", "skip_count", "last_played", "lyrics"):
        library.keep_field(field, dict.fromkeys(library.ids()), library.recordings())
    shared.catalogues.renew()


@pytest.fixture
def library(server) -> FolderLibrary:
    return server.library


@pytest.fixture
def lists(server) -> Path:
    return server.playlists.folder


@pytest.fixture
def own(analysed, covers, tmp_path) -> Client:
    """A client of a server whose files may be damaged."""
    return Client(server_of(FolderLibrary(shutil.copytree(analysed, tmp_path / "music")), tmp_path / "lists", covers))


class Client:
    """What a client of one listener asks. Every answer is held against the published schema."""

    def __init__(self, server: Server, user: str = "ann") -> None:
        self.server = server
        self.http = create_app(server).test_client()
        self.login = {"u": user, "p": server.users.passwords.get(user, ""), "v": "1.16.1", "c": "tests", "f": "json"}

    def ask(self, endpoint: str, error: int | None = None, **values: object) -> dict:
        """error: the code that the answer is to have."""
        response = self.http.get(f"/rest/{endpoint}.view", query_string=self.login | values)
        check(endpoint, response.json)
        answer = response.json["subsonic-response"]
        assert answer.get("error", {}).get("code") == error, answer
        return answer

    def raw(self, endpoint: str, headers: dict | None = None, **values: object):
        return self.http.get(f"/rest/{endpoint}", query_string=self.login | values, headers=headers, buffered=True)

    def song(self, title: str) -> dict:
        (found,) = self.ask("search3", query=title, songCount=1)["searchResult3"]["song"]
        return found

    def titles(self, endpoint: str, within: str, **values: object) -> list[str]:
        return [song["title"] for song in self.ask(endpoint, **values)[within].get("song", [])]


@pytest.fixture
def ann(server) -> Client:
    return Client(server)


@pytest.fixture
def bob(server) -> Client:
    return Client(server, "bob")


class TestLogin:
    def test_by_password_token_or_key(self, server, ann):
        salt = "c19b2d"
        token = hashlib.md5(f"secret{salt}".encode()).hexdigest()  # noqa: S324 (what the API asks for)
        for values in (
            {"p": "secret"},
            {"p": "enc:" + b"secret".hex()},
            {"t": token, "s": salt},
            {"t": token.upper(), "s": salt},
            {"u": None, "apiKey": USERS.api_key("ann")},
        ):
            ann.login = {name: one for name, one in ({"u": "ann", "f": "json"} | values).items() if one is not None}
            assert ann.ask("tokenInfo")["tokenInfo"] == {"username": "ann"}

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({}, 10),
            ({"u": "ann"}, 10),
            ({"u": "ann", "t": "00"}, 10),
            ({"u": "ann", "p": "wrong"}, 40),
            ({"u": "ann", "p": ""}, 40),
            ({"u": "nobody", "p": "secret"}, 40),
            ({"u": "nobody", "p": ""}, 40),
            ({"u": "bob", "p": "secret"}, 40),
            ({"u": "ann", "p": "enc:nothex"}, 40),
            ({"u": "ann", "t": "0" * 32, "s": "salt"}, 40),
            ({"u": "ann", "t": "0" * 32, "s": "salt", "p": "secret"}, 43),
            ({"apiKey": "0" * 40}, 44),
            ({"apiKey": USERS.api_key("ann"), "u": "ann"}, 43),
            ({"u": "\ud800", "p": "\ud800"}, 40),
        ],
    )
    def test_or_not_at_all(self, ann, values, code):
        ann.login = {"f": "json"} | {name: one.encode("utf-8", "surrogatepass") for name, one in values.items()}
        ann.ask("getArtists", error=code)

    def test_what_the_server_can_do_is_told_to_everybody(self, ann):
        ann.login = {"f": "json"}
        told = ann.ask("getOpenSubsonicExtensions")
        assert (told["type"], told["openSubsonic"]) == ("deejai", True)
        assert {"name": "sonicSimilarity", "versions": [1]} in told["openSubsonicExtensions"]

    def test_who_guesses_waits_and_is_then_refused(self):
        now, waited = [0.0], []
        guesses = Guesses(lambda: now[0], waited.append)
        for _ in range(MOST_GUESSES):
            guesses.check("ann", "10.0.0.1")
            guesses.wrong("ann", "10.0.0.1")
        assert waited == [0.5, 1.0, *[2.0] * (MOST_GUESSES - 4)]
        with pytest.raises(Exception, match="too many wrong passwords; try again in 10 min"):
            guesses.check("ann", "10.0.0.1")
        guesses.check("ann", "10.0.0.2")  # she herself is at home
        guesses.check("bob", "10.0.0.1")
        now[0] = 601
        guesses.check("ann", "10.0.0.1")

    def test_a_right_password_takes_back_no_wrong_ones(self, own, monkeypatch):
        """Or somebody behind the same proxy could guess for ever, as long as she listens."""
        monkeypatch.setattr(own.server.guesses, "wait", lambda seconds: None)
        right = own.login
        for _ in range(MOST_GUESSES):
            own.login = right | {"p": "wrong"}
            own.ask("ping", error=40)
            own.login = right
            own.raw("ping")
        own.ask("ping", error=40)
        for _ in range(2 * MOST_GUESSES):  # an old key keeps nobody out
            own.login = {"f": "json", "apiKey": "0" * 40}
            own.ask("ping", error=44)
        own.login = {"f": "json", "apiKey": USERS.api_key("ann")}
        own.ask("ping")


class TestBrowsing:
    def test_by_artist(self, ann):
        index = ann.ask("getArtists")["artists"]["index"]
        artists = [artist for letter in index for artist in letter["artist"]]
        assert len(artists) == 6
        (chosen, *_) = artists
        artist = ann.ask("getArtist", id=chosen["id"])["artist"]
        assert artist["albumCount"] == len(artist["album"]) == 1
        album = ann.ask("getAlbum", id=artist["album"][0]["id"])["album"]
        assert [song["track"] for song in album["song"]] == [1, 2]
        assert {song["artist"] for song in album["song"]} == {chosen["name"]}
        song = ann.ask("getSong", id=album["song"][0]["id"])["song"]
        assert song == album["song"][0]
        assert (song["duration"], song["suffix"], song["contentType"]) == (8, "flac", "audio/flac")

    def test_by_folder(self, ann, library):
        (folder,) = ann.ask("getMusicFolders")["musicFolders"]["musicFolder"]
        assert folder == {"id": 1, "name": "music"}
        indexes = ann.ask("getIndexes")["indexes"]
        below = [one for letter in indexes["index"] for one in letter["artist"]]
        songs = list(indexes["child"])
        while below:
            directory = ann.ask("getMusicDirectory", id=below.pop()["id"])["directory"]
            below += [child for child in directory["child"] if child["isDir"]]
            songs += [child for child in directory["child"] if not child["isDir"]]
        assert {song["path"] for song in songs} == {
            str(path.relative_to(library.music_folder)) for path in library.paths().values()
        }

    def test_clients_take_albums_and_artists_for_folders(self, ann):
        song = ann.song("aisle")
        album = ann.ask("getMusicDirectory", id=song["parent"])["directory"]
        assert song["id"] in {child["id"] for child in album["child"]}
        artist = ann.ask("getMusicDirectory", id=song["artistId"])["directory"]
        assert [child["id"] for child in artist["child"]] == [album["id"]]

    def test_genres(self, ann):
        genres = ann.ask("getGenres")["genres"]["genre"]
        assert sum(genre["songCount"] for genre in genres) == 12
        name = genres[0]["value"]
        songs = ann.ask("getSongsByGenre", genre=name, count=500)["songsByGenre"]["song"]
        assert {song["genre"] for song in songs} == {name}

    def test_search_finds_words_of_any_name(self, ann):
        aisle = ann.song("aisle")
        found = ann.ask("search3", query=aisle["artist"].lower())["searchResult3"]
        assert [artist["name"] for artist in found["artist"]] == [aisle["artist"]]
        assert aisle["albumId"] in [album["id"] for album in found["album"]]
        assert aisle["id"] in [song["id"] for song in found["song"]]
        assert ann.ask("search2", query="aisle")["searchResult2"]["song"][0]["id"] == aisle["id"]

    @pytest.mark.parametrize("everything", ["", '""', "*"])
    def test_an_empty_search_finds_everything_page_by_page(self, ann, everything):
        pages = [
            ann.ask("search3", query=everything, songCount=5, songOffset=first, albumCount=0, artistCount=0)
            for first in (0, 5, 10, 15)
        ]
        songs = [song["id"] for page in pages for song in page["searchResult3"]["song"]]
        assert len(set(songs)) == len(songs) == 12

    def test_lists_of_albums(self, ann):
        def titles(kind: str, **values: object) -> list[str]:
            return [
                album["name"] for album in ann.ask("getAlbumList2", type=kind, size=500, **values)["albumList2"]["album"]
            ]

        everything = titles("alphabeticalByName")
        assert len(everything) == 6
        for kind in ("newest", "alphabeticalByArtist", "random"):
            assert sorted(titles(kind)) == sorted(everything)
        for kind in ("starred", "frequent", "recent", "highest"):
            assert titles(kind) == []
        assert titles("alphabeticalByName", offset=4) == everything[4:]
        years = titles("byYear", fromYear=1900, toYear=2100)
        assert titles("byYear", fromYear=2100, toYear=1900) == years[::-1]
        genre = ann.ask("getGenres")["genres"]["genre"][0]["value"]
        assert titles("byGenre", genre=genre)
        ann.ask("getAlbumList2", error=0, type="sorted")
        ann.ask("getAlbumList", type="newest")

    def test_at_random(self, ann):
        assert len(set(ann.titles("getRandomSongs", "randomSongs", size=500))) == 12
        assert ann.titles("getRandomSongs", "randomSongs", fromYear=1, toYear=2) == []

    @pytest.mark.parametrize("endpoint", ["getSong", "getAlbum", "getArtist", "getMusicDirectory", "getSimilarSongs"])
    @pytest.mark.parametrize("id_", ["so-00", "al-00", "../../etc/passwd", "x" * 1000, "1", "", "\0"])
    def test_ids_of_nothing(self, ann, endpoint, id_):
        ann.ask(endpoint, error=70, id=id_)

    def test_what_is_not_offered(self, ann):
        response = ann.raw("jukeboxControl")
        assert response.json["subsonic-response"]["error"]["message"] == "jukeboxControl: this server does not offer that"
        for endpoint in ("getPodcasts", "getInternetRadioStations", "getBookmarks", "getShares", "getVideos"):
            ann.ask(endpoint)


class TestIds:
    def test_outlive_moves_and_a_library_made_anew(self, ann, library, covers, tmp_path):
        before = {
            song["title"]: song["id"] for song in ann.ask("search3", query="", songCount=500)["searchResult3"]["song"]
        }
        album = ann.song("aisle")["albumId"]
        moved = tmp_path / "elsewhere"
        moved.mkdir()
        for number, path in enumerate(sorted(library.music_folder.rglob("*.flac"), reverse=True)):
            shutil.copy(path, moved / f"{number}.flac")
        again = FolderLibrary(moved)
        again.refresh()
        analyse(again)
        other = Client(server_of(again, tmp_path, covers))
        found = other.ask("search3", query="", songCount=500)["searchResult3"]["song"]
        assert {song["title"]: song["id"] for song in found} == before
        assert other.song("aisle")["albumId"] == album

    def test_given_before_an_analysis_still_mean_the_song(self, composed, covers, tmp_path):
        library = FolderLibrary(shutil.copytree(composed, tmp_path / "new"))
        early = Client(server_of(library, tmp_path, covers))
        old = early.song("aisle")["id"]
        early.ask("getSonicSimilarTracks", error=0, id=old)
        early.ask("star", id=old)
        early.ask("setRating", id=old, rating=5)
        early.ask("scrobble", id=old)
        starred = early.song("aisle")["starred"]
        analyse(library)
        late = Client(server_of(library, tmp_path, covers))
        new = late.song("aisle")["id"]
        assert new != old
        song = late.ask("getSong", id=old)["song"]
        assert (song["id"], song["starred"], song["userRating"], song["playCount"]) == (new, starred, 5, 1)
        late.ask("unstar", id=old)
        assert late.ask("getStarred2")["starred2"]["song"] == []

    def test_of_copies_that_were_not_analysed_mean_the_copies_still(self, composed, covers, tmp_path):
        folder = shutil.copytree(composed, tmp_path / "twice")
        (one, *_) = sorted(folder.rglob("*.flac"))
        shutil.copy(one, one.with_name("copy.flac"))
        library = FolderLibrary(folder)
        library.refresh()
        early = Client(server_of(library, tmp_path, covers))
        copies = [id_ for id_ in early.server.catalogues.latest().row if id_.endswith("-2")]
        assert len(copies) == 1
        early.ask("star", id=copies)
        analyse(library)
        late = Client(server_of(library, tmp_path, covers))
        assert len(late.ask("getStarred2")["starred2"]["song"]) == 1

    def test_two_copies_of_a_recording_have_two(self, analysed, covers, tmp_path):
        folder = shutil.copytree(analysed, tmp_path / "twice")
        (one, *_) = sorted(folder.rglob("*.flac"))
        shutil.copy(one, one.with_name("copy.flac"))
        library = FolderLibrary(folder)
        library.refresh()
        analyse(library)
        client = Client(server_of(library, tmp_path, covers))
        ids = [song["id"] for song in client.ask("search3", query="", songCount=500)["searchResult3"]["song"]]
        assert len(set(ids)) == 13
        (second,) = (id_ for id_ in ids if id_.endswith("-2"))
        client.ask("star", id=second)
        made = client.ask("createPlaylist", name="Two", songId=second)["playlist"]["id"]
        one.unlink()
        library.refresh()
        client = Client(server_of(library, tmp_path, covers))
        (left,) = client.ask("getStarred2")["starred2"]["song"]
        assert left["id"] == second.removesuffix("-2")
        assert [song["id"] for song in client.ask("getPlaylist", id=made)["playlist"]["entry"]] == [left["id"]]


class TestSonic:
    def test_what_sounds_alike_comes_nearest_first(self, ann):
        aisle = ann.song("aisle")
        matches = ann.ask("getSonicSimilarTracks", id=aisle["id"], count=5)["sonicMatch"]
        similarities = [match["similarity"] for match in matches]
        assert len(matches) == 5
        assert similarities == sorted(similarities, reverse=True)
        assert all(0 <= one <= 1 for one in similarities)
        assert aisle["id"] not in [match["entry"]["id"] for match in matches]

    def test_a_path_has_both_its_ends(self, ann):
        first, last = (
            ann.song("aisle")["id"],
            ann.ask("search3", query="", songCount=500)["searchResult3"]["song"][-1]["id"],
        )
        for count in (2, 3, 6):
            path = ann.ask("findSonicPath", startSongId=first, endSongId=last, count=count)["sonicMatch"]
            ids = [match["entry"]["id"] for match in path]
            assert (ids[0], ids[-1], len(set(ids))) == (first, last, count)
        assert len(ann.ask("findSonicPath", startSongId=first, endSongId=last, count=1)["sonicMatch"]) == 1
        ann.ask("findSonicPath", error=0, startSongId=first, endSongId=first)
        ann.ask("findSonicPath", error=10, startSongId=first)
        ann.ask("findSonicPath", error=70, startSongId=first, endSongId="so-0")

    def test_mixes_of_songs_albums_and_artists(self, ann):
        aisle = ann.song("aisle")
        for id_ in (aisle["id"], aisle["albumId"], aisle["artistId"]):
            assert len(ann.titles("getSimilarSongs", "similarSongs", id=id_, count=4)) == 4
            assert len(ann.titles("getSimilarSongs2", "similarSongs2", id=id_, count=4)) == 4
        assert ann.titles("getSimilarSongs", "similarSongs", id=aisle["id"], count=0) == []

    def test_artists_who_sound_alike(self, ann):
        aisle = ann.song("aisle")
        found = ann.ask("getArtistInfo2", id=aisle["artistId"], count=3)["artistInfo2"]["similarArtist"]
        assert len(found) == 3
        assert aisle["artistId"] not in [artist["id"] for artist in found]
        ann.ask("getArtistInfo", id=aisle["id"])
        ann.ask("getAlbumInfo2", id=aisle["albumId"])


class TestSound:
    def test_a_file_comes_whole_or_in_parts(self, ann, library):
        aisle = ann.song("aisle")
        data = (library.music_folder / aisle["path"]).read_bytes()
        whole = ann.raw("stream", id=aisle["id"])
        assert (whole.status_code, whole.mimetype, whole.data) == (200, "audio/flac", data)
        part = ann.raw("stream", {"Range": "bytes=10-19"}, id=aisle["id"])
        assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes 10-19/{len(data)}")
        down = ann.raw("download", id=aisle["id"])
        assert down.data == data
        assert down.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")

    @pytest.mark.parametrize(
        ("values", "mime_type", "format_", "seconds"),
        [
            ({"format": "mp3"}, "audio/mpeg", "mp3", 8),
            ({"format": "mp3", "maxBitRate": 64}, "audio/mpeg", "mp3", 8),
            ({"format": "opus", "maxBitRate": 48}, "audio/ogg", "ogg", 8),
            ({"format": "mp3", "timeOffset": 5}, "audio/mpeg", "mp3", 3),
            ({"timeOffset": 6}, "audio/mpeg", "mp3", 2),
            ({"maxBitRate": 96}, "audio/mpeg", "mp3", 8),
        ],
    )
    def test_or_transcoded(self, ann, values, mime_type, format_, seconds):
        import av

        response = ann.raw("stream", id=ann.song("aisle")["id"], **values)
        assert (response.status_code, response.mimetype) == (200, mime_type)
        with av.open(io.BytesIO(response.data)) as container:
            assert container.format.name == format_
            samples = sum(frame.samples for frame in container.decode(audio=0))
            rate = container.streams.audio[0].rate
        assert samples / rate == pytest.approx(seconds, abs=0.3)
        if most := values.get("maxBitRate"):
            assert len(response.data) * 8 / seconds / 1000 < 1.3 * most

    def test_as_it_is_if_that_is_wanted(self, ann):
        id_ = ann.song("aisle")["id"]
        assert ann.raw("stream", id=id_, format="raw", maxBitRate=32).mimetype == "audio/flac"
        assert ann.raw("stream", id=id_, format="flac").mimetype == "audio/flac"
        told = ann.raw("stream", id=id_, format="exe").json["subsonic-response"]["error"]
        assert told["message"] == "format: must be raw or one of mp3, opus, ogg, oga, webm"

    def test_a_library_that_cannot_be_read_is_not_served(self, own, covers, tmp_path):
        own.server.library.path.write_bytes(b"no database" * 1000)
        with pytest.raises(DamagedError):
            server_of(own.server.library, tmp_path, covers)

    def test_a_document_in_place_of_a_song_is_no_page(self, own):
        aisle = own.song("aisle")
        (own.server.library.music_folder / aisle["path"]).write_text("<html><script>alert(1)</script>")
        for endpoint in ("stream", "download"):
            answer = own.raw(endpoint, id=aisle["id"])
            assert answer.mimetype == "application/octet-stream"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_a_file_that_is_gone(self, own):
        aisle = own.song("aisle")
        (own.server.library.music_folder / aisle["path"]).unlink()
        for endpoint in ("stream", "download"):
            told = own.raw(endpoint, id=aisle["id"]).json["subsonic-response"]["error"]
            assert told == {"code": 70, "message": "the track's file is not there; is the drive mounted?"}

    def test_covers_in_the_size_that_is_wanted(self, ann):
        import imagesize

        aisle = ann.song("aisle")
        for id_ in (aisle["coverArt"], aisle["albumId"], aisle["artistId"]):
            for size, wanted in ((None, (64, 32)), (64, (64, 32)), (32, (32, 16)), (1, (16, 8))):
                values = {} if size is None else {"size": size}
                response = ann.raw("getCoverArt", id=id_, **values)
                assert response.mimetype in ("image/png", "image/jpeg")
                assert imagesize.get(io.BytesIO(response.data)) == wanted
        others = [
            song for song in ann.ask("search3", query="")["searchResult3"]["song"] if song["albumId"] != aisle["albumId"]
        ]
        assert ann.raw("getCoverArt", id=others[0]["id"]).json["subsonic-response"]["error"]["code"] == 70

    def test_lyrics(self, ann, library):
        (aisle,) = library.titled("Aisle")
        library.keep_field("lyrics", {aisle: "First line\n\nLast line"}, library.recordings())
        song = ann.song("aisle")
        assert ann.ask("getLyrics", artist=song["artist"], title="AISLE")["lyrics"]["value"] == "First line\n\nLast line"
        (told,) = ann.ask("getLyricsBySongId", id=song["id"])["lyricsList"]["structuredLyrics"]
        assert [line["value"] for line in told["line"]] == ["First line", "", "Last line"]
        assert ann.ask("getLyrics", artist="nobody", title="nothing")["lyrics"] == {"value": ""}


@pytest.mark.parametrize(
    ("text", "synced", "lines"),
    [
        ("", False, []),
        ("one\r\ntwo\n", False, [(0, "one"), (0, "two")]),
        ("[00:01.50]one\n[01:02]two", True, [(1500, "one"), (62000, "two")]),
        ("[ar:Somebody]\n[00:05]late\n[00:01][00:09]again", True, [(1000, "again"), (5000, "late"), (9000, "again")]),
        ("[Chorus]\nla la\n[00:01]la", False, [(0, "[Chorus]"), (0, "la la"), (0, "[00:01]la")]),
    ],
)
def test_lyrics_may_say_when_they_are_sung(text, synced, lines):
    assert parse_lyrics(text) == (synced, lines)


class TestListeners:
    def test_stars_and_ratings_are_each_ones_own(self, ann, bob):
        aisle = ann.song("aisle")
        ann.ask("star", id=aisle["id"], albumId=aisle["albumId"], artistId=aisle["artistId"])
        ann.ask("setRating", id=aisle["id"], rating=4)
        starred = ann.ask("getStarred2")["starred2"]
        assert [[one["id"] for one in starred[kind]] for kind in ("artist", "album", "song")] == [
            [aisle["artistId"]],
            [aisle["albumId"]],
            [aisle["id"]],
        ]
        assert ann.song("aisle")["userRating"] == 4
        assert "starred" in ann.song("aisle")
        ann.ask("getStarred")
        assert bob.ask("getStarred2")["starred2"] == {"artist": [], "album": [], "song": []}
        assert "userRating" not in bob.song("aisle")
        ann.ask("unstar", id=aisle["id"])
        ann.ask("setRating", id=aisle["id"], rating=0)
        assert "starred" not in ann.song("aisle")
        assert "userRating" not in ann.song("aisle")

    def test_a_star_keeps_its_date_when_it_is_given_again(self, ann):
        id_ = ann.song("aisle")["id"]
        ann.ask("star", id=id_)
        first = ann.song("aisle")["starred"]
        ann.ask("star", id=id_)
        assert ann.song("aisle")["starred"] == first

    def test_the_owners_are_the_librarys_too(self, ann, bob, library):
        (aisle,) = library.titled("Aisle")
        id_ = ann.song("aisle")["id"]
        ann.ask("star", id=id_)
        ann.ask("setRating", id=id_, rating=5)
        ann.ask("scrobble", id=id_)
        ann.ask("scrobble", id=id_, time=1_000_000)
        bob.ask("scrobble", id=id_)
        bob.ask("setRating", id=id_, rating=1)
        assert library.field("user_rating") == {aisle: 5}
        assert library.field("play_count") == {aisle: 2}
        assert library.field("last_played")[aisle] == pytest.approx(time.time(), abs=60)
        assert library.field("starred")[aisle].startswith("20")
        ann.ask("unstar", id=id_)
        assert library.field("starred") == {}

    def test_a_play_that_is_told_late_is_not_the_last(self, ann, library):
        (aisle,) = library.titled("Aisle")
        now = int(time.time())
        library.keep_field("last_played", {aisle: now}, library.recordings())
        library.keep_field("play_count", {aisle: 40}, library.recordings())
        id_ = ann.song("aisle")["id"]
        ann.ask("scrobble", id=[id_, id_], time=[1_000_000_000_000, 1_000_000_060_000])
        assert library.field("last_played") == {aisle: now}
        assert library.field("play_count") == {aisle: 42}

    def test_a_library_that_cannot_be_written_keeps_no_play_from_being_counted(self, own, monkeypatch):
        """A client that was told of an error would count it again."""

        def busy(*_: object) -> int:
            raise LibraryError("database is locked")

        monkeypatch.setattr(own.server.library, "keep_field", busy)
        id_ = own.song("aisle")["id"]
        for endpoint in ("scrobble", "star"):
            own.ask(endpoint, id=id_)
        assert own.song("aisle")["playCount"] == 1

    def test_what_is_said_is_no_reason_to_read_the_library_anew(self, own):
        id_ = own.song("aisle")["id"]
        catalogues = own.server.catalogues
        catalogue = catalogues.latest()
        catalogues._at = 0.0  # long ago
        for endpoint in ("star", "scrobble", "unstar"):
            own.ask(endpoint, id=id_)
        catalogues.latest()
        catalogues.close()  # once what is being made is there
        assert catalogues.latest() is catalogue

    def test_plays_order_albums_and_songs(self, ann, bob):
        aisle = ann.song("aisle")
        other = next(
            song for song in ann.ask("getAlbum", id=aisle["albumId"])["album"]["song"] if song["id"] != aisle["id"]
        )
        for song, times in ((other, 2), (aisle, 1)):
            for _ in range(times):
                bob.ask("scrobble", id=song["id"])
        assert bob.titles("getTopSongs", "topSongs", artist=aisle["artist"]) == [other["title"], "Aisle"]
        assert ann.titles("getTopSongs", "topSongs", artist=aisle["artist"], count=1) == [other["title"]]
        frequent = bob.ask("getAlbumList2", type="frequent")["albumList2"]["album"]
        assert [album["id"] for album in frequent] == [aisle["albumId"]]
        assert ann.ask("getAlbumList2", type="frequent")["albumList2"]["album"] == []
        assert bob.song("aisle")["playCount"] == 1
        assert bob.ask("getAlbumList2", type="recent")["albumList2"]["album"] == frequent

    def test_what_is_playing(self, ann, bob):
        id_ = ann.song("aisle")["id"]
        ann.ask("scrobble", id=id_, submission="false")
        (entry,) = bob.ask("getNowPlaying")["nowPlaying"]["entry"]
        assert (entry["id"], entry["username"], entry["playerName"]) == (id_, "ann", "tests")

    @pytest.mark.parametrize(
        ("played", "scrobbled", "same", "skipped"),
        [
            (30, False, False, True),
            (30, True, False, False),
            (30, False, True, False),
            (1, False, False, False),
            (130, False, False, False),
        ],
    )
    def test_what_is_skipped(self, server, played, scrobbled, same, skipped):
        one, other = server.catalogues.latest().songs[:2]
        one = replace(one, values={"length": 200})
        playing = Playing(one.id, 1000.0, "tests", scrobbled)
        assert is_skipped(one, playing, one if same else other, 1000.0 + played) is skipped

    def test_a_queue_goes_on_elsewhere(self, ann, bob):
        ids = [song["id"] for song in ann.ask("search3", query="", songCount=3)["searchResult3"]["song"]]
        assert ann.ask("getPlayQueue")["playQueue"]["entry"] == []
        ann.ask("savePlayQueue", id=ids, current=ids[1], position=12_345)
        queue = ann.ask("getPlayQueue")["playQueue"]
        assert [song["id"] for song in queue["entry"]] == ids
        assert (queue["current"], queue["position"], queue["changedBy"]) == (ids[1], 12_345, "tests")
        assert ann.ask("getPlayQueueByIndex")["playQueueByIndex"]["currentIndex"] == 1
        assert bob.ask("getPlayQueue")["playQueue"]["entry"] == []
        ann.ask("savePlayQueueByIndex", id=[ids[0], ids[0]], currentIndex=1)
        assert ann.ask("getPlayQueueByIndex")["playQueueByIndex"]["currentIndex"] == 1
        ann.ask("savePlayQueue", error=0, id=ids, current="so-0")
        ann.ask("savePlayQueueByIndex", error=0, id=ids, currentIndex=3)
        ann.ask("savePlayQueue")
        assert ann.ask("getPlayQueue")["playQueue"]["entry"] == []

    def test_their_store_may_be_damaged(self, own):
        path = own.server.store
        path.write_bytes(b"no database" * 1000)
        told = own.ask("getStarred2", error=0)["error"]["message"]
        assert told.startswith(f"{path}: damaged")


class TestPlaylists:
    def ids(self, client: Client, count: int = 3) -> list[str]:
        return [song["id"] for song in client.ask("search3", query="", songCount=count)["searchResult3"]["song"]]

    def test_are_made_changed_and_deleted(self, ann, library, lists):
        ids = self.ids(ann)
        made = ann.ask("createPlaylist", name="Rain / Monday", songId=ids[:2])["playlist"]
        assert ([song["id"] for song in made["entry"]], made["owner"], made["readonly"]) == (ids[:2], "ann", False)
        (file,) = lists.iterdir()
        assert file.name == "Rain _ Monday.m3u"
        assert len([line for line in file.read_text().splitlines() if not line.startswith("#")]) == 2
        ann.ask(
            "updatePlaylist", playlistId=made["id"], songIdToAdd=ids[2], songIndexToRemove=0, comment="wet", name="Rain"
        )
        changed = ann.ask("getPlaylist", id=made["id"])["playlist"]
        assert [song["id"] for song in changed["entry"]] == ids[1:]
        assert (changed["name"], changed["comment"]) == ("Rain", "wet")
        assert [path.name for path in lists.iterdir()] == ["Rain.m3u"]
        ann.ask("createPlaylist", playlistId=made["id"], songId=ids[0])
        assert [one["songCount"] for one in ann.ask("getPlaylists")["playlists"]["playlist"]] == [1]
        assert ann.raw("getCoverArt", id=made["id"]).status_code == 200
        ann.ask("deletePlaylist", id=made["id"])
        assert list(lists.iterdir()) == []
        assert ann.ask("getPlaylists")["playlists"]["playlist"] == []

    def test_of_another_listener_cannot_be_seen_or_changed(self, ann, bob, lists):
        ids = self.ids(ann)
        id_ = ann.ask("createPlaylist", name="Mine", songId=ids)["playlist"]["id"]
        for endpoint, values in (
            ("getPlaylist", {"id": id_}),
            ("deletePlaylist", {"id": id_}),
            ("updatePlaylist", {"playlistId": id_, "name": "His"}),
            ("createPlaylist", {"playlistId": id_, "songId": ids[:1]}),
        ):
            bob.ask(endpoint, error=70, **values)
        ann.ask("updatePlaylist", playlistId=id_, public="true")
        assert bob.ask("getPlaylist", id=id_)["playlist"]["readonly"] is True
        told = bob.ask("deletePlaylist", error=50, id=id_)["error"]["message"]
        assert told == "Mine: it is ann's, and cannot be changed here; copy its songs to a new one"
        assert ann.ask("getPlaylist", id=id_)["playlist"]["songCount"] == 3

    def test_nor_can_its_file(self, ann, bob, lists):
        ann.ask("createPlaylist", name="Diary", songId=self.ids(ann))
        (file,) = lists.iterdir()
        for _ in range(2):
            assert bob.ask("getPlaylists")["playlists"]["playlist"] == []
            bob.ask("getPlaylist", error=70, id=id_of(LIST, file.name))
            file.write_bytes(file.read_bytes() + b"#\n")  # somebody else has changed it

    def test_places_are_those_of_the_songs_that_are_there(self, own):
        ids = self.ids(own)
        made = own.ask("createPlaylist", name="Rain", songId=ids)["playlist"]
        (own.server.library.music_folder / made["entry"][0]["path"]).unlink()
        own.server.library.refresh()
        own.server.catalogues.renew()
        own.ask("updatePlaylist", playlistId=made["id"], songIndexToRemove=0)
        assert [song["id"] for song in own.ask("getPlaylist", id=made["id"])["playlist"]["entry"]] == ids[2:]
        with own.server.opened() as store:
            assert store.playlists()[0].items == (ids[0], ids[2])

    def test_an_empty_one_has_no_file(self, ann, lists):
        made = ann.ask("createPlaylist", name="Rain", songId=self.ids(ann))["playlist"]["id"]
        ann.ask("updatePlaylist", playlistId=made, songIndexToRemove=[0, 1, 2])
        assert list(lists.iterdir()) == []
        assert ann.ask("getPlaylist", id=made)["playlist"]["songCount"] == 0

    def test_files_of_the_folder_are_there_and_stay_fresh(self, ann, bob, library, lists):
        lists.mkdir()
        paths = sorted(library.paths().values())
        file = lists / "Evening.m3u"
        file.write_text(f"{paths[0]}\n{paths[1]}\n")
        (lists / "notes.txt").write_text("no playlist")
        (lists / "broken.xspf").write_text("<no")
        first, second = bob.ask("getPlaylists")["playlists"]["playlist"]
        assert (first["name"], first["songCount"], first["readonly"]) == ("Evening", 2, True)
        assert (second["name"], second["songCount"]) == ("broken", 0)
        file.write_text(f"{paths[2]}\n")
        (entry,) = ann.ask("getPlaylist", id=first["id"])["playlist"]["entry"]
        assert entry["path"] == str(paths[2].relative_to(library.music_folder))
        ann.ask("deletePlaylist", error=50, id=first["id"])
        assert file.exists()

    def test_a_file_that_somebody_else_wrote_is_left_alone(self, ann, lists):
        ids = self.ids(ann)
        lists.mkdir()
        (lists / "Rain.m3u").write_text("# theirs\n")
        made = ann.ask("createPlaylist", name="Rain", songId=ids)["playlist"]["id"]
        assert sorted(path.name for path in lists.iterdir()) == ["Rain (ann).m3u", "Rain.m3u"]
        (lists / "Rain (ann).m3u").write_text("# changed by hand\n")
        ann.ask("updatePlaylist", playlistId=made, songIndexToRemove=0)
        ann.ask("deletePlaylist", id=made)
        assert (lists / "Rain.m3u").read_text() == "# theirs\n"
        assert (lists / "Rain (ann).m3u").read_text() == "# changed by hand\n"

    def test_a_folder_that_cannot_be_written_costs_the_file_alone(self, own):
        ann = own
        ann.server.playlists.folder.write_text("no folder")
        id_ = ann.ask("createPlaylist", name="Rain", songId=self.ids(ann))["playlist"]["id"]
        assert ann.ask("getPlaylist", id=id_)["playlist"]["songCount"] == 3

    @pytest.mark.parametrize(
        ("endpoint", "values", "code"),
        [
            ("createPlaylist", {}, 10),
            ("createPlaylist", {"name": " "}, 10),
            ("createPlaylist", {"name": "A", "songId": "so-0"}, 70),
            ("createPlaylist", {"playlistId": "pl-77"}, 70),
            ("createPlaylist", {"playlistId": "pl-" + "9" * 60}, 70),
            ("updatePlaylist", {"playlistId": "../../etc/passwd"}, 70),
            ("getPlaylist", {}, 10),
            ("getPlaylist", {"id": "pl-²"}, 70),
        ],
    )
    def test_what_makes_no_sense(self, ann, endpoint, values, code):
        ann.ask(endpoint, error=code, **values)

    def test_places_that_are_none(self, ann):
        id_ = ann.ask("createPlaylist", name="Rain", songId=self.ids(ann))["playlist"]["id"]
        for place in ("3", "-1", "x", "9" * 30):
            ann.ask("updatePlaylist", error=0, playlistId=id_, songIndexToRemove=place)
        assert ann.ask("getPlaylist", id=id_)["playlist"]["songCount"] == 3


class TestForms:
    def test_xml_is_what_clients_get_who_say_nothing(self, ann):
        ann.login.pop("f")
        response = ann.raw("getAlbumList2", type="newest", size=1)
        assert response.content_type == "text/xml; charset=utf-8"
        root = ElementTree.fromstring(response.data)
        assert (root.tag, root.get("status")) == ("{http://subsonic.org/restapi}subsonic-response", "ok")
        (album,) = root.iter("{http://subsonic.org/restapi}album")
        assert (album.get("songCount"), album.get("isCompilation")) == ("2", "false")
        genres = ElementTree.fromstring(ann.raw("getGenres").data)
        assert [genre.text for genre in genres.iter("{http://subsonic.org/restapi}genre")] != [None]

    def test_both_forms_say_the_same(self, ann):
        told = {
            "text": 'a <b> & "c" \x07 \ud800',
            "yes": True,
            "none": None,
            "many": ["x", {"value": "y", "n": 1}],
            "of": {"n": 0.5},
        }
        data, _ = encode(told, "xml")
        root = ElementTree.fromstring(data)
        assert (root.get("text"), root.get("yes"), root.get("none")) == ('a <b> & "c" \ufffd \ufffd', "true", None)
        first, second, of = root
        assert (first.text, second.text, second.get("n"), of.get("n")) == ("x", "y", "1", "0.5")
        text, _ = encode(told, "json")
        assert b'"none"' not in text

    def test_jsonp_for_names_that_are_names(self, ann):
        ann.login["f"] = "jsonp"
        response = ann.raw("ping", callback="app.got_1")
        assert response.data.startswith(b'app.got_1({"subsonic-response"')
        for bad in ("alert(1)//", "", "a" * 200, "<script>"):
            assert ann.raw("ping", callback=bad).content_type == "application/json"

    def test_a_form_is_taken_like_an_address(self, ann):
        response = ann.http.post("/rest/search3", data=ann.login | {"query": "aisle"})
        assert response.json["subsonic-response"]["searchResult3"]["song"][0]["title"] == "Aisle"

    def test_numbers_are_kept_within_bounds(self, ann):
        for value in ("1e99", "-5", "999999999999999999999"):
            ann.ask("search3", query="aisle", songCount=value, songOffset=value)
        for value in ("nan", "inf", "many", ""):
            ann.ask("search3", error=0, query="aisle", songCount=value)
        ann.ask("scrobble", error=0, id=ann.song("aisle")["id"], time="nan")

    @pytest.mark.parametrize("seconds", [float("1e99"), -1e99])
    def test_impossible_moments(self, seconds):
        assert iso(seconds) == "1970-01-01T00:00:00.000Z"

    @pytest.mark.parametrize("endpoint", sorted(ENDPOINTS))
    def test_every_endpoint_says_what_is_missing_and_never_fails(self, ann, endpoint):
        response = ann.raw(endpoint)
        error = response.json["subsonic-response"].get("error", {"code": None})
        assert error["code"] in (None, 10), error
        for name, value in itertools.product(("id", "query", "type", "name"), ("\0", "x" * 5000, "%00", "' OR 1=1 --")):
            told = ann.raw(endpoint, **{name: value})
            assert told.status_code == 200
            assert "something went wrong" not in told.get_data(as_text=True)

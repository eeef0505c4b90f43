"""What a source of the history is, and what it gives of a library that is a folder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from deejai_core.errors import HistoryError
from deejai_core.folder import FolderLibrary
from deejai_core.history.library_history import open_history
from deejai_core.history.mentions import Mention, Play, SongList
from deejai_core.history.sources.library_sources import Sources, overlapping, parse_source, source_text
from deejai_core.history.store import Source
from tests.library_conformance import SONGS
from tests.songs import write_song


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> FolderLibrary:
    folder = tmp_path_factory.mktemp("music")
    for number, song in enumerate(SONGS):
        write_song(folder / song["name"], number, **{name: value for name, value in song.items() if name != "name"})
    library = FolderLibrary(folder)
    library.refresh()
    return library


def no_account(user: str):
    raise AssertionError(f"nobody asked for {user}")


def sources(library: FolderLibrary, **options) -> Sources:
    return Sources(library, **{"account": no_account, "on_warning": pytest.fail, **options})


def titles(given: SongList) -> list[str]:
    return [song.title for song in given.songs]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("albums", Source("albums", "")),
        ("albums: jazz ", Source("albums", "jazz")),
        ("query:jazz", Source("query", "jazz")),
        ("query", Source("files", str(Path.cwd() / "query"))),
        ("lastfm:rj", Source("lastfm", "rj")),
        ("lastfm", Source("lastfm", "me")),
        ("lastfm-loved:", Source("lastfm-loved", "me")),
        ("lastfm-top:rj", Source("lastfm-top", "rj")),
        ("radio", Source("radio", "")),
        ("radio:x", Source("files", str(Path.cwd() / "radio:x"))),
        ("/lists/../a.m3u", Source("files", "/a.m3u")),
        ("~nobody-at-all/a.m3u", Source("files", str(Path.cwd() / "~nobody-at-all/a.m3u"))),
        ("https://a/b", Source("files", str(Path.cwd() / "https:/a/b"))),
    ],
)
def test_what_is_meant(text, source):
    meant = parse_source(text, own=["radio"], user=lambda: "me")
    assert meant == source
    assert parse_source(source_text(meant), own=["radio"]) == source


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("", "the name of a source is empty", "name a source"),
        ("query: ", "query: needs a query", "example query"),
        ("lastfm", "whose Last.fm account?", "name an account"),
        ("caf\udce9.m3u", "caf\udce9.m3u: its name is not valid UTF-8; rename it", None),
    ],
)
def test_what_is_no_source(text, problem, hint):
    with pytest.raises(HistoryError) as caught:
        parse_source(text)
    assert (str(caught.value), caught.value.hint) == (problem, hint)


def test_what_counts_twice():
    known = [Source("files", "/a"), Source("files", "/a/b.m3u"), Source("files", "/ab"), Source("query", "/a/c")]
    assert overlapping(known, Source("files", "/a/b.m3u")) == [Path("/a")]
    assert overlapping(known, Source("files", "/a")) == [Path("/a/b.m3u")]
    assert overlapping(known, Source("files", "/")) == [Path("/a"), Path("/a/b.m3u"), Path("/ab")]
    assert overlapping(known, Source("query", "/a")) == []


def test_a_query_is_a_list(library):
    (found,) = sources(library).read(Source("query", "police"))
    assert (found.name, titles(found)) == ("police", ["So Lonely", "Roxanne"])
    path = library.music_folder / "Police/z.flac"
    assert found.songs[1] == Mention("The Police", "Roxanne", "Outlandos d'Amour", "r1", path)


def test_albums_are_lists_in_the_order_of_their_tracks(library):
    (album,) = sources(library).read(Source("albums", ""))
    assert (album.name, titles(album)) == ("The Police - Outlandos d'Amour", ["Roxanne", "So Lonely"])
    assert [titles(found) for found in sources(library).read(Source("albums", "outlandos"))] == [["Roxanne", "So Lonely"]]


@pytest.mark.parametrize(
    ("source", "problem", "hint"),
    [
        (Source("query", "nothing"), "no track matches 'nothing'", "query"),
        (Source("albums", "nothing"), "no album matches 'nothing'", "query albums"),
        (Source("files", "/no/where"), "/no/where: no such file or folder", "name a source"),
        (Source("radio", ""), "radio: it contains neither lists nor plays; the history is unchanged", None),
    ],
)
def test_what_gives_nothing(library, source, problem, hint):
    with pytest.raises(HistoryError) as caught:
        list(sources(library, own={"radio": lambda: [SongList("empty", ())]}).read(source))
    assert (str(caught.value), caught.value.hint) == (problem, hint)


def test_a_library_without_albums(tmp_path):
    (tmp_path / "music").mkdir()
    with pytest.raises(HistoryError, match="the library has no albums"):
        list(sources(FolderLibrary(tmp_path / "music")).read(Source("albums", "")))


class TestAdding:
    def test_what_a_source_gives_takes_the_place_of_what_it_gave(self, library):
        on_air, told = SongList("on air", (Mention("A", "a"), Mention("B", "b"))), []
        ours = sources(library, own={"radio": lambda: [on_air]}, on_progress=lambda *done: told.append(done))
        with open_history(library) as store:
            for _ in range(2):
                ours.add(store, Source("radio", ""))
            assert [(holding.source, holding.lists) for holding in store.holdings()] == [(Source("radio", ""), 1)]
            store.remove(Source("radio", ""))
        assert told == [(Source("radio", ""), 1)] * 2

    def test_plays_of_an_account_are_added_to_what_is_there(self, library):
        plays = [Play(Mention("A", f"{at}"), 1_300_000_000 + at) for at in range(4)]
        asked, told = [], []

        def scrobbles(newest: int | None = None):
            asked.append(newest)
            yield plays[:2] if newest is None else plays[1:]

        account = SimpleNamespace(scrobbles=scrobbles)
        ours = sources(library, account=lambda user: account, on_progress=lambda source, done: told.append(done))
        with open_history(library) as store:
            for _ in range(2):
                ours.add(store, Source("lastfm", "me"))
            (holding,) = store.holdings()
            store.remove(Source("lastfm", "me"))
        assert holding.plays == 4
        assert asked == [None, plays[1].at]
        assert told == [2, 3]

    def test_an_account_that_played_nothing(self, library):
        ours = sources(library, account=lambda user: SimpleNamespace(scrobbles=lambda newest: iter(())))
        with open_history(library) as store, pytest.raises(HistoryError, match="lastfm:me: nothing was played yet"):
            ours.add(store, Source("lastfm", "me"))

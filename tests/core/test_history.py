"""The history keeps what its sources give: each once, in order, and all of it or nothing."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.errors import DamagedError, HistoryError, StoreError
from deejai_core.history.mentions import Mention, Play, SongList
from deejai_core.history.store import SCHEMA_VERSION, HistoryStore, Source, rebuild_history

A, B, C, D = (Mention("Artist", title) for title in ("Apple", "Banana", "Cherry", "Date"))
FILES, OTHER = Source("files", "/lists"), Source("files", "/other")


@pytest.fixture
def store(tmp_path):
    with HistoryStore(tmp_path / "library.db.deejai" / "history.db") as store:
        yield store


def listed(store: HistoryStore, source: Source | None = None) -> list[list[str]]:
    """The titles of each list."""
    titles = {number: song.title for number, song in store.songs()}
    return [[titles[number] for number in listing.songs.tolist()] for listing in store.lists(source)]


def test_lists_come_back_in_their_order_with_names_and_dates(store):
    store.replace(FILES, [SongList("First", (B, A, B), "2026-11-22"), SongList("Second", (C,))])
    assert listed(store) == [["Banana", "Apple", "Banana"], ["Cherry"]]
    assert [(listing.name, listing.date) for listing in store.lists()] == [("First", "2026-11-22"), ("Second", "")]
    assert all(listing.songs.dtype == np.int32 for listing in store.lists())


def test_everything_that_was_said_of_a_song_is_kept(store):
    song = Mention("Röyksopp", "Só", "Album", "0f7a2b1c-1111-2222-3333-444455556666", Path(os.fsdecode(b"/caf\xe9.mp3")))
    store.replace(FILES, [SongList("List", (song,))])
    assert list(store.songs()) == [(1, song)]
    assert store.song(1) == song
    assert store.song(2) is None


def test_a_source_that_is_added_again_replaces_what_it_gave(store):
    store.replace(OTHER, [SongList("Other", (D,))])
    for _ in range(2):
        store.replace(FILES, [SongList("List", (A, B)), Play(C, 100)])
        assert listed(store, FILES) == [["Apple", "Banana"], ["Cherry"]]
    store.replace(FILES, [SongList("List", (A,))])
    assert listed(store) == [["Date"], ["Apple"]]
    assert [song.title for _, song in store.songs()] == ["Date", "Apple"]  # what nobody names any more is gone


@pytest.mark.parametrize("error", [HistoryError("damaged"), KeyboardInterrupt()])
def test_an_interrupted_add_leaves_the_old_state(store, error):
    def breaks():
        yield SongList("New", (C, D))
        yield from [SongList("Many", (Mention("Artist", str(number)),)) for number in range(3000)]
        raise error

    store.replace(FILES, [SongList("Old", (A, B))])
    for source in (FILES, OTHER):
        with pytest.raises(type(error)):
            store.replace(source, breaks())
    assert listed(store) == [["Apple", "Banana"]]
    assert store.sources() == [FILES]
    assert len(list(store.songs())) == 2
    store.replace(FILES, [SongList("New", (C, A))])
    assert listed(store) == [["Cherry", "Apple"]]


def test_a_source_that_is_removed_takes_only_its_own(store):
    store.replace(FILES, [SongList("List", (A, B))])
    store.replace(OTHER, [SongList("Other", (B, C))])
    assert store.remove(FILES)
    assert not store.remove(FILES)
    assert listed(store) == [["Banana", "Cherry"]]
    assert sorted(song.title for _, song in store.songs()) == ["Banana", "Cherry"]


def test_the_file_shrinks_when_a_source_is_removed(store):
    store.replace(FILES, [SongList("List", tuple(Mention("Artist", f"Title {n}") for n in range(20_000)))])
    size = store.path.stat().st_size
    store.remove(FILES)
    assert store.path.stat().st_size < size / 5


def test_spelling_makes_no_other_song_but_a_file_or_a_recording_does(store):
    same = (Mention("The Police", "Roxanne"), Mention("POLICE", "Roxanne (Live)"), Mention("Police, The", "roxanne"))
    others = (Mention("Police", "Roxanne", path=Path("/r.mp3")), Mention("Police", "Roxanne", recording="id"))
    store.replace(FILES, [SongList("List", (*same, *others))])
    (listing,) = store.lists()
    assert listing.songs.tolist() == [1, 1, 1, 2, 3]


class TestPlays:
    def test_they_become_sessions(self, store):
        store.replace(FILES, [Play(C, 10_000), Play(A, 0), Play(B, 200), Play(B, 300)])  # in no order
        assert listed(store) == [["Apple", "Banana"], ["Cherry"]]
        assert [(listing.name, listing.date) for listing in store.lists()] == [
            ("1970-01-01 00:00", "1970-01-01"),
            ("1970-01-01 02:46", "1970-01-01"),
        ]

    def test_they_may_come_page_by_page(self, store):
        user = Source("lastfm", "somebody")
        assert store.newest(user) is None
        assert store.append(user, [Play(A, 100), Play(B, 200)]) == 2
        assert store.newest(user) == 200
        assert store.append(user, [Play(B, 200), Play(C, 300), Play(C, 300)]) == 1
        assert listed(store) == [["Apple", "Banana", "Cherry"]]

    def test_exports_that_overlap_count_once(self, store):
        store.replace(FILES, [Play(A, 100), Play(B, 200)])
        store.replace(OTHER, [Play(B, 200), Play(C, 300), Play(D, 400)])
        assert listed(store) == [["Apple", "Banana"], ["Cherry", "Date"]]
        assert listed(store, OTHER) == [["Cherry", "Date"]]
        store.remove(FILES)
        assert listed(store) == [["Banana", "Cherry", "Date"]]


def test_what_sources_hold(store):
    store.replace(FILES, [SongList("List", (A, B, A)), SongList("List", (A,))])
    store.replace(OTHER, [Play(A, 100), Play(A, 200), Play(C, 300)])
    first, second = store.holdings()
    assert (first.source, first.lists, first.plays, first.songs) == (FILES, 2, 0, 2)
    assert (second.source, second.lists, second.plays, second.songs) == (OTHER, 0, 3, 2)
    assert store.frequencies().tolist() == [0, 5, 1, 1]
    assert store.frequencies(OTHER).tolist() == [0, 2, 0, 1]


def test_an_empty_history(store):
    assert (listed(store), list(store.songs()), store.holdings(), store.frequencies().tolist()) == ([], [], [], [0])


@given(st.lists(st.lists(st.tuples(st.text(), st.text()))))
def test_any_text_can_be_kept(tmp_path_factory, names):
    lists = [SongList("List", tuple(Mention(*name) for name in songs)) for songs in names]
    with HistoryStore(tmp_path_factory.mktemp("history") / "history.db") as store:
        store.replace(FILES, lists)
        assert [len(listing.songs) for listing in store.lists()] == [len(songs) for songs in names]


def test_a_newer_history_is_refused_untouched(tmp_path):
    path = tmp_path / "history.db"
    HistoryStore(path).__exit__()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"history\.db: made by a newer beets-deejai"):
        HistoryStore(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_history_is_named(tmp_path):
    path = tmp_path / "history.db"
    path.write_bytes(b"this is no database, but long enough to be taken for one" * 100)
    with pytest.raises(StoreError, match=r"history\.db: damaged \(file is not a database\)$") as error:
        HistoryStore(path)
    assert error.value.hint == "repair"


DAMAGE = {
    "half a number in a list": "UPDATE lists SET songs = x'010000' WHERE name = 'First'",
    "a list of a song that is not there": "UPDATE lists SET songs = x'63000000' WHERE name = 'First'",
    "a negative number in a list": "UPDATE lists SET songs = x'FFFFFFFF' WHERE name = 'First'",
    "a list that is text": "UPDATE lists SET songs = 'songs' WHERE name = 'First'",
    "a date that is no text": "UPDATE lists SET date = CAST(x'FF' AS TEXT) WHERE name = 'First'",
    "a play in the year 300,000": "UPDATE plays SET at = 1 << 60",
    "a play of a song that is not there": "UPDATE plays SET song = 99",
    "a title that is no text": "UPDATE songs SET title = CAST(x'FF' AS TEXT) WHERE title = 'Date'",
    "a path that is none": "UPDATE songs SET path = x'00' WHERE title = 'Date'",
    "a song's number that is too high": "UPDATE songs SET id = 1 << 40 WHERE title = 'Date'",
}


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_named_and_what_is_whole_is_kept(store, statement):
    store.replace(FILES, [SongList("First", (A,)), SongList("Second", (B, A)), Play(D, 100)])
    with store._connection as connection:
        connection.execute(statement)
    with pytest.raises(DamagedError, match=r"history\.db: damaged \(.*\)$"):
        listed(store), store.frequencies()
    with contextlib.suppress(DamagedError):
        assert store.damage()
    kept = rebuild_history(store.path)
    with HistoryStore(store.path) as rebuilt:
        assert rebuilt.damage() == ""
        assert ["Banana", "Apple"] in listed(rebuilt)
        assert len(rebuilt.frequencies()) == rebuilt.song_limit()
    assert kept.exists()

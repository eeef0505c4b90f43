"""The history as songs of a library that is a folder, and how much of it that has."""

from __future__ import annotations

import pytest

from deejai_core.errors import HistoryError
from deejai_core.folder import FolderLibrary
from deejai_core.history.library_history import existing_history, open_history, read_history
from deejai_core.history.mentions import Mention, SongList, as_mention
from deejai_core.history.report import HistoryReport
from deejai_core.history.store import Source
from tests.songs import write_song

pytest.importorskip("rapidfuzz")

WREN, COPY, OWL = ("Hazel", "Wren"), ("Hazel", "Wren (2009 Remaster)"), ("Thorn", "Owl")
RAVEN = Mention("Nobody", "Raven")


@pytest.fixture
def library(tmp_path) -> FolderLibrary:
    for number, (artist, title) in enumerate([WREN, COPY, OWL]):
        write_song(tmp_path / f"{number}.flac", number, artist=artist, title=title)
    library = FolderLibrary(tmp_path)
    library.refresh()
    return library


def remember(library: FolderLibrary, *lists: list[Mention]) -> None:
    with open_history(library) as store:
        store.replace(Source("files", "lists"), [SongList("list", tuple(songs)) for songs in lists])


class TestWords:
    def test_songs_of_the_library_come_first(self, library):
        remember(library, [RAVEN, Mention(*OWL), Mention(*WREN)], [Mention(*WREN), RAVEN])
        ids = {track.title: id_ for id_, track in library.tracks(library.ids()).items()}
        with read_history(library) as history:
            wren, owl, raven = (history.names().index(name) for name in ("Hazel - Wren", "Thorn - Owl", "Nobody - Raven"))
            assert {wren, owl} == {0, 1}
            assert [words.tolist() for words in history.lists()] == [[raven, owl, wren], [wren, raven]]
            assert history.counts[[wren, owl, raven]].tolist() == [2, 1, 2]
            assert (history.matched_songs, history.matched_tracks, history.list_count, len(history)) == (2, 3, 2, 3)
            assert history.tracks_of(wren) == [ids["Wren"], ids["Wren (2009 Remaster)"]]
            assert history.tracks_of(raven) == []
            assert [history.name_of(word) for word in range(3)] == history.names()

    def test_a_track_that_is_gone_keeps_the_name_that_the_history_has(self, library):
        remember(library, [Mention(*OWL), RAVEN])
        with read_history(library) as history:
            (library.music_folder / "2.flac").unlink()
            library.refresh()
            assert history.name_of(0) == "Thorn - Owl"
            assert history.names() == ["Thorn - Owl", "Nobody - Raven"]

    def test_no_history(self, library):
        for made in (lambda: existing_history(library), lambda: read_history(library)):
            with pytest.raises(HistoryError, match="the history is empty") as caught:
                made()
            assert caught.value.hint == "fill the history"
        open_history(library).__exit__()
        with pytest.raises(HistoryError):
            existing_history(library)


class TestReport:
    def test_how_much_the_library_has(self, library):
        path = library.music_folder / "2.flac"
        remember(library, [Mention(*WREN), Mention(*OWL, path=path), RAVEN, RAVEN], [RAVEN, Mention("Hazel", "Robin")])
        with existing_history(library) as store:
            report = HistoryReport(library, store)
            (coverage,) = report.coverages()
            number, missing = report.most_frequent("no artist", most=5)
            missing = [(song, times) for times, song, *_ in missing]
        assert coverage.songs == 4
        assert coverage.matched == {"path": 1, "recording": 0, "name": 1, "similar": 0}
        assert coverage.share == 2 / 6
        assert (number, missing) == (1, [(RAVEN, 3)])

    def test_the_most_frequent_come_first_and_no_more_than_asked_for(self, library):
        crow = Mention("Nobody", "Crow")
        remember(library, [crow, Mention("Somebody", "Rook")], [crow, RAVEN], [RAVEN, crow])
        with existing_history(library) as store:
            report = HistoryReport(library, store)
            number, songs = report.most_frequent("no artist", most=2)
            assert (number, [(times, song) for times, song, *_ in songs]) == (3, [(3, crow), (2, RAVEN)])
            assert len(list(report.most_frequent("no artist")[1])) == 3

    def test_songs_that_are_spelt_differently(self, library):
        write_song(library.music_folder / "3.flac", 3, artist="Prince", title="Raspberry Beret")
        library.refresh()
        remember(library, [Mention("Prince", "Rasberry Beret"), Mention(*OWL)])
        with existing_history(library) as store:
            _, songs = HistoryReport(library, store).most_frequent("similar")
            ((times, song, match, track),) = songs
        assert (times, song.title, track.title) == (1, "Rasberry Beret", "Raspberry Beret")
        assert 0.9 < match.score < 1

    def test_one_source(self, library):
        remember(library, [RAVEN, Mention(*OWL)])
        (owl,) = library.tracks(library.find("owl")).values()
        with open_history(library) as store:
            store.replace(Source("query", "x"), [SongList("x", (Mention(*WREN), as_mention(owl)))])
            report = HistoryReport(library, store, Source("query", "x"))
            assert [coverage.matched for coverage in report.coverages()] == [
                {"path": 1, "recording": 0, "name": 1, "similar": 0}
            ]
            assert [report.most_frequent(how)[0] for how in ("path", "name", "no artist")] == [1, 1, 0]

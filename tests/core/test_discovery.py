"""What a library lacks, by the lists that its songs are in."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest

from deejai_core.errors import HistoryError, NoMatchError, OptionError, PlaylistError, QueryError
from deejai_core.features.discovery import discover, discover_artists
from deejai_core.features.discovery_text import format_for, found_as, found_lines, write_found
from deejai_core.folder import FolderLibrary
from deejai_core.formats.xspf import parse_jspf
from deejai_core.history.company import UNSURE, company
from deejai_core.history.library_history import open_history
from deejai_core.history.mentions import Mention, SongList
from deejai_core.history.store import Source
from tests.songs import write_song

pytest.importorskip("rapidfuzz")

RECORDING = "28b50c59-77e4-4254-a0bd-16797ddaa3ca"
WREN, OWL = Mention("Hazel", "Wren"), Mention("Thorn", "Owl")
RAVEN, CROW, LARK = Mention("Nobody", "Raven"), Mention("Nobody", "Crow"), Mention("Thorn", "Lark")


class TestCompany:
    def near(self, *lists, seeds=(0,), songs=4):
        return company(lambda: map(np.array, lists), np.array(seeds), songs)

    def test_the_cosine_of_what_lists_two_songs_are_in(self):
        near = self.near([0, 1], [0, 1], [1, 2])
        assert near.lists.tolist() == [0, 2, 0, 0]
        # Two lists of two and three, each with some besides; the norm is that of the seed's own lists.
        expected = 2 / math.sqrt(2 * (3 + UNSURE))
        np.testing.assert_allclose(near.similarity, [0, expected, 0, 0])

    def test_what_is_in_every_list_is_less_near_than_what_is_in_those_of_the_seed_alone(self):
        near = self.near([0, 1, 2], [0, 1, 2], [1, 3], [1, 3], [1, 3])
        assert near.lists[1] == near.lists[2] == 2
        assert near.similarity[2] > near.similarity[1] > 0 == near.similarity[3]

    def test_a_long_list_says_less_of_each_of_its_songs(self):
        near = self.near([0, 1], [0, *range(2, 20)], songs=20)
        assert near.similarity[1] > near.similarity[2] > 0

    def test_seeds_count_alike_however_often_they_are_listed(self):
        listed_often = [[0, 3]] * 6
        near = self.near(*listed_often, [0, 4], [1, 2], seeds=(0, 1), songs=5)
        assert near.similarity[2] > near.similarity[4]  # beside the one that is listed once
        assert near.similarity.max() <= 1

    def test_a_song_counts_once_in_a_list_and_a_list_of_one_song_says_nothing(self):
        plain, doubled = self.near([0, 1], [1, 2]), self.near([0, 1, 1, 0], [1, 2, 2], [0, 0], [0], seeds=(0, 0))
        assert plain.similarity.tolist() == doubled.similarity.tolist()
        assert plain.lists.tolist() == doubled.lists.tolist()

    @pytest.mark.parametrize("lists", [[], [[1, 2]], [[0]]])
    def test_nothing_is_near_to_what_is_in_no_list(self, lists):
        near = self.near(*lists)
        assert not near.similarity.any()
        assert not near.lists.any()


@pytest.fixture
def library(tmp_path) -> FolderLibrary:
    """Hazel - Wren and Thorn - Owl."""
    for number, song in enumerate([WREN, OWL]):
        write_song(tmp_path / f"{number}.flac", number, artist=song.artist, title=song.title)
    library = FolderLibrary(tmp_path)
    library.refresh()
    return library


def remember(library: FolderLibrary, *lists: list[Mention]) -> None:
    with open_history(library) as store:
        store.replace(Source("files", "lists"), [SongList("list", tuple(songs)) for songs in lists])


class TestSongs:
    def test_those_that_the_library_lacks_the_nearest_first(self, library):
        remember(library, [WREN, RAVEN, CROW], [WREN, RAVEN], [OWL, LARK], [WREN, OWL])
        assert [(each.song, each.lists) for each in discover(library, ["Wren"])] == [(RAVEN, 2), (CROW, 1)]
        assert [each.song for each in discover(library, ["Owl"])] == [LARK]
        assert [each.song for each in discover(library)] == [RAVEN, LARK, CROW]
        assert [each.song for each in discover(library, [], 1)] == [RAVEN]

    def test_another_version_or_spelling_of_what_the_library_has_is_not_lacking(self, library):
        versions = [Mention("Thorn", "Owl (Live at Home)"), Mention("THORN feat. Nobody", "Owl - 2009 Remaster")]
        remember(library, [WREN, *versions, RAVEN, Mention("Nobody", "Raven (Radio Edit)")])
        assert [each.song for each in discover(library, ["Wren"])] == [RAVEN]

    def test_a_song_is_known_by_the_mention_that_has_its_recording(self, library):
        known = Mention("nobody", "raven", "Birds", RECORDING)
        remember(library, [WREN, RAVEN], [WREN, known])
        (found,) = discover(library, ["Wren"])
        assert (found.song, found.lists) == (known, 2)

    def test_what_has_no_name_cannot_be_named(self, library):
        remember(library, [WREN, Mention(recording=RECORDING), Mention("", "Raven"), CROW])
        assert [each.song for each in discover(library, ["Wren"])] == [CROW]

    @pytest.mark.parametrize("named", [discover, discover_artists])
    def test_what_there_is_nothing_to_go_by(self, library, named, tmp_path):
        with pytest.raises(HistoryError, match="the history is empty") as caught:
            named(library, ["Wren"])
        assert caught.value.hint == "fill the history"
        remember(library, [OWL, WREN], [LARK, RAVEN])
        with pytest.raises(
            HistoryError, match=r"the lists that contain these tracks name no (song|artist)s that the library lacks"
        ):
            named(library, ["Wren"])
        remember(library, [OWL, LARK], [WREN])
        with pytest.raises(
            HistoryError, match="no list of the history contains this track together with another song"
        ) as caught:
            named(library, ["Wren"])
        assert caught.value.hint == "add lists"
        with pytest.raises(NoMatchError):
            named(library, ["Raven"])
        with pytest.raises(QueryError, match="external files are in no list"):
            named(library, [str(write_song(tmp_path.parent / "elsewhere.flac", 9))])
        with pytest.raises(OptionError, match="at least 1"):
            named(library, ["Wren"], 0)


class TestArtists:
    def test_those_of_whom_the_library_has_nothing(self, library):
        far = Mention("Far", "Away")
        remember(library, [WREN, RAVEN, LARK], [WREN, CROW], [Mention("Hazel", "Robin"), far], [OWL, Mention("Else", "X")])
        found = discover_artists(library, ["Wren"])
        assert [(each.name, each.lists, each.songs) for each in found] == [("Nobody", 2, 2), ("Far", 1, 1)]
        assert found[0].similarity > found[1].similarity > 0
        assert discover_artists(library, ["Wren"], 1) == found[:1]

    def test_another_spelling_of_an_artist_is_not_lacking(self, tmp_path):
        write_song(tmp_path / "a.flac", 0, artist="Alabama Shakes", title="Wren")
        library = FolderLibrary(tmp_path)
        library.refresh()
        songs = [Mention(name, f"Song {name}") for name in ("Alabama Shake", "The Alabama Shakes", "Alabama 3")]
        songs.append(Mention("Alabama Shakez", recording=RECORDING))  # no song has matched it, without a title
        remember(library, [Mention("Alabama Shakes", "Wren"), *songs])
        assert [each.name for each in discover_artists(library)] == ["Alabama 3"]


class TestText:
    @pytest.fixture
    def songs(self, library):
        remember(library, [WREN, Mention('No, "body"', "Ra\nven", "Birds", RECORDING)])
        return discover(library)

    @pytest.fixture
    def artists(self, library):
        remember(library, [WREN, RAVEN, CROW])
        return discover_artists(library)

    def test_lines(self, songs, artists):
        assert list(found_lines(songs)) == [f'   1  {songs[0].similarity:.3f} No, "body" - Ra ven (1 list)']
        assert list(found_lines(artists)) == [f"   1  {artists[0].similarity:.3f} Nobody (1 list, 2 songs)"]

    def test_a_table(self, songs, artists):
        (row,) = csv.DictReader(io.StringIO(found_as("csv", songs, "").decode()))
        assert row == {
            "artist": 'No, "body"',
            "title": "Ra ven",
            "album": "Birds",
            "recording": RECORDING,
            "similarity": f"{songs[0].similarity:.3f}",
            "lists": "1",
        }
        (row,) = csv.DictReader(io.StringIO(found_as("csv", artists, "").decode()))
        assert row == {"artist": "Nobody", "similarity": f"{artists[0].similarity:.3f}", "lists": "1", "songs": "2"}

    def test_a_playlist_with_recordings_and_no_files(self, songs):
        data = found_as("jspf", songs, "New")
        listing = parse_jspf(data)
        (entry,) = listing.entries
        assert (listing.title, entry.artist, entry.title, entry.album) == ("New", 'No, "body"', "Ra ven", "Birds")
        assert (entry.recording, entry.locations) == (RECORDING, ())
        (track,) = json.loads(data)["playlist"]["track"]
        assert track["identifier"] == [f"https://musicbrainz.org/recording/{RECORDING}"]

    def test_what_it_wrote_is_replaced_and_nothing_else(self, songs, artists, tmp_path):
        for name in ("new.csv", "new.jspf"):
            path = tmp_path / name
            write_found(path, b"")
            for found in (songs, songs, *([artists, songs] if path.suffix == ".csv" else [])):
                data = found_as(path.suffix[1:], found, "")
                write_found(path, data)
                assert path.read_bytes() == data
        (tmp_path / "sums.csv").write_text("what,cost\nrent,1\n")
        with pytest.raises(PlaylistError, match=r"sums\.csv: this file exists"):
            write_found(tmp_path / "sums.csv", b"artist")
        assert (tmp_path / "sums.csv").read_text() == "what,cost\nrent,1\n"
        with pytest.raises(PlaylistError, match="there is no folder"):
            write_found(tmp_path / "no/such/new.csv", b"")

    def test_formats(self, tmp_path):
        assert format_for(None, None, artists=True) is None
        assert format_for(tmp_path / "a.CSV", None, artists=True) == format_for(None, "csv", artists=True) == "csv"
        assert format_for(tmp_path / "a.jspf", "jspf", artists=False) == "jspf"
        with pytest.raises(PlaylistError, match=r"ends in \.csv or \.jspf"):
            format_for(tmp_path / "a.m3u", None, artists=False)
        with pytest.raises(OptionError, match=r"a\.csv is not a name for JSPF"):
            format_for(tmp_path / "a.csv", "jspf", artists=False)
        for path, chosen in ((None, "jspf"), (tmp_path / "a.jspf", None)):
            with pytest.raises(OptionError, match="a JSPF playlist holds songs"):
                format_for(path, chosen, artists=True)

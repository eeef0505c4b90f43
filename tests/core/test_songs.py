"""When two tracks are the same song."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.index.neighbours import Index
from deejai_core.playlists.candidates import EXPECTED, Candidates
from deejai_core.playlists.playlist import similar
from deejai_core.tracks.keys import Key
from deejai_core.tracks.songs import CatalogueOnDemand, normal_artist, normal_title, song_names
from tests.libraries import catalogue, compass, rule_set


@pytest.mark.parametrize(
    ("title", "song"),
    [
        ("Roxanne", "roxanne"),
        ("Roxanne (Live)", "roxanne"),
        ("Roxanne (live at the Hatfield Polytechnic)", "roxanne"),
        ("Roxanne - 2003 Remaster", "roxanne"),
        ("Roxanne - Remastered 2003", "roxanne"),
        ("Roxanne [Radio Edit]", "roxanne"),
        ("Roxanne (Demo) [Mono]", "roxanne"),
        ("Roxanne \u2013 Live in Boston", "roxanne"),
        ("Roxanne feat. Somebody", "roxanne"),
        ("Roxanne (ft. Somebody & Friends)", "roxanne"),
        ("Roxanne (Puff Daddy Remix)", "roxanne"),
        ("  ROXANNE  ", "roxanne"),
        ("Élan", "elan"),
        ("Don't Stop", "dont stop"),
        ("Don\u2019t Stop", "dont stop"),
        ("Rock & Roll", "rock and roll"),
        ("The End", "end"),
        # What only looks like a version
        ("Live and Let Die", "live and let die"),
        ("Live", "live"),
        ("(Live)", "live"),
        ("Demo", "demo"),
        ("1999", "1999"),
        ("Paradise (What About Us?)", "paradise what about us"),
        ("(I Can't Get No) Satisfaction", "i cant get no satisfaction"),
        ("Symphony No. 5 - Allegro", "symphony no 5 allegro"),
        ("Song (Part 2)", "song part 2"),
        ("Alive", "alive"),
        ("The", "the"),
        ("", ""),
        ("!!!", "!!!"),
        ("'", "'"),
        ("君が代", "君が代"),
    ],
)
def test_titles(title, song):
    assert normal_title(title) == song


@pytest.mark.parametrize(
    ("name", "artist"),
    [
        ("The Police", "police"),
        ("Police, The", "police"),
        ("Florence + The Machine", "florence and the machine"),
        ("Florence & the Machine", "florence and the machine"),
        ("Guns N\u00b4 Roses", "guns n roses"),
        ("M\u00d8", "mo"),
        ("\u00c6nima", "aenima"),
        ("Björk", "bjork"),
        ("Sting feat. Shaggy", "sting"),
        ("Sting (featuring Shaggy)", "sting"),
        ("Simon & Garfunkel", "simon and garfunkel"),
        ("Various Artists", ""),
        ("", ""),
        ("The The", "the"),
        ("Ft. Island", "ft island"),
    ],
)
def test_artists(name, artist):
    assert normal_artist(name) == artist


@given(st.text(), st.sampled_from([normal_artist, normal_title]))
def test_any_text_has_one_normal_form(text, normalise):
    assert isinstance(normalise(text), str)


def test_a_very_long_title_takes_no_time():
    assert normal_title("(" * 100_000 + " " * 100_000).startswith("((")


def test_songs_are_the_same_by_recording_or_by_artist_and_title():
    studio = song_names("The Police", "Roxanne", "id-1")
    assert studio & song_names("Police", "Roxanne (Live)", "id-2")
    assert studio & song_names("Somebody", "Something Else", "id-1")
    assert not studio & song_names("George Michael", "Roxanne")
    assert not song_names("", "Intro") & song_names("", "Intro")  # of an unknown artist: no telling


def test_columns_that_are_left_out_are_unknown():
    columns = catalogue(2)
    assert np.isnan(columns.tempos).all()
    assert columns.keys[0].tolist() == [-1, -1]
    song = columns.song(1, np.ones(1))
    assert (song.artist, song.album, song.length, song.key) == ("artist 1", "1", 240, None)


COLUMNS = {
    "artist": ["Police", "The Police", "", "Sting", "police"],
    "title": ["Roxanne", "Roxanne (Live)", "Roxanne", "Fields of Gold", "Message"],
    "album": ["1", "2", "", "3", "1"],
    "length": np.array([190.0, 200, 210, 220, 230]),
    "recording": ["", "", "r1", "", ""],
    "tempo": np.array([134.0, 0, 134, 104, 151]),
    "key": ["C", "Am", "nonsense", "F#m", ""],
}


def test_a_track_as_a_song():
    vector = np.array([1.0, 0])
    found = catalogue(5, **COLUMNS).song(0, vector)
    assert found.vector is vector
    assert (found.position, found.artist, found.album, found.length, found.tempo) == (0, "police", "1", 190, 134)
    assert found.names == {"police / roxanne"}
    assert found.key == Key(0, minor=False)
    assert catalogue(5, **COLUMNS).song(1, vector).key == Key(0, minor=True)
    other = catalogue(5, **COLUMNS).song(2, vector)
    assert (other.artist, other.names, other.key) == ("", {"recording r1"}, None)


class TestOnDemand:
    """A catalogue that reads what it is asked for is the one that knows all, but for tracks that are gone."""

    @pytest.fixture
    def asked(self) -> list[list[int]]:
        return []

    @pytest.fixture
    def on_demand(self, asked) -> CatalogueOnDemand:
        def read(positions):
            asked.append(positions)
            some = {name: [column[position] for position in positions] for name, column in COLUMNS.items()}
            some |= {name: np.array(some[name]) for name in ("length", "tempo")}
            return catalogue(len(positions), **some), np.array([position != 4 for position in positions])

        return CatalogueOnDemand(5, read)

    def test_each_position_is_read_once(self, on_demand, asked):
        assert on_demand.load(np.array([3, 1])).tolist() == [True, True]
        assert on_demand.load(np.array([1, 4, 3])).tolist() == [True, False, True]
        assert on_demand.load(np.array([4])).tolist() == [False]
        assert asked == [[3, 1], [4]]

    @pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 2, 0, 3, 1]])
    def test_it_knows_the_same(self, on_demand, order):
        whole, vector = catalogue(5, **COLUMNS), np.array([1.0, 0])
        for position in order:
            assert str(on_demand.song(position, vector)) == str(whole.song(position, vector))
            assert on_demand.names(position) == whole.names(position)
        for mine, its in ((on_demand.artist_codes, whole.artist_codes), (on_demand.album_codes, whole.album_codes)):
            assert mine[1].keys() == its[1].keys()
            named = {number: name for name, number in mine[1].items()}
            assert [its[1].get(named.get(code), -1) for code in mine[0].tolist()] == its[0].tolist()
        for mine, its in zip((*on_demand.keys, on_demand.length), (*whole.keys, whole.length), strict=True):
            assert mine.tolist() == its.tolist()
        assert np.array_equal(on_demand.tempos, whole.tempos, equal_nan=True)

    def test_a_list_that_keeps_to_a_length_reads_only_the_tracks_it_looks_at(self):
        read = []

        def every_other_one_is_short(positions):
            read.extend(positions)
            lengths = np.where(np.array(positions) % 2, 60.0, 240.0)
            there = np.ones(len(positions), bool)
            return catalogue(len(positions), length=lengths, recording=[""] * len(positions)), there

        tracks = 20 * EXPECTED
        library = Candidates(
            Index(compass(*np.linspace(0, 90, tracks))),
            CatalogueOnDemand(tracks, every_other_one_is_short),
            rule_set(max_length=100),
        )
        assert [pick.position for pick in similar(library, [library.song(0)], count=3)] == [1, 3, 5]
        assert len(read) == EXPECTED

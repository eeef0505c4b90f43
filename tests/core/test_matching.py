"""Songs are found in a library that names them in its own way, and others are not."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.history.matching import (
    MATCHED,
    NAME,
    NO_ARTIST,
    NO_TITLE,
    PATH,
    RECORDING,
    SIMILAR,
    TOO_LITTLE,
    LibrarySongs,
    same_but_for_spelling,
)
from deejai_core.history.mentions import Mention

ROXANNE = Mention("The Police", "Roxanne", recording="id-1", path=Path("/music/Police/Roxanne.mp3"))


def matched(song: Mention, *tracks: Mention):
    (match,) = LibrarySongs(tracks).match([song])
    return match


class TestTheSurestWayFirst:
    LIBRARY = (
        ROXANNE,
        Mention("The Police", "Message in a Bottle", recording="id-2"),
        Mention("The Police", "Walking on the Moon"),
    )

    @pytest.mark.parametrize(
        ("song", "how", "position"),
        [
            (Mention("Police", "Walking on the Moon", recording="id-2", path=ROXANNE.path), PATH, 0),
            (Mention("Police", "Walking on the Moon", recording="ID-2", path=Path("/gone.mp3")), RECORDING, 1),
            (Mention("Police", "Walking on the Moon", recording="id-9", path=Path("/gone.mp3")), NAME, 2),
            (Mention("Police", "Walkin on the Moon"), SIMILAR, 2),
        ],
    )
    def test_file_recording_name_spelling(self, song, how, position):
        library = LibrarySongs(self.LIBRARY)
        (match,) = library.match([song])
        assert (match.how, library.tracks[match.song]) == (how, [position])

    def test_a_file_with_accents_as_another_system_writes_them(self):
        track = Mention(path=Path(unicodedata.normalize("NFC", "/Bj\u00f6rk.mp3")))
        song = Mention(path=Path(unicodedata.normalize("NFD", "/Bj\u00f6rk.mp3")))
        assert matched(song, track).how == PATH


def test_all_copies_and_versions_of_a_song_are_it():
    library = LibrarySongs(
        [
            ROXANNE,
            Mention("Sting", "Fragile"),
            Mention("Police", "Roxanne (Live)"),
            Mention("Sting", "Roxanne '97", recording="id-1"),
        ]
    )
    assert library.tracks == [[0, 2, 3], [1]]
    songs = [Mention("Police", "Roxanne"), Mention("Sting", "Roxanne '97")]
    assert [match.song for match in library.match(songs)] == [0, 0]


@pytest.mark.parametrize(
    ("artist", "title"),
    [
        ("the police", "ROXANNE"),
        ("Police, The", "Roxanne - 2003 Remaster"),
        ("The Police feat. Somebody", "Roxanne (feat. Somebody Else)"),
        ("The Police", "Roxanne [Live at Wembley]"),
        ("The Police", "Roxanne (Puff Daddy Remix)"),
    ],
)
def test_what_only_tells_a_version_or_a_guest_is_no_other_song(artist, title):
    assert matched(Mention(artist, title), ROXANNE).how == NAME


class TestTitleFirst:
    """Some programs write "Title - Artist"."""

    LIBRARY = (ROXANNE, Mention("Roxanne", "The Police"), Mention("Nick Drake", "Pink Moon"), Mention("Blur", "Unknown"))

    @pytest.mark.parametrize(
        ("song", "how", "position"),
        [
            (Mention("Pink Moon", "Nick Drake"), NAME, 2),
            (Mention("PINK MOON (Remaster)", "Drake, Nick"), NO_ARTIST, None),
            (Mention("PINK MOON (Remaster)", "Nick Drake feat. Nobody"), NAME, 2),
            (Mention("Unknown", "Blur"), NAME, 3),
            # What the names say as they stand comes first, whatever the other reading says.
            (Mention("The Police", "Roxanne"), NAME, 0),
            (Mention("Roxanne", "The Police"), NAME, 1),
            (Mention("Roxanne", "The Policee"), SIMILAR, 1),
            # The other reading has to be exact.
            (Mention("Pink Moons", "Nick Drake"), NO_ARTIST, None),
            (Mention("Pink Moon", "Nick Drak"), NO_ARTIST, None),
            (Mention("", "Nick Drake"), TOO_LITTLE, None),
        ],
    )
    def test_it_counts_where_artist_first_finds_nothing(self, song, how, position):
        library = LibrarySongs(self.LIBRARY)
        (match,) = library.match([song])
        assert (match.how, match.song < 0 or library.tracks[match.song]) == (how, position is None or [position])


class TestSpelling:
    """Pairs as they occur in real playlists."""

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("rasberry beret", "raspberry beret"),
            ("radio gaga", "radio ga ga"),
            ("sharkfin blues", "shark fin blues"),
            ("dont be cruel", "don t be cruel"),
            ("my favourite things", "my favorite things"),
            ("a song of summer", "song of summer"),
            ("blowing in the wind", "blowin in the wind"),
            ("machu picchu", "machu pichu"),
            ("disclosure", "discolsure"),
            ("macklemore and ryan lewis", "macklemore ryan lewis"),
            ("dan le sac vs scroobius pip", "dan le sac and scroobius pip"),
            ("adagietto symphony no 5 in c sharp minor", "symphony no 5 in c sharp minor adagietto"),
            ("john lennon", "lennon john"),
            ("2pac", "2 pac"),
        ],
    )
    def test_the_same(self, one, other):
        assert same_but_for_spelling(one, other)
        assert same_but_for_spelling(other, one)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("symphony no 5 in c minor", "symphony no 6 in c minor"),
            ("prelude in c minor", "prelude in d minor"),
            ("sonata in c major", "sonata in c minor"),
            ("piano concerto no 23 2nd movement", "piano concerto no 23 3rd movement"),
            ("falstaff act 1 scene 2", "falstaff act 2 scene 1"),
            ("another brick in the wall part one", "another brick in the wall part two"),
            ("sprawl i", "sprawl ii"),
            ("violin concerto in d major", "viola concerto in d major"),
            ("requiem in d minor sanctus", "requiem in d minor agnus dei"),
            ("everything is coming back", "everything is coming back to me"),
            ("windmills of your mind", "windmills of her mind"),
            ("stay", "sway"),
            ("home", "hope"),
            ("kiss", "kisses"),
            ("love", "lover"),
            ("1999", "1998"),
            ("hank williams", "andy williams"),
            ("jack payne and his orchestra", "jack hylton and his orchestra"),
        ],
    )
    def test_not_the_same(self, one, other):
        assert not same_but_for_spelling(one, other)
        assert not same_but_for_spelling(other, one)

    @given(st.text("ab c1", max_size=12), st.text("ab c1", max_size=12))
    def test_it_does_not_matter_which_comes_first(self, one, other):
        assert same_but_for_spelling(one, other) == same_but_for_spelling(other, one)
        assert same_but_for_spelling(one, one)

    def test_an_artist_who_is_spelt_differently_needs_the_very_title(self):
        track = Mention("Missy Elliott", "Work It")
        match = matched(Mention("Missy Elliot", "Work It"), track)
        assert match.how == SIMILAR
        assert match.score == pytest.approx(0.96, abs=0.01)
        assert matched(Mention("Missy Elliot", "Work Itt"), track).how == NO_ARTIST


class TestReasons:
    def test_the_artist_is_not_there(self):
        assert matched(Mention("Radiohead", "Roxanne"), ROXANNE).how == NO_ARTIST

    def test_the_title_is_not_there(self):
        match = matched(Mention("Police", "Roxanne's Sister"), ROXANNE)
        assert (match.how, match.song, match.nearest) == (NO_TITLE, -1, "roxanne")
        assert 0.5 < match.score < 0.7

    @pytest.mark.parametrize(
        "song", [Mention(), Mention(title="Roxanne"), Mention("Various Artists", "Roxanne"), Mention(path=Path("/x"))]
    )
    def test_too_little_is_said(self, song):
        assert matched(song, ROXANNE).how == TOO_LITTLE

    def test_an_empty_library_has_nothing(self):
        assert matched(Mention("Police", "Roxanne")).how == NO_ARTIST


NAMES = st.sampled_from(["", "The Police", "Police", "Sting", "Stings", "Roxanne", "Roxane", "Roxanne (Live)", "Va"])
SONGS = st.builds(Mention, NAMES, NAMES, recording=st.sampled_from(["", "a", "b"]))


@given(st.lists(SONGS), st.lists(SONGS))
def test_every_track_is_one_song_and_every_song_has_one_outcome(tracks, songs):
    library = LibrarySongs(tracks)
    assert sorted(position for own in library.tracks for position in own) == list(range(len(tracks)))
    matches = list(library.match(songs))
    assert len(matches) == len(songs)
    assert all((match.how in MATCHED) == (match.song >= 0) for match in matches)
    for track, match in zip(tracks, library.match(tracks), strict=True):
        if track.recording or (match.artist and match.title):
            assert tracks.index(track) in library.tracks[match.song]

"""Playlists that are described once: what an entry of a configuration says, and when they are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deejai_core.errors import PlaylistError
from deejai_core.formats.entries import Track
from deejai_core.lists.named import asked_for, name_of, read_named, update_named
from deejai_core.lists.request import Entry, MadeList
from deejai_core.lists.space import Member
from deejai_core.lists.writing import Playlists
from deejai_core.tracks.songs import Song

OPTIONS = ("number", "candidates")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("artist:Nave 'Dust in Light'", ("artist:Nave", "Dust in Light")),
        ("Don't", ("Don't",)),  # no quote that must be closed
        ("My Mix.m3u", ("My Mix.m3u",)),  # a playlist, though it is not there yet
        (["Dust in Light", 7], ("Dust in Light", "7")),
    ],
)
def test_words(written, words):
    assert read_named({"name": "A", "similar": written}, OPTIONS).words == words


def test_what_is_asked_of_it_and_its_options():
    entry = {"name": " A ", "reorder": "x", "album": True, "keep_last": True, "less": "y", "from": "z", "number": 3}
    read = read_named(entry, OPTIONS)
    assert (read.name, read.verb) == ("A", "reorder")
    assert read.asked == {
        "kind": "album",
        "less": "y",
        "by_words": False,
        "best_order": False,
        "keep_first": False,
        "keep_last": True,
    }
    assert read.options == {"number": 3, "candidates": "z"}


@pytest.mark.parametrize(
    ("name", "title", "format_"),
    [
        ("Calm", "Calm", None),
        ("Calm.m3u", "Calm", None),
        ("Calm.XSPF", "Calm", "xspf"),
        ("Vol. 2", "Vol. 2", None),
        ("Calm.wpl", "Calm.wpl", None),  # read, but not written
    ],
)
def test_a_name_may_say_the_format(name, title, format_):
    read = read_named({"name": name, "similar": "x"}, OPTIONS)
    assert (read.title, read.format) == (title, format_)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("similar", "number 3 needs a name, and one of similar, journey, reorder"),
        ({"similar": "x"}, "number 3 needs a name, and one of similar, journey, reorder"),
        ({"name": "A"}, "it needs one of similar, journey, reorder"),
        ({"name": "A", "similar": "x", "reorder": "y"}, "it needs one of similar, journey, reorder"),
        ({"name": "A", "similar": "x", "nunber": 3}, "unknown option 'nunber'"),
        ({"name": "A", "journey": "Kettle"}, "a journey needs a list of two waypoints or more"),
    ],
)
def test_what_is_wrong_with_an_entry(entry, told):
    with pytest.raises(PlaylistError) as error:
        read_named(entry, OPTIONS, 3)
    assert str(error.value) == told


def test_an_entry_without_a_name():
    assert [name_of(entry) for entry in ({"name": " A "}, {}, "A", {"name": None})] == ["A", "", "", ""]


def test_those_that_are_asked_for():
    entries = [{"name": "A"}, {}, {"name": "B"}]
    assert list(asked_for(entries, ["B"])) == [(3, "B", {"name": "B"})]
    assert [number for number, *_ in asked_for(entries)] == [1, 2, 3]
    with pytest.raises(PlaylistError, match="no playlist is named 'C'; the configuration has A, B"):
        list(asked_for(entries, ["A", "C"]))
    with pytest.raises(PlaylistError, match="the configuration has none"):
        list(asked_for([], ["C"]))


class TestUpdates:
    PLAYLIST = read_named({"name": "Calm", "similar": "x"}, OPTIONS)

    def update(self, folder: Path, *, songs: int = 2, taken: set[Path] | None = None, pretend: bool = False) -> str:
        track = Track(Path("/a.mp3"), "Wren", "Song", 60)
        entries = [Entry("1", Member(track.name, [track], Song(np.ones(1, np.float32)), 1))] * songs
        made = MadeList("A list", entries, "model", warnings=["half of it"])
        self.told = []
        taken = set() if taken is None else taken
        return update_named(self.PLAYLIST, Playlists(folder), lambda: made, taken, pretend=pretend, warn=self.told.append)

    def test_they_are_written_when_they_have_changed(self, tmp_path):
        path = tmp_path / "Calm.m3u"
        assert self.update(tmp_path, pretend=True) == "Calm: would be written, 2 tracks"
        assert not path.exists()
        assert self.update(tmp_path) == f"Calm: 2 tracks written to {path}"
        assert self.told == ["Calm: half of it"]
        assert "#PLAYLIST:Calm" in path.read_text()
        assert self.update(tmp_path) == "Calm: unchanged"
        assert self.update(tmp_path, songs=1) == f"Calm: 1 track written to {path}"

    def test_no_two_have_one_file(self, tmp_path):
        taken: set[Path] = set()
        self.update(tmp_path, taken=taken)
        assert taken == {tmp_path / "Calm.m3u"}
        with pytest.raises(PlaylistError, match="another playlist of the configuration has the same file"):
            self.update(tmp_path, taken=taken)

"""Playlists that are described once: what an entry of a configuration says."""

from __future__ import annotations

import pytest

from deejai_core.errors import PlaylistError
from deejai_core.lists.named import name_of, read_named

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

"""What the search field of the page finds, and in which order."""

from __future__ import annotations

import pytest

from deejai_core.features.web.search import SearchIndex
from deejai_core.tracks.text import plain

ROWS = [
    (1, "Roxanne", "The Police", "Outlandos d'Amour", None),
    (2, "So Lonely", "The Police", "Outlandos d'Amour", None),
    (3, "Police Car", "Larry Wallis", "Death in the Guitarafternoon", None),
    (4, "Élan", "Nightwish", "Élan", None),
    (5, "Song 1", "Artist 1", "Twelve Songs", None),
    (6, "Song 2", "Artist 12", "Twelve Songs", None),
    (7, "Artist", "Somebody", "12", "Various"),
    (8, "Unpoliced", None, None, None),
    (9, "Stop - Now", "Nick Drake", "Pink Moon", None),
]


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return SearchIndex(ROWS)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("roxanne", [1]),
        ("police", [3, 1, 2, 8]),  # a title that begins so, words, the middle of a word
        ("the police", [1, 2, 3]),  # the artist; then both words somewhere
        ("elan", [4]),  # whatever the accents
        ("ÉLAN", [4]),
        ("artist 12", [6, 7]),  # the phrase first; then both words somewhere
        ("12", [7, 6]),  # an album of just this name, then a word of an artist
        ("rox pol", [1]),
        ("roxane", [1]),  # a typing error
        ("nihgtwish", [4]),
        ("nick  drake ", [9]),
        ("stop - now", [9]),
        ("xyz", []),
        ("completely different", []),
        ("", []),
        (" ", []),
    ],
)
def test_tracks(index, text, ids):
    assert index.search(text, 10).ids == ids


def test_artists_and_albums_with_their_tracks(index):
    groups = index.search("out", 10).groups
    assert [(group.kind, group.name, group.artist, group.ids) for group in groups] == [
        ("album", "Outlandos d'Amour", "The Police", (1, 2))
    ]
    assert [(group.kind, group.name) for group in index.search("artist 1", 10).groups] == [
        ("artist", "Artist 1"),
        ("artist", "Artist 12"),
    ]
    assert index.search("olice", 10).groups == []  # no word begins so


def test_albums_of_the_same_name_by_others_are_others():
    index = SearchIndex([(1, "A", "One", "Greatest Hits", None), (2, "B", "Two", "Greatest Hits", None)])
    assert [group.ids for group in index.search("greatest", 10).groups] == [(1,), (2,)]


def test_more(index):
    first = index.search("police", 3)
    assert (first.ids, first.more) == ([3, 1, 2], True)
    rest = index.search("police", 3, offset=3)
    assert (rest.ids, rest.more, rest.groups) == ([8], False, [])


@pytest.mark.parametrize(("text", "as_plain"), [("  A  b ", "a b"), ("Straße", "strasse"), ("\uff26ull", "full"), ("", "")])
def test_plain_text(text, as_plain):
    assert plain(text) == as_plain

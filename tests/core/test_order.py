"""Short paths: the shortest for few songs, and never longer than a plain greedy one for many."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.playlists.order import path_length, shortest_path
from tests.libraries import compass, random_vectors


def distances(vectors: np.ndarray) -> np.ndarray:
    found = np.arccos(np.clip(vectors.astype(np.float64) @ vectors.T.astype(np.float64), -1, 1))
    np.fill_diagonal(found, 0)
    return found


def test_songs_on_a_line_come_in_their_order():
    assert shortest_path(distances(compass(40, 0, 30, 10, 20))) == [0, 2, 4, 3, 1]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(1, None, [1, 3, 4, 2, 0]), (None, 1, [0, 2, 4, 3, 1]), (2, 1, [2, 0, 4, 3, 1]), (1, 2, [1, 3, 4, 0, 2])],
)
def test_ends_that_are_kept(first, last, expected):
    assert shortest_path(distances(compass(40, 0, 30, 10, 20)), first=first, last=last) == expected


@pytest.mark.parametrize("songs", [0, 1, 2])
def test_few_songs(songs):
    assert shortest_path(distances(compass(*range(songs)).reshape(-1, 2))) == list(range(songs))


@given(seed=st.integers(0, 9999), songs=st.integers(2, 7), first=st.booleans(), last=st.booleans())
def test_no_order_of_few_songs_is_shorter(seed, songs, first, last):
    between = distances(random_vectors(seed, songs, dimension=3))
    ends = {"first": 0 if first else None, "last": songs - 1 if last else None}
    path = shortest_path(between, **ends)
    orders = [
        list(order)
        for order in permutations(range(songs))
        if not (first and order[0] != 0) and not (last and order[-1] != songs - 1)
    ]
    assert path in orders
    assert path_length(between, path) == pytest.approx(min(path_length(between, order) for order in orders))


@given(seed=st.integers(0, 9999), songs=st.sampled_from([11, 40, 120]), first=st.booleans(), last=st.booleans())
def test_many_songs_each_once_with_the_ends_kept_and_shorter_than_before(seed, songs, first, last):
    between = distances(random_vectors(seed, songs))
    path = shortest_path(between, first=3 if first else None, last=7 if last else None)
    assert sorted(path) == list(range(songs))
    assert not first or path[0] == 3
    assert not last or path[-1] == 7
    assert path_length(between, path) < path_length(between, list(range(songs)))


@pytest.mark.parametrize(("first", "last"), [(None, None), (5, None), (None, 6), (5, 6)])
def test_very_many_songs(first, last):
    between = distances(random_vectors(0, 700))
    path = shortest_path(between, first=first, last=last)
    assert sorted(path) == list(range(700))
    assert first in (None, path[0])
    assert last in (None, path[-1])
    assert path_length(between, path) < 0.6 * path_length(between, list(range(700)))


def test_the_same_song_several_times():
    assert sorted(shortest_path(np.zeros((15, 15)))) == list(range(15))

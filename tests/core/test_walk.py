"""The direction of the next step of a walk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.playlists.geometry import blend
from deejai_core.playlists.playlist import similar
from deejai_core.playlists.walk import LESS, Course, Step, heading, repulsion, straying, walk
from deejai_core.tracks.songs import Song
from tests.libraries import candidates, compass, random_vectors


def degrees(direction: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(direction[1], direction[0])))


@pytest.mark.parametrize(
    ("keep_on", "stay", "expected"),
    [
        (1, 0, 90),  # on from the last step
        (2, 0, 75),
        (9, 0, 51.206),  # of the sum of all three
        (0, 0, 0),  # at the beginning
        (0, 0.7, 0),
        (1, 0.5, 45),
        (2, 0.5, 37.5),
        (1, 1, 0),
    ],
)
def test_between_the_beginning_and_the_last_steps(keep_on, stay, expected):
    assert degrees(heading(compass(0, 60, 90), keep_on=keep_on, stay=stay)) == pytest.approx(expected, abs=1e-3)


def test_both_are_weighted_as_unit_vectors():
    """However far apart the last steps are, the weight of the beginning is the same."""
    close, far = (heading(compass(0, 60 - spread, 60 + spread), keep_on=2, stay=0.4) for spread in (1, 55))
    assert degrees(close) == pytest.approx(degrees(far), abs=1e-4)
    first, last = compass(0, 60).astype(np.float64)
    assert close == pytest.approx(blend([0.4 * first + 0.6 * last]), abs=1e-6)


def test_what_is_always_followed_counts_with_both():
    steps, always = compass(0, 60, 90), compass(-30)
    assert degrees(heading(steps, keep_on=1, always=always)) == pytest.approx(30, abs=1e-4)
    assert degrees(heading(steps, keep_on=1, stay=1, always=always)) == pytest.approx(-15, abs=1e-4)
    assert degrees(heading(steps, keep_on=0, always=always)) == pytest.approx(-15, abs=1e-4)


def test_staying_with_something_else():
    assert degrees(heading(compass(0, 90), keep_on=1, stay=0.5, anchor=compass(30)[0])) == pytest.approx(60, abs=1e-4)


def test_a_beginning_that_cancels_the_last_step_out_leads_somewhere():
    assert degrees(heading(compass(0, 180), keep_on=1, stay=0.5)) == pytest.approx(0, abs=1e-4)


def test_less_like_some_songs_is_away_from_their_middle():
    assert repulsion([]) == 0
    push = repulsion([Song(vector) for vector in compass(0, 90)])
    assert push == pytest.approx(LESS * compass(45)[0], abs=1e-6)


@given(
    seed=st.integers(0, 9999),
    steps=st.integers(1, 6),
    keep_on=st.integers(0, 4),
    stay=st.floats(0, 1),
    followed=st.integers(0, 2),
)
def test_it_is_a_unit_vector_nearer_to_the_beginning_the_more_it_stays(seed, steps, keep_on, stay, followed):
    vectors = random_vectors(seed, steps + followed)
    walk, always = vectors[:steps], vectors[steps:]
    anchor = blend([walk[0], *always])
    near = [heading(walk, keep_on=keep_on, stay=share, always=always) @ anchor for share in (0.0, stay / 2, stay)]
    assert near == pytest.approx(sorted(near), abs=1e-9)
    assert np.linalg.norm(heading(walk, keep_on=keep_on, stay=stay, always=always)) == pytest.approx(1)
    assert heading(walk, keep_on=keep_on, stay=1, always=always) == pytest.approx(anchor)


@pytest.mark.parametrize(
    ("keep_on", "stay", "steps", "expected"),
    [
        (0, 0, 3, [0]),
        (0, 0.4, 3, [0]),
        (2, 0, 5, [3, 4]),
        (2, 0.4, 5, [0, 3, 4]),
        (2, 0.4, 2, [0, 1]),  # the first one is among the last
        (9, 0.4, 3, [0, 1, 2]),
    ],
)
def test_which_steps_are_followed(keep_on, stay, steps, expected):
    assert Course(keep_on, stay).followed(steps) == expected


def test_each_step_tells_what_led_to_it():
    library, seen = candidates(compass(0, 10, 30)), []

    def watch(step: Step) -> None:
        seen.append((step.song.position, [number for number, _ in step.near], sorted(step.lineup.songs)))

    similar(library, [library.song(0)], count=2, keep_on=1, stay=0.5, watch=watch)
    assert seen == [(1, [0], [0]), (2, [0, 1], [0, 1])]


def test_the_similarity_to_what_a_step_follows():
    library, near = candidates(compass(0, 60)), []
    similar(library, [library.song(0)], count=1, watch=lambda step: near.extend(step.near))
    assert near == [(0, pytest.approx(0.5))]


def test_a_song_that_stands_there_already_is_a_step():
    library = candidates(compass(0, 90, 80, 10))
    begun, fixed = [library.song(0).vector], library.song(1)
    steps = walk(library, [(1, fixed), (2, None)], Course(1), begun=begun, held=[(library.song(0), 0), (fixed, 1)])
    assert [(step.pick.place, step.song.position) for step in steps] == [(2, 2)]


def test_a_walk_ends_where_nothing_is_taken():
    library = candidates(compass(0, 10, 20))
    places = [(place, None) for place in range(5)]
    walked = walk(library, places, Course(0), begun=[library.song(0).vector], held=[], take=lambda offers, lineup: None)
    assert list(walked) == []


def test_chance_comes_from_a_generator_for_the_place():
    ahead = compass(0)[0]
    stray = straying(0.5, lambda place: np.random.default_rng(place))
    assert stray(ahead, 1).tolist() == stray(ahead, 1).tolist() != stray(ahead, 2).tolist()
    assert straying(0.0, lambda place: np.random.default_rng(place)) is None

"""A queue that never ends: what fills its free places."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from deejai_core.playlists.playlist import similar
from deejai_core.playlists.queue import fill
from tests.libraries import candidates, compass, random_columns, random_vectors, rule_set


def positions(picks):
    return [pick.position for pick in picks]


SEPARATIONS = [rule_set(fold_versions=True, artist_separation=2), rule_set(fold_versions=True, mild_separation=2)]


@pytest.mark.parametrize("rules", SEPARATIONS, ids=["strict", "mild"])
@pytest.mark.parametrize(("keep_on", "stay"), [(0, 0), (1, 0), (3, 0), (3, 0.4)])
def test_from_its_beginning_it_is_the_list_of_similar(keep_on, stay, rules):
    space = candidates(random_vectors(1, 200), rules, random_columns(1, 200))
    seeds, less = [space.song(3), space.song(17)], [space.song(40)]
    options = {"keep_on": keep_on, "stay": stay, "less": less}
    assert positions(fill(space, seeds, [None] * 12, **options)) == positions(similar(space, seeds, count=12, **options))


def test_filled_one_by_one_it_is_the_same():
    space = candidates(random_vectors(2, 200), rule_set(artist_separation=2), random_columns(2, 200))
    seeds = [space.song(0)]
    at_once = positions(fill(space, seeds, [None] * 9, keep_on=3, drunk=0.3, seed=5))
    played = []
    for _ in range(9):
        played += positions(
            fill(space, seeds, [None], played=[space.song(at) for at in played], keep_on=3, drunk=0.3, seed=5)
        )
    assert played == at_once


def test_what_stays_is_a_step_of_the_walk_and_keeps_its_place():
    #                         0  1   2   3   4    5
    space = candidates(compass(0, 10, 50, 55, 170, 175))
    picks = fill(space, [space.song(0)], [None, space.song(4), None], keep_on=1)
    assert [(pick.place, pick.position) for pick in picks] == [(1, 1), (3, 5)]


def test_what_is_pinned_is_followed_all_the_time():
    space = candidates(compass(0, 4, 44, 46, 86, 90))
    assert positions(fill(space, [space.song(0)], [None])) == [1]
    assert set(positions(fill(space, [space.song(0)], [None, None], pinned=[space.song(5)]))) == {2, 3}


def test_what_is_pinned_is_stayed_with_as_well():
    space = candidates(compass(0, 4, 44, 46, 86, 90))
    assert set(positions(fill(space, [space.song(0)], [None, None], pinned=[space.song(5)], stay=1, keep_on=1))) == {2, 3}


def test_less_like_something_is_away_from_it_and_never_that():
    space = candidates(compass(0, 20, -20, 60))
    assert positions(fill(space, [space.song(0)], [None])) == [1]
    assert positions(fill(space, [space.song(0)], [None] * 9, less=[space.song(3)])) == [2, 1]


@pytest.mark.parametrize(("coming", "taken"), [([], 2), ([3], 1)])
def test_segues_decide_between_near_equals_from_what_is_before_and_to_what_comes(coming, taken):
    seam = {(0, 2): 0.5, (1, 3): 0.9}
    space = candidates(compass(0, 5, 6, 60), segue=lambda before, after: seam.get((before.position, after.position), 0.0))
    (pick,) = fill(space, [space.song(0)], [None, *map(space.song, coming)])
    assert pick.position == taken


def test_nothing_comes_twice_nor_what_was_removed():
    space = candidates(compass(0, 1, 2, 3, 4))
    songs = [space.song(at) for at in range(5)]
    assert positions(fill(space, [songs[0]], [None] * 9, played=[songs[1]], unwanted=[songs[2]])) == [3, 4]


def test_rules_see_what_was_played_and_what_is_to_come():
    columns = {"artist": ["A", "B", "A", "C", "C"]}
    space = candidates(compass(0, 1, 2, 30, 60), rule_set(artist_separation=2), columns)
    picks = fill(space, [space.song(0)], [None, None, space.song(4)], played=[space.song(1)])
    assert picks[0].position == 2  # all others break the rule, too, and are farther
    assert picks[0].broken == ("artist_separation",)


def test_a_place_strays_alike_when_it_is_filled_again():
    space = candidates(random_vectors(4, 100))
    seeds = [space.song(0)]
    once = fill(space, seeds, [None] * 4, drunk=0.5, seed=9)
    again = fill(space, seeds, [*(space.song(pick.position) for pick in once[:2]), None, None], drunk=0.5, seed=9)
    assert positions(again) == positions(once[2:])
    assert positions(fill(space, seeds, [None] * 4, drunk=0.5, seed=10)) != positions(once)


def test_each_place_strays_in_a_direction_of_its_own():
    space = candidates(random_vectors(4, 100))
    picks = fill(space, [space.song(0)], [None] * 4, drunk=0.5, seed=9)  # keep on 0: sober, all look for the same
    off = [pick.target - space.song(0).vector for pick in picks]
    alike = [one @ other / np.linalg.norm(one) / np.linalg.norm(other) for one, other in combinations(off, 2)]
    assert max(alike) < 0.9


def test_a_list_that_has_not_begun():
    space = candidates(compass(0, 90))
    assert fill(space, [space.song(0)], []) == []
    assert np.isfinite(fill(space, [space.song(0)], [None])[0].similarity)

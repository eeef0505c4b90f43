"""Playlists over a handful of obvious vectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.options.lists import ONCE
from deejai_core.playlists.candidates import Candidates
from deejai_core.playlists.geometry import blend, stagger
from deejai_core.playlists.playlist import duration, first_of, similar
from deejai_core.tracks.songs import Song
from tests.libraries import candidates, compass, random_vectors, rule_set


def positions(library: Candidates, seeds: list[int], count: int = 9, **options) -> list[int]:
    picks = similar(library, [library.song(seed) for seed in seeds], count=count, **options)
    return [pick.position for pick in picks]


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


class TestTheWalk:
    def test_nearest_first_without_the_seed(self):
        library = candidates(compass(0, 90, 10, 40))
        picks = similar(library, [library.song(0)], count=2)
        assert [pick.position for pick in picks] == [2, 3]
        assert picks[0].similarity == pytest.approx(np.cos(np.radians(10)))

    def test_several_seeds_are_blended(self):
        assert positions(candidates(compass(0, 90, 10, 44)), [0, 1], 1) == [3]

    @pytest.mark.parametrize(
        ("keep_on", "expected"),
        [
            (0, [1, 4, 2, 3]),  # stays with the seed: nearest first on both sides
            (1, [1, 2, 3, 4]),  # goes on from the last one
            (2, [1, 2, 3, 4]),
        ],
    )
    def test_keep_on(self, keep_on, expected):
        assert positions(candidates(compass(0, 20, 40, 60, -30)), [0], keep_on=keep_on) == expected

    def test_keeping_on_means_the_sum_of_the_last_ones(self):
        library = candidates(random_vectors(1, 200))
        picks = similar(library, [library.song(0)], count=20, keep_on=3)
        steps = [library.song(0).vector, *(library.song(pick.position).vector for pick in picks)]
        for number, pick in enumerate(picks, 1):
            assert pick.target == pytest.approx(blend(steps[max(0, number - 3) : number]))

    def test_to_stay_is_to_count_the_seeds_with_each_step(self):
        library = candidates(random_vectors(1, 200))
        picks = similar(library, [library.song(0)], count=20, keep_on=3, stay=0.4)
        steps = [library.song(0).vector, *(library.song(pick.position).vector for pick in picks)]
        for number, pick in enumerate(picks, 1):
            last = blend(steps[max(0, number - 3) : number])
            assert pick.target == pytest.approx(blend([0.4 * steps[0] + 0.6 * last]))

    def test_a_list_that_stays_is_nearer_to_its_seed(self):
        library = candidates(random_vectors(1, 400, dimension=10))
        near = [
            np.mean(library.index.vectors[positions(library, [0], 20, keep_on=3, stay=stay)] @ library.index.vectors[0])
            for stay in (0.0, 0.2, 0.4, 0.7, 1.0)
        ]
        assert near == sorted(near)
        assert positions(library, [0], 20, keep_on=3, stay=1.0) == positions(library, [0], 20, keep_on=0)

    def test_a_floor_ends_the_list_where_nothing_is_as_similar(self):
        library = candidates(compass(0, 10, 20, 80, 90))
        assert positions(library, [0], keep_on=0) == [1, 2, 3, 4]
        assert positions(library, [0], keep_on=0, floor=0.9) == [1, 2]
        assert positions(library, [0], keep_on=0, floor=np.cos(np.radians(81))) == [1, 2, 3]
        assert positions(library, [0], keep_on=0, floor=0.9, choose=lambda offers: next(offers, None)) == [1, 2, 3, 4]

    def test_many_seeds_are_one_step(self):
        """Otherwise the last three of a long query, in whatever order, would decide everything."""
        library = candidates(compass(0, 0.1, 0.2, 90, 91, 92, 44, 1))
        assert positions(library, [0, 1, 2, 3, 4, 5], 1, keep_on=3) == [6]

    def test_less_like_this_also_means_no_version_of_it(self):
        titles = {"title": ["Seed", "Song", "Song (Live)", "Other"], "artist": ["a", "b", "b", "c"]}
        library = candidates(compass(0, 60, 5, 10), rule_set(fold_versions=True), titles)
        assert positions(library, [0], 1, less=[library.song(1)]) == [3]

    def test_less_like_this(self):
        library = candidates(compass(0, 20, -20, 60))
        assert positions(library, [0], 2) == [1, 2]
        away = similar(library, [library.song(0)], count=2, less=[library.song(3)])
        assert [pick.position for pick in away] == [2, 1]

    @given(st.integers(0, 999))
    def test_less_like_this_is_less_like_it_and_never_that(self, seed):
        library = candidates(random_vectors(seed, 60))
        vectors = library.index.vectors
        plain = positions(library, [0], 8)
        away = positions(library, [0], 8, less=[library.song(1)])
        assert 1 not in away
        assert np.mean(vectors[away] @ vectors[1]) <= np.mean(vectors[plain] @ vectors[1]) + 1e-6

    def test_seeds_that_are_not_listed_do_not_count_for_the_rules_but_never_come(self):
        library = candidates(compass(0, 10, 20), rule_set(artist_separation=ONCE), {"artist": ["a", "a", "b"]})
        assert positions(library, [0], 2, listed=False) == [1, 2]
        assert positions(library, [0], 1) == [2]

    def test_a_seed_from_outside_the_library(self):
        library = candidates(compass(0, 50))
        assert [pick.position for pick in similar(library, [Song(compass(40)[0])], count=1)] == [1]

    def test_a_copy_of_the_seed_or_of_a_pick_is_the_same_recording(self):
        assert positions(candidates(compass(0, 0, 10, 10, 20)), [0]) == [2, 4]

    def test_seeds_are_left_as_they_were(self):
        library = candidates(compass(0, 10))
        seeds = [library.song(0)]
        similar(library, seeds, count=1)
        assert seeds == [library.song(0)]

    def test_when_every_candidate_is_refused_nothing_is_taken(self):
        """The original took the last one refused, and repeated songs."""
        library = candidates(compass(0, 0, 0))
        assert positions(library, [0]) == []
        nothing = replace_allowed(library, [False] * 3)
        assert positions(nothing, [0]) == []

    def test_someone_else_may_choose(self):
        library = candidates(compass(0, 10, 20, 30, 40))
        assert positions(library, [0], 2, choose=lambda offers: first_of(offers, 3)[-1]) == [3, 4]
        assert positions(library, [0], 5, choose=lambda offers: None) == []


def replace_allowed(library: Candidates, allowed: list[bool]) -> Candidates:
    return Candidates(library.index, library.catalogue, library.rules, allowed=np.array(allowed))


class TestDrunk:
    @pytest.mark.parametrize("dimension", [2, 10, 100, 1000])
    def test_the_angle_is_a_share_of_90_degrees_in_every_dimension(self, dimension):
        rng, north = generator(), np.eye(dimension)[0]
        for drunk in (0.0, 0.25, 0.5, 1.0):
            angles = [np.degrees(np.arccos(np.clip(stagger(north, drunk, rng) @ north, -1, 1))) for _ in range(2000)]
            assert np.mean(angles) == pytest.approx(90 * drunk, abs=2.5)

    def test_wholly_drunk_is_any_direction(self):
        rng = generator()
        directions = [stagger(np.array([1.0, 0, 0]), 1.0, rng) for _ in range(3000)]
        assert np.abs(np.mean(directions, axis=0)).max() < 0.05

    def test_the_same_seed_the_same_list_another_seed_another_list(self):
        library = candidates(random_vectors(0, 300))
        lists = [positions(library, [0], 20, keep_on=3, drunk=0.3, rng=generator(seed)) for seed in (7, 7, 8)]
        assert lists[0] == lists[1] != lists[2]

    def test_sober_lists_need_no_seed(self):
        library = candidates(random_vectors(0, 300))
        assert positions(library, [0], 20) == positions(library, [0], 20, drunk=0.0, rng=generator(3))


class TestMinutes:
    def test_it_ends_as_near_as_it_can(self):
        library = candidates(compass(0, 1, 2, 3), columns={"length": np.array([100.0, 100, 100, 100])})
        for seconds, tracks in ((100, 0), (149, 0), (151, 1), (249, 1), (251, 2), (900, 3)):
            assert len(similar(library, [library.song(0)], seconds=seconds)) == tracks
        for seconds, tracks in ((149.5, 1), (150.5, 2)):
            assert len(similar(library, [library.song(0)], seconds=seconds, listed=False)) == tracks

    @pytest.mark.parametrize(
        ("seconds", "which", "asked"),
        [
            (380, 0, [[1, 2, 3], [2, 3]]),  # of the last one, half would be too much
            (380, -1, [[1, 2, 3], [1, 2]]),
            (900, 0, [[1, 2, 3], [2, 3], [3]]),
            (149, 0, []),
        ],
    )
    def test_who_chooses_is_asked_while_the_best_one_fits(self, seconds, which, asked):
        library = candidates(compass(0, 1, 2, 3), columns={"length": np.array([100.0, 100, 100, 200])})
        offered: list[list[int]] = []

        def choose(offers):
            picks = list(offers)
            offered.append([pick.position for pick in picks])
            return picks[which]

        picks = similar(library, [library.song(0)], seconds=seconds, choose=choose)
        assert offered == asked
        assert [pick.position for pick in picks] == [positions[which] for positions in asked]

    def test_playing_time(self):
        lengths = (0.5, 60, 0, float("nan"))
        assert duration(Song(compass(0)[0], length=seconds) for seconds in lengths) == 60.5

    def test_a_track_of_unknown_length_is_not_taken(self):
        library = candidates(compass(0, 1, 2), columns={"length": np.array([100, np.nan, 100])})
        assert [pick.position for pick in similar(library, [library.song(0)], seconds=200)] == [2]

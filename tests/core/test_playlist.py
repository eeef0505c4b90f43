"""Playlists and journeys over a handful of obvious vectors, and what they promise for any."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.playlists.journey import Waypoint, journey, slerp
from deejai_core.playlists.playlist import blend, similar
from deejai_core.space.index import Index


def compass(*degrees: float) -> np.ndarray:
    """Unit vectors in the plane, by angle."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def random_index(seed: int, tracks: int, dimension: int = 6, copies: int = 0) -> Index:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(tracks, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.concatenate([vectors, vectors[rng.integers(tracks, size=copies)]])
    return Index(vectors.astype(np.float32))


class TestSimilar:
    def test_nearest_first_without_the_seed(self):
        index = Index(compass(0, 90, 10, 40))
        picks = similar(index, [index.vectors[0]], without=[0], count=2)
        assert [pick.position for pick in picks] == [2, 3]
        assert picks[0].similarity == pytest.approx(np.cos(np.radians(10)))

    def test_several_seeds_are_blended(self):
        index = Index(compass(0, 90, 10, 44))
        picks = similar(index, [index.vectors[0], index.vectors[1]], without=[0, 1], count=1)
        assert [pick.position for pick in picks] == [3]

    def test_a_copy_of_the_seed_or_of_a_pick_is_the_same_song(self):
        index = Index(compass(0, 0, 10, 10, 20))
        picks = similar(index, [index.vectors[0]], without=[0], count=5)
        assert [pick.position for pick in picks] == [2, 4]

    def test_a_seed_from_outside_the_library(self):
        index = Index(compass(0, 50))
        assert [pick.position for pick in similar(index, [compass(40)[0]], count=1)] == [1]

    def test_seeds_are_left_as_they_were(self):
        index, seeds, own = Index(compass(0, 10)), [compass(0)[0]], [0]
        similar(index, seeds, without=own, count=1)
        assert len(seeds) == len(own) == 1

    @given(seed=st.integers(0, 999), tracks=st.integers(1, 40), copies=st.integers(0, 5), count=st.integers(1, 60))
    def test_never_the_same_track_twice(self, seed, tracks, copies, count):
        index = random_index(seed, tracks, copies=copies)
        picks = similar(index, [index.vectors[0]], without=[0], count=count)
        songs = [index.vectors[pick.position].tobytes() for pick in picks]
        assert len({index.vectors[0].tobytes(), *songs}) == 1 + len(picks)
        assert len(picks) == min(count, tracks - 1)
        assert [pick.similarity for pick in picks] == sorted((pick.similarity for pick in picks), reverse=True)

    def test_seeds_that_cancel_each_other_out_still_lead_somewhere(self):
        assert blend(compass(0, 180)) == pytest.approx(compass(0)[0])


class TestSlerp:
    def test_even_steps_on_the_circle(self):
        start, end = compass(0, 90)
        for t, degrees in ((0, 0), (1 / 3, 30), (0.5, 45), (1, 90)):
            assert slerp(start, end, t) == pytest.approx(compass(degrees)[0], abs=1e-6)

    @given(st.integers(0, 999), st.floats(0, 1))
    def test_unit_length_and_symmetric(self, seed, t):
        start, end = random_index(seed, 2).vectors
        assert np.linalg.norm(slerp(start, end, t)) == pytest.approx(1)
        assert slerp(start, end, t) == pytest.approx(slerp(end, start, 1 - t), abs=1e-6)

    @pytest.mark.parametrize("degrees", [0, 180], ids=["the same", "opposite"])
    def test_ends_without_a_way_between_them(self, degrees):
        start, end = compass(0, degrees)
        for t in np.linspace(0, 1, 5):
            assert np.linalg.norm(slerp(start, end, t)) == pytest.approx(1)
            assert slerp(start, end, t) == pytest.approx(slerp(end, start, 1 - t), abs=1e-6)


class TestJourney:
    def positions(self, index: Index, stops: list[int], between: int) -> list[list[int]]:
        waypoints = [Waypoint(index.vectors[stop], stop) for stop in stops]
        return [[pick.position for pick in leg] for leg in journey(index, waypoints, between)]

    def test_it_goes_by_the_songs_on_the_way(self):
        index = Index(compass(0, 90, 61, 29, 180))
        assert self.positions(index, [0, 1], 2) == [[3, 2]]

    def test_it_passes_every_waypoint(self):
        index = Index(compass(0, 90, 180, 46, 134, 270))
        assert self.positions(index, [0, 1, 2], 1) == [[3], [4]]

    def test_two_points_that_want_the_same_song_share_out(self):
        index = Index(compass(0, 10, 5, 100))
        (leg,) = self.positions(index, [0, 1], 2)
        assert sorted(leg) == [2, 3]

    def test_a_small_library_gives_what_it_has(self):
        index = Index(compass(0, 90, 45))
        assert self.positions(index, [0, 1], 10) == [[2]]

    def test_no_tracks_between(self):
        assert self.positions(Index(compass(0, 90)), [0, 1], 0) == [[]]

    @given(
        seed=st.integers(0, 9999),
        tracks=st.integers(4, 40),
        copies=st.integers(0, 5),
        stops=st.integers(2, 4),
        between=st.integers(0, 8),
    )
    def test_there_and_back_is_the_same_way_and_no_song_comes_twice(self, seed, tracks, copies, stops, between):
        index = random_index(seed, tracks, copies=copies)
        stops = list(range(stops))
        legs = self.positions(index, stops, between)
        back = self.positions(index, stops[::-1], between)
        assert [leg[::-1] for leg in back[::-1]] == legs

        songs = [index.vectors[position].tobytes() for position in [*stops, *chain.from_iterable(legs)]]
        assert len(set(songs)) == len(songs)
        wanted = between * (len(stops) - 1)
        assert sum(map(len, legs)) == min(wanted, tracks - len(stops))

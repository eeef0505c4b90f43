"""Journeys through a handful of obvious vectors, and what they promise in any library."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deejai_core.options.lists import ONCE
from deejai_core.playlists.candidates import Candidates
from deejai_core.playlists.geometry import angles, blend, slerp
from deejai_core.playlists.journey import journey, step_statistics
from deejai_core.playlists.playlist import duration, first_of
from deejai_core.playlists.rules import AlbumSeparation, ArtistSeparation, Length, RuleSet
from deejai_core.tracks.songs import Song
from tests.core.test_playlist import generator
from tests.core.test_playlist_promises import RULES
from tests.libraries import candidates, compass, random_columns, random_vectors, rule_set


def positions(library: Candidates, stops: list[int], **options) -> list[list[int]]:
    legs = journey(library, [library.song(stop) for stop in stops], **options)
    return [[pick.position for pick in leg] for leg in legs]


class TestSlerp:
    def test_even_steps_on_the_circle(self):
        start, end = compass(0, 90)
        for t, degrees in ((0, 0), (1 / 3, 30), (0.5, 45), (1, 90)):
            assert slerp(start, end, t) == pytest.approx(compass(degrees)[0], abs=1e-6)

    @given(st.integers(0, 999), st.floats(0, 1))
    def test_unit_length_and_symmetric(self, seed, t):
        start, end = random_vectors(seed, 2)
        assert np.linalg.norm(slerp(start, end, t)) == pytest.approx(1)
        assert slerp(start, end, t) == pytest.approx(slerp(end, start, 1 - t), abs=1e-6)

    @pytest.mark.parametrize("degrees", [0, 180], ids=["the same", "opposite"])
    def test_ends_without_a_way_between_them(self, degrees):
        start, end = compass(0, degrees)
        for t in np.linspace(0, 1, 5):
            assert np.linalg.norm(slerp(start, end, t)) == pytest.approx(1)
            assert slerp(start, end, t) == pytest.approx(slerp(end, start, 1 - t), abs=1e-6)

    def test_vectors_that_cancel_each_other_out_still_lead_somewhere(self):
        assert blend(compass(0, 180)) == pytest.approx(compass(0)[0])


class TestThePath:
    def test_it_goes_by_the_songs_on_the_way(self):
        assert positions(candidates(compass(0, 90, 61, 29, 180)), [0, 1], between=2) == [[3, 2]]

    def test_it_passes_every_waypoint(self):
        assert positions(candidates(compass(0, 90, 180, 46, 134, 270)), [0, 1, 2], between=1) == [[3], [4]]

    def test_two_points_that_want_the_same_song_share_out(self):
        (leg,) = positions(candidates(compass(0, 10, 5, 100)), [0, 1], between=2)
        assert sorted(leg) == [2, 3]

    def test_a_small_library_gives_what_it_has(self):
        assert positions(candidates(compass(0, 90, 45)), [0, 1], between=10) == [[2]]

    def test_a_round_trip_comes_back_by_other_songs(self):
        library = candidates(compass(*range(0, 91, 5)))
        there, back = journey(library, [library.song(at) for at in (0, 18, 0)], between=4)
        assert [pick.position for pick in there] == [4, 7, 11, 14]
        assert [pick.position for pick in back] == [15, 10, 8, 3]
        assert [pick.place for pick in (*there, *back)] == [1, 2, 3, 4, 6, 7, 8, 9]

    def test_less_like_something_is_away_from_it_and_never_that(self):
        vectors = np.eye(3, dtype=np.float32)[[0, 1, 2]]
        above, below, between = [1, 1, 1], [1, 1, -1], [1, 1, 0]
        middle = np.array([above, below, between], np.float32)
        library = candidates(np.concatenate([vectors, middle / np.linalg.norm(middle, axis=1, keepdims=True)]))
        stops = [library.song(0), library.song(1)]
        ((pick,),) = journey(library, stops, between=1)
        ((away,),) = journey(library, stops, between=1, less=[library.song(2)])
        assert (pick.position, away.position) == (5, 4)
        ((never,),) = journey(library, stops, between=1, less=[library.song(5)])
        assert never.position != 5

    def test_it_may_lead_by_other_directions_than_those_of_its_stops(self):
        library = candidates(compass(0, 90, 45, 30))
        assert positions(library, [0, 1], between=1) == [[2]]
        assert positions(library, [0, 1], between=1, directions=compass(0, 60)) == [[3]]

    def test_no_tracks_between(self):
        assert positions(candidates(compass(0, 90)), [0, 1], between=0) == [[]]

    def test_through_a_file_outside_the_library(self):
        library = candidates(compass(0, 30, 60))
        legs = journey(library, [library.song(0), Song(compass(61)[0])], between=1)
        assert [pick.position for pick in chain(*legs)] == [1]

    def test_it_does_not_lean_to_either_end(self):
        """The original mixed vectors of unequal length with weights of more than one in sum."""
        library = candidates(compass(0, 90, *np.linspace(1, 89, 89)))
        (leg,) = positions(library, [0, 1], between=8)
        off = library.index.vectors[leg] @ library.index.vectors[0]
        assert np.degrees(np.arccos(off)) == pytest.approx(np.arange(10, 90, 10), abs=1)

    def test_one_per_artist(self):
        columns = {"artist": ["a", "b", "a", "c", "c", "d"]}
        library = candidates(compass(0, 90, 30, 29, 62, 63), rule_set(artist_separation=ONCE), columns)
        assert positions(library, [0, 1], between=2) == [[3, 5]]

    def test_artists_keep_their_distance_across_waypoints(self):
        columns = {"artist": ["a", "b", "c", "x", "x", "y"]}
        library = candidates(compass(0, 90, 180, 80, 100, 110), rule_set(artist_separation=2), columns)
        assert positions(library, [0, 1, 2], between=1) == [[3], [5]]

    def test_someone_else_may_choose_and_leave_places_empty(self):
        library = candidates(compass(0, 90, 20, 40, 60))
        assert positions(library, [0, 1], between=2, choose=lambda offers: first_of(offers, 3)[-1]) == [[4, 2]]
        assert positions(library, [0, 1], between=2, choose=lambda offers: None) == [[]]

    def test_segues_decide_between_near_equals(self):
        seam = {(0, 3): 1.0}
        library = candidates(
            compass(0, 90, 45, 46), segue=lambda before, after: seam.get((before.position, after.position), 0.0)
        )
        assert positions(library, [0, 1], between=1) == [[3]]


@given(
    seed=st.integers(0, 9999),
    tracks=st.integers(4, 40),
    copies=st.integers(0, 5),
    stops=st.integers(2, 4),
    between=st.integers(0, 8),
    drunk=st.sampled_from([0.0, 0.4]),
    rules=RULES,
)
@example(  # a song that is offered against one rule, and when it is taken would also break one that was dropped before it
    seed=94,
    tracks=7,
    copies=1,
    stops=2,
    between=5,
    drunk=0.4,
    rules=rule_set(artist_separation=1, album_separation=2, max_length=600),
)
def test_there_and_back_is_the_same_way_and_no_song_comes_twice(seed, tracks, copies, stops, between, drunk, rules):
    vectors = random_vectors(seed, tracks, copies=copies)
    library = candidates(vectors, rules, random_columns(seed, len(vectors)))
    stops = list(range(stops))
    legs = positions(library, stops, between=between, drunk=drunk, rng=generator(seed))
    back = positions(library, stops[::-1], between=between, drunk=drunk, rng=generator(seed))
    assert [leg[::-1] for leg in back[::-1]] == legs
    songs = [vectors[position].tobytes() for position in [*stops, *chain.from_iterable(legs)]]
    assert len(set(songs)) == len(songs)
    assert sum(map(len, legs)) == min(between * (len(stops) - 1), tracks - len(stops))  # exactly as many, or all there are


@given(seed=st.integers(0, 9999), tracks=st.integers(4, 60), between=st.integers(1, 8), rules=RULES)
def test_rules_hold_or_it_is_said_that_they_do_not(seed, tracks, between, rules):
    columns = random_columns(seed, tracks)
    library = candidates(random_vectors(seed, tracks), rules, columns)
    legs = journey(library, [library.song(stop) for stop in (0, 1, 2)], between=between)
    listed = {0: 0}
    for leg, stop in zip(legs, (1, 2), strict=True):
        for position in [*(pick.position for pick in leg), stop]:
            listed[len(listed)] = position
    broken = {pick.place: pick.broken for pick in chain.from_iterable(legs)}
    for pick in chain.from_iterable(legs):
        assert listed[pick.place] == pick.position
        others = [(place, position) for place, position in listed.items() if place != pick.place]
        assert ("length" in pick.broken) == (not rules_allow_length(rules, library, pick.position))
        for name, separation, column in (
            ("artist_separation", rules.get(ArtistSeparation).separation, library.catalogue.artist_codes[0]),
            ("album_separation", rules.get(AlbumSeparation).separation, library.catalogue.album_codes[0]),
        ):
            too_close = [
                place
                for place, other in others
                if column[pick.position] == column[other] != -1 and abs(place - pick.place) - 1 < separation
            ]
            # Of two tracks, it is the later one that breaks the rule; with a waypoint, it is always the other.
            expected = any(place < pick.place or place not in broken for place in too_close)
            assert (name in pick.broken) == expected


def rules_allow_length(rules: RuleSet, library: Candidates, position: int) -> bool:
    length, rule = library.catalogue.length[position], rules.get(Length)
    return bool(np.isnan(length)) or rule.min_length <= length <= rule.max_length


@given(
    seed=st.integers(0, 9999),
    tracks=st.integers(4, 120),
    minutes=st.floats(1, 200),
    rules=RULES,
    stops=st.integers(2, 4),
)
def test_minutes_are_met_within_half_a_track(seed, tracks, minutes, rules, stops):
    columns = random_columns(seed, tracks)
    library = candidates(random_vectors(seed, tracks), rules, columns)
    songs = [library.song(stop) for stop in range(stops)]
    legs = journey(library, songs, seconds=minutes * 60)
    picks = list(chain.from_iterable(legs))
    chosen = [library.song(pick.position) for pick in picks]
    over = duration([*songs, *chosen]) - minutes * 60
    longest = max((song.length for song in chosen), default=0)
    known = (library.catalogue.length[stops:] > 0).sum()
    if over > 0:
        # As short as it can be: without the stops nothing could be taken away.
        assert not chosen or over <= longest / 2
    elif len(picks) < known:
        assert -over <= np.nanmax(library.catalogue.length) / 2
    assert all(song.length > 0 for song in chosen)


class TestMinutes:
    def test_the_longer_way_gets_more_tracks(self):
        library = candidates(compass(0, 20, 100, *np.linspace(0.5, 99.5, 199)))
        legs = positions(library, [0, 1, 2], seconds=240 * 23)
        assert [len(leg) for leg in legs] == [4, 16]

    def test_ways_of_no_length_share_alike(self):
        legs = positions(candidates(compass(0, 0, 0, 1, 2, 3, 4, 5)), [0, 1, 2], seconds=240 * 7)
        assert [len(leg) for leg in legs] == [2, 2]

    @pytest.mark.parametrize(("here", "elsewhere"), [(600, 100), (100, 600)])
    def test_songs_of_another_length_than_is_usual_are_spread_evenly_too(self, here, elsewhere):
        vectors = compass(0, *range(1, 90), 90, *np.linspace(180, 270, 200))  # song n on the way is at n degrees
        library = candidates(vectors, columns={"length": np.array([here] * 91 + [elsewhere] * 200, float)})
        assert positions(library, [0, 90], seconds=6 * here) == [[18, 36, 54, 72]]

    @pytest.mark.parametrize(
        ("separation", "expected"),
        [
            (0, [[3], [5]]),  # 4 has the closest neighbours
            (2, [[3, 4], []]),  # without 4, songs 3 and 5 of the same artist would be too close; 5 is the next
        ],
    )
    def test_of_one_too_many_that_goes_whose_neighbours_are_closest_if_rules_allow_it(self, separation, expected):
        # Most songs are shorter than those on the way, so that one too many is planned: 3, 4 and, after the stop, 5.
        vectors = compass(0, 90, 150, 35, 62, 120, *range(200, 290, 10))
        columns = {"artist": ["a", "b", "c", "x", "d", "x", *"efghijklm"], "length": np.array([200.0] * 6 + [150] * 9)}
        library = candidates(vectors, rule_set(artist_separation=separation), columns)
        assert positions(library, [0, 1, 2], seconds=5 * 200) == expected

    def test_who_chooses_is_asked_once_for_each_place(self):
        columns = {"length": np.array([240.0, 240, 480, 240, 480, 240, 480])}
        library = candidates(compass(0, 90, 20, 30, 45, 60, 70), columns=columns)
        asked = []

        def choose(offers):
            asked.append(next(offers))
            return asked[-1]

        assert positions(library, [0, 1], seconds=5 * 240, choose=choose) == [[2, 4, 6]]  # longer, as they were chosen
        assert len(asked) == 3


class TestCertificate:
    @pytest.mark.parametrize("step", [30, 3])
    def test_an_even_path(self, step):
        steps = step_statistics(compass(0, step, 2 * step, 3 * step), [0, 3])
        assert steps.largest == pytest.approx(step, abs=1e-3)
        assert steps.mean == pytest.approx(step, abs=1e-3)
        assert steps.backward == 0
        assert steps.unevenness == pytest.approx(0, abs=1e-5)

    def test_an_uneven_one(self):
        steps = step_statistics(compass(0, 45, 30, 90, 100), [0, 3, 4])
        assert steps.largest == pytest.approx(60, abs=1e-3)
        assert steps.largest_at == 2
        assert steps.backward == 1
        assert steps.unevenness == pytest.approx((1 / 6 + 1 / 3) / 2, abs=1e-4)

    def test_standing_still_is_not_to_go_back(self):
        assert step_statistics(compass(0, 30, 30, 90), [0, 3]).backward == 0

    def test_nothing_between_two_stops_is_uneven(self):
        assert step_statistics(compass(0, 90), [0, 1]).unevenness == 0

    @given(st.integers(0, 999), st.integers(0, 6))
    def test_it_is_within_its_limits(self, seed, between):
        steps = step_statistics(random_vectors(seed, between + 2), [0, between + 1])
        assert 0 <= steps.mean <= steps.largest + 1e-9 <= 180
        assert 0 <= steps.unevenness <= 1


def test_angles_row_by_row():
    assert np.degrees(angles(compass(0, 10), compass(90, 10))) == pytest.approx([90, 0], abs=0.05)

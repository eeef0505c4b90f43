"""Playlists over a handful of obvious vectors, and what they promise for any library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.index.neighbours import Index
from deejai_core.playlists.candidates import MOST_EQUALS, NEAR_EQUAL, Candidates, play_penalties
from deejai_core.playlists.geometry import blend, stagger
from deejai_core.playlists.options import ONCE
from deejai_core.playlists.playlist import duration, first_of, similar
from deejai_core.playlists.rules import (
    ORDER,
    AlbumSeparation,
    ArtistSeparation,
    Length,
    MixInKey,
    NotPlayed,
    RuleSet,
    Versions,
)
from deejai_core.playlists.rules.separation import MILD_LOSS
from deejai_core.tracks.keys import parse_key
from deejai_core.tracks.songs import Song, normal_artist
from tests.libraries import candidates, catalogue, compass, random_columns, random_vectors, rule_set


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


class TestRules:
    def test_artist_separation(self):
        library = candidates(
            compass(0, 1, 2, 3, 40, 50, 60), rule_set(artist_separation=2), {"artist": ["a", "a", "a", "a", "b", "c", "d"]}
        )
        assert positions(library, [0], 6) == [4, 5, 1, 6, 2, 3]  # the last one for want of others

    def test_once_only(self):
        library = candidates(compass(0, 1, 2, 40), rule_set(artist_separation=ONCE), {"artist": ["x", "The A", "a", "b"]})
        picks = similar(library, [library.song(0)], count=3)
        assert [(pick.position, pick.broken) for pick in picks] == [(1, ()), (3, ()), (2, ("artist_separation",))]

    def test_an_unknown_artist_is_nobody(self):
        library = candidates(compass(0, 1, 2), rule_set(artist_separation=ONCE), {"artist": ["", "", "Various Artists"]})
        assert positions(library, [0]) == [1, 2]

    def test_album_separation(self):
        library = candidates(compass(0, 1, 2, 40), rule_set(album_separation=1), {"album": ["x", "x", "x", "y"]})
        assert positions(library, [0], 2) == [3, 1]

    def test_length(self):
        columns = {"length": np.array([60.0, 4200, 600, 20, np.nan, 30])}
        library = candidates(compass(0, 1, 20, 2, 30, 40), rule_set(min_length=30, max_length=600), columns)
        assert positions(library, [0], 3) == [2, 4, 5]  # a track of unknown length may come

    def test_versions(self):
        columns = {
            "artist": ["Police", "The Police", "police", "Cover Band"],
            "title": ["Roxanne", "Roxanne (Live)", "Message", "Roxanne"],
        }
        library = candidates(compass(0, 1, 20, 30), rule_set(fold_versions=True), columns)
        assert positions(library, [0], 2) == [2, 3]

    def test_near_duplicates(self):
        library = candidates(compass(0, 5, 30, 33), rule_set(duplicate_epsilon=0.01))
        assert positions(library, [0], 1) == [2]
        assert [pick.broken for pick in similar(library, [library.song(0)], count=3)] == [(), ("versions",), ("versions",)]

    def test_played_lately(self):
        columns = {"played_at": np.array([0.0, 500, 100, 0])}
        library = candidates(compass(0, 1, 20, 30), rule_set(not_played_since=200), columns)
        assert positions(library, [0]) == [2, 3, 1]
        # Before there was any time to be played in, too, what was never played may come.
        library = candidates(compass(0, 1, 20, 30), rule_set(not_played_since=-5), columns)
        assert positions(library, [0]) == [3, 1, 2]

    @pytest.mark.parametrize(
        ("tempo", "key", "mixes"),
        [
            (120, "Am", True),
            (125, "C", True),  # relative major
            (118, "Em", True),  # a step on the circle of fifths
            (60, "Dm", True),  # half time
            (240, "", True),
            (0, "", True),  # unknown
            (140, "Am", False),
            (480, "", False),  # four times as fast is another tempo
            (30, "", False),
            (120, "F#m", False),
            (120, "G", False),  # a step, and the other mode
        ],
    )
    def test_mix_in_key(self, tempo, key, mixes):
        columns = {"tempo": np.array([120, tempo, 120]), "key": ["Am", key, "8A"]}
        library = candidates(compass(0, 1, 60), rule_set(mix_in_key=True), columns)
        assert positions(library, [0], 1) == [1 if mixes else 2]

    @pytest.mark.parametrize(("place", "mixes"), [(-1, True), (0, False), (1, False), (2, False), (3, False), (4, True)])
    def test_mix_in_key_looks_at_both_neighbours(self, place, mixes):
        """Places 1 and 2 are taken by songs in A minor; one in B flat minor clashes with either."""
        columns = {"tempo": np.zeros(3), "key": ["Am", "Am", "Bbm"]}
        library = candidates(compass(0, 20, 40), rule_set(mix_in_key=True), columns)
        lineup = library.lineup()
        lineup.add(library.song(0), 1)
        lineup.add(library.song(1), 2)
        assert MixInKey(True).excluded(lineup, np.array([2]), place).tolist() == [not mixes]

    @pytest.mark.parametrize(
        ("before", "after", "mixes"),
        [(90, 0, False), (0, 90, False), (90, 110, False), (110, 90, False), (110, 110, True), (0, 0, True)],
    )
    def test_tempos_are_compared_with_both_neighbours(self, before, after, mixes):
        columns = {"tempo": np.array([before, after, 110]), "key": ["", "", ""]}
        library = candidates(compass(0, 20, 40), rule_set(mix_in_key=True), columns)
        lineup = library.lineup()
        lineup.add(library.song(0), 1)
        lineup.add(library.song(1), 3)
        assert MixInKey(True).excluded(lineup, np.array([2]), 2).tolist() == [not mixes]

    @pytest.mark.parametrize(
        ("before", "key", "mixes"),
        [("F", "C", True), ("C", "F", True), ("Em", "Am", True), ("B", "E", True), ("D", "Bb", False), ("F#", "C", False)],
    )
    def test_keys_are_compared_round_the_circle_of_fifths(self, before, key, mixes):
        library = candidates(compass(0, 1), rule_set(mix_in_key=True), {"key": [before, key]})
        lineup = library.lineup()
        lineup.add(library.song(0), 1)
        assert MixInKey(True).excluded(lineup, np.array([1]), 2).tolist() == [not mixes]

    def test_rules_give_way_in_their_order(self):
        columns = {
            "artist": ["a", "a", "b", "c", "d"],
            "length": np.array([200.0, 200, 5000, 200, 200]),
            "tempo": np.array([100.0, 100, 100, 150, 100]),
            "title": ["x", "y", "z", "w", "v"],
            "played_at": np.array([0, 0, 0, 0, 9]),
        }
        rules = rule_set(artist_separation=ONCE, max_length=600, mix_in_key=True, not_played_since=5)
        library = candidates(compass(0, 1, 2, 50, 60), rules, columns)
        picks = similar(library, [library.song(0)], count=4)
        assert [(pick.position, pick.broken) for pick in picks] == [
            (3, ("mix_in_key",)),
            (4, ("mix_in_key", "not_played")),
            (1, ("artist_separation",)),
            (2, ("length",)),
        ]

    def test_the_order_of_giving_way_is_the_documented_one(self):
        everything = rule_set(
            artist_separation=1,
            album_separation=1,
            min_length=1.0,
            duplicate_epsilon=0.1,
            not_played_since=1.0,
            mix_in_key=True,
        )
        names = ["mix_in_key", "not_played", "album_separation", "artist_separation", "length", "versions"]
        assert [rule.name for rule in everything.active] == names
        assert RuleSet().active == ()


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


class TestSegue:
    def test_it_decides_between_near_equals_only(self):
        vectors = compass(0, 5, 6, 40)
        seam = {(0, 1): 0.1, (0, 2): 0.9, (0, 3): 1.0}
        library = candidates(vectors, segue=lambda before, after: seam.get((before.position, after.position), 0.0))
        assert positions(library, [0], 1) == [2]

    def test_it_never_decides_for_one_that_breaks_a_rule_which_gives_way_later(self):
        columns = {"artist": ["a", "b", "a"], "tempo": np.array([100.0, 140, 100])}
        rules = rule_set(artist_separation=1, mix_in_key=True)
        library = candidates(compass(0, 5, 5.1), rules, columns, segue=lambda before, after: float(after.position))
        assert positions(library, [0], 1) == [1]


class TestHandicaps:
    def test_they_change_the_order_and_not_the_similarity(self):
        library = candidates(compass(0, 10, 20), penalty=np.array([0, 0.5, 0], np.float32))
        picks = similar(library, [library.song(0)], count=2)
        assert [pick.position for pick in picks] == [2, 1]
        assert picks[1].similarity == pytest.approx(np.cos(np.radians(10)), abs=1e-6)
        assert picks[1].score == pytest.approx(picks[1].similarity - 0.5)

    def test_often_played_and_often_skipped(self):
        columns = catalogue(4, plays=np.array([0, 99, 9, 9]), skips=np.array([0, 0, 0, 9]))
        assert play_penalties(columns, prefer_played=0.2) == pytest.approx([0.2, 0, 0.1, 0.1])
        assert play_penalties(columns, avoid_skipped=0.2) == pytest.approx([0, 0, 0, 0.09])
        assert play_penalties(catalogue(2), prefer_played=1, avoid_skipped=1).tolist() == [0, 0]
        assert play_penalties(catalogue(2, plays=np.array([1, 0])), prefer_played=0.2).tolist() == [0, 0.2]
        assert play_penalties(catalogue(0, plays=np.zeros(0, int)), prefer_played=1).tolist() == []


class TestMildSeparation:
    """Two tracks of an artist keep their distance, where others are nearly as similar."""

    @pytest.mark.parametrize(
        ("other", "first"),
        [
            (24, 2),  # 0.914 against 1.0 - 0.1
            (28, 1),  # 0.883
        ],
    )
    def test_another_artist_comes_first_if_not_much_less_similar(self, other, first):
        library = candidates(compass(0, 1, other, 90), rule_set(mild_separation=2), {"artist": ["a", "a", "b", "c"]})
        (pick,) = similar(library, [library.song(0)], count=1)
        assert pick.position == first
        assert pick.broken == ()  # it is no rule that could be broken
        assert pick.score == pytest.approx(pick.similarity - (MILD_LOSS if first == 1 else 0))

    def test_after_so_many_others_it_does_not_matter(self):
        columns = {"artist": ["a", "b", "c", "a", "d"]}
        library = candidates(compass(0, 20, 21, 22, 23), rule_set(mild_separation=2), columns)
        assert positions(library, [0]) == [1, 2, 3, 4]

    def test_it_looks_no_further_than_the_loss_reaches(self):
        """An artist may have thousands of tracks; those within 0.1 of the best one are enough, here some 50 of 359."""

        class Counting(Candidates):
            taken = 0

            def offers(self, *args):
                for offer in super().offers(*args):
                    self.taken += 1
                    yield offer

        library = candidates(compass(*range(360)), rule_set(mild_separation=2), {"artist": ["a"] * 360})
        counting = Counting(library.index, library.catalogue, library.rules)
        target = counting.song(0).vector.astype(np.float64)
        lineup = counting.lineup()
        lineup.add(counting.song(0), 0)
        assert next(counting.next_offers(target, 1, lineup)).position in (1, 359)
        assert counting.taken < 60

    def test_unknown_artists_are_not_the_same(self):
        library = candidates(compass(0, 1, 2, 3), rule_set(mild_separation=2), {"artist": ["", "", "x", "y"]})
        assert positions(library, [0], 1) == [1]

    def test_why_a_track_was_passed_over(self):
        library = candidates(compass(0, 1, 20), rule_set(mild_separation=2), {"artist": ["a", "a", "b"]})
        (pick,) = similar(library, [library.song(0)], count=1)
        lineup = library.lineup()
        lineup.add(library.song(0), 0)
        assert [(other.position, other.reason) for other in library.passed_over(pick, lineup, 9)] == [
            (1, "artist_separation")
        ]

    def test_why_a_track_with_a_handicap_was_passed_over(self):
        penalty = np.array([0, 0.2, 0], np.float32)  # alone, it is still better than the one at 40
        library = candidates(compass(0, 1, 40), rule_set(mild_separation=2), {"artist": ["a", "a", "b"]}, penalty=penalty)
        (pick,) = similar(library, [library.song(0)], count=1)
        lineup = library.lineup()
        lineup.add(library.song(0), 0)
        found = [(other.position, other.reason) for other in library.passed_over(pick, lineup, 9)]
        assert pick.position == 2
        assert found == [(1, "artist_separation")]

    def test_a_track_that_came_all_the_same_was_preferred_to_none_of_its_artist(self):
        library = candidates(compass(0, 1, 2, 80), rule_set(mild_separation=2), {"artist": ["a", "a", "a", "b"]})
        (pick,) = similar(library, [library.song(0)], count=1)
        lineup = library.lineup()
        lineup.add(library.song(0), 0)
        assert pick.position == 1
        assert library.passed_over(pick, lineup, 9) == []


class TestSegues:
    @pytest.mark.parametrize(("behind", "taken"), [(NEAR_EQUAL - 0.002, 2), (NEAR_EQUAL + 0.002, 1)])
    def test_near_equals_are_within_a_twentieth_of_the_best(self, behind, taken):
        assert NEAR_EQUAL == 0.05  # as docs/commands.md says
        best = np.radians(10)
        other = np.degrees(np.arccos(np.cos(best) - behind))
        library = candidates(compass(0, 10, other), segue=lambda before, after: float(after.position))
        assert positions(library, [0], 1) == [taken]

    def test_no_more_than_twelve_are_compared(self):
        library = candidates(compass(0, *np.arange(1, 15) / 10), segue=lambda before, after: float(after.position))
        assert positions(library, [0], 1) == [MOST_EQUALS]

    @pytest.mark.parametrize(
        ("seam", "taken"),
        [
            ({(0, 1): 0.4, (0, 2): 0.5}, 2),
            ({(0, 1): 0.4, (0, 2): 0.5, (1, 3): 0.2}, 1),  # to lead on counts as much as to follow
            ({(0, 1): 0.1, (2, 0): 0.9}, 1),  # in the order in which they are embedded
            ({(1, 3): 0.1, (3, 2): 0.9}, 1),
        ],
    )
    def test_between_two_songs_both_seams_count(self, seam, taken):
        library = candidates(
            compass(0, 10, 10.5, 60), segue=lambda before, after: seam.get((before.position, after.position), 0.0)
        )
        lineup = library.lineup()
        lineup.add(library.song(0), 5)
        lineup.add(library.song(3), 7)
        assert library.best(library.offers(compass(9)[0], 6, lineup), lineup).position == taken

    def test_at_the_ends_of_a_list_one_seam_counts(self):
        seam = {(2, 0): 0.5, (0, 1): 0.9}
        library = candidates(
            compass(0, 10, 10.5), segue=lambda before, after: seam.get((before.position, after.position), 0)
        )
        for place, taken in ((4, 2), (6, 1)):
            lineup = library.lineup()
            lineup.add(library.song(0), 5)
            assert library.best(library.offers(compass(9)[0], place, lineup), lineup).position == taken

    def test_they_decide_in_lists_of_a_given_length_too(self):
        library = candidates(compass(0, 5, 6), segue=lambda before, after: float(after.position))
        assert positions(library, [0], 1, seconds=480) == [2]


class TestPassedOver:
    def test_better_ones_with_the_rule_that_kept_them_out(self):
        library = candidates(
            compass(0, 1, 2, 3, 40),
            rule_set(artist_separation=3, max_length=600),
            {"artist": list("xxyzw"), "length": np.array([1.0, 1, 9e9, 1, 1])},
            allowed=np.array([True, True, True, False, True]),
        )
        (pick,) = similar(library, [library.song(0)], count=1)
        lineup = library.lineup()
        lineup.add(library.song(0), 0)
        found = [(other.position, other.reason) for other in library.passed_over(pick, lineup, 9)]
        assert pick.position == 4
        assert found == [(1, "artist_separation"), (2, "length"), (3, "outside")]

    def test_better_is_what_remains_of_the_similarity_after_the_handicap(self):
        library = candidates(
            compass(0, 10, -10, 20, 30),
            allowed=np.array([True, True, False, False, False]),
            penalty=np.array([0, 0.1, 0.1, 0, 0.2], np.float32),
        )
        (pick,) = similar(library, [library.song(0)], count=1)
        lineup = library.lineup()
        lineup.add(library.song(0), 0)
        found = [(other.position, other.reason) for other in library.passed_over(pick, lineup, 9)]
        assert pick.position == 1
        assert found == [(3, "outside")]  # 2 is just as good

    def test_those_that_a_segue_decided_against_are_equals(self):
        library = candidates(compass(0, 1, 2, 3), segue=lambda before, after: float(after.position == 3))
        (pick,) = similar(library, [library.song(0)], count=1)
        lineup = library.lineup()
        lineup.add(library.song(0), 0)
        assert pick.position == 3
        for count, shown in ((9, [1, 2]), (1, [1])):
            found = library.passed_over(pick, lineup, count)
            assert [(other.position, other.reason) for other in found] == [(number, "equal") for number in shown]


class TestOffers:
    def test_all_of_a_large_library_each_once_best_first(self):
        angles = np.random.default_rng(0).permutation(np.linspace(1, 179, 1500))
        library = candidates(compass(0, *angles))
        offered = [pick.position for pick in library.offers(compass(0)[0], 1, library.lineup())]
        assert offered == [0, *(np.argsort(angles) + 1)]

    def test_only_those_of_known_length_are_timed(self):
        library = candidates(
            compass(0, 1, 2, 3, 4, 5),
            columns={"length": np.array([100, np.nan, 0, 0.5, 100, 100])},
            allowed=np.array([True, True, True, True, False, True]),
            penalty=np.array([0.5, 0, 0, 0, 0, 0], np.float32),
        )
        offered = library.of_known_length().offers(compass(0)[0], 1, library.lineup())
        assert [pick.position for pick in offered] == [3, 5, 0]

    def test_without_some_songs_there_are_all_others(self):
        library = candidates(compass(0, 1, 2, 3), unwanted=[Song(compass(1)[0], position=1)])
        fewer = library.without([library.song(2)])
        for which, expected in ((fewer, [0, 3]), (library, [0, 2, 3])):
            offered = which.offers(compass(0)[0], 1, which.lineup())
            assert [pick.position for pick in offered] == expected


RULES = st.builds(
    rule_set,
    artist_separation=st.sampled_from([0, 1, 3, ONCE]),
    album_separation=st.sampled_from([0, 2, ONCE]),
    min_length=st.sampled_from([0, 120]),
    max_length=st.sampled_from([math.inf, 600]),
    fold_versions=st.booleans(),
    duplicate_epsilon=st.sampled_from([0.0, 0.1]),
    not_played_since=st.sampled_from([None, 1.5e9]),
    mix_in_key=st.booleans(),
    mild_separation=st.sampled_from([0, 0, 2]),
)


def breaks(library: Candidates, listed: list[int], position: int) -> tuple[str, ...]:
    """The rules that a track would break at the end of a list: by their definitions, one track at a time."""
    columns, rules, vectors = library.catalogue, library.rules, library.index.vectors
    place, found = len(listed), set()
    not_played_since = rules.get(NotPlayed).not_played_since
    length, versions = rules.get(Length), rules.get(Versions)
    if rules.get(MixInKey).in_force and listed:
        before = listed[-1]
        tempo, last = columns.tempo[position], columns.tempo[before]
        if tempo and last and min(abs(math.log2(tempo / last) - octave) for octave in range(-3, 4)) > math.log2(1.08):
            found.add("mix_in_key")
        key, previous = parse_key(columns.key[position]), parse_key(columns.key[before])
        if key and previous:
            apart = min((key.fifths - previous.fifths) % 12, (previous.fifths - key.fifths) % 12)
            if apart > 1 or (apart == 1 and key.minor != previous.minor):
                found.add("mix_in_key")
    if not_played_since is not None and columns.played_at[position] > not_played_since:
        found.add("not_played")
    for other_place, other in enumerate(listed):
        between = place - other_place - 1
        if (
            normal_artist(columns.artist[position]) == normal_artist(columns.artist[other]) != ""
            and between < rules.get(ArtistSeparation).separation
        ):
            found.add("artist_separation")
        if columns.album[position] == columns.album[other] and between < rules.get(AlbumSeparation).separation:
            found.add("album_separation")
        if versions.fold_versions and columns.names(position) & columns.names(other):
            found.add("versions")
        if versions.duplicate_epsilon and vectors[position] @ vectors[other] > 1 - versions.duplicate_epsilon:
            found.add("versions")
    if not (math.isnan(columns.length[position]) or length.min_length <= columns.length[position] <= length.max_length):
        found.add("length")
    return tuple(rule.name for rule in ORDER if rule.name in found)


def expected_pick(library: Candidates, listed: list[int], target: np.ndarray) -> tuple[int, tuple[str, ...]] | None:
    """The next track by comparing all: those that keep most rules, the first to give way last; then the nearest."""
    vectors, active = library.index.vectors, [rule.name for rule in library.rules.active]
    used = {vectors[position].tobytes() for position in listed}
    query = (target / np.linalg.norm(target)).astype(np.float32)
    scores = np.einsum("ij,j->i", vectors, query) - (0 if library.penalty is None else library.penalty)
    artists = [normal_artist(artist) for artist in library.catalogue.artist]
    near = {artists[other] for one in library.rules.preferences for other in listed[-one.separation :]}
    scores = scores - MILD_LOSS * np.array([artist in near and artist != "" for artist in artists])
    free = [
        (position, breaks(library, listed, position))
        for position in range(len(vectors))
        if vectors[position].tobytes() not in used and (library.allowed is None or library.allowed[position])
    ]
    level = {position: max((active.index(rule) + 1 for rule in broken), default=0) for position, broken in free}
    return min(free, key=lambda one: (level[one[0]], -scores[one[0]], one[0]), default=None)


@given(
    seed=st.integers(0, 9999),
    tracks=st.integers(1, 60),
    copies=st.integers(0, 4),
    rules=RULES,
    keep_on=st.integers(0, 4),
    stay=st.sampled_from([0.0, 0.4]),
    drunk=st.sampled_from([0.0, 0.3, 1.0]),
    share=st.sampled_from([None, 0.1, 0.6]),
    seeds=st.integers(1, 3),
    handicapped=st.booleans(),
)
def test_every_pick_is_the_one_that_comparing_all_tracks_finds(
    seed, tracks, copies, rules, keep_on, stay, drunk, share, seeds, handicapped
):
    vectors = random_vectors(seed, tracks, copies=copies)
    rng = generator(seed)
    library = candidates(
        vectors,
        rules,
        random_columns(seed, len(vectors)),
        allowed=None if share is None else rng.random(len(vectors)) < share,
        penalty=rng.random(len(vectors)).astype(np.float32) if handicapped else None,
    )
    listed = list(range(min(seeds, tracks)))
    picks = similar(
        library,
        [library.song(position) for position in listed],
        count=12,
        keep_on=keep_on,
        stay=stay,
        drunk=drunk,
        rng=generator(seed),
    )
    for pick in picks:
        assert (pick.position, pick.broken) == expected_pick(library, listed, pick.target)
        assert pick.place == len(listed)
        listed.append(pick.position)
    assert len({vectors[position].tobytes() for position in listed}) == len(listed)  # no repeats, no copies
    assert len(picks) == 12 or expected_pick(library, listed, vectors[0]) is None


@given(
    seed=st.integers(0, 9999),
    tracks=st.integers(2, 80),
    rules=RULES,
    minutes=st.floats(1, 90),
    keep_on=st.integers(0, 3),
)
def test_minutes_are_met_within_half_a_track(seed, tracks, rules, minutes, keep_on):
    library = candidates(random_vectors(seed, tracks), rules, random_columns(seed, tracks)).of_known_length()
    length = library.catalogue.length
    picks = similar(library, [library.song(0)], seconds=minutes * 60, keep_on=keep_on)
    listed = [0, *(pick.position for pick in picks)]
    over = float(np.nansum(length[listed])) - minutes * 60
    if over >= 0:
        assert not picks or over <= length[listed[-1]] / 2
    else:
        # Too short only where the next track is more than twice as long as what is missing, or there is none.
        longer = similar(library, [library.song(0)], count=len(picks) + 1, keep_on=keep_on)[len(picks) :]
        assert all(-over <= length[pick.position] / 2 for pick in longer)


class TestSubsets:
    """Annoy cannot filter: a selective query falls back to comparing what is left."""

    @pytest.mark.parametrize("share", [0.0, 0.002, 0.05, 0.4, 0.9, 1.0])
    def test_the_nearest_of_a_subset_are_right_whatever_its_size(self, share, annoy_index):
        index, _ = annoy_index
        allowed = generator(3).random(len(index.vectors)) < share
        found = wanted = 0
        for query in index.vectors[:40]:
            here, similarities = index.among(allowed).nearest(query, 10)
            brute = np.where(allowed, np.einsum("ij,j->i", index.vectors, query), -np.inf)
            best = np.argsort(-brute, kind="stable")[: min(10, allowed.sum())]
            assert allowed[here].all()
            assert len(here) == len(best)
            assert similarities == pytest.approx(brute[here], abs=1e-6)
            found += len(set(here) & set(best.tolist()))
            wanted += len(best)
        assert found >= 0.99 * wanted

    def test_a_small_subset_is_compared_exactly(self, annoy_index):
        index, exact = annoy_index
        allowed = np.zeros(len(index.vectors), bool)
        allowed[::500] = True
        for query in index.vectors[:20]:
            assert index.among(allowed).nearest(query, 5)[0].tolist() == exact.among(allowed).nearest(query, 5)[0].tolist()

    def test_playlists_within_a_subset(self, annoy_index):
        index, _ = annoy_index
        allowed = generator(4).random(len(index.vectors)) < 0.01
        library = Candidates(index, catalogue(len(index.vectors)), RuleSet(), allowed=allowed)
        picks = similar(library, [library.song(0)], count=1000, keep_on=3)
        assert len(picks) == allowed.sum() - allowed[0]
        assert allowed[[pick.position for pick in picks]].all()


@pytest.fixture(scope="module")
def annoy_index(tmp_path_factory) -> tuple[Index, Index]:
    """An index that asks Annoy, however few tracks it has; and one that compares all."""
    from deejai_core.index import neighbours as index_module

    rng = generator(1)
    centres = rng.normal(size=(60, 40))
    vectors = centres[rng.integers(60, size=5000)] + rng.normal(0, 0.7, (5000, 40))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "SCAN_ADVANTAGE", 0.05)
        patch.setattr(index_module, "FEWEST_INDEXED", 200)
        yield index_module.open_index(tmp_path_factory.mktemp("index"), vectors), Index(vectors)

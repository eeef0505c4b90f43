"""Rules and preferences of a walk, over a handful of obvious vectors."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core.options.lists import ONCE
from deejai_core.playlists.candidates import Candidates
from deejai_core.playlists.playlist import similar
from deejai_core.playlists.rules import (
    MixInKey,
    RuleSet,
)
from deejai_core.playlists.rules.separation import MILD_LOSS
from tests.core.test_playlist import positions
from tests.libraries import candidates, compass, rule_set


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

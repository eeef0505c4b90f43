"""What may come at a place, best first; and what was better for it and did not come."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core.index.neighbours import Index
from deejai_core.playlists.candidates import MOST_EQUALS, NEAR_EQUAL, Candidates, play_penalties
from deejai_core.playlists.playlist import similar
from deejai_core.playlists.rules import (
    RuleSet,
)
from deejai_core.tracks.songs import Song
from tests.core.test_playlist import generator, positions
from tests.libraries import candidates, catalogue, compass, rule_set


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

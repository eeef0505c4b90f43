"""How good a space is, on libraries so small that every figure can be counted by hand."""

from __future__ import annotations

import math
from dataclasses import astuple
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.index import evaluation as evaluate
from deejai_core.index.annoy_file import why_no_annoy
from deejai_core.index.evaluation import Labels, agreement, choose_queries, hubs, measure, recall, shuffled
from deejai_core.index.hubs import densities, hub_penalties
from deejai_core.index.neighbours import Index, open_index
from tests.libraries import compass, random_vectors

NOBODY = -1


def labels(*of: str, by_others: bool = False) -> Labels:
    """Each track's labels as a word of letters, one for each label: "ab" has two, "" none."""
    return Labels("letters", [frozenset(letters) for letters in of], by_others)


def agree(vectors, kind, k, *, artists=None):
    """The agreement of all tracks; each by an artist of its own unless said otherwise."""
    everyone = np.arange(len(vectors))
    (found,) = agreement(vectors, [kind], everyone if artists is None else np.array(artists), k, everyone)
    return found


class TestAgreement:
    def test_neighbours_of_the_same_label(self):
        # Two at 0 and 10 degrees, two at 90 and 100: each one's nearest is its mate.
        vectors = compass(0, 10, 90, 100)
        together = agree(vectors, labels("a", "a", "b", "b"), 1)
        assert together.tracks == 4
        assert (together.found.hit, together.found.precision) == (1, 1)
        # One of three others, drawn blindly, is the mate.
        assert (together.chance.hit, together.chance.precision) == pytest.approx((1 / 3, 1 / 3))
        apart = agree(vectors, labels("a", "b", "a", "b"), 1)
        assert (apart.found.hit, apart.found.precision) == (0, 0)

    def test_hit_rate_asks_for_one_and_precision_for_all(self):
        found = agree(compass(0, 10, 20, 90), labels("a", "a", "b", "a"), 2).found
        # Of 0 and 10 one of two; of 90 only the one at 10, beside the one at 20. The b has no company.
        assert (found.hit, found.precision) == (1, 0.5)

    @pytest.mark.parametrize(
        ("of", "artists", "counted"),
        [
            (["a", "a", "b"], [0, 1, 2], 2),  # nobody shares b
            (["a", "a", "a"], [0, 0, 1], 3),
            (["a", "a", "b"], [0, 0, 1], 0),  # only by the same artist
            (["a", "a", "a"], [NOBODY, 0, 1], 2),  # nobody knows whether the first is by one of the others
            (["a", "a", ""], [NOBODY, 0, 1], 0),
            (["ab", "bc", "cd"], [0, 1, 2], 3),  # several labels: one in common will do
            (["", "", ""], [0, 1, 2], 0),
        ],
    )
    def test_with_an_artist_filter_only_company_by_others_counts(self, of, artists, counted):
        assert agree(compass(0, 30, 60), labels(*of, by_others=True), 2, artists=artists).tracks == counted

    def test_the_artist_filter_leaves_ones_own_artist_out_of_the_neighbours(self):
        vectors, genre, artists = compass(0, 1, 10, 11), ["a", "a", "a", "b"], [0, 0, 1, 1]
        assert agree(vectors, labels(*genre), 1, artists=artists).found.precision == pytest.approx(2 / 3)
        # Each artist's nearest by another: of 0 and 1 that at 10, and of 10 that at 1.
        assert agree(vectors, labels(*genre, by_others=True), 1, artists=artists).found.precision == 1

    def test_copies_are_no_neighbours_and_no_company(self):
        vectors = compass(0, 0, 40, 90)
        found = agree(vectors, labels("a", "a", "b", "b"), 1)
        assert found.tracks == 2  # the two at 0 have nobody but each other
        assert found.found.hit == 0.5  # of the one at 40 a copy is the nearest, of the one at 90 its mate

    @pytest.mark.parametrize("tracks", [0, 1, 2])
    def test_of_next_to_nothing(self, tracks):
        found = agree(compass(*range(tracks)), labels(*"a" * tracks), 10)
        assert found.tracks == (2 if tracks == 2 else 0)
        # Among two each has one neighbour, however many are asked for.
        rates = [found.found.hit, found.found.precision, found.chance.hit, found.chance.precision]
        assert rates == ([1, 1, 1, 1] if tracks == 2 else pytest.approx([math.nan] * 4, nan_ok=True))

    @given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12))
    def test_the_chance_is_that_of_all_draws(self, seed, tracks, k):
        # Counted over every possible set of neighbours.
        of = np.random.default_rng(seed).choice(["", "a", "b", "ab"], tracks).tolist()
        hits, shares = [], []
        for track in range(tracks):
            others = [bool(set(of[track]) & set(other)) for place, other in enumerate(of) if place != track]
            if any(others):
                draws = list(combinations(others, min(k, len(others))))
                hits.append(np.mean([any(draw) for draw in draws]))
                shares.append(np.mean([np.mean(draw) for draw in draws]))
        found = agree(random_vectors(seed, tracks), labels(*of), k)
        assert found.tracks == len(hits)
        if hits:
            assert (found.chance.hit, found.chance.precision) == pytest.approx((np.mean(hits), np.mean(shares)))

    @given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 12), st.booleans())
    def test_it_counts_as_one_would_track_by_track(self, seed, tracks, k, by_others):
        rng = np.random.default_rng(seed)
        vectors = np.tile(random_vectors(seed, tracks), (2, 1))  # a copy of each, tagged as it is
        of = rng.choice(["", "a", "b", "ab", "c"], tracks).tolist() * 2
        artists = np.tile(rng.integers(-1, 4, tracks), 2)
        hits = []
        for track, vector in enumerate(vectors):
            others = [
                place
                for place in np.argsort(-(vectors @ vector).round(6), kind="stable")
                if not np.array_equal(vectors[place], vector)
                and not (by_others and (artists[place] in (NOBODY, artists[track]) or artists[track] == NOBODY))
            ]
            shared = [bool(set(of[track]) & set(of[place])) for place in others]
            if any(shared):
                hits.append((any(shared[:k]), np.mean(shared[:k])))
        found = agree(vectors, labels(*of, by_others=by_others), k, artists=artists)
        assert found.tracks == len(hits)
        if hits:
            assert (found.found.hit, found.found.precision) == pytest.approx(tuple(np.mean(hits, axis=0)))

    def test_several_kinds_of_labels_at_once_are_each_as_alone(self):
        vectors, artists = random_vectors(2, 40), np.arange(40) // 3
        kinds = [
            labels(*word * 10, by_others=by_others) for word in ("abcd", "aabb", "aaab") for by_others in (False, True)
        ]
        together = agreement(vectors, kinds, artists, 3, np.arange(40))
        assert together == [agree(vectors, kind, 3, artists=artists) for kind in kinds]

    def test_the_nearest_of_many(self):
        vectors = random_vectors(0, 3000)
        nearest = np.argsort(vectors[0] @ vectors.T)[-11:-1]
        of = np.full(3000, "b")
        of[[0, *nearest[:4]]] = "a"
        (found,) = agreement(vectors, [labels(*of)], np.arange(3000), 10, np.array([0]))
        assert found.found == evaluate.Rates(1, 0.4)

    def test_blocks_leave_no_trace(self, monkeypatch):
        vectors, of = random_vectors(1, 90), labels(*"abc" * 30)
        whole, spread = agree(vectors, of, 5), hubs(vectors, 5)
        monkeypatch.setattr(evaluate, "CELLS", 7 * 90)
        assert astuple(agree(vectors, of, 5).found) == pytest.approx(astuple(whole.found))
        assert hubs(vectors, 5) == spread


def test_shuffled_vectors_are_as_good_as_chance():
    vectors = np.repeat(np.eye(20, dtype=np.float32), 10, axis=0) + 0.1 * random_vectors(0, 200, 20)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = Labels("group", [frozenset({track // 10}) for track in range(200)])
    everyone = np.arange(200)
    (together,) = agreement(vectors, [groups], everyone, 9, everyone)
    assert together.found.precision == 1
    (dealt,) = shuffled(vectors, [groups], everyone, 9, everyone, np.random.default_rng(0))
    assert dealt.hit == pytest.approx(together.chance.hit, abs=0.04)
    assert dealt.precision == pytest.approx(together.chance.precision, abs=0.005)


def test_shuffled_vectors_keep_to_the_artist_filter():
    vectors, artists = random_vectors(0, 6), np.array([0, 0, 1, 1, 2, 2])
    albums, genre = labels(*"aabbcc", by_others=True), labels(*"aaaaaa", by_others=True)
    alone, shared = shuffled(vectors, [albums, genre], artists, 2, np.arange(6), np.random.default_rng(0))
    assert math.isnan(alone.hit)
    assert math.isnan(alone.precision)
    assert (shared.hit, shared.precision) == (1, 1)


class TestHubs:
    def test_a_track_in_the_middle_of_all_is_near_to_all(self):
        # Four in directions of their own, and one between them: the nearest to each.
        star = np.concatenate([np.eye(4), np.full((1, 4), 0.5)]).astype(np.float32)
        found = hubs(star, 1)
        assert found.largest == 4
        assert found.reachable == 2 / 5  # and the one that is the nearest to it
        # One is in four lists, one in one, three in none: the third moment is 4.8, the variance 2.4.
        assert found.skewness == pytest.approx(4.8 / 2.4**1.5)

    def test_where_all_are_alike_there_are_none(self):
        found = hubs(compass(*range(0, 360, 10)), 2)
        assert (found.skewness, found.largest, found.reachable) == (0, 2, 1)

    def test_what_is_held_back_far_enough_is_in_no_list(self):
        penalty = np.zeros(36, np.float32)
        penalty[5] = 2
        assert hubs(compass(*range(0, 360, 10)), 2, penalty).reachable == pytest.approx(35 / 36)

    @pytest.mark.parametrize("vectors", [compass(), compass(0), compass(0, 0, 0)], ids=["none", "one", "copies"])
    def test_without_neighbours_nothing_is_found(self, vectors):
        assert hubs(vectors, 10) == evaluate.Hubs(0, 0, 0)


class TestSampling:
    def test_all_of_a_library_are_asked_and_a_sample_of_many(self, monkeypatch):
        assert choose_queries(100, np.random.default_rng(0)).tolist() == list(range(100))
        monkeypatch.setattr(evaluate, "MOST", 50)
        monkeypatch.setattr(evaluate, "SAMPLE", 20)
        assert choose_queries(50, np.random.default_rng(0)).tolist() == list(range(50))
        first = choose_queries(100, np.random.default_rng(0))
        assert len(set(first.tolist())) == 20
        assert first.tolist() == sorted(first.tolist()) == choose_queries(100, np.random.default_rng(0)).tolist()

    def test_a_sample_is_compared_with_the_whole_library(self):
        vectors, queries = compass(0, 10, 90, 100), np.array([0, 2])
        pairs = Labels("pair", [frozenset({track // 2}) for track in range(4)])
        found = measure(vectors, [pairs], np.arange(4), np.zeros(4, np.float32), 1, queries)
        assert found.agreements[0].tracks == 2
        assert found.agreements[0].found.hit == 1  # their mates are not in the sample
        assert found.plain.reachable == 1  # but lists are those of the two, each the other's neighbour

    def test_hubs_of_a_sample_are_in_the_lists_of_the_sample(self):
        star = np.concatenate([np.eye(4), [[0.6, 0.6, 0.374, 0.374]]]).astype(np.float32)
        artists, genre = np.array([0, 0, 1, 1, 2]), labels(*"aabba", by_others=True)
        held_back = np.array([0, 0, 0, 0, 2.0])
        found = measure(star, [genre], artists, held_back, 1, np.array([0, 1, 4]))
        assert (found.plain.largest, found.corrected.largest) == (2, 2)
        assert (found.plain.reachable, found.corrected.reachable) == pytest.approx((2 / 3, 2 / 3))
        assert found.agreements[0].tracks == 3
        assert found.agreements[0].found.hit == 1  # of 0 and 1 the middle, of the middle one of them

    def test_what_playlists_take_off_is_taken_off(self):
        rng = np.random.default_rng(0)
        vectors = rng.normal(size=(1500, 100)) * np.exp(-np.arange(100) / 80) + 0.4
        vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        everyone = np.arange(len(vectors))
        found = measure(vectors, [], everyone, hub_penalties(densities(vectors)), 10, everyone)
        assert found.corrected.reachable > found.plain.reachable
        assert found.corrected.largest < found.plain.largest


class TestRecall:
    def test_of_an_exact_search_is_1(self):
        vectors = random_vectors(0, 50, copies=20)
        assert recall(Index(vectors), 5, np.arange(70)) == 1

    def test_it_is_the_share_of_true_neighbours(self):
        vectors = compass(0, 1, 2, 3, 50)
        blind = Index(vectors, allowed=np.array([True, True, False, False, True]))
        # Of the neighbours 1 and 2 of the first, it sees one, and offers the one at 50 for the other.
        assert recall(blind, 2, np.array([0])) == 0.5

    @pytest.mark.parametrize("queries", [[], [0]], ids=["nobody", "alone"])
    def test_of_nothing_is_unknown(self, queries):
        assert math.isnan(recall(Index(compass(0)), 5, np.array(queries, int)))

    @pytest.mark.skipif(why_no_annoy() is not None, reason="annoy is not installed")
    def test_of_an_index_of_trees(self, tmp_path):
        index = open_index(tmp_path, random_vectors(0, 2000, 50), search="annoy")
        assert not index.is_exact
        assert 0.9 < recall(index, 10, np.arange(0, 2000, 20)) <= 1

"""Completing lists, in worlds whose every figure can be counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import ranking
from benchmarks.discover import by_company, one_of_each
from benchmarks.ranking import (
    Popularity,
    by_co_occurrence,
    by_direction,
    by_popularity,
    hit_rate,
    hold_out,
    ranks,
    reciprocal_rank,
)
from deejai_core.errors import TrainingError
from deejai_core.history.company import company
from deejai_core.training.track2vec import Track2Vec

# a is in 4 lists, b in 3, c in 2, d and e in 1.
LISTS = [["a", "b"], ["a", "b", "c"], ["c", "a"], ["b", "a", "d", "d"], ["e"]]
SONGS = Popularity.of(LISTS)
ANY_LISTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), max_size=12)


def table(*scores):
    """The same scores for every query, in the order of the songs."""
    return lambda queries: np.tile(np.array(scores, np.float32), (queries.shape[0], 1))


class TestSongs:
    def test_are_counted_once_in_a_list_the_most_frequent_first(self):
        assert SONGS.words == ("a", "b", "c", "d", "e")
        assert SONGS.counts.tolist() == [4, 3, 2, 1, 1]

    def test_lists_as_rows(self):
        rows = SONGS.matrix([["b", "a", "b"], ["unknown"], ["e", "c", "unknown"]]).toarray()
        assert rows.tolist() == [[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 1]]


class TestHoldOut:
    @pytest.mark.parametrize(
        ("listed", "query", "last"),
        [
            ("abc", "ab", "c"),
            ("abab", "a", "b"),  # a song counts where it comes first
            ("axb", "a", "b"),  # nothing is known of x
            ("xyb", "", "b"),
            ("abx", "ab", None),  # nobody will find x
        ],
    )
    def test_the_last_song_is_to_be_found_from_the_others(self, listed, query, last):
        held = hold_out([list(listed)], SONGS)
        assert [SONGS.words[number] for number in held.queries.nonzero()[1]] == list(query)
        assert held.last.tolist() == [-1 if last is None else SONGS.number[last]]

    @pytest.mark.parametrize("listed", ["", "a", "aaa", "x"])
    def test_a_list_of_one_song_has_nothing_to_complete(self, listed):
        assert not len(hold_out([list(listed)], SONGS).last)


class TestRanks:
    def test_songs_of_the_query_are_not_ranked(self):
        held = hold_out([["a", "b", "c"], ["c", "d"], ["b", "a"]], SONGS)
        # By popularity a, b, c, d, e: c is the first without a and b, d the third without c, a the first.
        assert ranks(by_popularity(SONGS), held).tolist() == [1, 3, 1]

    @pytest.mark.parametrize(
        ("scores", "rank"),
        [
            ((0, 5, 4, 3, 2), 3),
            ((0, 1, 1, 1, 1), 3),  # equal scores: by popularity, so behind b and c
            ((0, 1, 1, 1, 2), 4),
            ((0, 0, 0, 9, 0), 1),
            ((0, -np.inf, 1, -1, 2), 3),
            ((0, 1, 1, -np.inf, 1), np.inf),  # a method that knows nothing of it does not find it
        ],
    )
    def test_of_d_given_a(self, scores, rank):
        assert ranks(table(*scores), hold_out([["a", "d"]], SONGS)).tolist() == [rank]

    def test_a_song_that_no_training_list_has_is_missed(self):
        assert ranks(by_popularity(SONGS), hold_out([["a", "new"], ["a", "b"]], SONGS)).tolist() == [np.inf, 1]

    @given(ANY_LISTS, ANY_LISTS, st.integers(0, 1000))
    def test_as_one_would_rank_them_one_by_one(self, lists, completed, seed):
        songs = Popularity.of(lists)
        scores = np.random.default_rng(seed).integers(0, 3, len(songs.words)).astype(np.float32)
        expected = []
        for listed in completed:
            *query, last = list(dict.fromkeys(listed)) or [None]
            if query:
                others = [word for word in songs.words if word not in query]
                others.sort(key=lambda word: -scores[songs.number[word]])
                expected.append(others.index(last) + 1 if last in others else np.inf)
        assert ranks(table(*scores), hold_out(completed, songs)).tolist() == expected

    @given(ANY_LISTS, st.integers(1, 40))
    def test_blocks_leave_no_trace(self, lists, cells):
        songs = Popularity.of([*LISTS, *lists])
        held, scorer = hold_out(lists, songs), by_co_occurrence(LISTS, songs)
        whole = ranks(scorer, held)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ranking, "CELLS", cells)
            assert np.array_equal(ranks(scorer, held), whole)


class TestFigures:
    def test_by_hand(self):
        found = np.array([1, 10, 11, 20, np.inf])
        assert hit_rate(found, 10) == 2 / 5
        assert hit_rate(found, 20) == 4 / 5
        assert reciprocal_rank(found) == pytest.approx((1 + 1 / 10 + 1 / 11 + 1 / 20) / 5)

    def test_of_no_lists_nothing_is_known(self):
        none = ranks(by_popularity(SONGS), hold_out([], SONGS))
        assert math.isnan(hit_rate(none, 10))
        assert math.isnan(reciprocal_rank(none))


class TestCoOccurrence:
    @pytest.mark.parametrize(
        ("shrink", "exponent", "expected"),
        [
            (0, 0, [1, 3 / 4, 2 / 4, 1 / 4, 0]),  # of a's four lists
            (0, 0.5, [1, 3 / math.sqrt(12), 2 / math.sqrt(8), 1 / 2, 0]),  # the cosine
            (0, 1, [1, 1, 1, 1, 0]),  # all others are only ever with a
            (2, 1, [4 / 6, 3 / 5, 2 / 4, 1 / 3, 0]),
        ],
    )
    def test_of_a(self, shrink, exponent, expected):
        scores = by_co_occurrence(LISTS, SONGS, shrink, exponent)(SONGS.matrix([["a"]]))
        assert scores[0] == pytest.approx(expected)

    def test_songs_of_a_query_add_up(self):
        score = by_co_occurrence(LISTS, SONGS)
        assert score(SONGS.matrix([["a", "b"]])) == pytest.approx(
            score(SONGS.matrix([["a"]])) + score(SONGS.matrix([["b"]]))
        )


class TestDirections:
    SPACE = Track2Vec(("e", "c", "a", "b"), np.array([[0, 1], [0.6, 0.8], [1, 0], [0.8, 0.6]], np.float32))

    def test_are_ranked_by_cosine_with_the_sum(self):
        scores = by_direction(self.SPACE, SONGS)(SONGS.matrix([["a"], ["a", "e"]]))
        assert scores[0] == pytest.approx([1, 0.8, 0.6, -np.inf, 0])  # nothing is known of d
        assert scores[1] == pytest.approx([1, 1.4, 1.4, -np.inf, 1])

    def test_a_query_without_directions_is_answered_by_popularity(self):
        held = hold_out([["d", "b"], ["unknown", "c"]], SONGS)
        assert ranks(by_direction(self.SPACE, SONGS), held).tolist() == [2, 3]

    def test_of_other_songs_are_of_no_use(self):
        with pytest.raises(TrainingError, match="none of the songs"):
            by_direction(Track2Vec(("z",), np.ones((1, 1), np.float32)), SONGS)


class TestCompany:
    @given(ANY_LISTS, st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4, unique=True))
    def test_many_queries_at_once_are_scored_as_discover_scores_one(self, lists, query):
        songs = Popularity.of(lists)
        seeds = np.array(sorted(songs.number[song] for song in query if song in songs.number), int)
        if not any(len(set(listed)) > 1 for listed in lists) or not len(seeds):
            return
        numbers = [np.array([songs.number[song] for song in listed], int) for listed in lists]
        near = company(lambda: numbers, seeds, len(songs.words)).similarity
        (scores,) = by_company(lists, songs)(songs.matrix([query]))
        scores[seeds] = 0
        assert ((scores > 0) == (near > 0)).all()
        np.testing.assert_allclose(scores / max(scores.max(), 1e-9), near / max(near.max(), 1e-9), rtol=1e-4, atol=1e-6)

    def test_one_song_of_each_query(self):
        queries = SONGS.matrix([["a", "b", "c"], [], ["d"]])
        drawn = one_of_each(queries)
        assert drawn.sum(axis=1).tolist() == [1, 0, 1]
        assert (drawn.toarray() <= queries.toarray()).all()

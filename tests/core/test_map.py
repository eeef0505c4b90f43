"""The map: what sounds alike lies together, and what is once on it stays where it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.features.map.places import (
    BLOCK,
    by_components,
    largest,
    lay_out,
    nearest,
    open_map,
    place,
    principal_components,
    put_among,
    sketch_map,
)
from tests.libraries import compass, random_vectors


def clusters(each: int, seed: int = 0) -> np.ndarray:
    """Three groups, far apart from each other."""
    rng = np.random.default_rng(seed)
    vectors = np.repeat(np.eye(3, 8), each, axis=0) + rng.normal(0, 0.1, (3 * each, 8))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def nearest_places(places: np.ndarray) -> np.ndarray:
    """Of each place the nearest other one."""
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return apart.argmin(axis=1)


def named(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


@pytest.mark.parametrize("each", [3, 4, 10, 40])
def test_what_is_alike_lies_together(each):
    group = np.repeat([0, 1, 2], each)
    assert (group[nearest_places(lay_out(clusters(each)))] == group).all()


@pytest.mark.parametrize("tracks", [1, 2, 3, 5, 9, 10, 11, 30])
def test_small_libraries(tracks):
    places = lay_out(random_vectors(0, tracks))
    assert places.shape == (tracks, 2)
    assert places.dtype == np.float32
    assert len(np.unique(places, axis=0)) == tracks


def test_the_same_library_gives_the_same_map():
    vectors = clusters(10)
    assert np.array_equal(lay_out(vectors), lay_out(vectors.copy(), threads=2))


def test_the_map_stays_the_way_up_of_the_principal_components():
    """So the sketch that is shown first is not mirrored when it is replaced."""
    vectors = clusters(40)
    places, components = lay_out(vectors), principal_components(vectors)
    for axis in (0, 1):
        assert np.corrcoef(places[:, axis], components[:, axis])[0, 1] > 0.5


@pytest.mark.parametrize("threads", [1, 3, 64])
def test_all_neighbours_are_found(threads):
    """The last block is shorter than the others, and reports come in order, however many threads there are."""
    vectors, reports = random_vectors(0, 700), []
    neighbours, distances = nearest(vectors, 5, threads, reports.append)
    assert reports == list(range(1, 1 + -(-len(vectors) // BLOCK)))
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -9)
    assert np.array_equal(neighbours, np.argsort(-similarities, axis=1)[:, :5])
    assert distances == pytest.approx(1 - np.sort(similarities, axis=1)[:, :-6:-1], abs=1e-6)


@given(seed=st.integers(0, 1000), columns=st.integers(5, 3_000), count=st.integers(1, 5), kinds=st.integers(1, 1000))
def test_the_largest_of_each_row_the_first_of_equals_first(seed, columns, count, kinds):
    values = np.random.default_rng(seed).integers(kinds, size=(4, columns)).astype(np.float32)
    assert np.array_equal(largest(values, count), np.argsort(-values, axis=1, kind="stable")[:, :count])


class TestNewTracks:
    def test_they_go_where_most_of_their_neighbours_are(self):
        vectors = compass(*range(10), 90, 4.5)
        known = np.full((12, 2), np.nan)
        known[:10] = [(place, 0) for place in np.linspace(0, 1, 10)]
        known[10] = (50, 50)
        places = put_among(vectors, known)
        assert np.abs(places[11] - (0.5, 0)).max() < 0.2  # and not drawn to the one far off

    def test_the_old_ones_stay_bit_by_bit(self):
        vectors = clusters(20)
        first, anew = place(vectors[::2])
        assert anew
        known = np.full((60, 2), np.nan, np.float32)
        known[::2] = first
        settled = np.ones(60, bool)
        settled[1:20:2] = False  # of 60 tracks, ten are new
        known[1::2] = first[0]
        known[1:20:2] = np.nan
        places, anew = place(vectors, known, settled)
        assert not anew
        assert np.array_equal(places[settled], known[settled])

    def test_of_too_many_all_are_laid_out_again_from_where_they_are(self):
        vectors = clusters(40)
        old = np.flatnonzero(np.arange(120) % 2)
        known = np.full((120, 2), np.nan, np.float32)
        known[old], _ = place(vectors[old])
        places, anew = place(vectors, known)
        assert anew
        for axis in (0, 1):
            assert np.corrcoef(places[old, axis], known[old, axis])[0, 1] > 0.9
        group = np.repeat([0, 1, 2], 40)
        assert (group[nearest_places(places)] == group).all()


class TestTheSketch:
    def test_a_map_that_takes_seconds_has_none(self, tmp_path):
        assert sketch_map(tmp_path, clusters(10), named(30), "model") is None

    def test_of_a_new_map_it_is_the_principal_components_and_nothing_is_kept(self, tmp_path, always_sketched):
        vectors = clusters(10)
        places = sketch_map(tmp_path, np.concatenate([vectors, vectors[:2]]), [*named(30), "", ""], "model")
        assert places[:30] == pytest.approx(by_components(vectors), abs=1e-4)
        assert np.array_equal(places[30:], places[:2])
        assert not list(tmp_path.iterdir())

    def test_of_a_map_to_be_laid_out_again_it_has_the_old_places(self, tmp_path, always_sketched):
        vectors = clusters(10)
        first = open_map(tmp_path, vectors[::2], named(30)[::2], "model")
        assert np.array_equal(sketch_map(tmp_path, vectors, named(30), "model")[::2], first)

    def test_a_map_that_is_kept_needs_none(self, tmp_path, always_sketched):
        vectors = clusters(10)
        open_map(tmp_path, vectors[:25], named(25), "model")
        assert sketch_map(tmp_path, vectors, named(30), "model") is None

    @pytest.fixture
    def always_sketched(self, monkeypatch):
        monkeypatch.setattr("deejai_core.features.map.places.SKETCHED_FROM", 1)


class TestTheFile:
    def test_it_is_kept_and_found_in_any_order(self, tmp_path, monkeypatch):
        vectors = clusters(10)
        first = open_map(tmp_path / "new", vectors, named(30), "model")
        monkeypatch.setattr(
            "deejai_core.features.map.places.lay_out", None
        )  # would be called now, if the file were not read
        assert np.array_equal(open_map(tmp_path / "new", vectors[::-1], named(30)[::-1], "model"), first[::-1])

    def test_more_tracks_leave_the_old_ones_where_they_are(self, tmp_path):
        vectors = clusters(10)
        first = open_map(tmp_path, vectors[:25], named(25), "model")
        both = open_map(tmp_path, vectors, named(30), "model")
        assert np.array_equal(both[:25], first)
        assert np.array_equal(open_map(tmp_path, vectors, named(30), "model"), both)

    def test_a_little_at_a_time_leads_to_a_new_layout_too(self, tmp_path):
        vectors = clusters(20)
        first = open_map(tmp_path, vectors[:30], named(30), "model")
        moved = []
        for tracks in (35, 40, 45, 50):
            places = open_map(tmp_path, vectors[:tracks], named(tracks), "model")
            moved.append(not np.array_equal(places[:30], first))
        assert moved == [False, False, False, True]

    def test_removed_tracks_are_dropped(self, tmp_path):
        vectors = clusters(10)
        first = open_map(tmp_path, vectors, named(30), "model")
        assert np.array_equal(open_map(tmp_path, vectors[:20], named(20), "model"), first[:20])
        with np.load(tmp_path / "map.npz") as kept:
            assert len(kept["digests"]) == 20

    def test_only_vectors_count_not_the_order_of_ids(self, tmp_path):
        """beets gives the id of a deleted track to the next one: another vector in its row."""
        vectors = clusters(10)
        first = open_map(tmp_path, vectors[:29], named(29), "model")
        reused = vectors[:29].copy()
        reused[28] = vectors[0] * -1
        places = open_map(tmp_path, reused, [*named(28), "f" * 32], "model")
        assert np.array_equal(places[:28], first[:28])
        assert not np.array_equal(places[28], first[28])

    def test_when_all_vectors_change_a_little_the_map_does_not_jump(self, tmp_path):
        vectors = clusters(20)
        first = open_map(tmp_path, vectors, named(60), "model")
        changed = vectors + np.random.default_rng(9).normal(0, 0.01, vectors.shape).astype(np.float32)
        changed /= np.linalg.norm(changed, axis=1, keepdims=True)
        places = open_map(tmp_path, changed, named(60), "model")
        assert not np.array_equal(places, first)
        for axis in (0, 1):
            assert np.corrcoef(places[:, axis], first[:, axis])[0, 1] > 0.95

    def test_copies_share_their_place(self, tmp_path):
        vectors = np.concatenate([clusters(10), clusters(10)[:5]])
        places = open_map(tmp_path, vectors, named(35), "model")
        assert np.array_equal(places[30:], places[:5])
        assert np.array_equal(open_map(tmp_path / "other", vectors[[0] * 40], named(40), "model"), np.zeros((40, 2)))

    def test_another_model_has_another_map(self, tmp_path):
        vectors, others = clusters(10), clusters(10, seed=1)
        open_map(tmp_path, vectors, named(30), "model")
        places = open_map(tmp_path, others, named(30), "other")
        assert np.array_equal(places, open_map(tmp_path / "fresh", others, named(30), "other"))

    @pytest.mark.parametrize("damage", [b"", b"no zip file", "half"])
    def test_a_damaged_one_is_made_anew(self, tmp_path, damage):
        vectors = clusters(10)
        first = open_map(tmp_path, vectors, named(30), "model")
        path = tmp_path / "map.npz"
        path.write_bytes(path.read_bytes()[:500] if damage == "half" else damage)
        assert np.array_equal(open_map(tmp_path, vectors, named(30), "model"), first)

    def test_a_folder_that_cannot_be_written_costs_no_answer(self, tmp_path):
        (tmp_path / "file").write_text("")
        assert len(open_map(tmp_path / "file", clusters(4), named(12), "model")) == 12

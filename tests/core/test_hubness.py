"""Hubs: the correction lets more of a library be found, and costs no true neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core.index import hubs as hubness
from deejai_core.index.hubs import densities, hub_penalties, open_densities
from tests.libraries import compass, random_vectors


def crowd(tracks: int, seed: int = 0) -> np.ndarray:
    """Vectors that vary much in few directions and little in many, as real ones do: some become hubs."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(tracks, 100)) * np.exp(-np.arange(100) / 80) + 0.4
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def reached(vectors: np.ndarray, penalty: np.ndarray | float) -> float:
    """The share of tracks that are among the 10 nearest of any other."""
    similarities = vectors @ vectors.T - penalty
    np.fill_diagonal(similarities, -9)
    return len(np.unique(np.argsort(-similarities, axis=1)[:, :10])) / len(vectors)


def test_the_mean_similarity_to_the_nearest():
    vectors = random_vectors(0, 300)
    others = np.sort(vectors @ vectors.T, axis=1)[:, :-1]
    assert densities(vectors) == pytest.approx(others[:, -10:].mean(axis=1), abs=1e-5)
    assert not densities(vectors[:199]).any()  # of so few tracks, ten are not near but everything


def test_in_a_crowd_the_handicap_is_high_and_never_below_zero():
    found = hub_penalties(densities(np.concatenate([random_vectors(0, 180, dimension=30), compass_in(30, 20)])))
    assert found.min() == 0
    assert found[180:].min() > found[:180].max()


def test_a_handicap_is_half_of_what_the_density_is_above_the_least():
    assert hub_penalties(np.array([0.2, 0.6, 0.4])) == pytest.approx([0, 0.2, 0.1])


def compass_in(dimension: int, tracks: int) -> np.ndarray:
    vectors = np.zeros((tracks, dimension), np.float32)
    vectors[:, :2] = compass(*np.linspace(30, 50, tracks))
    return vectors


def test_more_of_the_library_is_reached():
    vectors = crowd(3000)
    assert reached(vectors, 0) < 0.98
    assert reached(vectors, hub_penalties(densities(vectors))) > 0.995


def test_a_sample_does_nearly_as_well(monkeypatch):
    vectors = crowd(3000)
    exact = densities(vectors)
    monkeypatch.setattr(hubness, "REFERENCES", 500)
    sampled = densities(vectors)
    assert np.corrcoef(exact, sampled)[0, 1] > 0.85
    assert reached(vectors, hub_penalties(sampled)) > 0.98


def test_the_sample_hardly_changes_when_tracks_are_added_and_not_with_their_order(monkeypatch):
    monkeypatch.setattr(hubness, "REFERENCES", 500)
    vectors = crowd(2000)
    first = densities(vectors)
    assert np.abs(densities(np.concatenate([vectors, crowd(20, seed=1)]))[:2000] - first).mean() < 0.005
    assert densities(vectors[::-1])[::-1] == pytest.approx(first, abs=1e-6)


def test_a_small_library_needs_no_cache(tmp_path):
    assert np.array_equal(open_densities(tmp_path, crowd(250)), densities(crowd(250)))
    assert not any(tmp_path.iterdir())


class TestTheCache:
    @pytest.fixture(autouse=True)
    def from_the_start(self, monkeypatch):
        monkeypatch.setattr(hubness, "CACHED_FROM", 0)

    def test_it_is_kept_and_found(self, tmp_path, monkeypatch):
        vectors = crowd(300)
        folder = tmp_path / "quite/new"
        first = open_densities(folder, vectors)
        monkeypatch.setattr(hubness, "densities", None)  # would be called now, if the file were not read
        assert np.array_equal(open_densities(folder, vectors), first)

    @pytest.mark.parametrize("damage", [b"", b"no zip file", None])
    def test_it_is_made_anew_for_other_vectors_and_when_damaged(self, tmp_path, monkeypatch, damage):
        open_densities(tmp_path, crowd(300))
        if damage is not None:
            (tmp_path / "hubness.npz").write_bytes(damage)
        others = crowd(300, seed=2)
        wanted = densities(others)
        assert np.array_equal(open_densities(tmp_path, others), wanted)
        monkeypatch.setattr(hubness, "densities", None)
        assert np.array_equal(open_densities(tmp_path, others), wanted)

    def test_tracks_that_came_later_are_compared_with_those_before(self, tmp_path, monkeypatch):
        vectors = crowd(320)
        first = open_densities(tmp_path, vectors[:300], edition="1", tracks=300)
        longer = open_densities(tmp_path, vectors, edition="1", tracks=300)
        assert np.array_equal(longer[:300], first)
        assert np.array_equal(longer[300:], densities(vectors[300:], vectors[:300]))
        # They are kept too, and do not hinder who knows nothing of them yet.
        monkeypatch.setattr(hubness, "densities", None)
        assert np.array_equal(open_densities(tmp_path, vectors, edition="1", tracks=300), longer)
        assert np.array_equal(open_densities(tmp_path, vectors[:300], edition="1", tracks=300), first)

    def test_a_pickle_in_it_is_never_run(self, tmp_path):
        class Trap:
            def __reduce__(self):
                return (exec, (f"open({str(tmp_path / 'sprung')!r}, 'w').close()",))

        vectors = crowd(250)
        trap = np.array([Trap()], object)
        np.savez(tmp_path / "hubness.npz", edition="1", density=trap, references=vectors)
        assert np.array_equal(open_densities(tmp_path, vectors, edition="1"), densities(vectors))
        assert not (tmp_path / "sprung").exists()

    def test_a_folder_that_cannot_be_written_costs_no_answer(self, tmp_path):
        (tmp_path / "file").write_text("")
        assert len(open_densities(tmp_path / "file", crowd(250))) == 250

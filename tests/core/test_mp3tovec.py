"""Mp3ToVec on slices small enough to reckon by hand, and its promises on random libraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deejai_core.embedding import mp3tovec as module
from deejai_core.embedding.mp3tovec import Reference, count_others, mp3tovec, reference_sizes, tfidf_vectors, unit

EAST, NORTH, UP = np.eye(3, dtype=np.float32)


def direction(*weights: float) -> np.ndarray:
    vector = np.array(weights)
    return vector / np.linalg.norm(vector)


def brute_force(library: list[np.ndarray], epsilon: float) -> np.ndarray:
    """The definition, slice by slice."""
    units = [[s / np.linalg.norm(s) for s in track.astype(np.float64)] for track in library]
    vectors = []
    for track in units:
        total = np.zeros(library[0].shape[1])
        for one in track:
            tf = sum(1 - one @ other < epsilon for other in track)
            df = sum(any(1 - one @ other < epsilon for other in others) for others in units)
            total += tf * np.log(1 + len(units) / df) * one
        vectors.append(total / np.linalg.norm(total))
    return np.array(vectors)


def test_a_track_alone_is_the_sum_of_its_slices():
    """The original gave it a zero vector: log(1 / 1) = 0."""
    (vector,) = mp3tovec([np.stack([EAST, NORTH])], 0.1)
    assert vector == pytest.approx(direction(1, 1, 0))
    assert vector.dtype == np.float32


def test_a_slice_that_recurs_in_its_track_counts_twice_over():
    (vector,) = mp3tovec([np.stack([EAST, EAST * 7, NORTH])], 0.1)
    # Two slices to the east, each with tf 2; length does not matter.
    assert vector == pytest.approx(direction(4, 1, 0))


def test_a_slice_that_others_share_counts_less():
    library = [np.stack([EAST, NORTH]), EAST[None], EAST[None]]
    shared, own = np.log(1 + 3 / 3), np.log(1 + 3 / 1)
    assert mp3tovec(library, 0.1)[0] == pytest.approx(direction(shared, own, 0))


def test_epsilon_decides_what_is_the_same():
    near = direction(1, 0.3, 0).astype(np.float32)  # cosine distance to EAST: 0.042
    library = [np.stack([EAST, UP]), near[None]]
    assert mp3tovec(library, 0.01)[0] == pytest.approx(direction(1, 0, 1))
    assert mp3tovec(library, 0.1)[0] == pytest.approx(direction(np.log(2), 0, np.log(3)))


@pytest.mark.parametrize(
    "slices",
    [[EAST, -EAST], [EAST, -EAST, NORTH, -NORTH], [EAST * 0], [EAST * 0, EAST * 0]],
    ids=["opposite", "two opposite pairs", "no direction", "no direction twice"],
)
def test_no_vector_is_ever_zero(slices):
    (vector,) = mp3tovec([np.stack(slices)], 0.1)
    assert np.linalg.norm(vector) == pytest.approx(1)


@pytest.mark.parametrize(
    ("slices", "weights", "expected"),
    [
        ([EAST, EAST, -EAST], [1, 1, 2], -EAST),  # the heaviest
        ([EAST, direction(-1, 1e-7, 0)], [1000, 1001], -EAST),
        ([EAST, direction(-1, 1e-7, 0)], [1000, 1000.00001], -EAST),  # what is left, to the north, is rounding
        ([EAST, direction(-1, 1e-2, 0)], [1e-3, 1e-3], NORTH),  # but small weights are weights
        ([EAST * 0, EAST * 0], [1, 2], EAST),
    ],
)
def test_slices_that_cancel_each_other_out(slices, weights, expected):
    found = module._weighted_sum(np.array(slices, np.float64), np.array(weights, np.float64))
    assert found == pytest.approx(expected, abs=0.006)


def test_an_empty_library_has_no_vectors():
    assert mp3tovec([], 0.2).shape == (0, 0)


def random_library(seed: int, tracks: int, dimension: int = 100) -> list[np.ndarray]:
    """Tracks of 1 to 8 slices around a few common words."""
    rng = np.random.default_rng(seed)
    words = rng.normal(size=(10, dimension))
    return [
        (words[rng.integers(10, size=n)] + rng.normal(0, 0.5, (n, dimension))).astype(np.float32)
        for n in rng.integers(1, 9, tracks)
    ]


@pytest.mark.parametrize("epsilon", [0.05, 0.2, 0.5, 1.0])
def test_blocked_products_equal_the_definition(epsilon):
    library = random_library(1, 60)
    assert mp3tovec(library, epsilon) == pytest.approx(brute_force(library, epsilon), abs=1e-5)


@given(seed=st.integers(0, 2**32), epsilon=st.floats(0.01, 1.5), block=st.integers(1, 60), panel=st.integers(1, 13))
def test_vectors_do_not_depend_on_order_blocks_or_batches(seed, epsilon, block, panel):
    """Bit by bit, though every matrix product has another shape."""
    rng = np.random.default_rng(seed)
    library = random_library(seed, 12)
    whole = mp3tovec(library, epsilon)

    order = rng.permutation(len(library))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        patch.setattr(module, "FEW", 0)
        patch.setattr(module, "PANEL", panel)
        assert np.array_equal(mp3tovec([library[i] for i in order], epsilon), whole[order])
        assert np.array_equal(mp3tovec(library, epsilon), whole)


def against(library: list[np.ndarray], reference: list[int], tracks: list[int], epsilon: float) -> np.ndarray:
    """Some tracks of a library, weighted against some."""
    units = [unit(slices) for slices in library]
    places = [reference.index(track) if track in reference else None for track in tracks]
    wanted, chosen = [units[track] for track in tracks], Reference([units[track] for track in reference])
    return tfidf_vectors(wanted, count_others(wanted, chosen, places, epsilon), reference_sizes(chosen, places), epsilon)


@given(seed=st.integers(0, 2**32), epsilon=st.floats(0.01, 1.5), size=st.integers(0, 12), block=st.integers(1, 60))
def test_a_track_depends_on_itself_and_the_reference_alone(seed, epsilon, size, block):
    rng = np.random.default_rng(seed)
    library = random_library(seed, 12)
    reference = rng.permutation(12)[:size].tolist()
    whole = against(library, reference, list(range(12)), epsilon)
    for track in range(12):
        itself = library[track : track + 1] if track not in reference else []
        by_definition = brute_force([library[other] for other in reference] + itself, epsilon)
        place = reference.index(track) if track in reference else size
        assert whole[track] == pytest.approx(by_definition[place], abs=1e-5)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        some = rng.choice(12, 3, replace=False).tolist()
        assert np.array_equal(against(library, sorted(reference), some, epsilon), whole[some])


@pytest.mark.parametrize(
    ("lengths", "blocks"),
    [
        ([], []),
        ([9], [[9]]),
        ([1] * 8, [[1] * 3, [1] * 4, [1]]),
        ([2, 2, 2, 5, 1], [[2], [2, 2], [5], [1]]),
    ],
)
def test_blocks_are_runs_of_tracks_with_about_so_many_slices(monkeypatch, lengths, blocks):
    monkeypatch.setattr(module, "BLOCK", 4)
    assert [lengths[block] for block in module._blocks([np.zeros((n, 3)) for n in lengths])] == blocks


def test_a_library_of_more_tracks_than_the_reference_is_weighed_against_the_first(monkeypatch):
    library = random_library(3, 12)
    monkeypatch.setattr(module, "REFERENCE", 5)
    assert np.array_equal(mp3tovec(library, 0.2), against(library, list(range(5)), list(range(12)), 0.2))


def test_float32_does_not_decide():
    """Pairs closer to epsilon than a float32 can tell: the nearest floats to such slices, compared in float64."""
    others = [[1 - distance, np.sqrt(1 - (1 - distance) ** 2), 0] for distance in (0.2 - 1e-7, 0.2 + 1e-7)]
    units = unit(np.array(others))
    assert (1 - units.astype(np.float64) @ EAST.astype(np.float64) < 0.2).tolist() == [True, False]
    assert Reference([EAST[None]]).sharing(units, 0.2).tolist() == [[True], [False]]


def test_nor_does_it_in_as_many_dimensions_as_vectors_have():
    units = unit(np.random.default_rng(0).normal(size=(60, 100)))
    for one, other in zip(units[::2], units[1::2], strict=True):
        distance = 1 - one.astype(np.float64) @ other.astype(np.float64)
        for epsilon, same in ((distance + 1e-9, True), (distance - 1e-9, False)):
            assert Reference([other[None]]).sharing(one[None], epsilon).tolist() == [[same]]


def test_what_float32_cannot_tell_is_decided_among_all_slices_of_a_track(monkeypatch):
    """The nearest slice of a track is just within epsilon, or just beyond, in tracks of any length and place."""
    monkeypatch.setattr(module, "FEW", 0)
    monkeypatch.setattr(module, "PANEL", 2)
    near, far = (unit(np.array([[1 - d, np.sqrt(1 - (1 - d) ** 2), 0]])) for d in (0.2 - 1e-7, 0.2 + 1e-7))
    away = NORTH[None]
    tracks = [far, np.concatenate([away, near]), np.concatenate([far, away, near]), np.concatenate([far, far, away, away])]
    reference = Reference(tracks)
    assert reference.sharing(EAST[None], 0.2)[0, reference.column].tolist() == [False, True, True, False]


def test_a_distance_of_epsilon_is_not_below_it():
    assert Reference([EAST[None]]).sharing(np.stack([EAST, NORTH]), 1).tolist() == [[True], [False]]


def test_nobody_shares_a_word_with_an_empty_reference():
    assert Reference([]).sharing(np.stack([EAST, NORTH]), 0.1).shape == (2, 0)


def test_a_track_that_is_not_of_the_reference_is_one_more():
    assert reference_sizes(Reference([EAST[None], NORTH[None]]), [0, None, 1]) == [2, 3, 2]


def test_slices_of_any_length_but_zero_are_made_unit_vectors():
    units = unit(np.array([[[3, 4], [0.3, 0.4]], [[0, -2e-6], [0, 0]]]))  # of two tracks
    assert units == pytest.approx(np.array([[[0.6, 0.8], [0.6, 0.8]], [[0, -1], [0, 0]]]))
    assert units.dtype == np.float32


@given(
    library=st.lists(
        arrays(np.float32, st.tuples(st.integers(1, 3), st.just(4)), elements=st.floats(-4, 4, width=16)), max_size=5
    ),
    epsilon=st.floats(1e-6, 2, exclude_max=True),
)
def test_any_library_gives_unit_vectors(library, epsilon):
    vectors = mp3tovec(library, epsilon)
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(library)), abs=1e-5)

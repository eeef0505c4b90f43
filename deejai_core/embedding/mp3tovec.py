"""Mp3ToVec: from the slice vectors of a library to one unit vector per track, by TF-IDF.

Two slices are the same word when their cosine distance is below epsilon. A slice that recurs within its track counts more,
one that much of the library shares counts less; the track's vector is the weighted sum of its unit slices. After Robert
Dargavel Smith's Deej-A.I., with two changes that make the result a function of the library alone:

* document frequency is counted against one reference for all tracks, where the original took random batches of 100. It is
  the library itself up to `REFERENCE` tracks, and so many of a larger one, so that the time grows with the library and not
  with its square;
* idf = log(1 + N / df) instead of log(N / df), so that no weight is zero, not even for the only track of a library.

With R the reference and t a track: N = |R and t|, df = 1 + the tracks of R other than t that have a slice of that word.

Counts must not depend on rounding, which differs with the shape of a matrix product. So the product only decides clear
cases; a pair too close to epsilon for float32 is compared separately, in float64. Counts are the same for any order, blocks
and combination of slices.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from deejai_core.models.device import use_one_thread

REFERENCE = 3_072  # tracks at most; measured, see docs/benchmarks.md
DOUBT = 2e-7  # per dimension: more than the rounding error of a float32 product of unit vectors (half of 2**-23)
BLOCK = 256  # slices compared at once
PANEL = 256  # tracks of a reference that they are compared with at once
FEW = 16  # tracks whose slices are compared in one product: in many small ones, the overhead would take most of the time


class Reference:
    """Tracks that slices are compared with, in a suitable layout.

    tracks: the slices of each as unit vectors (n, dimension) float32, n >= 1. column: the place of each track in the result
    of `sharing` (tracks,).
    """

    def __init__(self, tracks: Sequence[np.ndarray]) -> None:
        lengths = np.array([len(units) for units in tracks], np.int64)
        order = np.argsort(-lengths, kind="stable")  # those with most slices first
        self.column = np.argsort(order)
        self._tracks = [tracks[place] for place in order]
        self._panels = [_Panel(self._tracks[start : start + PANEL]) for start in range(0, len(tracks), PANEL)]

    def __len__(self) -> int:
        return len(self._tracks)

    def sharing(self, slices: np.ndarray, epsilon: float) -> np.ndarray:
        """Return which tracks share each slice's word: (slices, columns) bool for unit vectors (slices, dimension)."""
        if 0 < len(self) <= FEW:
            same = _same_word(slices, np.concatenate(self._tracks).T, epsilon)
            return np.logical_or.reduceat(same, np.cumsum([0, *map(len, self._tracks[:-1])]), axis=1)
        shared = np.empty((len(slices), len(self)), bool)
        for number, panel in enumerate(self._panels):
            shared[:, number * PANEL : (number + 1) * PANEL] = panel.sharing(slices, epsilon)
        return shared


class _Panel:
    """Tracks, those with most slices first, so few that their product stays in a core's cache until it is read."""

    def __init__(self, tracks: Sequence[np.ndarray]) -> None:
        # The k-th slices of all tracks that have this many, (dimension, tracks). The similarity to the nearest of a track's
        # slices is the largest over these, without a matrix of all slices.
        lengths = np.array([len(units) for units in tracks])
        slices = np.concatenate(tracks)
        first = np.cumsum(lengths) - lengths  # the first slice of each track among all
        self._layers = [np.ascontiguousarray(slices[first[: (lengths > k).sum()] + k].T) for k in range(len(tracks[0]))]

    def sharing(self, slices: np.ndarray, epsilon: float) -> np.ndarray:
        """Return which tracks share each slice's word: (slices, tracks) bool for unit vectors (slices, dimension)."""
        nearest = slices @ self._layers[0]
        room = np.empty(nearest.size, np.float32)  # newly allocated memory would be cleared each time
        for layer in self._layers[1:]:
            similarity = room[: len(slices) * layer.shape[1]].reshape(len(slices), -1)
            np.matmul(slices, layer, out=similarity)
            narrow = nearest[:, : layer.shape[1]]
            np.maximum(narrow, similarity, out=narrow)

        def exact(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
            largest = np.full(len(rows), -np.inf)
            for layer in self._layers:
                there = columns < layer.shape[1]
                products = slices[rows[there]].astype(np.float64) * layer.T[columns[there]]
                largest[there] = np.maximum(largest[there], products.sum(axis=1))
            return largest

        return _above(nearest, 1 - epsilon, DOUBT * slices.shape[1], exact)


def mp3tovec(library: Sequence[np.ndarray], epsilon: float) -> np.ndarray:
    """Return one vector of unit length for each track of a library, in the order of their keys.

    library: the slice vectors (n, dimension) of each track, n >= 1, not normalised; the first `REFERENCE` are the
    reference. epsilon: cosine distance between 0 and 2. Returns (tracks, dimension) float32.
    """
    units = [unit(slices) for slices in library]
    reference = Reference(units[:REFERENCE])
    places = [place if place < REFERENCE else None for place in range(len(units))]
    return tfidf_vectors(
        units, count_others(units, reference, places, epsilon), reference_sizes(reference, places), epsilon
    )


def count_others(
    tracks: Sequence[np.ndarray], reference: Reference, places: Sequence[int | None], epsilon: float
) -> list[np.ndarray]:
    """Return, for each slice of each track, how many other tracks of the reference share its word: (n,) int64 per track.

    tracks: unit slices (n, dimension) of each. places: its own place in the reference; None if it is not in it.
    """

    def count(block: slice) -> list[np.ndarray]:
        units, own = tracks[block], places[block]
        shared = reference.sharing(np.concatenate(units), epsilon)
        ends = np.cumsum([len(slices) for slices in units])
        for place, end, slices in zip(own, ends, units, strict=True):
            if place is not None:
                shared[end - len(slices) : end, reference.column[place]] = False
        return np.split(np.count_nonzero(shared, axis=1), ends[:-1])

    blocks = _blocks(tracks)
    workers = min(os.cpu_count() or 1, max(1, len(blocks)))
    with ThreadPoolExecutor(workers, initializer=use_one_thread) as threads:
        return [others for block in threads.map(count, blocks) for others in block]


def reference_sizes(reference: Reference, places: Sequence[int | None]) -> list[int]:
    """Return N of each track: the number of tracks in the reference and itself."""
    return [len(reference) + (place is None) for place in places]


def tfidf_vectors(
    tracks: Sequence[np.ndarray], others: Sequence[np.ndarray], sizes: Sequence[int], epsilon: float
) -> np.ndarray:
    """Return the vectors (tracks, dimension) float32 of tracks whose document frequencies are known.

    tracks: unit slices (n, dimension) of each. others: (n,) of each, the number of other tracks that share a slice's word.
    sizes: N.
    """
    vectors = np.zeros((len(tracks), tracks[0].shape[1] if len(tracks) else 0), np.float32)
    for row, (units, shared, size) in enumerate(zip(tracks, others, sizes, strict=True)):
        tf = np.maximum(np.count_nonzero(_same_word(units, units.T, epsilon), axis=1), 1)  # its own, even if zero
        vectors[row] = _weighted_sum(units, tf * np.log(1 + size / (1 + shared)))
    return vectors


def unit(slices: np.ndarray) -> np.ndarray:
    """Return vectors of unit length along the last axis, float32; zeros are unchanged."""
    slices = slices.astype(np.float32)
    norms = np.sqrt((slices * slices).sum(axis=-1, keepdims=True))
    return np.asarray(slices / np.where(norms > 0, norms, 1))


def _same_word(slices: np.ndarray, others: np.ndarray, epsilon: float) -> np.ndarray:
    """Return which of two sets of unit slices, (n, dimension) and (dimension, m), are the same word: (n, m) bool."""

    def exact(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return np.asarray((slices[rows].astype(np.float64) * others.T[columns]).sum(axis=1))

    return _above(slices @ others, 1 - epsilon, DOUBT * slices.shape[1], exact)


def _above(
    similarity: np.ndarray, least: float, doubt: float, exact: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return where similarities (n, m) float32 are above `least`; `exact` of rows and columns decides doubtful ones."""
    same = similarity > least + doubt
    possible = similarity > least - doubt
    if np.count_nonzero(possible) > np.count_nonzero(same):
        row, column = np.nonzero(possible & ~same)
        for start in range(0, len(row), BLOCK):
            pairs = row[start : start + BLOCK], column[start : start + BLOCK]
            same[pairs] = exact(*pairs) > least
    return same


def _blocks(tracks: Sequence[np.ndarray]) -> list[slice]:
    """Yield runs of whole tracks with about `BLOCK` slices each."""
    number = np.cumsum([len(slices) for slices in tracks]) // BLOCK
    cuts = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), *([len(tracks)] if len(tracks) else [])]
    return list(map(slice, cuts, cuts[1:]))


def _weighted_sum(units: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the direction of the weighted sum of unit slices, never zero."""
    total: np.ndarray = (units * weights[:, None]).sum(axis=0)
    if np.linalg.norm(total) < 1e-6 * weights.sum():
        total = units[np.argmax(weights)]  # the slices cancel each other out: the one with the largest weight decides
    if not total.any():
        total = np.eye(1, units.shape[1])[0]  # it has no direction; any will do, if it is always the same
    return np.asarray(total / np.linalg.norm(total), np.float32)

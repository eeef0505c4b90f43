"""Mp3ToVec: the slice vectors of a library to one unit vector a track, by TF-IDF.

Two slices are the same word when their cosine distance is below epsilon. A slice that recurs within its track counts more,
one that half the library shares counts less; the track's vector is the weighted sum of its unit slices. After Robert
Dargavel Smith's Deej-A.I., with two changes that make the result a function of the library alone:

* it weighs against the whole library, where the original took random batches of 100 tracks;
* idf = log(1 + N / df) instead of log(N / df), so that no weight is zero, not even that of a track alone in its library.

Counting must not hinge on rounding, which differs with the shape of a matrix product. So the product only sorts out what is
clear; a pair too close to epsilon for float32 is compared by itself, in float64. Counts are the same in whatever order,
blocks or company the slices come.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

DOUBT = 2e-7  # for each dimension: beyond the rounding error of a float32 product of unit vectors (half of 2**-23)

QUERY_BLOCK = 256  # slices weighed at once, against
LIBRARY_BLOCK = 16_384  # slices of the library: 16 MB of similarities, and some 300 MB if all are the same word


def mp3tovec(library: Sequence[np.ndarray], epsilon: float, *, tracks: Sequence[int] | None = None) -> np.ndarray:
    """One vector of unit length for each track, weighed against all tracks of the library.

    library: per track its slice vectors (n, dimension), n >= 1, not normalised. epsilon: cosine distance between 0 and 2.
    tracks: positions in `library` whose vectors are wanted; all by default. Returns (tracks, dimension) float32.

    A track's vector depends on its own slices and on the set of tracks, bit by bit, not on their order.
    """
    tracks = range(len(library)) if tracks is None else tracks
    dimension = library[0].shape[1] if library else 0
    vectors = np.zeros((len(tracks), dimension), np.float32)
    if not len(tracks):
        return vectors

    units = [_unit(slices) for slices in library]
    frequencies = _frequencies(units, tracks, epsilon)
    for row, (track, (tf, df)) in enumerate(zip(tracks, frequencies, strict=True)):
        vectors[row] = _weighted_sum(units[track], tf * np.log(1 + len(library) / df))
    return vectors


def _frequencies(units: list[np.ndarray], tracks: Sequence[int], epsilon: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each wanted track, and each of its slices: how many slices of the track, and how many tracks, share its word."""
    doubt = DOUBT * units[0].shape[1]
    queries = np.concatenate([units[track] for track in tracks])  # (slices, dimension)
    query_track = np.repeat(tracks, [len(units[track]) for track in tracks])
    tf = np.zeros(len(queries), np.int64)
    df = np.zeros(len(queries), np.int64)
    for first, last in _track_blocks(units):
        block = np.concatenate(units[first:last])
        block_track = np.repeat(np.arange(first, last), [len(slices) for slices in units[first:last]])
        for start in range(0, len(queries), QUERY_BLOCK):
            rows = queries[start : start + QUERY_BLOCK]
            similarity = rows @ block.T  # (queries, slices of the block)
            query, neighbour = np.divmod(np.flatnonzero(similarity > 1 - epsilon - doubt), len(block))
            unclear = np.flatnonzero(similarity[query, neighbour] < 1 - epsilon + doubt)
            exact = (rows[query[unclear]].astype(np.float64) * block[neighbour[unclear]]).sum(axis=1)
            same = np.ones(len(query), bool)
            same[unclear] = exact > 1 - epsilon
            query, track = query[same], block_track[neighbour[same]]

            counts = slice(start, start + len(rows))
            own = track == query_track[counts][query]
            tf[counts] += np.bincount(query[own], minlength=len(rows))
            # The neighbours of a query come in the order of their tracks: count where the track changes.
            new = np.ones(len(query), bool)
            new[1:] = (query[1:] != query[:-1]) | (track[1:] != track[:-1])
            df[counts] += np.bincount(query[new], minlength=len(rows))
    # A slice shares its own word, even one of zeros.
    tf, df = np.maximum(tf, 1), np.maximum(df, 1)
    ends = np.cumsum([len(units[track]) for track in tracks])[:-1]
    return list(zip(np.split(tf, ends), np.split(df, ends), strict=True))


def _track_blocks(units: list[np.ndarray]) -> list[tuple[int, int]]:
    """Runs of whole tracks with about `LIBRARY_BLOCK` slices each: first track, and the one after the last."""
    number = np.cumsum([len(slices) for slices in units]) // LIBRARY_BLOCK
    cuts = np.flatnonzero(np.diff(number)) + 1
    return list(zip([0, *cuts.tolist()], [*cuts.tolist(), len(units)], strict=True))


def _unit(slices: np.ndarray) -> np.ndarray:
    """Rows of unit length, float32; a row of zeros stays."""
    slices = slices.astype(np.float32)
    norms = np.sqrt((slices * slices).sum(axis=1, keepdims=True))
    return slices / np.where(norms > 0, norms, 1)


def _weighted_sum(units: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The direction of the weighted sum of unit slices, never zero."""
    total = (units * weights[:, None]).sum(axis=0)
    if np.linalg.norm(total) < 1e-6 * weights.sum():
        total = units[np.argmax(weights)]  # slices that cancel each other out: the heaviest speaks for the track
    if not total.any():
        total = np.eye(1, units.shape[1])[0]  # it has no direction; any will do, if it is always the same
    return (total / np.linalg.norm(total)).astype(np.float32)

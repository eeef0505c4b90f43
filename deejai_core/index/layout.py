"""The directions in which vectors differ most, and an order of vectors that puts neighbours side by side."""

from __future__ import annotations

import numpy as np

SAMPLE = 20_000  # vectors from which the principal directions are computed
CELLS = 12  # directions that are halved to make the cells of `layout`
BLOCK = 65_536  # vectors processed at once if there may be a million


def principal_directions(vectors: np.ndarray, share: float) -> np.ndarray:
    """Return (dimension, m) float32: the fewest orthogonal directions that hold this share of the vectors' squared length.

    The one that holds most comes first. vectors: (n, dimension), of which an even sample is used.
    """
    sample = vectors[:: -(-len(vectors) // SAMPLE)].astype(np.float64)
    held, directions = np.linalg.eigh(sample.T @ sample)
    held = np.cumsum(held[::-1]) / held.sum()
    count = min(1 + int(np.searchsorted(held, share)), len(held))
    return np.ascontiguousarray(directions[:, ::-1][:, :count], np.float32)


def layout(vectors: np.ndarray) -> np.ndarray:
    """Return (n,) positions in an order that puts neighbours side by side, so that an answer touches few mapped pages.

    The principal directions are halved at their medians, which makes 4,096 cells.
    """
    directions = principal_directions(vectors, 1)[:, :CELLS]
    sample = vectors[:: -(-len(vectors) // SAMPLE)] @ directions
    cells = np.empty(len(vectors), np.int64)
    weights = 1 << np.arange(directions.shape[1])[::-1]
    for start in range(0, len(vectors), BLOCK):
        cells[start : start + BLOCK] = (vectors[start : start + BLOCK] @ directions > np.median(sample, axis=0)) @ weights
    return np.argsort(cells, kind="stable")

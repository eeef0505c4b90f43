"""How well one recording leads into another: the end of the first compared with the beginning of the second."""

from __future__ import annotations

import numpy as np

ENDS = 2  # slices at each end of a recording


def ends(slices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the directions of a recording's beginning and end, unit vectors (dimension,) float64.

    slices: (n, dimension), slice vectors in the order of the recording.
    """
    return _direction(slices[:ENDS]), _direction(slices[-ENDS:])


def _direction(slices: np.ndarray) -> np.ndarray:
    units = slices / np.maximum(np.linalg.norm(slices, axis=1, keepdims=True), 1e-12)
    total: np.ndarray = units.sum(axis=0, dtype=np.float64)
    return total / max(float(np.linalg.norm(total)), 1e-12)

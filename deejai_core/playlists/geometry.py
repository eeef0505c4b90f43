"""Directions between directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def blend(vectors: Sequence[np.ndarray] | np.ndarray, weights: Sequence[float] | None = None) -> np.ndarray:
    """Return the unit vector (float64) in the middle of unit vectors; the first one if they cancel each other out.

    weights: how much each of them counts, with the sum 1; None for equal weights.
    """
    weighted = vectors if weights is None else [weight * vector for weight, vector in zip(weights, vectors, strict=True)]
    total = np.asarray(np.sum(weighted, axis=0, dtype=np.float64))
    length = float(np.linalg.norm(total))
    return total / length if length > 1e-6 * len(vectors) else np.asarray(vectors[0], np.float64)


def slerp(start: np.ndarray, end: np.ndarray, t: float) -> np.ndarray:
    """Return the point at fraction `t` (0 to 1) of the great circle between two unit vectors, a unit vector (float64)."""
    start, end = start.astype(np.float64), end.astype(np.float64)
    angle = np.arccos(np.clip(start @ end, -1, 1))
    if angle < 1e-6:
        return start
    if np.pi - angle < 1e-6:
        # Opposite directions have no shortest way between them: go through the axis that both are farthest from.
        via = np.eye(len(start))[np.argmin(np.abs(start))]
        via = via - (via @ start) * start
        via /= np.linalg.norm(via)
        return np.asarray(np.cos(t * np.pi) * start + np.sin(t * np.pi) * via)
    return np.asarray((np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle))


def angles(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the angles between unit vectors (..., dimension), row by row, in radians."""
    cosines = np.einsum("...i,...i->...", start.astype(np.float64), end.astype(np.float64))
    return np.asarray(np.arccos(np.clip(cosines, -1, 1)))


def stagger(direction: np.ndarray, drunk: float, rng: np.random.Generator) -> np.ndarray:
    """Return a direction after some drinks: the fraction `drunk` (0 to 1) of the way to a random direction.

    Two random directions are at right angles on average, in any dimension, so the step is 90 degrees times `drunk`.
    """
    anywhere = rng.normal(size=direction.shape)
    return slerp(direction / np.linalg.norm(direction), anywhere / np.linalg.norm(anywhere), drunk)

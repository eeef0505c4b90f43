"""Turns a network's output for a window into one row of numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deejai_core.models.onnx.config import FEATURE, Output, Tags

LARGEST = 65_504  # the largest number that the slice store can hold


def pooled(output: np.ndarray, config: Output) -> np.ndarray:
    """Pool an output for one window -> (features,) float32. Raises ValueError if it does not have the configured axes.

    Features on several axes are flattened in the order of these; pooling is over all other axes, except those of size 1.
    """
    if output.ndim != len(config.axes):
        raise ValueError(f"has {output.ndim} axes {output.shape}, but its configuration names {len(config.axes)}")
    for axis, size in zip(config.axes, output.shape, strict=True):
        if axis in (1, "batch") and size != 1:
            raise ValueError(f"has the shape {output.shape}; {axis} of {list(config.axes)} should be of size 1")
    features = [number for number, axis in enumerate(config.axes) if axis == FEATURE]
    others = [number for number, axis in enumerate(config.axes) if axis != FEATURE]
    rows = output.transpose([*others, *features]).reshape(-1, int(np.prod([output.shape[axis] for axis in features])))
    if not rows.size:
        raise ValueError(f"is empty: its shape is {output.shape}")
    pools: dict[str, Callable[[], np.ndarray]] = {
        "mean": lambda: rows.mean(axis=0),
        "max": lambda: rows.max(axis=0),
        "first": lambda: rows[0],
        "last": lambda: rows[-1],
        "mean+max": lambda: np.concatenate([rows.mean(axis=0), rows.max(axis=0)]),
    }
    return pools[config.pool]().astype(np.float32)


def check_numbers(row: np.ndarray) -> None:
    """Raise ValueError for numbers that cannot be stored."""
    if not np.abs(row).max() <= LARGEST:  # also true for NaN
        raise ValueError(f"contains NaN, infinity or a number larger than {LARGEST:,}")


def probabilities(values: np.ndarray, config: Tags) -> np.ndarray:
    """Turn the network's output (n, tags) into probabilities, float32 from 0 to 1."""
    values = values.astype(np.float32)
    if config.values == "logits":
        return np.asarray(1 / (1 + np.exp(-np.clip(values, -80, 80))))
    if config.values == "softmax":
        exponentials = np.exp(values - values.max(axis=-1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))
    return np.asarray(np.clip(values, 0, 1))

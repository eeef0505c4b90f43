"""Keeps peaks below a ceiling by turning down what surrounds them; everything else is unchanged, bit by bit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from deejai_core.extras import extra
from deejai_core.features.mix.loudness import TruePeaks, ratio

ATTACK = 0.005  # seconds before a peak in which the volume goes down
RELEASE = 20.0  # dB per second at which it recovers: slow enough not to follow single waves of a bass


def limited(blocks: Iterable[np.ndarray], rate: int, ceiling: float) -> Iterator[np.ndarray]:
    """Yield the same (n, 2) float32 samples with a true peak of at most `ceiling` (full scale 1), in other blocks.

    The gain is a maximum and then a mean over the same few milliseconds, so it is smooth and always low enough. Only some
    milliseconds of audio are held back. Raises MissingError.
    """
    with extra("mix"):
        from scipy.ndimage import maximum_filter1d, uniform_filter1d

    true_peaks = TruePeaks(rate)
    reach = round(ATTACK * rate) // 2 * 2  # frames on either side that determine the gain of one
    slope = RELEASE / rate
    waiting = np.zeros((0, 2), np.float32)  # audio whose gain is not yet known
    reduction = np.zeros(reach)  # dB to subtract, beginning with the frames before those that wait
    for block in chain(blocks, [None]):
        if block is not None:
            waiting = np.concatenate([waiting, block])
        peaks = true_peaks.end() if block is None else true_peaks.add(block)
        reduction = np.concatenate([reduction, _falling(peaks, ceiling, reduction[-1], slope)])
        if block is None:
            reduction = np.pad(reduction, (0, max(0, len(waiting) + 2 * reach - len(reduction))))
        ready = min(len(waiting), len(reduction) - 2 * reach)
        if ready <= 0:
            continue
        samples, around = waiting[:ready], reduction[: ready + 2 * reach]
        if around.any():
            smooth = uniform_filter1d(maximum_filter1d(around, reach + 1), reach + 1)[reach : reach + ready]
            samples = (samples * ratio(-smooth[:, None])).astype(np.float32)
        yield samples
        waiting, reduction = waiting[ready:], reduction[ready:]


def _falling(peaks: np.ndarray, ceiling: float, before: float, slope: float) -> np.ndarray:
    """Return dB that each peak is above the ceiling; after each, it falls no faster than `slope` (dB per frame) to 0."""
    if before == 0 and peaks.max(initial=0) <= ceiling:
        return np.zeros(len(peaks))
    needed = 20 * np.log10(np.maximum(peaks / ceiling, 1))
    fallen = slope * np.arange(1, len(peaks) + 1)
    return np.asarray(np.maximum(np.maximum.accumulate(np.maximum(needed + fallen, before)) - fallen, 0))

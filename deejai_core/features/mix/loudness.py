"""The loudness of a track, and where its audible part begins and ends: ITU-R BS.1770-4, the basis of EBU R 128."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from deejai_core.audio.stereo import rechunked
from deejai_core.extras import extra

STEPS = 100  # per second
BLOCK, HOP = 40, 10  # steps: loudness is measured over 400 ms, every 100 ms
ABSOLUTE_GATE = -70.0  # LUFS; quieter parts do not count
RELATIVE_GATE = -10.0  # LU, relative to the mean of what passes the absolute gate
OVERSAMPLED = 4  # for peaks between the samples, as the standard's second annex requires

SILENCE = -60.0  # dB below a track's peak: parts at its ends that are never louder are silence
DIGITAL_SILENCE = -70.0  # dBTP: so is the remainder of a dither, however quiet the track


@dataclass(frozen=True)
class Levels:
    """A track in steps of 10 ms, the last of which may be padded with silence."""

    energy: np.ndarray  # (n,) mean square of the K-weighted samples, summed over the channels
    peak: np.ndarray  # (n,) true peak, full scale 1
    frames: int  # of the whole track


def measure(blocks: Iterable[np.ndarray], rate: int) -> Levels:
    """Return the levels of (n, 2) float32 blocks. rate: Hz, a multiple of `STEPS`. Raises MissingError."""
    with extra("mix"):
        from scipy.signal import sosfilt

    weighting = _k_weighting(rate)
    state = np.zeros((len(weighting), 2, 2))
    step = rate // STEPS
    true_peaks = TruePeaks(rate, step)
    energies, peaks, frames = [np.zeros(0)], [], 0
    for block in rechunked(blocks, rate):
        frames += len(block)
        peaks.append(true_peaks.add(block))
        weighted, state = sosfilt(weighting, block, axis=0, zi=state)
        weighted = np.pad(weighted, ((0, -len(weighted) % step), (0, 0)))
        energies.append((weighted**2).reshape(-1, step * 2).sum(axis=1) / step)
    peaks.append(true_peaks.end())
    energy, peak = np.concatenate(energies), np.concatenate(peaks)
    return Levels(energy, np.pad(peak, (0, max(0, len(energy) - len(peak))))[: len(energy)], frames)


class TruePeaks:
    """Finds the true peaks of stereo audio that comes in blocks, one for each `frames`."""

    def __init__(self, rate: int, frames: int = 1) -> None:
        import soxr

        self._oversampling = soxr.ResampleStream(rate, OVERSAMPLED * rate, 2)
        self._size = OVERSAMPLED * frames
        self._left = np.zeros((0, 2), np.float32)  # not enough for a peak yet

    def add(self, block: np.ndarray) -> np.ndarray:
        """Return the peaks (n,) that are known now; they are some milliseconds behind the (n, 2) float32 blocks."""
        return self._heard(self._oversampling.resample_chunk(block))

    def end(self) -> np.ndarray:
        """Return the last peaks."""
        rest = self._oversampling.resample_chunk(np.zeros((0, 2), np.float32), last=True)
        return self._heard(np.pad(rest, ((0, -(len(self._left) + len(rest)) % self._size), (0, 0))))

    def _heard(self, oversampled: np.ndarray) -> np.ndarray:
        waiting = np.concatenate([self._left, oversampled])
        whole = len(waiting) - len(waiting) % self._size
        self._left = waiting[whole:]
        # Seven times as fast as max(axis=1), which loops over each of these few numbers.
        return np.maximum.reduceat(np.abs(waiting[:whole]).reshape(-1), np.arange(0, 2 * whole, 2 * self._size))


def integrated_loudness(energy: np.ndarray) -> float:
    """Return the LUFS of steps as in `Levels`, gated twice; -inf if all of it is below the absolute gate."""
    if not len(energy):
        return -np.inf
    if len(energy) < BLOCK:  # shorter than the standard allows: the mean of all of it
        powers = energy.mean(keepdims=True)
    else:
        sums = np.concatenate([[0.0], np.cumsum(energy)])
        powers = ((sums[BLOCK:] - sums[:-BLOCK]) / BLOCK)[::HOP]
    powers = powers[powers > _power(ABSOLUTE_GATE)]
    if not len(powers):
        return -np.inf
    return _loudness(float(powers[powers > powers.mean() * 10 ** (RELATIVE_GATE / 10)].mean()))


def sounding(peak: np.ndarray) -> tuple[int, int]:
    """Return the first step that is not silence, and the one after the last; (0, 0) if all is silence."""
    loudest = float(peak.max(initial=0))
    heard = np.flatnonzero(peak > max(loudest * ratio(SILENCE), ratio(DIGITAL_SILENCE)))
    return (int(heard[0]), int(heard[-1]) + 1) if len(heard) else (0, 0)


def decibels(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf


def ratio(decibels: float) -> float:
    """Return the ratio of amplitudes for decibels."""
    return 10 ** (decibels / 20)


def _loudness(power: float) -> float:
    return -0.691 + 10 * math.log10(power)


def _power(loudness: float) -> float:
    return 10 ** ((loudness + 0.691) / 10)


def _k_weighting(rate: int) -> np.ndarray:
    """Return the standard's two filters as second-order sections (2, 6), for any rate."""
    with extra("mix"):
        from pyloudnorm import IIRfilter

    # Brecht De Man's parameters: at 48 kHz, they give exactly the coefficients of the standard.
    shelf = IIRfilter(3.99984385397, 0.7071752369554193, 1681.9744509555319, rate, "high_shelf_DeMan")
    high_pass = IIRfilter(0.0, 0.5003270373253953, 38.13547087613982, rate, "high_pass_DeMan")
    return np.array([[*shelf.b, *shelf.a], [*high_pass.b, *high_pass.a]])

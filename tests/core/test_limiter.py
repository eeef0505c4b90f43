"""The limiter: no true peak above the ceiling, and nothing else changed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, resample_poly, sosfilt

from deejai_core.features.mix.limiter import limited
from deejai_core.features.mix.loudness import decibels, ratio

RATE = 44_100
CEILING = ratio(-1)


def limit(samples: np.ndarray, size: int = RATE) -> np.ndarray:
    return np.concatenate(
        list(limited([samples[start : start + size] for start in range(0, len(samples), size)], RATE, CEILING))
    )


def noise(seed: int, loud: float, seconds: float = 0.5) -> np.ndarray:
    """A murmur with a few bursts; above 16 kHz there is next to nothing, as in music."""
    rng = np.random.default_rng(seed)
    volume = np.full(round(seconds * RATE), 0.05)
    for start in rng.integers(0, len(volume), 3):
        volume[start : start + 2000] = loud
    wide = rng.normal(0, 0.4, (len(volume), 2)) * volume[:, None]
    return sosfilt(butter(8, 16_000, fs=RATE, output="sos"), wide, axis=0).astype(np.float32)


def true_peak(samples: np.ndarray) -> float:
    """dBTP, by another resampler and finer than the standard asks for."""
    return decibels(float(np.abs(resample_poly(np.pad(samples, ((99, 99), (0, 0))), 8, 1, axis=0)).max()))


@given(st.integers(0, 1000), st.floats(0.5, 8), st.integers(50, 30_000))
def test_no_peak_is_above_the_ceiling_and_no_frame_is_lost(seed, loud, size):
    samples = noise(seed, loud)
    after = limit(samples, size)
    assert after.shape == samples.shape
    assert true_peak(after) < -1 + 0.36, "what a meter of the standard, of four samples for one, may miss at 16 kHz"


@given(st.integers(0, 1000), st.integers(50, 30_000))
def test_what_is_below_the_ceiling_stays_as_it_is(seed, size):
    samples = noise(seed, 0.3)
    assert np.array_equal(limit(samples, size), samples)


def test_only_what_surrounds_a_peak_is_turned_down_and_soon_comes_back():
    samples = np.full((2 * RATE, 2), 0.1, np.float32)
    samples[RATE - 4 : RATE + 5, 0] += 1.2 * np.hanning(9)
    gain = limit(samples)[:, 1] / samples[:, 1]
    assert np.all(gain[: RATE - 230] == 1)
    assert 0.65 < gain[RATE] < 0.7
    assert np.all(gain[RATE + RATE // 4 :] == 1)
    assert np.abs(np.diff(gain)).max() < 0.003, "no step that could be embedded as a click"


def test_both_channels_are_turned_down_alike():
    samples = noise(0, 5)
    gains = limit(samples) / samples
    np.testing.assert_allclose(gains[:, 0], gains[:, 1], atol=1e-5)


def test_nothing_comes_of_nothing():
    assert list(limited([], RATE, CEILING)) == []

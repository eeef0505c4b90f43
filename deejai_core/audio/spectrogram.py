"""Samples to mel slices, as the models were trained on them."""

from __future__ import annotations

import functools

import numpy as np


def log_mel(samples: np.ndarray, filters: np.ndarray, *, n_fft: int, hop_length: int) -> np.ndarray:
    """Return the logarithmic mel spectrogram of a window, `log10(10000 * power + 1)`; shapes as in `power_mel`."""
    power = power_mel(samples, filters, n_fft=n_fft, hop_length=hop_length)
    power *= 10_000  # here and below in place: allocating memory takes as long as the arithmetic
    power += 1
    np.log(power, out=power)
    power /= np.float32(np.log(10))  # numpy's log10 takes four times as long
    return power


def power_mel(samples: np.ndarray, filters: np.ndarray, *, n_fft: int, hop_length: int) -> np.ndarray:
    """Return the power mel spectrogram of a window of audio.

    samples: (samples,), float32, or float64 for a transform without rounding noise; filters: mel filter bank
    (n_fft // 2 + 1, mels), in librosa's Slaney scale and norm. Returns (frames, mels) float32, where
    frames = 1 + (samples - n_fft) // hop_length: every frame lies completely within the samples, so none includes padding.
    Hann window, as `librosa.feature.melspectrogram` with `center=False`.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft)[::hop_length]
    spectrum = np.fft.rfft(frames * _hann(n_fft, samples.dtype))  # (frames, n_fft // 2 + 1) complex
    squares = spectrum.view(samples.dtype)  # (frames, 2 * (n_fft // 2 + 1)): real and imaginary parts alternate
    np.square(squares, out=squares)
    power = squares[:, ::2] + squares[:, 1::2]
    return np.asarray(power.astype(np.float32, copy=False) @ filters)


@functools.cache
def _hann(n_fft: int, dtype: np.dtype) -> np.ndarray:
    """Return Hann's window with the period n_fft, (n_fft,)."""
    window = np.hanning(n_fft + 1)[:-1].astype(dtype)
    window.flags.writeable = False
    return window


def mel_filters(
    sample_rate: int,
    *,
    n_fft: int,
    mels: int,
    lowest: float = 0,
    highest: float | None = None,
    scale: str = "slaney",
    slopes: str = "hertz",
    norm: str = "slaney",
) -> np.ndarray:
    """Return a bank of triangular filters, (n_fft // 2 + 1, mels) float32.

    By default, it is that of `librosa.filters.mel`, transposed.

    lowest, highest: frequencies in Hz; None for half the sample rate. scale: "slaney", that of his Auditory Toolbox (1998),
    linear up to 1,000 Hz and logarithmic above; or "htk", 2595 log10(1 + Hz / 700). Each triangle reaches from one
    neighbour's peak to the other's, in straight lines over "hertz" or, as in Kaldi and VGGish, over "mel" (slopes). norm:
    "slaney", an area of 1 over hertz, or "none", a height of 1.
    """
    to_mel, to_hz = SCALES[scale]
    ends = to_mel(lowest), to_mel(sample_rate / 2 if highest is None else highest)
    edges = np.linspace(*ends, mels + 2)
    bins, hertz = np.linspace(0, sample_rate / 2, n_fft // 2 + 1), to_hz(edges)
    if slopes == "mel":
        bins = np.array([to_mel(hz) for hz in bins])
    low, peak, high = np.lib.stride_tricks.sliding_window_view(edges if slopes == "mel" else hertz, mels)  # (mels,) each
    rising = (bins[:, None] - low) / (peak - low)
    falling = (high - bins[:, None]) / (high - peak)
    filters = np.maximum(0, np.minimum(rising, falling))
    if norm == "slaney":
        filters = filters * 2 / (hertz[2:] - hertz[:-2])
    return np.asarray(filters, np.float32)


# Slaney's scale: 3 mels for 200 Hz up to mel 15, which is 1,000 Hz; then a factor of 6.4 for 27 mels.
_KNEE = 15.0
_LINEAR = 200 / 3  # Hz
_OCTAVES = np.log(6.4) / 27


def _mel(hz: float) -> float:
    return hz / _LINEAR if hz < _KNEE * _LINEAR else _KNEE + np.log(hz / (_KNEE * _LINEAR)) / _OCTAVES


def _hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < _KNEE, mel * _LINEAR, _KNEE * _LINEAR * np.exp((mel - _KNEE) * _OCTAVES))


def _htk_mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


def _htk_hz(mel: np.ndarray) -> np.ndarray:
    return 700 * (10 ** (mel / 2595) - 1)


SCALES = {"slaney": (_mel, _hz), "htk": (_htk_mel, _htk_hz)}  # from hertz to mels, and back

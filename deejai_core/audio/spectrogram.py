"""Samples to mel slices, as the models were trained on them."""

from __future__ import annotations

import functools

import numpy as np


def log_mel(samples: np.ndarray, filters: np.ndarray, *, n_fft: int, hop_length: int) -> np.ndarray:
    """The logarithmic power mel spectrogram of a window of audio, `log10(10000 * power + 1)`; shapes as in `power_mel`."""
    power = power_mel(samples, filters, n_fft=n_fft, hop_length=hop_length)
    power *= 10_000  # here and below in place: new memory costs as much as the arithmetic
    power += 1
    np.log(power, out=power)
    power /= np.float32(np.log(10))  # numpy's log10 takes four times as long
    return power


def power_mel(samples: np.ndarray, filters: np.ndarray, *, n_fft: int, hop_length: int) -> np.ndarray:
    """The power mel spectrogram of a window of audio.

    samples: (samples,), float32, or float64 for a transform without rounding noise; filters: mel filter bank
    (n_fft // 2 + 1, mels), in librosa's Slaney scale and norm. Returns (frames, mels) float32, where
    frames = 1 + (samples - n_fft) // hop_length: every frame lies wholly within them, so none sees padding. Hann
    window, as `librosa.feature.melspectrogram` with `center=False`.
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft)[::hop_length]
    spectrum = np.fft.rfft(frames * _hann(n_fft, samples.dtype))  # (frames, n_fft // 2 + 1) complex
    squares = spectrum.view(samples.dtype)  # (frames, 2 * (n_fft // 2 + 1)): real and imaginary parts in turn
    np.square(squares, out=squares)
    power = squares[:, ::2] + squares[:, 1::2]
    return power.astype(np.float32, copy=False) @ filters


@functools.cache
def _hann(n_fft: int, dtype: np.dtype) -> np.ndarray:
    """Hann's window of the period n_fft; (n_fft,)."""
    window = np.hanning(n_fft + 1)[:-1].astype(dtype)
    window.flags.writeable = False
    return window


def mel_filters(sample_rate: int, *, n_fft: int, mels: int) -> np.ndarray:
    """A bank of triangular filters from 0 Hz to half the sample rate, (n_fft // 2 + 1, mels) float32.

    The scale is that of Slaney's Auditory Toolbox (1998): linear up to 1,000 Hz, logarithmic above it. Each triangle
    reaches from one neighbour's peak to the other's and has an area of 1. The same as `librosa.filters.mel`, transposed.
    """
    bins = np.linspace(0, sample_rate / 2, n_fft // 2 + 1)
    low, peak, high = np.lib.stride_tricks.sliding_window_view(
        _hz(np.linspace(0, _mel(sample_rate / 2), mels + 2)), mels
    )  # (mels,) each
    rising = (bins[:, None] - low) / (peak - low)
    falling = (high - bins[:, None]) / (high - peak)
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)).astype(np.float32)


# Slaney's scale: 3 mels for 200 Hz up to mel 15, which is 1,000 Hz; then a factor of 6.4 for 27 mels.
_KNEE = 15.0
_LINEAR = 200 / 3  # Hz
_OCTAVES = np.log(6.4) / 27


def _mel(hz: float) -> float:
    return hz / _LINEAR if hz < _KNEE * _LINEAR else _KNEE + np.log(hz / (_KNEE * _LINEAR)) / _OCTAVES


def _hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < _KNEE, mel * _LINEAR, _KNEE * _LINEAR * np.exp((mel - _KNEE) * _OCTAVES))

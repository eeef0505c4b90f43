"""Samples to log-mel slices, as the models were trained on them."""

from __future__ import annotations

import numpy as np


def log_mel(spans: np.ndarray, filters: np.ndarray, *, n_fft: int, hop_length: int) -> np.ndarray:
    """Logarithmic power mel spectrograms of spans of audio, one slice a span.

    spans: (n, samples) float32; filters: mel filter bank (n_fft // 2 + 1, mels), in librosa's Slaney scale and norm.
    Returns (n, frames, mels) float32, `log10(10000 * power + 1)`, where frames = 1 + (samples - n_fft) // hop_length:
    every frame lies wholly within its span, so none sees padding. Hann window, as `librosa.feature.melspectrogram`
    with `center=False`.
    """
    frames = np.lib.stride_tricks.sliding_window_view(spans, n_fft, axis=1)[:, ::hop_length]  # (n, frames, n_fft)
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)  # Hann, periodic
    spectrum = np.fft.rfft(frames * window)  # (n, frames, n_fft // 2 + 1) complex64
    power = spectrum.real**2 + spectrum.imag**2
    return np.log10(10_000 * (power @ filters) + 1, dtype=np.float32)

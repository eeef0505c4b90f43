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
    import torch  # not numpy: its matrix product wakes a thread on every core, which then spin for a third of all CPU time

    with torch.inference_mode():
        frames = torch.from_numpy(spans).unfold(1, n_fft, hop_length)  # (n, frames, n_fft)
        spectrum = torch.fft.rfft(frames * torch.hann_window(n_fft))  # (n, frames, n_fft // 2 + 1) complex64
        power = spectrum.real.square() + spectrum.imag.square()
        return torch.log10(10_000 * (power @ torch.from_numpy(filters)) + 1).numpy()

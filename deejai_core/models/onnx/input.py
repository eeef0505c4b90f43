"""Turns windows of audio into a network's input, as its configuration describes it."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from deejai_core.audio.spectrogram import mel_filters
from deejai_core.models.onnx.config import BAND, BATCH, FRAME, SAMPLE, Input

TAPERS: dict[str, Callable[[int], np.ndarray]] = {
    "hann": lambda length: np.hanning(length + 1)[:-1],
    "hann-symmetric": np.hanning,
    "hamming": lambda length: np.hamming(length + 1)[:-1],
}


def shown(windows: np.ndarray, config: Input) -> np.ndarray:
    """Turn (n, `window`) float32 samples into (n, *`config.shape`) float32: the waveform or the mel spectrogram, scaled."""
    slices = np.empty((len(windows), *config.shape), np.float32)
    for window, out in zip(windows, slices, strict=True):  # one at a time fits the cache
        values = _mel_spectrogram(window.astype(np.float64), config) if config.is_mel else window.astype(np.float64)
        out[:] = (values - config.subtract) / config.divide
    return slices


def laid_out(slice_: np.ndarray, config: Input) -> np.ndarray:
    """Lay out a result of `shown`, (samples,) or (frames, bands), along the axes of the network."""
    own = (FRAME, BAND) if config.is_mel else (SAMPLE,)
    named = [axis for axis in config.layout if axis in own]
    turned = slice_.transpose([own.index(axis) for axis in named])
    return np.ascontiguousarray(turned.reshape(layout_shape(config)))


def layout_shape(config: Input) -> tuple[int, ...]:
    """Return the shape of the network's input for one window."""
    sizes: dict[str | int, int] = dict(zip((FRAME, BAND) if config.is_mel else (SAMPLE,), config.shape, strict=True))
    return tuple(1 if axis in (1, BATCH) else sizes[axis] for axis in config.layout)


def _mel_spectrogram(samples: np.ndarray, config: Input) -> np.ndarray:
    """(samples,) float64 -> (frames, bands) float64."""
    if config.preemphasis:
        samples = samples[1:] - config.preemphasis * samples[:-1]
    if config.padding:
        samples = np.pad(samples, config.padding, mode="reflect" if config.pad == "reflect" else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(samples, config.frame_length)[:: config.hop]
    spectrum = np.fft.rfft(frames * _taper(config.taper, config.frame_length), n=config.fft)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    mel = (power if config.power == 2 else np.sqrt(power)) @ _filters(config)
    return _logarithm(mel * config.multiply + config.add, config)


def _logarithm(mel: np.ndarray, config: Input) -> np.ndarray:
    if config.log == "none":
        return mel
    log: np.ndarray = np.log(np.maximum(mel, config.floor))
    if config.log != "ln":
        log *= {"log10": 1, "decibels": 20 / config.power}[config.log] / np.log(10)
    if config.reference == "loudest":
        log -= log.max()
    return log if config.range is None else np.maximum(log, log.max() - config.range)


@functools.lru_cache(maxsize=8)
def _taper(name: str, length: int) -> np.ndarray:
    return TAPERS[name](length)


@functools.lru_cache(maxsize=8)
def _filters(config: Input) -> np.ndarray:
    """(fft // 2 + 1, bands) float64."""
    return mel_filters(
        config.rate,
        n_fft=config.fft,
        mels=config.bands,
        lowest=config.lowest,
        highest=config.highest,
        scale=config.scale,
        slopes=config.slopes,
        norm=config.norm,
    ).astype(np.float64)

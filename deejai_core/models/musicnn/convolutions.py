"""MusiCNN's convolutions as matrix products that are large enough for BLAS and small enough for a processor's cache.

The first layer has few, large filters of two kinds, of which only the largest value over the mel bands matters; the later
layers convolve channels over time. Slices are processed one at a time. Time is padded with zeros so that the number of
frames stays the same ("same" padding).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# The filters of the first layer: some cover 7 frames and this many mel bands, others one band and this many frames.
TIMBRAL = ("front.timbral38", "front.timbral67")
TEMPORAL = ("front.temporal128", "front.temporal64", "front.temporal32")

PART = 64  # frames of `timbral_maxima` at once, whose products of all bins fit a core's cache
BLOCK = 16  # frames that one matrix product of `temporal_maxima` computes


@dataclass(frozen=True)
class TimbralFilters:
    """Groups of filters (f, taps, height) of many mel bands and an odd number of frames, as `timbral_maxima` needs them.

    By the convolution theorem, such a filter is a factor for each bin of the Fourier transform over the mel bands. The
    cyclic convolution is right wherever the filter lies within the bands. Positions r are counted from the middle of these,
    so they come in pairs r and -r: a cosine part that is the same for both, plus and minus a sine part.
    """

    counts: list[int]  # filters of each group
    transform: np.ndarray  # (2 * bins, mels): the real and the imaginary part of each bin
    factors: np.ndarray  # (bins, 2 * f, 2 * taps) of all groups: real parts of the products, then imaginary parts
    cosines: list[np.ndarray]  # for each group (positions >= 0, bins)
    sines: list[np.ndarray]

    @classmethod
    def of(cls, groups: Sequence[np.ndarray], mels: int) -> TimbralFilters:
        bins = np.arange(mels // 2 + 1)
        transform = np.exp(-2j * np.pi * np.outer(bins, np.arange(mels)) / mels)
        # Half the bins describe a real signal; those between the first and the last count twice.
        weight = np.where((bins == 0) | (2 * bins == mels), 1, 2) / mels
        factors, turns = [], []
        for group in groups:
            height = group.shape[2]
            middle = (mels - height) / 2
            phases = np.exp(2j * np.pi * np.outer(bins, np.arange(height) + middle) / mels) * weight[:, None]
            factors.append(np.einsum("fth,bh->bft", group.astype(np.float64), phases))
            turns.append(2 * np.pi * np.outer(np.arange(middle % 1, middle + 1), bins) / mels)
        factor = np.concatenate(factors, axis=1)
        real, imaginary = factor.real, factor.imag
        products = np.block([[real, -imaginary], [imaginary, real]])
        return cls(
            [len(group) for group in groups],
            np.stack([transform.real, transform.imag], axis=1).reshape(-1, mels).astype(np.float32),
            products.astype(np.float32),
            [np.cos(turn).astype(np.float32) for turn in turns],
            [np.sin(turn).astype(np.float32) for turn in turns],
        )


def timbral_maxima(x: np.ndarray, filters: TimbralFilters) -> np.ndarray:
    """Return the largest value over the mel bands of x (frames, mels) float32 convolved with filters; (f, frames).

    A filter lies only within the bands.
    """
    reach = filters.factors.shape[2] // 4  # half the frames that a filter covers
    spectrum = filters.transform @ _padded(x, reach, reach).T  # (2 * bins, frames + 2 * reach)
    starts = range(0, len(x), PART)
    return np.concatenate([_maxima_of(spectrum[:, start : start + PART + 2 * reach], filters) for start in starts], axis=1)


def _maxima_of(spectrum: np.ndarray, filters: TimbralFilters) -> np.ndarray:
    """Return `timbral_maxima` (f, frames) from a spectrum (2 * bins, frames and the filters' reach on either side)."""
    bins, rows, columns = filters.factors.shape
    frames = spectrum.shape[1] - columns // 2 + 1
    delayed = sliding_window_view(spectrum, frames, axis=1).reshape(bins, columns, frames)
    products = (filters.factors @ delayed).reshape(bins, -1)  # (bins, 2 * f * frames)
    maxima = []
    first, half = 0, rows // 2 * frames
    for count, cosines, sines in zip(filters.counts, filters.cosines, filters.sines, strict=True):
        last = first + count * frames
        largest = cosines @ products[:, first:last]
        # Of c + s at one position and c - s at the other, the larger one is c + |s|.
        odd = sines @ products[:, half + first : half + last]
        largest += np.abs(odd, out=odd)
        maxima.append(largest.max(axis=0).reshape(count, frames))
        first = last
    return np.concatenate(maxima)


def temporal_table(filters: np.ndarray) -> np.ndarray:
    """Return filters (f, taps) as `temporal_maxima` needs them: (taps + `BLOCK` - 1, f * `BLOCK`) float32.

    Each filter is placed at each of the frames that `BLOCK` of its results depend on.
    """
    count, taps = filters.shape
    table = np.zeros((count, BLOCK, taps + BLOCK - 1), np.float32)
    for place in range(BLOCK):
        table[:, place, place : place + taps] = filters
    return np.ascontiguousarray(table.reshape(count * BLOCK, -1).T)


def temporal_maxima(x: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return (f, frames), the largest value over the bands of x (frames, mels) float32, each convolved with filters.

    table: the filters' `temporal_table`.
    """
    frames = len(x)
    length = len(table)
    blocks = -(-frames // BLOCK)
    before = (length - BLOCK) // 2
    padded = _padded(x, before, (blocks - 1) * BLOCK + length - before - frames)
    inputs = sliding_window_view(padded, length, axis=0)[::BLOCK]  # (blocks, mels, length), without a copy
    largest: np.ndarray = (inputs @ table).max(axis=1)  # (blocks, f * BLOCK)
    return largest.reshape(blocks, -1, BLOCK).transpose(1, 0, 2).reshape(-1, blocks * BLOCK)[:, :frames]


def convolve(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Convolve channels x (channels, frames) over time with `weight` (f, channels, taps), both float32; (f, frames)."""
    channels, frames = x.shape
    taps = weight.shape[2]
    padded = np.zeros((channels, frames + taps - 1), x.dtype)
    padded[:, taps // 2 : taps // 2 + frames] = x
    delayed = sliding_window_view(padded, frames, axis=1).reshape(channels * taps, frames)
    return np.asarray(weight.reshape(len(weight), -1) @ delayed)


def _padded(x: np.ndarray, before: int, after: int) -> np.ndarray:
    """Add zeros before and after the rows of x; `np.pad` takes longer for this than some of the products."""
    padded = np.zeros((before + len(x) + after, *x.shape[1:]), x.dtype)
    padded[before : before + len(x)] = x
    return padded

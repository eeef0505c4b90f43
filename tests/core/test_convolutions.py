"""The matrix products are the convolutions that torch computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from deejai_core.models.musicnn.convolutions import (
    TimbralFilters,
    convolve,
    temporal_maxima,
    temporal_table,
    timbral_maxima,
)


def noise(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@given(
    seed=st.integers(0, 1000),
    frames=st.integers(1, 40),
    mels=st.integers(4, 25),
    heights=st.lists(st.integers(1, 24), min_size=1, max_size=3),
    reach=st.integers(0, 3),
)
def test_timbral_filters_are_convolutions(seed, frames, mels, heights, reach):
    taps = 2 * reach + 1
    x = noise(seed, frames, mels)
    groups = [noise(seed + number, number + 1, taps, min(height, mels)) for number, height in enumerate(heights)]
    expected = [
        F.conv2d(torch.from_numpy(x)[None, None], torch.from_numpy(group)[:, None], padding=(reach, 0)).amax(dim=3)[0]
        for group in groups
    ]
    found = timbral_maxima(x, TimbralFilters.of(groups, mels))
    assert found == pytest.approx(torch.cat(expected).numpy(), abs=1e-4)


@given(seed=st.integers(0, 1000), frames=st.integers(1, 70), taps=st.integers(1, 40), count=st.integers(1, 3))
def test_temporal_filters_are_convolutions(seed, frames, taps, count):
    x, filters = noise(seed, frames, 5), noise(seed + 1, count, taps)
    before = (taps - 1) // 2
    padded = F.pad(torch.from_numpy(x), (0, 0, before, taps - 1 - before))
    expected = F.conv2d(padded[None, None], torch.from_numpy(filters)[:, None, :, None]).amax(dim=3)[0]
    assert temporal_maxima(x, temporal_table(filters)) == pytest.approx(expected.numpy(), abs=1e-4)


@given(seed=st.integers(0, 1000), frames=st.integers(1, 30), channels=st.integers(1, 4), reach=st.integers(0, 4))
def test_channels_are_convolved_over_time(seed, frames, channels, reach):
    x, weight = noise(seed, channels, frames), noise(seed + 1, 3, channels, 2 * reach + 1)
    expected = F.conv1d(torch.from_numpy(x)[None], torch.from_numpy(weight), padding=reach)[0]
    assert convolve(x, weight) == pytest.approx(expected.numpy(), abs=1e-4)


def test_a_filter_of_one_value_finds_the_largest():
    x = np.array([[1, 5, 2, 3], [0, -1, -4, -2]], np.float32)
    once = [np.ones((1, 1, 1), np.float32)]
    assert timbral_maxima(x, TimbralFilters.of(once, 4)) == pytest.approx(np.array([[5, 0]]), abs=1e-6)
    assert temporal_maxima(x, temporal_table(np.ones((1, 1)))) == pytest.approx(np.array([[5, 0]]))

"""What a recording begins and ends with."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core.playlists.segue import ENDS, ends
from tests.libraries import compass


def test_the_first_and_the_last_two_slices_count_alike_however_loud_they_are():
    slices = compass(0, 140, 170, 200, 80, 100) * np.array([[5], [0.2], [9], [9], [1], [3]], np.float32)
    before, after = ends(slices)
    assert ENDS == 2
    assert before == pytest.approx(compass(70)[0])
    assert after == pytest.approx(compass(90)[0], abs=1e-6)
    assert before.dtype == after.dtype == np.float64


@pytest.mark.parametrize("angles", [[30], [30, 50]])
def test_a_short_recording_begins_as_it_ends(angles):
    for end in ends(compass(*angles)):
        assert end == pytest.approx(compass(np.mean(angles))[0])


def test_silence_has_no_direction():
    slices = np.zeros((3, 2), np.float32)
    assert np.array_equal(ends(slices), np.zeros((2, 2)))
    assert ends(np.concatenate([compass(70), slices]))[0] == pytest.approx(compass(70)[0])

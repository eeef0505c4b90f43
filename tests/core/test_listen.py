"""A sound that goes on: its level, its silences, and what it is heard as."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core.features.listen.blocks import LOUDNESSES, QUIETEST, WINDOW, beginnings, closest, directions, level, moments

RATE = 100  # Hz


class TwoPitches:
    """A model that hears how loud a window is, and whether it is positive: enough to tell what it was given."""

    sample_rate, window, dimension = RATE, 300, 2

    def embed(self, windows):
        self.loudness = level(windows[0])
        return np.stack([np.maximum(windows, 0).mean(axis=1), np.maximum(-windows, 0).mean(axis=1)], axis=1)

    def project(self, trunk):
        return trunk.astype(np.float32)


def tone(seconds: float, height: float = 0.5) -> np.ndarray:
    return np.full(round(seconds * RATE), height, np.float32)


def heard(*blocks: np.ndarray, every: float = 5, silence: float = -60) -> list[tuple[float, float, float]]:
    """Time, level and seconds in the window, of each moment."""
    found = moments(blocks, RATE, every=every, silence=silence)
    return [(moment.at, round(moment.level, 1), len(moment.samples) / RATE) for moment in found]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [(tone(1, 1), 0), (tone(1, 0.1), -20), (-tone(1, 0.1), -20), (tone(1, 0), QUIETEST), (tone(0), QUIETEST)],
)
def test_the_level(samples, expected):
    assert level(samples) == pytest.approx(expected)


class TestMoments:
    def test_one_each_time_and_one_at_the_end(self):
        assert heard(*[tone(1)] * 12) == [(5, -6.0, 5), (10, -6.0, 10), (12, -6.0, 12)]

    def test_the_window_rolls(self):
        assert [window for *_, window in heard(*[tone(5)] * 9)] == [5, 10, 15, 20, 25, WINDOW, WINDOW, WINDOW, WINDOW]

    def test_a_block_may_be_longer_than_the_time_between(self):
        assert heard(tone(40), tone(1)) == [(40, -6.0, WINDOW), (41, -6.0, WINDOW)]

    def test_silence_is_none_of_the_next_song(self):
        loud, quiet = tone(5), tone(5, 0.0001)
        assert heard(loud, quiet, loud) == [(5, -6.0, 5), (10, -80.0, 0), (15, -6.0, 5)]
        assert heard(loud, quiet, silence=-90) == [(5, -6.0, 5), (10, -80.0, 10)]

    def test_nothing_is_no_moment(self):
        assert heard(tone(0)) == heard() == []


class TestDirections:
    def test_the_loudness_of_the_room_is_no_part_of_it(self):
        model = TwoPitches()
        assert directions(tone(30, 0.5), model) == pytest.approx(directions(tone(30, 0.001), model))
        assert model.loudness == pytest.approx(LOUDNESSES[-1])

    def test_less_than_a_span_is_enough(self):
        assert directions(tone(1), TwoPitches()) == pytest.approx(np.array([[1, 0], [1, 0]]))

    def test_the_mean_of_unit_slices(self):
        samples = np.concatenate([tone(3, 0.9), -tone(3, 0.1)])
        assert directions(samples, TwoPitches())[0] == pytest.approx(np.array([1, 1]) / np.sqrt(2))

    def test_the_loudness_that_suits_the_library_counts(self):
        vectors = np.eye(3)[:2]
        assert closest(np.array([[0.6, 0.0, 0.8], [0.0, 0.7, 0.714]]), vectors)[1] == 0.7


def test_beginnings_are_the_first_slices_of_each_song():
    trunks = [(2, np.array([[1, 0], [0, 3], [-1, -1]], np.float16)), (0, np.array([[0, 2]], np.float16))]
    found = beginnings(iter(trunks), 4, TwoPitches())
    assert found == pytest.approx(np.array([[0, 1], [0, 0], [np.sqrt(0.5), np.sqrt(0.5)], [0, 0]]))


def test_beginnings_of_more_songs_than_are_projected_at_once(monkeypatch):
    monkeypatch.setattr("deejai_core.features.listen.blocks.BLOCK", 3)
    trunks = [(row, np.eye(2, dtype=np.float16)[[row % 2]]) for row in range(7)]
    assert beginnings(iter(trunks), 7, TwoPitches()) == pytest.approx(np.eye(2)[[0, 1, 0, 1, 0, 1, 0]])

"""Loudness and true peak against the published test signals of EBU Tech 3341, and where a track begins and ends."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.features.mix.loudness import decibels, integrated_loudness, measure, ratio, sounding
from tests.sounds import chirp


def sine(dbfs: float, seconds: float, rate: int, hertz: float = 1000, phase: float = 0) -> np.ndarray:
    """A stereo sine, (n, 2) float32."""
    wave = ratio(dbfs) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate + phase)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize(
    ("tones", "expected"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_the_signals_of_tech_3341_within_a_tenth(tones, expected, rate):
    levels = measure([sine(dbfs, seconds, rate) for dbfs, seconds in tones], rate)
    assert integrated_loudness(levels.energy) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("divisor", "phase", "dbfs", "expected"),
    [(4, 0, -6, -6), (4, 45, -6, -6), (6, 60, -6, -6), (8, 67.5, -6, -6), (4, 45, 3, 3)],
)
def test_true_peaks_of_tech_3341(divisor, phase, dbfs, expected):
    """Samples that miss the crest of the wave: their own peak would be up to 3 dB lower."""
    tone = sine(dbfs, 1, 48_000, 48_000 / divisor, np.radians(phase))
    tone *= np.minimum(1, np.arange(len(tone)) / 4800)[:, None].astype(np.float32)  # switched on, it would overshoot
    peak = decibels(float(measure([tone], 48_000).peak[20:80].max()))
    assert expected - 0.4 < peak < expected + 0.2


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_music_has_the_loudness_that_pyloudnorm_finds(rate):
    rng = np.random.default_rng(0)
    music = chirp(7.3, rate, 2) * np.repeat(rng.uniform(0.01, 1, 73), rate // 10)[:, None].astype(np.float32)
    expected = pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(music.astype(float))
    assert integrated_loudness(measure([music], rate).energy) == pytest.approx(expected, abs=0.05)


def ffmpeg_meter(samples: np.ndarray, rate: int) -> tuple[float, float]:
    """LUFS and true peak (full scale 1), as FFmpeg measures them."""
    av = pytest.importorskip("av", "18.1")  # the first that shows what a filter notes on a frame
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="stereo", time_base=Fraction(1, rate))
    graph.link_nodes(source, graph.add("ebur128", peak="true", metadata="1"), graph.add("abuffersink")).configure()
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "flt", "stereo")
    frame.sample_rate, frame.pts = rate, 0
    graph.push(frame)
    graph.push(None)
    notes = {}
    while True:
        try:
            notes = graph.pull().metadata or notes
        except (av.error.BlockingIOError, av.error.EOFError):
            return float(notes["lavfi.r128.I"]), float(notes["lavfi.r128.true_peak"])


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize(
    "sound",
    [
        lambda rate: chirp(7, rate, 2),
        lambda rate: sine(-23, 5, rate) + np.float32(0.3),  # with a direct current, which no ear hears
        lambda rate: sine(-23, 5, rate) * np.array([1, 0], np.float32),
    ],
    ids=["music", "direct current", "one channel"],
)
def test_it_is_as_loud_as_ffmpeg_finds(sound, rate):
    samples = sound(rate)
    samples *= np.linspace(1, 0, len(samples), dtype=np.float32)[:, None]  # cut off, it would overshoot
    levels = measure([samples], rate)
    loudness, peak = ffmpeg_meter(samples, rate)
    assert integrated_loudness(levels.energy) == pytest.approx(loudness, abs=0.02)
    assert decibels(float(levels.peak.max())) == pytest.approx(decibels(peak), abs=0.2)


@given(st.lists(st.integers(1, 9000), min_size=1, max_size=8))
def test_the_size_of_the_blocks_does_not_matter(sizes):
    music = chirp(1, 44_100, 2)
    whole = measure([music], 44_100)
    pieces = measure(np.split(music, np.clip(np.cumsum(sizes), 0, len(music))), 44_100)
    assert pieces.frames == whole.frames == len(music)
    np.testing.assert_allclose(pieces.energy, whole.energy)
    np.testing.assert_allclose(pieces.peak, whole.peak, atol=1e-6)


def test_a_track_too_short_for_the_standard_has_the_loudness_of_what_there_is():
    assert integrated_loudness(measure([sine(-23, 0.2, 48_000)], 48_000).energy) == pytest.approx(-23, abs=0.2)


@pytest.mark.parametrize("samples", [np.zeros((0, 2)), np.zeros((48_000, 2)), np.full((48_000, 2), 1e-5)])
def test_silence_has_no_loudness(samples):
    levels = measure([samples.astype(np.float32)], 48_000)
    assert integrated_loudness(levels.energy) == -np.inf
    assert sounding(levels.peak) == (0, 0)


@pytest.mark.parametrize(
    ("peaks", "expected"),
    [
        ([0, 0, 0.5, 0.5, 0], (2, 4)),
        ([0.5, 0, 0, 0.5], (0, 4)),  # a pause is part of the music
        ([0.0004, 0.5, 0.0004], (1, 2)),  # -62 dB against -6
        ([0.0006, 0.5, 0.0006], (0, 3)),  # -58 dB: the end of a fade
        ([0.0002, 0.01, 0.0002], (1, 2)),  # a quiet track: what a dither leaves
        ([0.0004, 0.01, 0.0004], (0, 3)),
        ([0, 0], (0, 0)),
        ([], (0, 0)),
    ],
)
def test_where_a_track_begins_and_ends_to_be_heard(peaks, expected):
    assert sounding(np.array(peaks)) == expected

"""From a decoder's frames to windows, in numbers small enough to reckon by hand."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from deejai_core.audio import decode
from deejai_core.audio.decode import Wanted, averaged, mono, tamed, window_starts
from deejai_core.errors import AudioError

HALVES = np.array([[0.5, -0.5, 0.75], [-1, 0.25, 0.75]])  # two channels of three samples
SCALES = {"u8": (np.uint8, 128, 128), "s16": (np.int16, 1 << 15, 0), "s32": (np.int32, 1 << 31, 0)}
SCALES |= {"flt": (np.float32, 1, 0), "dbl": (np.float64, 1, 0)}


@pytest.mark.parametrize("planar", ["", "p"])
@pytest.mark.parametrize("format_", SCALES)
def test_samples_of_every_format_are_averaged_to_full_scale_1(format_, planar):
    dtype, scale, zero = SCALES[format_]
    samples = (HALVES * scale + zero).astype(dtype)
    array = samples if planar else samples.T.reshape(1, -1)
    found = mono(av.AudioFrame.from_ndarray(np.ascontiguousarray(array), format=format_ + planar, layout="stereo"))
    assert found.tolist() == [-0.25, -0.125, 0.75]
    assert found.dtype == np.float32


def test_channels_are_averaged():
    channels = [np.array(samples, np.float32) for samples in ([1, 2], [3, 6], [5, -8])]
    assert averaged(channels).tolist() == [3, 0]
    assert averaged(channels[:1]).tolist() == [1, 2]


def test_what_is_no_sample_is_silence_and_what_is_too_loud_is_cut():
    samples = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 11, -11, 0.5], np.float32)
    assert tamed(samples).tolist() == [0, 0, 0, 10, -10, 10, -10, 0.5]
    sound = np.array([10, -10, 0], np.float32)
    assert tamed(sound) is sound
    assert len(tamed(sound[:0])) == 0


@pytest.mark.parametrize(
    ("frames", "length", "limit", "starts"),
    [
        (9, 10, 4, [0]),
        (10, 10, 4, [0]),
        (11, 10, 4, [0, 1]),
        (20, 10, 4, [0, 10]),
        (35, 10, 16, [0, 8, 17, 25]),
        (100, 10, 4, [0, 30, 60, 90]),
        (100, 10, 2, [0, 90]),
    ],
)
def test_where_spans_begin(frames, length, limit, starts):
    assert window_starts(frames, length, limit) == starts


@pytest.mark.parametrize(
    ("duration", "whole", "frames"),
    [(96_000, None, 88_200), (96_000, 9_000_000, 88_200), (None, 2_000_011, 88_200), (None, None, 0)],
)
def test_how_long_a_header_says_that_a_track_is(duration, whole, frames):
    """The stream's ticks come before the microseconds of the whole file."""
    stream = SimpleNamespace(duration=duration, time_base=Fraction(1, 48_000))
    assert decode._promised_frames(SimpleNamespace(duration=whole), stream, 44_100) == frames


def test_a_packet_ends_where_it_says_whatever_it_begins_with():
    """FFmpeg gives fewer samples than the packet lasts, where a long block of Vorbis is followed by a short one."""

    def packet(pts: int, samples: int, duration: int | None) -> tuple[int, SimpleNamespace]:
        frame = av.AudioFrame.from_ndarray(np.full((1, samples), pts, np.float32), format="fltp", layout="mono")
        frame.sample_rate = 1000
        return pts, SimpleNamespace(duration=duration, decode=lambda: [frame])

    packets = [packet(10, 100, 100), packet(110, 60, 100), packet(300, 50, None), packet(350, 50, 0)]
    blocks = [(position, block.tolist()) for position, block in decode._blocks_of(packets, origin=10)]
    assert blocks == [(0, [10] * 100), (140, [110] * 60), (290, [300] * 50 + [350] * 50)]


def test_blocks_that_follow_each_other_are_joined_up_to_a_size(monkeypatch):
    monkeypatch.setattr(decode, "BLOCK", 4)
    blocks = [(0, [1, 2]), (2, [3, 4, 5]), (5, [6]), (6, [7]), (9, [8]), (10, [9])]
    joined = decode._joined((position, np.array(block)) for position, block in blocks)
    assert [(first, block.tolist()) for first, block in joined] == [(0, [1, 2, 3, 4, 5]), (5, [6, 7]), (9, [8, 9])]
    assert list(decode._joined([])) == []


class TestWanted:
    """Spans of 100 samples at 1,000 Hz of a track at 2,000 Hz: 200 frames each, and a margin of 100 on either side."""

    def test_ranges_are_spans_with_their_margins_within_the_track(self):
        wanted = Wanted(2_000, 100, 3, 1_000, 2_000)
        assert wanted.margin == 100
        assert wanted.ranges == [range(300), range(800, 1_200), range(1_700, 2_000)]

    def test_a_span_is_as_many_whole_frames_as_it_needs(self):
        assert Wanted(10_000, 100, 2, 999, 2_000).ranges[0] == range(201 + 100)

    def test_of_a_track_of_unknown_length_nothing_is_wanted(self):
        wanted = Wanted(0, 100, 3, 1_000, 2_000)
        assert (wanted.ranges, wanted.runs()) == ([], [])
        with pytest.raises(AudioError, match="its length is unknown"):
            wanted.windows([(0, np.ones(5, np.float32))])

    def test_to_read_on_is_cheaper_than_to_seek_by_less_than_the_preroll(self):
        wanted = Wanted(10_000, 100, 2, 1_000, 2_000)
        wanted.ranges = [range(100), range(500, 600), range(1_001, 1_100), range(1_050, 1_200)]  # 400 frames, and 401
        assert wanted.runs() == [range(600), range(1_001, 1_200)]

    @pytest.fixture
    def wanted(self) -> Wanted:
        """At the track's own rate: of 1,000 frames the first hundred, those from 450 on, and the last; margins of 50."""
        return Wanted(1_000, 100, 3, 1_000, 1_000)

    @pytest.mark.parametrize("size", [1_000, 333, 7, 1])
    def test_spans_are_cut_from_blocks_of_any_size(self, wanted, size, monkeypatch):
        monkeypatch.setattr(decode, "BLOCK", 1)  # so that none are joined
        track = np.arange(1_000, dtype=np.float32) / 1_000
        windows = wanted.windows((start, track[start : start + size]) for start in range(0, 1_000, size))
        for window, start in zip(windows, (0, 450, 900), strict=True):
            assert np.array_equal(window, track[start : start + 100])

    def test_only_the_ranges_are_needed(self, wanted):
        track = np.arange(1_000, dtype=np.float32) / 1_000
        windows = wanted.windows((run.start, track[run.start : run.stop]) for run in wanted.runs())
        assert [window[0] for window in windows] == [track[0], track[450], track[900]]

    @pytest.mark.parametrize(("end", "enough"), [(1_000, True), (950, True), (949, False), (0, False)])
    def test_a_track_may_end_a_margin_before_its_header_says(self, wanted, end, enough):
        track = np.ones(end, np.float32)
        if not enough:
            with pytest.raises(AudioError, match="it is shorter than its header says"):
                wanted.windows([(0, track)])
            return
        assert [len(window) for window in wanted.windows([(0, track)])] == [100, 100, 100]

    def test_a_piece_with_less_than_a_span_is_all_there_is(self):
        (window,) = Wanted(60, 100, 3, 1_000, 1_000).windows([(0, np.ones(60, np.float32))])
        assert len(window) == 60


def test_a_short_span_is_repeated():
    assert decode._fitted([np.array([1, 2])], 5).tolist() == [[1, 2, 1, 2, 1]]
    with pytest.raises(AudioError, match="no audio in it"):
        decode._fitted([np.array([1, 2]), np.array([])], 5)

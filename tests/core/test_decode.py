"""Every format, rate and channel layout gives the same windows; what cannot be read says so."""

from __future__ import annotations

import contextlib
import tracemalloc
from itertools import zip_longest
from types import SimpleNamespace

import av
import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st
from mutagen.ogg import OggPage

from deejai_core.audio import decode
from deejai_core.audio.decode import Wanted, key_then_windows, read_windows, window_starts
from deejai_core.audio.identity import audio_key
from deejai_core.errors import AudioError
from tests.sounds import chirp, decoded_seconds, write_audio

RATE = 16_000
LENGTH = 48_128  # samples of a window, 3 s


def read(path, limit=16):
    return read_windows(path, sample_rate=RATE, length=LENGTH, limit=limit)


def loudest_frequencies(windows: np.ndarray) -> np.ndarray:
    """The frequency (Hz) that each window's middle second is loudest at."""
    middle = windows[:, 16_000:32_000]
    return np.abs(np.fft.rfft(middle * np.hanning(middle.shape[1]))).argmax(axis=1).astype(float)


@pytest.mark.parametrize(
    ("suffix", "rate", "channels", "subtype"),
    [
        (".wav", 16_000, 1, "PCM_16"),
        (".wav", 8_000, 1, "PCM_U8"),
        (".wav", 44_100, 2, "PCM_24"),
        (".wav", 96_000, 2, "FLOAT"),
        (".wav", 192_000, 1, "DOUBLE"),
        (".wav", 48_000, 8, "PCM_16"),
        (".aiff", 44_100, 2, None),
        (".flac", 44_100, 2, "PCM_16"),
        (".flac", 96_000, 6, "PCM_24"),
        (".mp3", 44_100, 2, None),
        (".mp3", 22_050, 1, None),
        (".ogg", 44_100, 2, None),
        (".opus", 48_000, 2, None),
        (".m4a", 44_100, 2, None),
        (".m4a", 48_000, 6, None),
        (".alac.m4a", 44_100, 2, None),
        (".aac", 44_100, 2, None),
        (".wma", 44_100, 2, None),
        (".wv", 44_100, 2, None),
        (".tta", 44_100, 2, None),
        (".ac3", 48_000, 6, None),
        (".mka", 44_100, 2, None),
    ],
)
def test_every_format_gives_the_spans_of_the_track(tmp_path, suffix, rate, channels, subtype):
    samples = chirp(60, rate, channels)
    path = write_audio(tmp_path / f"chirp{suffix}", samples, rate, subtype)

    windows = read(path, limit=8)

    mono = soxr.resample(samples[:, 0], rate, RATE)
    expected = np.stack([mono[start : start + LENGTH] for start in window_starts(len(mono), LENGTH, 8)])
    assert windows.shape == (8, LENGTH)
    assert windows.dtype == np.float32
    # 30 Hz of this chirp are a second: no window is more than a fifth of a second off, whatever the codec does.
    assert loudest_frequencies(windows) == pytest.approx(loudest_frequencies(expected), abs=6)
    assert np.abs(windows).max() == pytest.approx(0.5, abs=0.15)


def test_spans_are_exact_where_the_codec_is(tmp_path):
    samples = chirp(20, RATE)
    path = write_audio(tmp_path / "exact.flac", samples, RATE)
    expected = np.stack([samples[start : start + LENGTH, 0] for start in window_starts(len(samples), LENGTH, 4)])
    assert read(path, limit=4) == pytest.approx(expected, abs=1e-4)


def test_the_same_file_gives_the_same_numbers(tmp_path):
    path = write_audio(tmp_path / "chirp.m4a", chirp(30, 44_100, 2), 44_100)
    assert np.array_equal(read(path), read(path))


def bursts(seconds: float, rate: int) -> np.ndarray:
    """(frames, 2) float32: a tone that begins anew four times a second, for which Vorbis changes its block lengths."""
    t = np.arange(round(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * (200 + 900 * t / seconds) * t) * np.exp(-30 * (t % 0.25)) * (t % 0.25 > 0.01)
    return np.stack([0.6 * tone, 0.3 * tone], axis=1).astype(np.float32)


@pytest.mark.parametrize("limit", [4, 100])
@pytest.mark.parametrize(("suffix", "rate", "tolerance"), [(".ogg", 44_100, 1e-5), (".opus", 48_000, 0.02)])
def test_spans_of_ogg_are_those_of_the_whole_track_decoded(tmp_path, suffix, rate, tolerance, limit):
    path = write_audio(tmp_path / f"bursts{suffix}", bursts(40, rate), rate)
    windows = read(path, limit)

    samples, _ = soundfile.read(path, dtype="float32")  # by libvorbis or libopus, from the beginning
    wanted = Wanted(len(samples), LENGTH, limit, RATE, rate)
    expected = np.stack(wanted.windows([(0, samples.mean(axis=1))]))
    assert windows.shape == expected.shape == (min(limit, 14), LENGTH)
    assert np.abs(windows - expected).max() < tolerance


@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".flac", ".m4a"])
def test_the_key_comes_first_and_the_spans_if_they_are_asked_for(tmp_path, suffix):
    path = write_audio(tmp_path / f"chirp{suffix}", chirp(20, 48_000, 2), 48_000)
    key, windows = key_then_windows(path, sample_rate=RATE, length=LENGTH, limit=4)
    assert key == audio_key(path)
    assert np.array_equal(windows, read(path, limit=4))


def test_an_ogg_file_that_is_damaged_is_read_like_any_other(tmp_path):
    path = write_audio(tmp_path / "chirp.ogg", chirp(40, 44_100, 2), 44_100)
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 3000] = bytes(3000)
    path.write_bytes(data + b"and no page at all")
    key, windows = key_then_windows(path, sample_rate=RATE, length=LENGTH, limit=4)
    assert key == audio_key(path)
    assert windows.shape == (4, LENGTH)
    assert loudest_frequencies(windows)[[0, -1]] == pytest.approx([267, 1932], abs=30)


@pytest.mark.parametrize(("suffix", "rate"), [(".ogg", 44_100), (".opus", 48_000)])
def test_an_ogg_file_that_lacks_pages_keeps_its_key_and_is_read_by_another_decoder(tmp_path, suffix, rate):
    path = write_audio(tmp_path / f"chirp{suffix}", chirp(40, rate, 2), rate)
    pages = ogg_pages(path)
    path.write_bytes(written(pages[: len(pages) * 6 // 10] + pages[len(pages) * 8 // 10 :]))  # without 24 s to 32 s

    reading = decode._read_ogg(path, RATE, LENGTH, limit=4)
    assert next(reading) == audio_key(path)
    with pytest.raises(AudioError, match="it is shorter than its header says"):
        next(reading)

    key, windows = key_then_windows(path, sample_rate=RATE, length=LENGTH, limit=4)
    assert key == audio_key(path)
    assert np.array_equal(windows, read(path, limit=4))
    assert windows.shape == (4, LENGTH)
    assert loudest_frequencies(windows)[[0, 1, 3]] == pytest.approx([267, 822, 1932], abs=6)


@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".m4a", ".mka", ".wma"])
def test_of_several_streams_the_first_is_read(tmp_path, suffix):
    rate = 48_000
    rising = chirp(20, rate, 2)
    alone = write_audio(tmp_path / f"alone{suffix}", rising, rate)
    second = write_audio(tmp_path / f"second{suffix}", rising[::-1], rate)
    both = interleaved(tmp_path / f"both{suffix}", alone, second)

    key, windows = key_then_windows(both, sample_rate=RATE, length=LENGTH, limit=4)
    assert key == audio_key(both) == audio_key(alone)
    assert np.array_equal(windows, read(both, limit=4))
    assert loudest_frequencies(windows) == pytest.approx(loudest_frequencies(read(alone, limit=4)), abs=1)


@pytest.mark.parametrize("suffix", [".m4a", ".mka"])
def test_little_more_is_decoded_than_is_wanted_where_the_container_has_an_index(tmp_path, suffix):
    path = write_audio(tmp_path / f"chirp{suffix}", chirp(60, 44_100, 2), 44_100)
    with decode.opened(path) as (container, stream, rate):
        runs = [range(20 * rate, 21 * rate), range(50 * rate, 51 * rate)]
        blocks = list(decode._blocks_by_seeking(container, stream, rate, runs))
    for run in runs:
        of_it = [(position, len(block)) for position, block in blocks if abs(position - run.start) < 10 * rate]
        assert run.start - 6 * rate < of_it[0][0] <= run.start
        assert run.stop <= sum(of_it[-1]) < run.stop + rate
    assert all(abs(position - 20.5 * rate) < 10 * rate or abs(position - 50.5 * rate) < 10 * rate for position, _ in blocks)


def ogg_pages(path):
    pages = []
    with path.open("rb") as file, contextlib.suppress(EOFError):
        while True:
            pages.append(OggPage(file))
    return pages


def written(pages) -> bytes:
    return b"".join(page.write() for page in pages)


def interleaved(path, *files):
    """One file with the streams of several of the same format, which take turns."""
    if path.suffix in (".ogg", ".opus"):
        streams = [ogg_pages(file) for file in files]
        for serial, pages in enumerate(streams):
            for page in pages:
                page.serial = serial
        path.write_bytes(written(page for turn in zip_longest(*streams) for page in turn if page))
        return path
    with contextlib.ExitStack() as stack:
        target, *sources = (stack.enter_context(av.open(*words)) for words in [(path, "w"), *((file,) for file in files)])
        streams = [target.add_stream_from_template(source.streams.audio[0]) for source in sources]
        for turn in zip_longest(*(source.demux(source.streams.audio[0]) for source in sources)):
            for packet, stream in zip(turn, streams, strict=True):
                if packet is not None and packet.size:
                    packet.stream = stream
                    target.mux(packet)
    return path


def ogg_packet(pts, *channels):
    """The time stamp, and what PyAV makes of a packet that holds one frame; all channels count up from pts."""
    samples = np.stack([np.arange(pts, pts + 100) * gain for gain in channels]).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout={1: "mono", 2: "stereo"}[len(channels)])
    frame.sample_rate, frame.pts = RATE, pts + 7  # not where it is, as FFmpeg has it at times
    return pts, SimpleNamespace(duration=100, decode=lambda: [frame])


def test_frames_of_ogg_that_follow_each_other_are_one_block(monkeypatch):
    monkeypatch.setattr(decode, "BLOCK", 200)
    packets = [ogg_packet(pts, 0.5, 1.5) for pts in (1000, 1100, 1200, 1500)]  # from 1300 on some are missing
    blocks = list(decode._blocks_of(packets, origin=1000))
    assert [(position, len(block)) for position, block in blocks] == [(0, 200), (200, 100), (500, 100)]
    for position, block in blocks:
        assert np.array_equal(block, 1000 + position + np.arange(len(block)))


def test_an_ogg_track_whose_channels_change_is_left_to_others():
    for packets in ([ogg_packet(0, 1), ogg_packet(100, 1, 1)], [ogg_packet(0, 1, 1), ogg_packet(100, 1)]):
        with pytest.raises(AudioError, match="its channels change"):
            list(decode._blocks_of(packets, origin=0))


@pytest.mark.parametrize("frames", [1, 100, LENGTH // 6, LENGTH - 1])
def test_a_track_shorter_than_a_span_is_repeated(tmp_path, frames):
    samples = chirp(3.1, RATE)[100 : 100 + frames]
    (window,) = read(write_audio(tmp_path / "short.wav", samples, RATE, "FLOAT"))
    assert window == pytest.approx(np.resize(samples[:, 0], LENGTH), abs=1e-6)


@pytest.mark.parametrize("seconds", [0.03, 0.5])
@pytest.mark.parametrize("suffix", [".m4a", ".wv", ".aac", ".mka"])
def test_short_tracks_of_other_decoders(tmp_path, suffix, seconds):
    assert read(write_audio(tmp_path / f"short{suffix}", chirp(seconds, 44_100, 2), 44_100)).shape == (1, LENGTH)


def test_a_tiny_track_whose_header_gives_no_length(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "_promised_frames", lambda *_: 0)
    assert read(write_audio(tmp_path / "tiny.wv", chirp(0.03, 44_100), 44_100)).shape == (1, LENGTH)


def test_numbers_that_are_none_are_silence(tmp_path):
    samples = chirp(4, RATE)
    samples[1000], samples[2000], samples[3000] = np.nan, np.inf, 1e30
    assert np.abs(read(write_audio(tmp_path / "nan.wav", samples, RATE, "FLOAT"))).max() <= 10


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".wav", ".wv", ".m4a"])
def test_a_truncated_file_is_read_to_where_it_ends(tmp_path, suffix):
    path = write_audio(tmp_path / f"whole{suffix}", chirp(60, 44_100, 1), 44_100)
    data = path.read_bytes()
    if suffix == ".m4a":
        # Its index lies behind the audio: without it nothing can be read, and nothing must be invented.
        path.write_bytes(data[: len(data) // 2])
        with pytest.raises(AudioError):
            read(path)
        return
    path.write_bytes(data[: len(data) // 2])
    windows = read(path, limit=8)
    assert windows.shape == (8, LENGTH)
    assert loudest_frequencies(windows)[-1] == pytest.approx(200 + 30 * (decoded_seconds(path) - 1.5), abs=10)


def test_damage_in_the_middle_costs_only_the_damaged_part(tmp_path):
    path = write_audio(tmp_path / "damaged.mp3", chirp(60, 44_100, 1), 44_100)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 5000] = bytes(5000)
    path.write_bytes(data)
    assert loudest_frequencies(read(path, limit=8))[[0, -1]] == pytest.approx([245, 1955], abs=15)


def test_a_wrong_suffix_does_not_matter(tmp_path):
    flac = write_audio(tmp_path / "chirp.flac", chirp(10, RATE), RATE)
    assert np.array_equal(read(flac), read(flac.rename(tmp_path / "chirp.mp3")))


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "Invalid data"),
        (b"not music at all, only text\n" * 100, "Invalid data"),
        (None, "No such file"),
    ],
)
def test_what_is_no_audio_says_so(tmp_path, content, cause):
    path = tmp_path / "broken.mp3"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AudioError, match=cause):
        read(path)


def test_a_name_that_promises_raw_samples(tmp_path):
    flac = write_audio(tmp_path / "chirp.flac", chirp(10, RATE), RATE)
    assert read(flac.rename(tmp_path / "chirp.raw")).shape == (4, LENGTH)


def test_a_very_long_track_is_read_in_little_memory(tmp_path):
    """Ten hours, of which 16 windows are read; a file of zeros takes no room on most file systems."""
    path = write_audio(tmp_path / "long.wav", chirp(1, 8_000), 8_000)
    header = bytearray(path.read_bytes()[:44])
    frames = 10 * 3600 * 8_000
    header[4:8] = (36 + 2 * frames).to_bytes(4, "little")
    header[40:44] = (2 * frames).to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(header)
        file.truncate(44 + 2 * frames)
    tracemalloc.start()
    assert read(path).shape == (16, LENGTH)
    assert tracemalloc.get_traced_memory()[1] < 30e6
    tracemalloc.stop()


def test_a_file_without_samples_says_so(tmp_path):
    with pytest.raises(AudioError):
        read(write_audio(tmp_path / "empty.wav", np.zeros((0, 1), np.float32), RATE))


@given(frames=st.integers(1, 10**9), length=st.integers(1, 10**6), limit=st.integers(2, 100))
def test_spans_begin_at_the_beginning_and_end_at_the_end(frames, length, limit):
    starts = window_starts(frames, length, limit)
    assert starts[0] == 0
    assert len(starts) <= limit
    if frames > length:
        assert starts[-1] == frames - length
        assert len(set(np.diff(starts))) <= 2  # even, up to rounding
        if len(starts) < limit:
            assert max(np.diff(starts)) <= length  # nothing left out

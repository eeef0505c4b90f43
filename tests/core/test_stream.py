"""Streams of sound of every kind, from a pipe that has no end to be looked at."""

from __future__ import annotations

import io
import os
import struct
import threading

import av
import numpy as np
import pytest

from deejai_core.audio.stream import RAW_FORMATS, Raw, read_stream
from deejai_core.errors import AudioError
from tests.sounds import chirp

RATE = 16_000


def wave(codec: str, rate: int, channels: int, seconds: float = 2) -> bytes:
    """A chirp as a WAV stream."""
    file = io.BytesIO()
    samples = chirp(seconds, rate, channels)
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(stream.codec_context.format, layout, rate)
        for part in resampler.resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return file.getvalue()


def embedded(data: bytes, raw: Raw | None = None) -> np.ndarray:
    return np.concatenate(list(read_stream(io.BufferedReader(io.BytesIO(data)), RATE, raw)))


@pytest.mark.parametrize(
    ("codec", "rate", "channels"),
    [
        ("pcm_s16le", 44_100, 2),
        ("pcm_s24le", 48_000, 2),
        ("pcm_s32le", 96_000, 1),
        ("pcm_f32le", 16_000, 1),
        ("pcm_f32le", 48_000, 6),
        ("pcm_u8", 8_000, 1),
    ],
)
def test_wav_of_every_kind(codec, rate, channels):
    samples, expected = embedded(wave(codec, rate, channels)), chirp(2, RATE)[:, 0]
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(len(expected), abs=2)
    middle = slice(RATE // 2, RATE)
    assert np.corrcoef(samples[: len(expected)][middle], expected[middle])[0, 1] > 0.99
    assert np.abs(samples[middle]).max() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_header_that_does_not_know_the_length(size):
    """What writes to a pipe cannot go back to fill it in."""
    data = bytearray(wave("pcm_s16le", RATE, 1))
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = struct.pack("<I", size)
    assert len(embedded(bytes(data))) == pytest.approx(2 * RATE, abs=2)


def test_a_wav_stream_that_breaks_off():
    assert len(embedded(wave("pcm_s16le", RATE, 1)[:-2001])) == pytest.approx(2 * RATE - 1000, abs=2)


@pytest.mark.parametrize("format_", ["u8", "s16le", "s24le", "s32be", "f32le"])
def test_raw_samples(format_):
    assert format_ in RAW_FORMATS
    levels = {"u8": b"\xc0", "s16le": b"\x00\x40", "s24le": b"\x00\x00\x40", "s32be": b"\x40\x00\x00\x00"}
    sample = levels.get(format_, struct.pack("<f", 0.5))
    samples = embedded(sample * 2 * RATE, Raw(format_, RATE, 2))
    assert len(samples) == pytest.approx(RATE, abs=2)
    assert samples == pytest.approx(0.5)


def test_numbers_that_are_none():
    samples = np.array([np.nan, np.inf, -np.inf, 1e30] * RATE, "<f4")
    assert np.isfinite(embedded(samples.tobytes(), Raw("f32le", RATE, 1))).all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no audio arrives"),
        (b"ID3\x04 a song in another format", "not a WAV stream"),
        (b"hi", "not a WAV stream"),
        (b"RIFF....WAVE" + bytes(range(256)) * 40, "no audio that can be read"),
        (b"RIFF", "no audio that can be read"),
    ],
)
def test_what_is_no_sound_is_said_to_be_none(data, message):
    with pytest.raises(AudioError, match=message):
        embedded(data)


def test_it_does_not_wait_for_the_end():
    """The first block is there while the pipe is still open."""
    reading, writing = os.pipe()
    data = wave("pcm_s16le", 44_100, 1)
    done, late = threading.Event(), threading.Event()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data[:88_200])
            pipe.flush()
            if not done.wait(30):
                late.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with os.fdopen(reading, "rb") as pipe:
            blocks = read_stream(pipe, RATE)
            found = next(block for block in blocks if len(block))
            assert not late.is_set()
            assert len(found) < RATE
            done.set()
            assert sum(map(len, blocks)) > RATE / 2
    finally:
        done.set()
        writer.join()

"""Audio files made for a test."""

from __future__ import annotations

import contextlib
from pathlib import Path

import av
import numpy as np
import soundfile

AV_CODECS = {
    ".m4a": "aac",
    ".alac.m4a": "alac",
    ".aac": "aac",
    ".wma": "wmav2",
    ".wv": "wavpack",
    ".tta": "tta",
    ".ac3": "ac3",
    ".mka": "aac",
}


def chirp(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    """(frames, channels) float32: a tone that rises from 200 to 2000 Hz, so that every moment sounds different."""
    t = np.arange(round(seconds * rate)) / rate
    tone = 0.5 * np.sin(2 * np.pi * (200 * t + 900 * t**2 / seconds))
    return np.repeat(tone[:, None], channels, axis=1).astype(np.float32)


def write_audio(path: Path, samples: np.ndarray, rate: int, subtype: str | None = None) -> Path:
    """Write (frames, channels) samples in the format that the name's suffix says, by soundfile or PyAV."""
    codec = AV_CODECS.get("".join(path.suffixes[-2:])) or AV_CODECS.get(path.suffix)
    if codec is None:
        format_ = "OGG" if path.suffix == ".opus" else None
        with soundfile.SoundFile(
            path, "w", rate, samples.shape[1], "OPUS" if path.suffix == ".opus" else subtype, format=format_
        ) as file:
            for start in range(0, len(samples), rate):  # libsndfile's Vorbis encoder crashes on long blocks
                file.write(samples[start : start + rate])
        return path
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[1]]
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout, bit_rate=96_000 * samples.shape[1])
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(stream.codec_context.format, layout, rate, stream.codec_context.frame_size or 4096)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def decoded_seconds(path: Path) -> float:
    """How long a file really is, by decoding all of it."""
    with av.open(path) as container:
        stream = container.streams.audio[0]
        frames = 0
        with contextlib.suppress(av.error.InvalidDataError):  # the packet that was cut in two
            for frame in container.decode(stream):
                frames += frame.samples
        return frames / stream.codec_context.sample_rate

"""How similar a track is to itself in another encoding, against different tracks: where near-duplicates end.

python -m benchmarks.duplicates MUSIC
"""

from __future__ import annotations

import random
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from benchmarks.__main__ import SUFFIXES
from deejai_core.embedding.analysis import Limits, embed_file
from deejai_core.embedding.mp3tovec import mp3tovec
from deejai_core.models.musicnn.model import MusiCNN

ENCODINGS = {"MP3, 192 kbit/s": ("libmp3lame", ".mp3", 192_000), "Opus, 128 kbit/s": ("libopus", ".opus", 128_000)}
ENCODINGS["AAC, 128 kbit/s"] = ("aac", ".m4a", 128_000)
THRESHOLDS = (0.05, 0.02, 0.01, 0.005)
MOST = 30  # tracks that are encoded
WINDOWS = 16


def encode(samples: np.ndarray, rate: int, path: Path, codec: str, bit_rate: int) -> None:
    """samples: (n, 2)."""
    target = 48_000 if codec == "libopus" else rate
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=target)
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T, np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        context = stream.codec_context
        resampler = av.AudioResampler(context.format, "stereo", target, frame_size=context.frame_size or 1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            for packet in stream.encode(piece):
                container.mux(packet)


def main() -> None:
    files = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.suffix.lower() in SUFFIXES)
    random.Random(0).shuffle(files)
    model = MusiCNN()
    embedded, copies = [], {name: [] for name in ENCODINGS}

    def embed(path: Path) -> np.ndarray:
        return model.project(embed_file(path, model, decoder, windows=WINDOWS, known={}).trunk)

    with tempfile.TemporaryDirectory() as folder, Limits().decoder() as decoder:
        for file in files:
            embedded.append(embed(file))
            if len(embedded) > MOST:
                continue
            try:
                samples, rate = soundfile.read(file, always_2d=True)
            except soundfile.LibsndfileError:
                embedded.pop()
                continue
            for name, (codec, suffix, bit_rate) in ENCODINGS.items():
                copy = Path(folder) / f"copy{suffix}"
                encode(samples[:, [0, -1]], rate, copy, codec, bit_rate)
                copies[name].append((len(embedded) - 1, embed(copy)))
    flat = [slices for encoded in copies.values() for _, slices in encoded]
    vectors = mp3tovec(embedded + flat, model.epsilon)
    originals, others = vectors[: len(embedded)], iter(vectors[len(embedded) :])
    print(f"| {len(embedded)} tracks | " + " | ".join(f"cosine distance below {t}" for t in THRESHOLDS) + " |")
    print("|---" * (1 + len(THRESHOLDS)) + "|")
    for name, encoded in copies.items():
        row(name, np.array([1 - originals[track] @ next(others) for track, _ in encoded]))
    similarities = originals @ originals.T
    np.fill_diagonal(similarities, -1)
    row("the nearest different track", 1 - similarities.max(axis=1))


def row(name: str, distances: np.ndarray) -> None:
    print(f"| {name} | " + " | ".join(f"{(distances < threshold).mean():.0%}" for threshold in THRESHOLDS) + " |")


if __name__ == "__main__":
    main()

"""How similar a track is to itself in another encoding, against different tracks: where near-duplicates end.

python -m benchmarks.duplicates MUSIC
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from benchmarks.__main__ import SUFFIXES
from deejai_core import Analysis, FolderLibrary, analyse, open_space

ORIGINAL = "original"
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
    with tempfile.TemporaryDirectory() as folder:
        write_copies(files, Path(folder))
        vectors = analysed(Path(folder))
    originals = vectors.pop(ORIGINAL)
    print(f"| {len(originals)} tracks | " + " | ".join(f"cosine distance below {t}" for t in THRESHOLDS) + " |")
    print("|---" * (1 + len(THRESHOLDS)) + "|")
    for name, (codec, *_) in ENCODINGS.items():
        row(name, np.array([1 - originals[track] @ copy for track, copy in vectors[codec].items() if track in originals]))
    matrix = np.array(list(originals.values()))
    similarities = matrix @ matrix.T
    np.fill_diagonal(similarities, -1)
    row("the nearest different track", 1 - similarities.max(axis=1))


def write_copies(files: Sequence[Path], folder: Path) -> None:
    """The files, and some in each encoding: a folder for the originals and one for each codec. Their names are numbers."""
    for name in (ORIGINAL, *(codec for codec, *_ in ENCODINGS.values())):
        (folder / name).mkdir()
    encoded = 0
    for number, file in enumerate(files):
        if encoded < MOST:
            try:
                samples, rate = soundfile.read(file, always_2d=True)
            except soundfile.LibsndfileError:
                continue
            for codec, suffix, bit_rate in ENCODINGS.values():
                encode(samples[:, [0, -1]], rate, folder / codec / f"{number}{suffix}", codec, bit_rate)
            encoded += 1
        shutil.copy(file, folder / ORIGINAL / f"{number}{file.suffix}")


def analysed(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """The vector of each track, by its folder and number."""
    library = FolderLibrary(folder)
    library.refresh()
    analyse(library, analysis=Analysis(windows=WINDOWS))
    space = open_space(library)
    found: dict[str, dict[str, np.ndarray]] = {}
    for id_, path in library.paths().items():
        if id_ in space.position:
            found.setdefault(path.parent.name, {})[path.stem] = space.rows.vectors[space.position[id_]]
    return found


def row(name: str, distances: np.ndarray) -> None:
    print(f"| {name} | " + " | ".join(f"{(distances < threshold).mean():.0%}" for threshold in THRESHOLDS) + " |")


if __name__ == "__main__":
    main()

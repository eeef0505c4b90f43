"""How many windows of a track are enough: how well its neighbours share its artist and album, against what it costs.

python -m benchmarks.windows MUSIC            a folder of tagged, full-length tracks
python -m benchmarks.windows SLICES.npz       trunk outputs `slices`, with `track`, and per track `artist`, `album`, `genre`

Imports internals: of `analyse` only the way from a file to slices, whose CPU time is measured, and the weighting.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import mutagen
import numpy as np

from benchmarks.__main__ import SUFFIXES
from deejai_core.audio.decode import read_windows
from deejai_core.embedding.mp3tovec import mp3tovec
from deejai_core.models.musicnn.model import MusiCNN

LIMITS = (2, 4, 8, 12, 16, 24, 32, 100_000)


def embed(files: list[Path], model, limit: int) -> list[np.ndarray]:
    windows = (read_windows(file, sample_rate=model.sample_rate, length=model.window, limit=limit) for file in files)
    return [model.project(model.embed(window).astype(np.float16)) for window in windows]


def spread(slices: np.ndarray, limit: int) -> np.ndarray:
    """Those that remain if at most `limit` are taken evenly."""
    count = min(limit, len(slices))
    return slices[np.linspace(0, len(slices) - 1, count).round().astype(int)]


def shared(vectors: np.ndarray, labels: np.ndarray, within: int, *, any_of_them: bool) -> float:
    """How often one of the nearest `within` has a track's label, or which share of them; of tracks that have company."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -2)
    nearest = np.argsort(-similarity, axis=1)[:, :within]
    same = labels[nearest] == labels[:, None]
    company = (labels[:, None] == labels).sum(axis=1) > 1
    company &= labels != ""
    return float((same.any(axis=1) if any_of_them else same.mean(axis=1))[company].mean())


def report(limit: int, seconds: str, slices: list[np.ndarray], model, labels: dict[str, np.ndarray]) -> None:
    vectors = mp3tovec(slices, model.epsilon)
    name = "all" if limit == LIMITS[-1] else str(limit)
    cells = [f"{np.mean([len(track) for track in slices]):.1f}", seconds]
    for label in labels.values():
        cells += [
            f"{shared(vectors, label, 5, any_of_them=True):.3f}",
            f"{shared(vectors, label, 10, any_of_them=False):.3f}",
        ]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    source, model = Path(sys.argv[1]), MusiCNN()
    if source.suffix == ".npz":
        with np.load(source) as data:
            everything = [data["slices"][data["track"] == track] for track in range(len(data["artist"]))]
            labels = {name: data[name].astype(str) for name in ("artist", "album", "genre")}
            labels = {name: np.where(values == "-1", "", values) for name, values in labels.items()}
    else:
        files = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES)
        tags = [mutagen.File(file, easy=True) for file in files]
        labels = {name: np.array([(tag.get(name) or [""])[0] for tag in tags]) for name in ("artist", "album")}
    print(f"| windows | on average | CPU-seconds a track | {' | '.join(f'{n} hit@5 | {n} P@10' for n in labels)} |")
    print("|---" * (3 + 2 * len(labels)) + "|")
    for limit in LIMITS:
        if source.suffix == ".npz":
            report(limit, "-", [model.project(spread(slices, limit)) for slices in everything], model, labels)
        else:
            start = time.process_time()
            slices = embed(files, model, limit)
            report(limit, f"{(time.process_time() - start) / len(files):.3f}", slices, model, labels)


if __name__ == "__main__":
    main()

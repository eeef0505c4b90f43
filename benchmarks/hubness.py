"""Hubs, before and after ways to correct them: how many neighbourhoods a track is in, and what that costs.

python -m benchmarks.hubness [SLICES.npz]     trunk outputs `slices`, with `track`, and per track `artist`, `collection`

Without SLICES.npz only invented libraries of 10,000 tracks are measured. Imports internals: the correction, to be compared
with others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.invented import unit, vectors_like_real_ones
from deejai_core.embedding.mp3tovec import mp3tovec
from deejai_core.index.hubs import NEIGHBOURS, densities, hub_penalties
from deejai_core.models.musicnn.model import MusiCNN

WITHIN = 10
TRACKS = 10_000
BLOCK = 1000


def corrections(vectors: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(name, a, b): neighbours are ordered by a * similarity + b, for each track an a and a b of its own."""
    ones = np.ones(len(vectors), np.float32)
    nearest, mean, deviation = [], [], []
    for start in range(0, len(vectors), BLOCK):
        similarities = vectors[start : start + BLOCK] @ vectors.T
        mean.append(similarities.mean(axis=1))
        deviation.append(similarities.std(axis=1))
        nearest.append(-np.partition(-similarities, NEIGHBOURS + 1, axis=1)[:, 1 : NEIGHBOURS + 1].mean(axis=1))
    near, mean, deviation = map(np.concatenate, (nearest, mean, deviation))
    yield "none", ones, 0 * ones
    yield "CSLS", ones, -near / 2
    yield "CSLS, as used", ones, -hub_penalties(densities(vectors))
    scale = 1 / np.sqrt(1 - near)
    yield "local scaling (NICDM)", scale, -scale
    yield "mutual proximity (Gaussian, one-sided)", 1 / deviation, -mean / deviation


def neighbours(vectors: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    found = []
    for start in range(0, len(vectors), BLOCK):
        scores = vectors[start : start + BLOCK] @ vectors.T * a + b
        scores[np.arange(len(scores)), np.arange(start, start + len(scores))] = -np.inf
        found.append(np.argpartition(-scores, WITHIN, axis=1)[:, :WITHIN])
    return np.concatenate(found)


def report(name: str, vectors: np.ndarray, artists: np.ndarray | None) -> None:
    for correction, a, b in corrections(vectors):
        nearest = neighbours(vectors, a, b)
        occurrence = np.bincount(nearest.ravel(), minlength=len(vectors)).astype(float)
        skewness = ((occurrence - occurrence.mean()) ** 3).mean() / occurrence.std() ** 3
        hits = "-"
        if artists is not None:
            company = (artists[:, None] == artists).sum(axis=1) > 1
            company &= artists != ""
            hits = f"{(artists[nearest] == artists[:, None]).any(axis=1)[company].mean():.3f}"
        print(
            f"| {name} | {correction} | {skewness:.2f} | {occurrence.max():.0f} | {(occurrence > 0).mean():.4f} | {hits} |",
            flush=True,
        )


def main() -> None:
    print(f"| library | correction | skewness of {WITHIN}-occurrence | largest | reachable | same artist, hit@{WITHIN} |")
    print("|---|---|---|---|---|---|")
    if len(sys.argv) > 1:
        data = np.load(Path(sys.argv[1]))
        model = MusiCNN()
        slices = [model.project(data["slices"][data["track"] == track]) for track in range(len(data["artist"]))]
        artists = np.where(data["collection"] == "magnatune", data["artist"].astype(str), "")
        report(f"{len(slices)} real tracks", mp3tovec(slices, model.epsilon), artists)
    rng = np.random.default_rng(0)
    vectors, artists = vectors_like_real_ones(TRACKS, rng)
    report("10,000 invented like real ones", vectors, artists.astype(str))
    report("10,000 in all directions alike", unit(rng.normal(size=(TRACKS, vectors.shape[1]))), None)


if __name__ == "__main__":
    main()

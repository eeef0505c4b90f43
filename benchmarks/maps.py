"""The map: how many neighbours it keeps, against principal components, and how well new tracks are put into it.

python -m benchmarks.maps [SLICES.npz] [--tracks N]... [--iterations EARLY LATE] [--cell SIDE]

SLICES.npz: trunk outputs `slices`, with `track`. --iterations and --cell lay out otherwise than `draw_map` does.

Imports internals: of `draw_map` only the layout, on vectors that are in no library.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.invented import vectors_like_real_ones
from benchmarks.usage import forget_peak, peak
from deejai_core.embedding.mp3tovec import mp3tovec
from deejai_core.features.map import places as laying
from deejai_core.features.map.places import by_components, lay_out, put_among
from deejai_core.models.musicnn.model import MusiCNN

SHOWN, TRUE = 10, 30  # of the 10 nearest on the map, how many are among the 30 nearest tracks
SAMPLE = 1000  # tracks that are looked at
REPEATED = 5  # times that a fifth of the tracks are new


def kept(vectors: np.ndarray, places: np.ndarray, tracks: np.ndarray) -> float:
    """The share of these tracks' neighbours that the map keeps."""
    shares = []
    for track in tracks:
        similarity = vectors @ vectors[track]
        apart = ((places - places[track]) ** 2).sum(axis=1)
        similarity[track], apart[track] = -np.inf, np.inf
        true = np.argpartition(-similarity, min(TRUE, len(vectors) - 1))[:TRUE]
        shares.append(np.isin(np.argpartition(apart, SHOWN)[:SHOWN], true).mean())
    return float(np.mean(shares))


def report(name: str, vectors: np.ndarray) -> None:
    started = time.process_time()
    first = by_components(vectors)
    sketched = time.process_time() - started
    forget_peak()
    started = time.process_time()
    places = lay_out(vectors, threads=os.cpu_count())
    seconds = time.process_time() - started
    memory = peak()
    tracks = np.random.default_rng(0).permutation(len(vectors))[:SAMPLE]
    ours, plain = (kept(vectors, found, tracks) for found in (places, first))
    figures = [f"{ours:.1%}", f"{plain:.1%}", f"{sketched:.1f}", f"{seconds:.0f}", f"{memory:,.0f} MB"]
    print(f"| {name} | {len(vectors):,} | {' | '.join(figures)} |", flush=True)


def report_new(name: str, vectors: np.ndarray) -> None:
    """How a fifth of the tracks fare that are put among the others, by several ways."""
    shares: dict[str, list[float]] = {}
    together = lay_out(vectors)
    for seed in range(REPEATED):
        order = np.random.default_rng(seed).permutation(len(vectors))
        new, old = np.split(order, [len(vectors) // 5])
        known = np.full((len(vectors), 2), np.nan, np.float32)
        known[old] = lay_out(vectors[old])
        near = old[np.argsort(-(vectors[new] @ vectors[old].T), axis=1)[:, :5]]
        ways = {
            "laid out with all others": together,
            "as used": put_among(vectors, known),
            "nearest": _with(known, new, known[near[:, 0]]),
            "mean of 5": _with(known, new, known[near].mean(axis=1)),
            "median of 5": _with(known, new, np.median(known[near], axis=1)),
        }
        for way, places in ways.items():
            shares.setdefault(way, []).append(kept(vectors, places, new[:SAMPLE]))
    for way, found in shares.items():
        print(f"{name}, new tracks, {way}: {np.mean(found):.3f} (from {min(found):.3f} to {max(found):.3f})", flush=True)


def _with(known: np.ndarray, new: np.ndarray, places: np.ndarray) -> np.ndarray:
    whole = known.copy()
    whole[new] = places
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slices", nargs="?", type=Path)
    parser.add_argument("--tracks", type=int, action="append", default=[], help="of an invented library; repeatable")
    usual = [laying.EARLY, laying.LATE]
    parser.add_argument("--iterations", type=int, nargs=2, default=usual, help="with exaggeration, and without")
    parser.add_argument("--cell", type=float, default=laying.CELL, help="side of a cell of the grid of forces")
    options = parser.parse_args()
    early, late = options.iterations
    with patch.multiple(laying, EARLY=early, LATE=late, CELL=options.cell):
        measure(options.slices, options.tracks)


def measure(slices: Path | None, invented: Sequence[int]) -> None:
    """slices: None: of no real music. invented: numbers of tracks."""
    if slices:
        data = np.load(slices)
        model = MusiCNN()
        projected = [model.project(data["slices"][data["track"] == track]) for track in range(data["track"].max() + 1)]
        vectors = mp3tovec(projected, model.epsilon)
        report("real", vectors)
        report_new("real", vectors)
    for tracks in invented:
        report("invented", vectors_like_real_ones(tracks, np.random.default_rng(0))[0])


if __name__ == "__main__":
    main()

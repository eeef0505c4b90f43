"""Hubs: tracks that are close to everything, and the correction that lets the others be found.

In a space of many dimensions, some vectors become neighbours of very many others, and some of none (Radovanović et al.
2010); in music, these are the wallpaper tracks that turn up in every playlist. Cross-domain similarity local scaling (CSLS,
Conneau et al. 2018) subtracts from each track's similarity what it has to its neighbours anyway.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np

from deejai_core.files import replacing

NEIGHBOURS = 10
FEWEST = 200  # tracks: in a smaller library, ten neighbours are too large a part, and there are no hubs to correct
# Tracks that represent the library, so that time does not grow with its square: measured, see docs/benchmarks.md.
REFERENCES = 4096
CACHED_FROM = 5_000  # tracks; with fewer, computing is as fast as reading
BLOCK = 1024  # tracks compared at once: 16 MB
CHUNK = 65_536  # tracks whose vectors are read at once
COPY = 1 - 1e-5  # a higher similarity is that of a track to itself or its copy, which says nothing about its neighbours


def densities(vectors: np.ndarray, references: np.ndarray | None = None) -> np.ndarray:
    """Return (n,) float32: the mean similarity of each track to its 10 nearest; 0 if there are fewer than 200 tracks.

    vectors: (n, dimension) float32 of unit length. references: (m, dimension) those to compare with, by default
    `references_among` the vectors.
    """
    references = references_among(vectors) if references is None else references
    if len(references) < FEWEST:
        return np.zeros(len(vectors), np.float32)
    found = [np.zeros(0, np.float32)]
    for start in range(0, len(vectors), BLOCK):
        similarities = vectors[start : start + BLOCK] @ references.T
        similarities[similarities > COPY] = -1
        found.append(np.partition(similarities, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:].mean(axis=1))
    return np.concatenate(found)


def references_among(vectors: np.ndarray) -> np.ndarray:
    """Return (m, dimension), all vectors, or 4,096 of them that represent all.

    The choice depends only on the vectors, so a few more tracks hardly change the densities of the others.
    """
    if len(vectors) <= REFERENCES:
        return vectors
    hashes = np.concatenate([_hashes(vectors[start : start + CHUNK]) for start in range(0, len(vectors), CHUNK)])
    return np.asarray(vectors[np.argsort(hashes, kind="stable")[:REFERENCES]])


def hub_penalties(density: np.ndarray) -> np.ndarray:
    """Return (n,) what is subtracted from each track's similarity.

    CSLS orders by 2 cos(x, y) - r(x) - r(y), where r(x) is the query's. No penalty is below 0, so no track gets better than
    it is.
    """
    return np.asarray((density - density.min()) / 2)


def open_densities(folder: Path, vectors: np.ndarray, *, edition: str = "", tracks: int | None = None) -> np.ndarray:
    """Return the densities of these vectors, from `folder` if it has them; otherwise compute and store them.

    edition: identifies the first `tracks` of the vectors, by default all; by default their digest. Later vectors are
    compared with the references among the first ones.
    """
    tracks = len(vectors) if tracks is None else tracks
    if len(vectors) < CACHED_FROM:
        return densities(vectors)
    path = folder / "hubness.npz"
    edition = edition or hashlib.blake2b(np.ascontiguousarray(vectors[:tracks]).data, digest_size=16).hexdigest()
    density, references = _kept(path, edition, tracks, vectors.shape[1])
    if len(density) >= len(vectors):  # more: another process has added some meanwhile
        return density[: len(vectors)]
    if not len(density):
        references = references_among(vectors[:tracks])
    density = np.concatenate([density, densities(vectors[len(density) :], references)])
    data = io.BytesIO()
    np.savez(data, edition=edition, density=density, references=references)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(data.getvalue())
    except OSError:
        pass  # if the folder cannot be written, only time is lost
    return density


def _kept(path: Path, edition: str, tracks: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the stored densities of at least the first `tracks` vectors, and the references; or empty arrays."""
    try:
        # numpy leaves a file open that turns out not to be a complete zip file.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            density, references = kept["density"], kept["references"]
            if str(kept["edition"]) == edition and len(density) >= tracks and references.shape[1:] == (dimension,):
                return density, references
    except Exception:  # missing or damaged, in one of the many ways in which a zip file can be: it is made again
        pass
    return np.zeros(0, np.float32), np.zeros((0, dimension), np.float32)


def _hashes(vectors: np.ndarray) -> np.ndarray:
    """Return (n,) a number for each vector that looks random and depends only on the vector."""
    odd = np.random.default_rng(0).integers(0, 2**63, vectors.shape[1], dtype=np.uint64) * 2 + 1
    bits = np.ascontiguousarray(vectors, np.float32).view(np.uint32).astype(np.uint64)
    mixed = (bits * odd).sum(axis=1, dtype=np.uint64)
    return np.asarray(mixed ^ (mixed >> np.uint64(29)))

"""Hubs: tracks that are near to everything, and the correction that lets the others be found.

In a space of many dimensions some vectors become neighbours of very many others and some of none (Radovanović et al. 2010);
in music these are the wallpaper tracks that turn up in every playlist. Cross-domain similarity local scaling (CSLS, Conneau
et al. 2018) takes off each track's similarity what it has to its neighbours anyway.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np

from deejai_core.files import replacing

NEIGHBOURS = 10
FEWEST = 200  # tracks: in a smaller library ten are not near but everything, and there are no hubs to correct
# Tracks that stand for the library, so that the time does not grow with its square: measured, see docs/benchmarks.md.
REFERENCES = 4096
CACHED_FROM = 5_000  # tracks; with fewer, computing is as fast as reading
BLOCK = 1024  # tracks compared at once: 16 MB
COPY = 1 - 1e-5  # a similarity above it is that of a track to itself or its copy, which says nothing of its neighbours


def densities(vectors: np.ndarray) -> np.ndarray:
    """(n,) float32: the mean similarity of each track to its 10 nearest among at most 4,096 of them; 0 for each where there
    are fewer than 200.

    vectors: (n, dimension) float32 of unit length. Which tracks are compared with depends on their vectors alone, so a few
    more tracks hardly change the numbers of the others.
    """
    if len(vectors) < FEWEST:
        return np.zeros(len(vectors), np.float32)
    references = (
        vectors if len(vectors) <= REFERENCES else vectors[np.argsort(_hashes(vectors), kind="stable")[:REFERENCES]]
    )
    found = []
    for start in range(0, len(vectors), BLOCK):
        similarities = vectors[start : start + BLOCK] @ references.T
        similarities[similarities > COPY] = -1
        found.append(np.partition(similarities, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:].mean(axis=1))
    return np.concatenate(found)


def handicaps(density: np.ndarray) -> np.ndarray:
    """(n,) what is taken off each track's similarity: CSLS orders by 2 cos(x, y) - r(x) - r(y), where r(x) is the query's.

    None is below 0, so that no track is made better than it is.
    """
    return (density - density.min()) / 2


def open_densities(folder: Path, vectors: np.ndarray) -> np.ndarray:
    """The densities of these vectors, from `folder` if they are there, else computed and kept for next time."""
    if len(vectors) < CACHED_FROM:
        return densities(vectors)
    path = folder / "hubness.npz"
    digest = hashlib.blake2b(np.ascontiguousarray(vectors), digest_size=16).hexdigest()
    try:
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["digest"]) == digest and kept["density"].shape == (len(vectors),):
                return kept["density"]
    except Exception:  # not there or damaged, in one of the many ways in which a zip file can be: it is made anew
        pass
    density = densities(vectors)
    data = io.BytesIO()
    np.savez(data, digest=digest, density=density)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(data.getvalue())
    except OSError:
        pass  # a folder that cannot be written costs time, not the answer
    return density


def _hashes(vectors: np.ndarray) -> np.ndarray:
    """(n,) a number for each vector that looks random and depends on nothing else."""
    odd = np.random.default_rng(0).integers(0, 2**63, vectors.shape[1], dtype=np.uint64) * 2 + 1
    bits = np.ascontiguousarray(vectors, np.float32).view(np.uint32).astype(np.uint64)
    mixed = (bits * odd).sum(axis=1, dtype=np.uint64)
    return mixed ^ (mixed >> np.uint64(29))

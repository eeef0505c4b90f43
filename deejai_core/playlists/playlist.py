"""A playlist of what sounds like its seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deejai_core.space.index import Index


@dataclass(frozen=True)
class Pick:
    """A track chosen for a playlist."""

    position: int  # in the index
    similarity: float  # cosine to what it was chosen for


def similar(index: Index, seeds: Sequence[np.ndarray], *, without: Sequence[int] = (), count: int) -> list[Pick]:
    """The `count` tracks nearest to the blend of the seeds, nearest first; fewer if the library has no more.

    seeds: one or more unit vectors (dimension,), each with the same say. without: positions of tracks that are not to be
    picked, such as the seeds' own. A track is picked once, and so is a recording that the library has twice: copies have
    equal vectors.
    """
    taken, heard = set(without), {seed.tobytes() for seed in seeds}
    picks = []
    for pick in neighbours(index, blend(seeds), count + len(taken)):
        vector = index.vectors[pick.position].tobytes()
        if pick.position in taken or vector in heard:
            continue
        heard.add(vector)
        picks.append(pick)
        if len(picks) == count:
            break
    return picks


def blend(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """The direction in the middle of unit vectors; the first one's where they cancel each other out."""
    total = np.sum(vectors, axis=0)
    return total if np.linalg.norm(total) > 1e-6 * len(vectors) else vectors[0]


def neighbours(index: Index, query: np.ndarray, expected: int) -> Iterator[Pick]:
    """Every track, nearest first. `expected`: how many the caller is likely to take; more are fetched if it takes more."""
    seen: set[int] = set()
    while len(seen) < len(index.vectors):
        positions, similarities = index.nearest(query, expected)
        for position, similarity in zip(positions.tolist(), similarities.tolist(), strict=True):
            if position not in seen:
                seen.add(position)
                yield Pick(position, similarity)
        expected = min(4 * expected, len(index.vectors))

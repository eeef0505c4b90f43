"""Finds songs that share lists with some others, more often than their popularity explains.

A song is the column of the lists that it is in, and the similarity of two songs is the cosine of their columns. Nothing has
to be learned for this, and docs/benchmarks.md compares it with Track2Vec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

UNSURE = 5  # further lists that every song counts as being in, alone: one shared list may be chance


@dataclass(frozen=True, eq=False)
class Company:
    """How similar every song is to some seeds."""

    similarity: np.ndarray  # (songs,) float64, 0 to 1
    lists: np.ndarray  # (songs,) int64, how many lists it shares with a seed; 0 for the seeds


def company(lists: Callable[[], Iterable[np.ndarray]], seeds: np.ndarray, songs: int) -> Company:
    """Return how similar every song is to the seeds together, by their lists.

    lists: gives all of them, each the numbers of its songs, in which a song counts once; called twice. seeds: numbers of
    songs, without repetitions. songs: how many there are. Lists longer than the mean count less, in proportion: the more
    songs a list has, the less it says about any two of them. All seeds count equally, however often they are listed.
    """
    counts, length, number = np.zeros(songs), 0, 0
    for listed in _each_once(lists()):
        counts[listed] += 1
        length, number = length + len(listed), number + 1
    lengths = np.sqrt(counts + UNSURE)
    share = np.zeros(songs)
    share[seeds] = 1 / lengths[seeds]
    products, shared, squares = np.zeros(songs), np.zeros(songs, np.int64), 0.0
    for listed in _each_once(lists()):
        if said := share[listed].sum():
            weight = min(1.0, length / (number * len(listed)))
            products[listed] += weight * said
            squares += weight * said**2
            shared[listed] += 1
    shared[seeds] = 0
    similarity = np.where(shared > 0, products, 0) / lengths
    return Company(similarity / np.sqrt(squares) if squares else similarity, shared)


def _each_once(lists: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the songs of each list, without repetitions; lists of one song are left out."""
    return (found for listed in lists if len(found := np.unique(listed)) > 1)

"""The company that songs keep: which stand in lists with some others, by more than how often they are listed at all.

A song is the column of the lists that it is in, and two songs are as similar as the cosine of their columns. Nothing has to
be learned for that, and docs/benchmarks.md compares it with what Track2Vec learns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

UNSURE = 5  # lists without any other that every song is taken to be in besides: one list is not much to go by


@dataclass(frozen=True, eq=False)
class Company:
    """How near every song is to some seeds."""

    similarity: np.ndarray  # (songs,) float64, 0 to 1
    lists: np.ndarray  # (songs,) int64, in how many lists each is with a seed; 0 for the seeds


def company(lists: Callable[[], Iterable[np.ndarray]], seeds: np.ndarray, songs: int) -> Company:
    """How near the lists put every song to the seeds taken together.

    lists: gives all of them, each the numbers of its songs, in which a song counts once; called twice. seeds: numbers of
    songs, of which each counts once. songs: how many there are.

    Lists longer than the mean weigh less, in proportion: the more songs somebody has put together, the less that says of
    any two of them. Every seed counts as much as any other, however often it is listed.
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
    """The songs of each list, each once; lists of one song say nothing of others."""
    return (found for listed in lists if len(found := np.unique(listed)) > 1)

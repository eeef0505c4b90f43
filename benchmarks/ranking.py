"""How well the last song of a list is found when the rest of it is known: the usual test of what was learned from lists.

Of each held-out list all songs but the last are the query, and all songs that are not in the query are ranked. How often
the last one is among the first k (hit rate@k), and the mean of 1 / rank (mean reciprocal rank). Equally good songs are
ranked by how many lists they are in, so that no method gains or loses by leaving things undecided.

Imports internals: what was learned from lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deejai_core.errors import TrainingError
from deejai_core.extras import extra
from deejai_core.training.track2vec import Track2Vec

CELLS = 1 << 22  # scores looked at together: some 100 MB with what is made of them

# (lists, n) of the songs of each query -> (lists, n) scores, higher is better; -inf where nothing can be said of a song.
# The first is a scipy.sparse.csr_array of float32.
Scorer = Callable[[object], np.ndarray]


@dataclass(frozen=True, eq=False)
class Popularity:
    """All songs of the training lists, those in most lists first."""

    words: tuple[str, ...]  # (n,)
    counts: np.ndarray  # (n,) int64, the lists that each is in

    @cached_property
    def number(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    @classmethod
    def of(cls, lists: Iterable[Sequence[str]]) -> Popularity:
        counted = Counter(song for songs in lists for song in dict.fromkeys(songs)).most_common()
        return cls(tuple(word for word, _ in counted), np.array([count for _, count in counted], np.int64))

    def matrix(self, lists: Iterable[Sequence[str]]):
        """(lists, n) scipy.sparse.csr_array of float32: 1 where a list has a song. Other songs than these are left out."""
        with extra("train"):
            from scipy.sparse import csr_array
        rows = [sorted({self.number[song] for song in songs if song in self.number}) for songs in lists]
        ends = np.cumsum([0, *map(len, rows)])
        columns = np.array([number for row in rows for number in row], np.int32)
        return csr_array((np.ones(len(columns), np.float32), columns, ends), shape=(len(rows), len(self.words)))


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Lists to be completed."""

    queries: object  # (lists, n) scipy.sparse.csr_array: their songs but the last, as far as they are known
    last: np.ndarray  # (lists,) the number of the last song, -1 if no training list has it


def hold_out(lists: Iterable[Sequence[str]], songs: Popularity) -> HeldOut:
    """Splits the last song off each list. A song counts once, where it comes first; lists of one song are left out.

    A last song that no training list has stays: nothing can find it, and every method misses it alike.
    """
    unique = [found for listed in lists if len(found := list(dict.fromkeys(listed))) > 1]
    last = np.array([songs.number.get(found[-1], -1) for found in unique], np.int64)
    return HeldOut(songs.matrix(found[:-1] for found in unique), last)


def ranks(scorer: Scorer, held: HeldOut) -> np.ndarray:
    """(lists,) float64: the rank of each list's last song, 1 is best; inf if the scorer knows nothing of it."""
    count, songs = held.queries.shape
    found = np.full(count, np.inf)
    rows = max(1, CELLS // max(1, songs))
    known = np.flatnonzero(held.last >= 0)
    for start in range(0, len(known), rows):
        block = known[start : start + rows]
        queries, last = held.queries[block], held.last[block, None]
        scores = np.array(scorer(queries), np.float32)
        scores[queries.nonzero()] = -np.inf
        wanted = np.take_along_axis(scores, last, axis=1)
        before = (scores > wanted) | ((scores == wanted) & (np.arange(songs) < last))
        found[block] = np.where(wanted[:, 0] > -np.inf, 1 + before.sum(axis=1), np.inf)
    return found


def hit_rate(found: np.ndarray, k: int) -> float:
    """The share of these ranks that are k or better; NaN of none."""
    return float((found <= k).mean()) if len(found) else float("nan")


def reciprocal_rank(found: np.ndarray) -> float:
    """The mean of 1 / rank; NaN of none."""
    return float((1 / found).mean()) if len(found) else float("nan")


def by_popularity(songs: Popularity) -> Scorer:
    """The same songs for everybody."""
    return lambda queries: np.broadcast_to(songs.counts, queries.shape)


def by_co_occurrence(lists: Iterable[Sequence[str]], songs: Popularity, shrink: float = 0, exponent: float = 0.5) -> Scorer:
    """Item neighbourhoods: the sum over the query's songs of how often they share a list with a song.

    Lists shared by i and j / (lists of i ** (1 - exponent) * lists of j ** exponent + shrink), with j the song that is
    scored; an exponent of 0.5 is the cosine of their columns. Large shrinkage trusts what is seen often.
    """
    with extra("train"):
        from scipy.sparse import csr_array
    matrix = songs.matrix(lists)
    shared = (matrix.T @ matrix).tocoo()
    i, j = shared.row, shared.col
    weights = shared.data / (songs.counts[i] ** (1 - exponent) * songs.counts[j] ** exponent + shrink)
    similarities = csr_array((weights.astype(np.float32), (i, j)), shape=shared.shape)
    return lambda queries: (queries @ similarities).toarray()


def by_direction(space: Track2Vec, songs: Popularity) -> Scorer:
    """The cosine with the sum of the query's directions, as playlists do. Raises TrainingError if no song has one."""
    positions = np.array([space.position.get(word, -1) for word in songs.words])
    if not (positions >= 0).any():
        raise TrainingError("none of the songs to be ranked has a vector")
    vectors = np.where(positions[:, None] >= 0, space.vectors[positions], 0)
    nothing = np.where(positions >= 0, 0, -np.inf).astype(np.float32)
    return lambda queries: (queries @ vectors) @ vectors.T + nothing

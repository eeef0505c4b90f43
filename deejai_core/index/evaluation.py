"""How good a space is: whether tracks that belong together are close together, and whether every track can be found.

For each track, its k nearest others are examined: how often at least one of them has the same label (hit rate), how many of
them have it (precision), and how often a track is such a neighbour (k-occurrence, Radovanović et al. 2010). Tracks by an
artist sound alike, and share a genre. To measure whether a genre has a sound, an artist filter (Pampalk et al. 2005, Flexer
2007) excludes a track's own artist from its neighbours.

Everything is compared in blocks of at most `CELLS` pairs, so that memory grows with the library and not with its square.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deejai_core.index.hubs import COPY
from deejai_core.index.neighbours import Index

CELLS = 1 << 22  # pairs compared at once: 16 MB of similarities, and some 100 MB with the intermediate results
MOST = 20_000  # up to this number of tracks, the neighbours of each are examined; in a larger library,
SAMPLE = 5_000  # those of this many: such a rate is right within 1.4 percentage points, 19 times of 20


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of each track, in one field: none, one or several. Two tracks with a common label share it."""

    name: str
    of: Sequence[Set[Hashable]]  # (n,)
    by_others: bool = False  # neighbours count only if they are known to be by another artist

    @cached_property
    def members(self) -> dict[Hashable, np.ndarray]:
        """The positions of the tracks that have a label."""
        found: dict[Hashable, list[int]] = {}
        for track, labels in enumerate(self.of):
            for label in labels:
                found.setdefault(label, []).append(track)
        return {label: np.array(tracks) for label, tracks in found.items()}

    def shared(self, queries: np.ndarray) -> np.ndarray:
        """Return (queries, n) bool, with which tracks these share a label."""
        shared = np.zeros((len(queries), len(self.of)), bool)
        for row, query in enumerate(queries.tolist()):
            for label in self.of[query]:
                shared[row, self.members[label]] = True
        return shared


@dataclass(frozen=True)
class Rates:
    """Means over the tracks counted; NaN if there are none."""

    hit: float  # share with at least one neighbour that shares the label
    precision: float  # mean share of their neighbours that do


@dataclass(frozen=True)
class Agreement:
    """How well neighbours agree with labels."""

    tracks: int  # tracks that count, because they could have such a neighbour
    found: Rates
    chance: Rates  # expected for neighbours drawn at random from the same tracks


@dataclass(frozen=True)
class Hubs:
    """How unevenly tracks occur among the k nearest of others."""

    skewness: float  # 0: as often above as below the mean; large: few tracks are close to very many
    largest: int
    reachable: float  # share of tracks that are close to any other


@dataclass(frozen=True)
class Quality:
    agreements: list[Agreement]  # one for each `Labels`
    plain: Hubs
    corrected: Hubs  # with the penalty of lists


def choose_queries(tracks: int, rng: np.random.Generator) -> np.ndarray:
    """Return the positions, in order, of the tracks whose neighbours are examined: all, or a sample of many."""
    return np.arange(tracks) if tracks <= MOST else np.sort(rng.choice(tracks, SAMPLE, replace=False))


def measure(
    vectors: np.ndarray, labels: Sequence[Labels], artists: np.ndarray, penalty: np.ndarray, k: int, queries: np.ndarray
) -> Quality:
    """Measure a space.

    vectors: (n, dimension) float32 of unit length. artists: (n,) a number for each artist, -1 if unknown. penalty: (n,)
    what lists subtract from each track's similarity. queries: positions of the tracks whose `k` nearest are examined. Hubs
    of a sample are those of the sample alone: most tracks of a large library would be in none of its few lists.
    """
    same = len(queries) == len(vectors)
    lists, held_back = (vectors, penalty) if same else (vectors[queries], penalty[queries])
    return Quality(
        agreement(vectors, labels, artists, k, queries), hubs(lists, k), hubs(lists, k, held_back.astype(np.float32))
    )


def agreement(
    vectors: np.ndarray, labels: Sequence[Labels], artists: np.ndarray, k: int, queries: np.ndarray
) -> list[Agreement]:
    """Return, for each of the `labels`, how well the `k` nearest of the `queries` agree with them; arguments as above.

    A track and its copies (equal vectors) are not neighbours; with an artist filter, neither is a track by the same or an
    unknown artist. A query counts only if there is a track that could be such a neighbour: one that shares a label with it.
    """
    return [
        Agreement(int(tracks), Rates(*_mean(found, tracks)), Rates(*_mean(chance, tracks)))
        for tracks, found, chance in _totals(vectors, labels, artists, k, queries)
    ]


def shuffled(
    vectors: np.ndarray,
    labels: Sequence[Labels],
    artists: np.ndarray,
    k: int,
    queries: np.ndarray,
    rng: np.random.Generator,
) -> list[Rates]:
    """Return the same figures for vectors that are assigned to the wrong tracks: those of chance, if the measure is right.

    For few queries, this is the mean of several assignments, to reduce the influence of chance.
    """
    deals = -(-SAMPLE // max(1, len(queries)))
    totals = [_totals(rng.permutation(vectors), labels, artists, k, queries) for _ in range(deals)]
    return [
        Rates(*_mean(sum(found for _, found, _ in deal), sum(tracks for tracks, _, _ in deal)))
        for deal in zip(*totals, strict=True)
    ]


def hubs(vectors: np.ndarray, k: int, penalty: np.ndarray | None = None) -> Hubs:
    """Return how unevenly the tracks are spread over the lists of each other's `k` nearest.

    penalty: (n,) float32, as above.
    """
    occurrence = np.zeros(len(vectors), np.int64)
    for queries in _blocks(np.arange(len(vectors)), len(vectors)):
        similarities, apart = _compare(vectors, queries)
        scores = np.where(apart, similarities if penalty is None else similarities - penalty, -np.inf)
        nearest = _nearest(scores, k)
        listed = np.take_along_axis(apart, nearest, axis=1)  # a tiny library may have fewer than k
        occurrence += np.bincount(nearest[listed], minlength=len(vectors))
    if not len(occurrence):
        return Hubs(0.0, 0, 0.0)
    spread = occurrence.std()
    skewness = ((occurrence - occurrence.mean()) ** 3).mean() / spread**3 if spread else 0.0
    return Hubs(float(skewness), int(occurrence.max()), float((occurrence > 0).mean()))


def recall(index: Index, k: int, queries: np.ndarray) -> float:
    """Return the share of these tracks' `k` true nearest, without themselves, that the index finds; NaN without queries."""
    exact, shares = Index(index.vectors), []
    for query in queries.tolist():
        direction = index.vectors[query]
        wanted = [similarity for track, similarity in zip(*exact.nearest(direction, k + 1), strict=True) if track != query]
        found = [similarity for track, similarity in zip(*index.nearest(direction, k + 1), strict=True) if track != query]
        if wanted := wanted[:k]:
            # By similarity, not by position: one copy is as good as another.
            shares.append((np.array(found[:k]) >= wanted[-1]).sum() / len(wanted))
    return float(np.mean(shares)) if shares else float("nan")


def _totals(
    vectors: np.ndarray, labels: Sequence[Labels], artists: np.ndarray, k: int, queries: np.ndarray
) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Return, for each of the labels, the tracks counted, and the sums of their (hit, precision), found and by chance."""
    totals = np.zeros((len(labels), 5))
    for block in _blocks(queries, len(vectors)):
        similarities, apart = _compare(vectors, block)
        for by_others in {kind.by_others for kind in labels}:
            allowed = apart & (artists >= 0) & (artists[block][:, None] != artists) if by_others else apart
            nearest = _nearest(np.where(allowed, similarities, -np.inf), k)
            choice = allowed.sum(axis=1)
            for row, kind in enumerate(labels):
                if kind.by_others != by_others:
                    continue
                shared = kind.shared(block) & allowed
                company = shared.sum(axis=1)
                counted = company > 0
                if by_others:
                    counted &= artists[block] >= 0
                found = np.take_along_axis(shared, nearest, axis=1).sum(axis=1)
                figures = (
                    np.ones(len(block)),
                    found > 0,
                    found / np.clip(choice, 1, k),
                    _chance_of_hit(company, choice, k),
                    company / np.maximum(choice, 1),
                )
                totals[row] += [figure[counted].sum() for figure in figures]
    return [(row[0], row[1:3], row[3:]) for row in totals]


def _mean(totals: np.ndarray, tracks: float) -> list[float]:
    return (totals / tracks).tolist() if tracks else [float("nan")] * 2


def _chance_of_hit(company: np.ndarray, choice: np.ndarray, k: int) -> np.ndarray:
    """Return the chance that at least one of `k` different tracks from `choice` is in `company`: hypergeometric."""
    miss = np.ones(len(company))
    for drawn in range(min(k, int(choice.max(initial=0)))):
        miss *= np.maximum(choice - company - drawn, 0) / np.maximum(choice - drawn, 1)
    return 1 - miss


def _blocks(queries: np.ndarray, tracks: int) -> list[np.ndarray]:
    rows = max(1, CELLS // max(1, tracks))
    return [queries[start : start + rows] for start in range(0, len(queries), rows)]


def _compare(vectors: np.ndarray, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (queries, n) similarities, and which of the tracks are a different recording than the query."""
    similarities = vectors[queries] @ vectors.T
    apart = similarities <= COPY
    apart[np.arange(len(queries)), queries] = False
    return similarities, apart


def _nearest(scores: np.ndarray, k: int) -> np.ndarray:
    """Return (queries, at most k) positions of the highest scores, in no particular order."""
    if k >= scores.shape[1]:
        return np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    return np.argpartition(scores, -k, axis=1)[:, -k:]

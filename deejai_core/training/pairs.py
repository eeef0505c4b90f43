"""Which slices belong together, and whether a space has them close together, as a Siamese network learns.

Two songs of one list belong together; for a song that is in none, two of its own slices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

BROAD = 0.5  # share of all tracks; a list of more than this says nothing about what belongs together
QUERIES = 2_000  # slices at most whose neighbours are examined


class Pairs:
    """Which tracks belong together.

    lists: for each list, the positions of its tracks. apart: (tracks,) bool; tracks on different sides of it are never
    paired.
    """

    def __init__(self, lists: Sequence[np.ndarray], apart: np.ndarray) -> None:
        self._lists: list[np.ndarray] = []  # each in order
        self._of: list[list[int]] = [[] for _ in apart]  # the numbers of each track's lists
        for listing in map(np.unique, lists):
            if len(listing) > BROAD * len(apart):
                continue
            for side in (listing[apart[listing]], listing[~apart[listing]]):
                if len(side) > 1:
                    for track in side.tolist():
                        self._of[track].append(len(self._lists))
                    self._lists.append(side)

    @property
    def listed(self) -> np.ndarray:
        """(tracks,) bool: which are paired with others; the rest are paired with themselves."""
        return np.array([bool(of) for of in self._of])

    @property
    def text(self) -> str:
        """What is paired, in words."""
        listed = int(self.listed.sum())
        own = len(self._of) - listed
        told = [f"two songs of a list for {listed:,} of them"] if listed else []
        return ", ".join([*told, f"two windows of one track for {'the rest' if told else 'each'}"] if own else told)

    def partner(self, track: int, rng: np.random.Generator) -> int:
        """Return a track to pair this one with: another one from one of its lists, else itself."""
        if not (numbers := self._of[track]):
            return track
        listing = self._lists[numbers[int(rng.integers(len(numbers)))]]
        return int(listing[one_of(len(listing), int(np.searchsorted(listing, track)), rng)])

    def related(self, track: int) -> np.ndarray:
        """Return (tracks,) bool: which belong with this one, including itself."""
        related = np.zeros(len(self._of), bool)
        related[track] = True
        for number in self._of[track]:
            related[self._lists[number]] = True
        return related

    def relation(self, tracks: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return (tracks, others) bool: which of them belong together."""
        return np.stack([self.related(track)[others] for track in tracks.tolist()])


def one_of(count: int, but: int | None, rng: np.random.Generator) -> int:
    """Return a random number below `count`; not `but`, if that is given and there is another."""
    if but is None or count == 1:
        return int(rng.integers(count))
    number = int(rng.integers(count - 1))
    return number + (number >= but)


def contrastive_loss(first: torch.Tensor, second: torch.Tensor, together: torch.Tensor, temperature: float) -> torch.Tensor:
    """Return InfoNCE in both directions: how clearly each of `first` matches its partner in `second`, and vice versa.

    first, second: (n, dimension); rows belong together. together: (n, n) bool; others that also belong together are not
    wrong answers, and are excluded from the choice.
    """
    import torch
    from torch.nn import functional as F

    similarity = F.normalize(first) @ F.normalize(second).T / temperature
    own = torch.eye(len(first), dtype=torch.bool, device=first.device)
    choice = similarity.masked_fill(together & ~own, -torch.inf)
    right = torch.arange(len(first), device=first.device)
    return (F.cross_entropy(choice, right) + F.cross_entropy(choice.T, right)) / 2


def nearer_share(vectors: np.ndarray, track_of: np.ndarray, pairs: Pairs) -> float:
    """Return how often a slice that belongs with another is nearer to it than one that does not: 1 at best, 0.5 by chance.

    vectors: (slices, dimension) of unit length; track_of: (slices,) positions. The mean over slices (over evenly spread
    ones, if there are many) with any that belongs with them; NaN if none has. For songs that are in lists, slices of the
    same track do not count. Equal similarities count as half.
    """
    listed = pairs.listed
    shares: list[float] = []
    queries = np.unique(np.linspace(0, len(vectors) - 1, min(QUERIES, len(vectors))).round().astype(int))
    for query in queries.tolist():
        track = int(track_of[query])
        own, related = track_of == track, pairs.related(track)[track_of]
        wanted = related & ~own if listed[track] else own & (np.arange(len(vectors)) != query)
        similarity = vectors @ vectors[query]
        others = np.sort(similarity[~related])
        if not wanted.any() or not len(others):
            continue
        below, not_above = (np.searchsorted(others, similarity[wanted], side) for side in ("left", "right"))
        shares.append(float((below + not_above).mean() / 2 / len(others)))
    return float(np.mean(shares)) if shares else float("nan")

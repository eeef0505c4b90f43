"""Nearest neighbours among the vectors of a library, by Annoy, with exact similarities.

Annoy proposes more candidates than asked for; the vectors themselves decide. Vectors that came after the index was made are
compared one by one. Where annoy is not installed, or is no faster, all vectors are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.errors import StoreError
from deejai_core.index.annoy_file import (
    Manifest,
    build_index,
    digest_of,
    find_index,
    index_paths,
    read_manifest,
    why_no_annoy,
)

if TYPE_CHECKING:
    from annoy import AnnoyIndex

# Measured with up to a million tracks, see docs/benchmarks.md.
OVERFETCH = 5  # candidates for each neighbour wanted
FEWEST = 800  # candidates at least
EFFORT = 70  # nodes that Annoy inspects for each candidate
SCAN_ADVANTAGE = 4  # vectors compared one after the other in the time that Annoy inspects a node

FEWEST_INDEXED = SCAN_ADVANTAGE * EFFORT * FEWEST  # with fewer tracks, comparing them all is always faster

# Of a part of the vectors, the most that are copied to be compared faster: 64 MB. More than half are as fast among all.
SIDE_BY_SIDE = 160_000

MOST_SIMILAR = 1.001  # what is beyond, or no number, has a vector that a disk has damaged


class Proposer:
    """Annoy, over some vectors. always: whether to ask it where comparing all vectors is faster, too."""

    def __init__(self, annoy: AnnoyIndex, manifest: Manifest, *, always: bool = False) -> None:
        self._annoy = annoy
        self._manifest = manifest
        self.always = always
        self.tracks = manifest.tracks

    def propose(self, query: np.ndarray, count: int) -> np.ndarray:
        """Positions of about the nearest `count`, in their order."""
        direction = self._manifest.project(query).tolist()
        nearest = self._annoy.get_nns_by_vector(direction, count, search_k=EFFORT * count)
        return np.sort(np.array(nearest, np.int64))


class Index:
    """The vectors of a library, to be asked for neighbours.

    vectors: (n, dimension) float32 of unit length; a neighbour is named by its position in them. proposer: knows the first
    ones of these vectors, in the same order; None to compare all. allowed: (n,) bool, which of them may be neighbours;
    None: all. read: the vectors at some positions, where there is a better way to get at them than by `vectors`.
    """

    def __init__(
        self,
        vectors: np.ndarray,
        proposer: Proposer | None = None,
        allowed: np.ndarray | None = None,
        read: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        self.vectors = vectors
        self._proposer = proposer
        self._allowed = allowed
        self.read = read or vectors.__getitem__

    @property
    def is_exact(self) -> bool:
        """Whether it compares all vectors, whatever it is asked."""
        return self._proposer is None

    def among(self, allowed: np.ndarray) -> Index:
        """The same index, of which only some tracks are neighbours. allowed: (n,) bool."""
        both = allowed if self._allowed is None else allowed & self._allowed
        return Index(self.vectors, self._proposer, both, self.read)

    def nearest(self, query: np.ndarray, count: int, penalty: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The `count` nearest tracks to a direction: positions and cosine similarities, nearest first.

        query: (dimension,), any length but zero. penalty: (n,) what is taken off each track's similarity for their order,
        not in what is returned. Of equals the lower position comes first. With a penalty, Annoy still proposes the most
        similar ones; only among these, 800 at least, the order is changed.
        """
        query = (query / np.linalg.norm(query)).astype(np.float32)
        positions, similarities = self._compared(query, count)
        possible = np.abs(similarities) < MOST_SIMILAR
        if not possible.all():
            positions, similarities = positions[possible], similarities[possible]
        scores = similarities if penalty is None else similarities - penalty[positions]
        if count < len(scores):
            kept = scores >= np.partition(scores, -count)[-count]  # a few more where there are equals
            positions, similarities, scores = positions[kept], similarities[kept], scores[kept]
        order = np.argsort(-scores, kind="stable")[:count]
        return positions[order], similarities[order]

    def _compared(self, query: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions, in their order, that hold the nearest ones, and their similarities; all where that is no more work."""
        there = len(self.vectors) if self._allowed is None else len(self._positions)
        # Annoy cannot filter: of what it proposes, only the share that is allowed is of use.
        wanted = max(FEWEST, OVERFETCH * count) * len(self.vectors) // max(1, there)
        all_of_them = self._allowed is not None and wanted >= len(self.vectors)
        slower = SCAN_ADVANTAGE * EFFORT * wanted > there
        if self._proposer is None or all_of_them or (slower and not self._proposer.always):
            return self._scan(query)
        found = self._proposer.propose(query, wanted)
        found = np.concatenate([found, np.arange(self._proposer.tracks, len(self.vectors))])
        if self._allowed is not None:
            found = found[self._allowed[found]]
            if len(found) < min(count, there):
                return self._scan(query)
        return found, similarities(self.read(found), query)

    def _scan(self, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All positions that are allowed, and their similarities."""
        if self._allowed is None:
            return np.arange(len(self.vectors)), similarities(self.vectors, query)
        if len(self._positions) <= min(SIDE_BY_SIDE, len(self.vectors) // 2):
            return self._positions, similarities(self._side_by_side, query)
        return self._positions, similarities(self.vectors, query)[self._positions]

    @cached_property
    def _positions(self) -> np.ndarray:
        return np.arange(len(self.vectors)) if self._allowed is None else np.flatnonzero(self._allowed)

    @cached_property
    def _side_by_side(self) -> np.ndarray:
        return np.asarray(self.vectors[self._positions])


def similarities(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """(n,) cosine similarities of unit vectors (n, dimension) to a unit query."""
    # Not a matrix product: its rounding would differ with the number of vectors, and equals would change places.
    return np.asarray(np.einsum("ij,j->i", vectors, query))


def asks_annoy(search: str, tracks: int) -> bool:
    """Whether a library of so many tracks is asked by way of Annoy. search: "auto", "annoy" or "exact"."""
    if search == "exact" or not tracks or (search == "auto" and tracks < FEWEST_INDEXED):
        return False
    return why_no_annoy() is None


def open_index(
    folder: Path,
    vectors: np.ndarray,
    *,
    search: str = "auto",
    edition: str = "",
    tracks: int | None = None,
    ids: np.ndarray | None = None,
    read: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Index:
    """An index of these vectors: the one on disk if it is theirs, otherwise a new one, kept in `folder` for next time.

    vectors: (n, dimension) float32 of unit length. search: "auto" asks Annoy where that is faster than comparing all,
    "annoy" always, "exact" never. edition: names the first `tracks` of them (all by default), by default with their digest.
    ids: see `build_index`. read: see `Index`. A folder that cannot be written costs time, not the answer.
    """
    tracks = len(vectors) if tracks is None else tracks
    if not asks_annoy(search, tracks):
        return Index(vectors)
    from annoy import AnnoyIndex

    indexed, ids = vectors[:tracks], None if ids is None else ids[:tracks]
    edition = edition or digest_of(indexed, ids)
    try:
        manifest = find_index(folder, indexed, edition)
        if manifest is None:
            build_index(folder, indexed, edition, ids)
            manifest = find_index(folder, indexed, edition)
        if manifest is None:
            return Index(vectors)
        annoy = AnnoyIndex(manifest.directions, "angular")
        annoy.load(str(index_paths(folder)[0]))
    except (OSError, StoreError):
        return Index(vectors)
    # Another process may have put another index there since it was checked.
    if read_manifest(folder) != manifest or annoy.get_n_items() != tracks:
        return Index(vectors)
    return Index(vectors, Proposer(annoy, manifest, always=search == "annoy"), read=read)

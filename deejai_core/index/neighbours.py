"""Nearest neighbours among the vectors of a library, by Annoy, with exact similarities.

Annoy proposes more candidates than requested; the vectors themselves decide. Vectors that were added after the index was
built are compared one by one. Where annoy is not installed, or is no faster, all vectors are compared.
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
OVERFETCH = 5  # candidates for each requested neighbour
FEWEST = 800  # the least number of candidates
EFFORT = 70  # nodes that Annoy inspects for each candidate
SCAN_ADVANTAGE = 4  # vectors compared one after the other in the time that Annoy takes to inspect a node

FEWEST_INDEXED = SCAN_ADVANTAGE * EFFORT * FEWEST  # with fewer tracks, comparing all of them is always faster

# The largest part of the vectors that is copied to be compared faster: 64 MB. More than half are as fast among all.
SIDE_BY_SIDE = 160_000

MOST_SIMILAR = 1.001  # a higher similarity, or NaN, comes from a vector that a disk has damaged


class Proposer:
    """Annoy over some vectors. always: whether to use it even if comparing all vectors is faster."""

    def __init__(self, annoy: AnnoyIndex, manifest: Manifest, *, always: bool = False) -> None:
        self._annoy = annoy
        self._manifest = manifest
        self.always = always
        self.tracks = manifest.tracks

    def propose(self, query: np.ndarray, count: int) -> np.ndarray:
        """Return the positions of about the nearest `count`, in ascending order."""
        direction = self._manifest.project(query).tolist()
        nearest = self._annoy.get_nns_by_vector(direction, count, search_k=EFFORT * count)
        return np.sort(np.array(nearest, np.int64))


class Index:
    """The vectors of a library, with a search for neighbours.

    vectors: (n, dimension) float32 of unit length; a neighbour is named by its position in them. proposer: knows the first
    ones of these vectors, in the same order; None to compare all. allowed: (n,) bool, which of them may be neighbours; None
    for all. read: returns the vectors at some positions, if that is better than indexing `vectors`.
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
        """Whether it always compares all vectors."""
        return self._proposer is None

    def among(self, allowed: np.ndarray) -> Index:
        """Return the same index, limited to some tracks. allowed: (n,) bool."""
        both = allowed if self._allowed is None else allowed & self._allowed
        return Index(self.vectors, self._proposer, both, self.read)

    def nearest(self, query: np.ndarray, count: int, penalty: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the `count` nearest tracks to a direction: positions and cosine similarities, nearest first.

        query: (dimension,), any length except zero. penalty: (n,) subtracted from each track's similarity for the order,
        not in the result. Of equals, the lower position comes first. With a penalty, Annoy still proposes the most similar
        tracks, 800 at least, and only their order changes.
        """
        query = (query / np.linalg.norm(query)).astype(np.float32)
        positions, similarities = self._compared(query, count)
        possible = np.abs(similarities) < MOST_SIMILAR
        if not possible.all():
            positions, similarities = positions[possible], similarities[possible]
        scores = similarities if penalty is None else similarities - penalty[positions]
        if count < len(scores):
            kept = scores >= np.partition(scores, -count)[-count]  # a few more if there are equals
            positions, similarities, scores = positions[kept], similarities[kept], scores[kept]
        order = np.argsort(-scores, kind="stable")[:count]
        return positions[order], similarities[order]

    def _compared(self, query: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return ascending positions that contain the nearest ones, and their similarities; or all, if as fast."""
        there = len(self.vectors) if self._allowed is None else len(self._positions)
        # Annoy cannot filter: of its proposals, only the allowed share is useful.
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
        """Return all allowed positions, and their similarities."""
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
    """Return (n,) cosine similarities of unit vectors (n, dimension) to a unit query."""
    # Not a matrix product: its rounding would depend on the number of vectors, and equals would change places.
    return np.asarray(np.einsum("ij,j->i", vectors, query))


def asks_annoy(search: str, tracks: int) -> bool:
    """Return whether a library of this size uses Annoy. search: "auto", "annoy" or "exact"."""
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
    """Return an index of these vectors: the one on disk if it is theirs, otherwise a new one, stored in `folder`.

    vectors: (n, dimension) float32 of unit length. search: "auto" uses Annoy if that is faster than comparing all, "annoy"
    always, "exact" never. edition: identifies the first `tracks` of them (by default all), by default their digest. ids:
    see `build_index`. read: see `Index`. If the folder cannot be written, only time is lost.
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

"""Nearest neighbours among the vectors of a library, by Annoy, with exact similarities.

The index is a cache: it can be made again from the vectors at any time, is checked against them before each use, and is
replaced whole. Annoy proposes more candidates than asked for, the vectors themselves decide. Where annoy is not installed,
or is no faster, all vectors are compared: the same answers.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from deejai_core.errors import StoreError
from deejai_core.files import replacing

TREES = 30  # measured: recall@10 above 0.99 on clustered vectors, see docs/benchmarks.md
OVERFETCH = 5  # candidates for each neighbour wanted
FEWEST = 400  # candidates at least
EFFORT = 50  # nodes that Annoy inspects for each candidate
SCAN_ADVANTAGE = 6  # vectors compared one after the other in the time that Annoy inspects a node, see docs/benchmarks.md

FEWEST_INDEXED = SCAN_ADVANTAGE * EFFORT * FEWEST  # with fewer tracks, comparing them all is always faster

VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """What an index file was made from, and how to tell that it is still that file."""

    version: int
    digest: str  # of the vectors
    tracks: int
    dimension: int
    size: int  # of the index file, bytes
    mtime_ns: int  # of the index file


class Index:
    """The vectors of a library, to be asked for neighbours.

    vectors: (n, dimension) float32 of unit length; a neighbour is named by its position in them. annoy: an index of the
    same vectors in the same order, or None to compare them all. allowed: (n,) bool, which of them may be neighbours;
    None: all.
    """

    def __init__(self, vectors: np.ndarray, annoy=None, allowed: np.ndarray | None = None) -> None:
        self.vectors = vectors
        self._annoy = annoy
        self._allowed = allowed

    @property
    def is_exact(self) -> bool:
        """Whether it compares all vectors, whatever it is asked."""
        return self._annoy is None

    def among(self, allowed: np.ndarray) -> Index:
        """The same index, of which only some tracks are neighbours. allowed: (n,) bool."""
        return Index(self.vectors, self._annoy, allowed if self._allowed is None else allowed & self._allowed)

    def nearest(self, query: np.ndarray, count: int, handicap: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The `count` nearest tracks to a direction: positions and cosine similarities, nearest first.

        query: (dimension,), any length but zero. handicap: (n,) what is taken off each track's similarity for their order,
        not in what is returned. Of equals the lower position comes first. With a handicap, Annoy still proposes the most
        similar ones; only among these, 400 at least, the order is changed.
        """
        query = (query / np.linalg.norm(query)).astype(np.float32)
        positions, vectors = self._candidates(query, count)
        # Not a matrix product: its rounding would differ with the number of candidates, and equals would change places.
        similarities = np.einsum("ij,j->i", vectors, query)
        scores = similarities if handicap is None else similarities - handicap[positions]
        if count < len(scores):
            kept = scores >= np.partition(scores, -count)[-count]  # a few more where there are equals
            positions, similarities, scores = positions[kept], similarities[kept], scores[kept]
        order = np.argsort(-scores, kind="stable")[:count]
        return positions[order], similarities[order]

    def _candidates(self, query: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions, in their order, that hold the nearest ones, and their vectors; all where that is no more work."""
        positions, vectors = self._scanned
        # Annoy cannot filter: of what it proposes, only the share that is allowed is of use.
        wanted = max(FEWEST, OVERFETCH * count) * len(self.vectors) // max(1, len(positions))
        if self._annoy is None or SCAN_ADVANTAGE * EFFORT * wanted > len(positions):
            return positions, vectors
        found = np.sort(self._annoy.get_nns_by_vector(query.tolist(), wanted, search_k=EFFORT * wanted))
        if self._allowed is not None:
            found = found[self._allowed[found]]
            if len(found) < min(count, len(positions)):
                return positions, vectors
        return found, self.vectors[found]

    @cached_property
    def _scanned(self) -> tuple[np.ndarray, np.ndarray]:
        """The positions that are allowed, and their vectors side by side."""
        if self._allowed is None:
            return np.arange(len(self.vectors)), self.vectors
        positions = np.flatnonzero(self._allowed)
        return positions, self.vectors[positions]


def annoy_installed() -> bool:
    """Whether the library that makes the index can be imported."""
    try:
        import annoy  # noqa: F401
    except ImportError:
        return False
    return True


def index_paths(folder: Path) -> tuple[Path, Path]:
    """The index file and its manifest."""
    return folder / "index.ann", folder / "index.json"


def is_current(folder: Path, vectors: np.ndarray) -> bool:
    """Whether the index on disk was made from just these vectors, and is whole."""
    file, manifest = index_paths(folder)
    try:
        status = file.stat()
        recorded = Manifest(**json.loads(manifest.read_text()))
    except (OSError, ValueError, TypeError):
        return False
    return recorded == _manifest(vectors, status.st_size, status.st_mtime_ns)


def open_index(folder: Path, vectors: np.ndarray) -> Index:
    """An index of these vectors: the one on disk if it is theirs, otherwise a new one, kept in `folder` for next time.

    vectors: (n, dimension) float32 of unit length. A folder that cannot be written costs time, not the answer.
    """
    if not annoy_installed() or len(vectors) < FEWEST_INDEXED:
        return Index(vectors)
    from annoy import AnnoyIndex

    annoy = AnnoyIndex(vectors.shape[1], "angular")
    try:
        if not is_current(folder, vectors):
            build_index(folder, vectors)
        annoy.load(str(index_paths(folder)[0]))
    except (OSError, StoreError):
        return Index(vectors)
    # Another process may have put another index there since it was checked.
    return Index(vectors, annoy if is_current(folder, vectors) and annoy.get_n_items() == len(vectors) else None)


def build_index(folder: Path, vectors: np.ndarray) -> None:
    """Make the index of these vectors in `folder`. Raises StoreError if it cannot be written."""
    from annoy import AnnoyIndex

    annoy = AnnoyIndex(vectors.shape[1], "angular")
    annoy.set_seed(1)
    for position, vector in enumerate(vectors.tolist()):
        annoy.add_item(position, vector)
    annoy.build(TREES, n_jobs=1)  # more would make its trees, and so its answers, differ from run to run
    file, manifest = index_paths(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:  # another process may have the old one open
            annoy.save(str(temporary))
            status = temporary.stat()
        with replacing(manifest) as temporary:
            temporary.write_text(json.dumps(asdict(_manifest(vectors, status.st_size, status.st_mtime_ns)), indent=1))
    except OSError as error:
        with contextlib.suppress(OSError):
            manifest.unlink()
        raise StoreError(f"{folder}: cannot write the index ({error})") from error


def _manifest(vectors: np.ndarray, size: int, mtime_ns: int) -> Manifest:
    digest = hashlib.blake2b(np.ascontiguousarray(vectors), digest_size=16).hexdigest()
    return Manifest(VERSION, digest, *vectors.shape, size, mtime_ns)

"""Nearest neighbours among the vectors of a library, by Annoy, with exact similarities.

The index is a cache: it can be made again from the vectors at any time, is checked against them before each use, and is
replaced whole. Annoy looks at the directions in which the vectors differ most and proposes more candidates than asked
for; the vectors themselves decide. Vectors that came after the index was made are compared one by one. Where annoy is not
installed, or is no faster, all vectors are compared: the same answers.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from deejai_core.errors import StoreError
from deejai_core.files import replacing

# Measured with a million tracks, see docs/benchmarks.md.
TREES = 12  # 16 are no better for the same work, and larger
THREADS = 2  # fixed: each seeds its trees by its number, so the same vectors give the same trees on any machine
LENGTH_KEPT = 0.85  # of the vectors' squared length, by the principal directions that Annoy sees: a third of all
OVERFETCH = 5  # candidates for each neighbour wanted
FEWEST = 800  # candidates at least
EFFORT = 70  # nodes that Annoy inspects for each candidate
SCAN_ADVANTAGE = 4  # vectors compared one after the other in the time that Annoy inspects a node

FEWEST_INDEXED = SCAN_ADVANTAGE * EFFORT * FEWEST  # with fewer tracks, comparing them all is always faster

SAMPLE = 20_000  # vectors that say which the principal directions are
CELLS = 12  # directions whose halves make the cells of `layout`
BLOCK = 65_536  # vectors worked on at once where there may be a million
SIDE_BY_SIDE = 160_000  # of a part of the vectors, the most that are copied to be compared faster: 64 MB

VERSION = 2


@dataclass(frozen=True)
class Manifest:
    """What an index file was made from, and how to tell that it is still that file."""

    version: int
    edition: str  # names the vectors
    tracks: int
    dimension: int
    projection: str  # (dimension, directions) little-endian float32, as base64
    size: int  # of the index file, bytes
    mtime_ns: int  # of the index file


class Proposer:
    """Annoy over the principal directions of some vectors."""

    def __init__(self, annoy, projection: np.ndarray) -> None:
        self._annoy = annoy
        self._projection = projection
        self.tracks: int = annoy.get_n_items()

    def propose(self, query: np.ndarray, count: int) -> np.ndarray:
        """Positions of about the nearest `count`, in their order."""
        nearest = self._annoy.get_nns_by_vector((query @ self._projection).tolist(), count, search_k=EFFORT * count)
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

    def nearest(self, query: np.ndarray, count: int, handicap: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The `count` nearest tracks to a direction: positions and cosine similarities, nearest first.

        query: (dimension,), any length but zero. handicap: (n,) what is taken off each track's similarity for their order,
        not in what is returned. Of equals the lower position comes first. With a handicap, Annoy still proposes the most
        similar ones; only among these, 800 at least, the order is changed.
        """
        query = (query / np.linalg.norm(query)).astype(np.float32)
        positions, similarities = self._compared(query, count)
        scores = similarities if handicap is None else similarities - handicap[positions]
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
        if self._proposer is None or SCAN_ADVANTAGE * EFFORT * wanted > there:
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
        if len(self._positions) <= SIDE_BY_SIDE:
            return self._positions, similarities(self._side_by_side, query)
        return self._positions, similarities(self.vectors, query)[self._positions]

    @cached_property
    def _positions(self) -> np.ndarray:
        return np.flatnonzero(self._allowed)

    @cached_property
    def _side_by_side(self) -> np.ndarray:
        return self.vectors[self._positions]


def similarities(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """(n,) cosine similarities of unit vectors (n, dimension) to a unit query."""
    # Not a matrix product: its rounding would differ with the number of vectors, and equals would change places.
    return np.einsum("ij,j->i", vectors, query)


def principal_directions(vectors: np.ndarray, share: float) -> np.ndarray:
    """(dimension, m) float32: the fewest orthogonal directions that hold this share of the vectors' squared length, the
    one that holds most of it first.

    vectors: (n, dimension), of which an even sample is looked at.
    """
    sample = vectors[:: -(-len(vectors) // SAMPLE)].astype(np.float64)
    held, directions = np.linalg.eigh(sample.T @ sample)
    held = np.cumsum(held[::-1]) / held.sum()
    count = min(1 + int(np.searchsorted(held, share)), len(held))
    return np.ascontiguousarray(directions[:, ::-1][:, :count], np.float32)


def layout(vectors: np.ndarray) -> np.ndarray:
    """(n,) positions in an order that puts neighbours side by side, so that an answer touches few pages of a mapped file.

    The principal directions are halved at their medians, which makes 4,096 cells.
    """
    directions = principal_directions(vectors, 1)[:, :CELLS]
    sample = vectors[:: -(-len(vectors) // SAMPLE)] @ directions
    cells = np.empty(len(vectors), np.int64)
    weights = 1 << np.arange(directions.shape[1])[::-1]
    for start in range(0, len(vectors), BLOCK):
        cells[start : start + BLOCK] = (vectors[start : start + BLOCK] @ directions > np.median(sample, axis=0)) @ weights
    return np.argsort(cells, kind="stable")


def annoy_installed() -> bool:
    """Whether the library that makes the index can be imported."""
    try:
        import annoy  # noqa: F401
    except ImportError:
        return False
    return True


def is_used(tracks: int) -> bool:
    """Whether a library of so many tracks is asked by way of Annoy."""
    return annoy_installed() and tracks >= FEWEST_INDEXED


def index_paths(folder: Path) -> tuple[Path, Path]:
    """The index file and its manifest."""
    return folder / "index.ann", folder / "index.json"


def digest_of(vectors: np.ndarray) -> str:
    """A name for vectors that have none."""
    return hashlib.blake2b(np.ascontiguousarray(vectors), digest_size=16).hexdigest()


def is_current(folder: Path, vectors: np.ndarray, edition: str) -> bool:
    """Whether the index on disk was made from the vectors of this name, and is whole."""
    return _read_manifest(folder, vectors, edition) is not None


def open_index(
    folder: Path,
    vectors: np.ndarray,
    *,
    edition: str = "",
    tracks: int | None = None,
    read: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Index:
    """An index of these vectors: the one on disk if it is theirs, otherwise a new one, kept in `folder` for next time.

    vectors: (n, dimension) float32 of unit length. edition: names the first `tracks` of them (all by default), by default
    with their digest. read: see `Index`. A folder that cannot be written costs time, not the answer.
    """
    tracks = len(vectors) if tracks is None else tracks
    if not is_used(tracks):
        return Index(vectors)
    from annoy import AnnoyIndex

    indexed = vectors[:tracks]
    edition = edition or digest_of(indexed)
    try:
        if not is_current(folder, indexed, edition):
            build_index(folder, indexed, edition)
        manifest = _read_manifest(folder, indexed, edition)
        projection = np.frombuffer(base64.b64decode(manifest.projection), "<f4").reshape(vectors.shape[1], -1)
        annoy = AnnoyIndex(projection.shape[1], "angular")
        annoy.load(str(index_paths(folder)[0]))
    except (OSError, StoreError, AttributeError):
        return Index(vectors)
    # Another process may have put another index there since it was checked.
    if _read_manifest(folder, indexed, edition) != manifest or annoy.get_n_items() != tracks:
        return Index(vectors)
    return Index(vectors, Proposer(annoy, projection), read=read)


def build_index(folder: Path, vectors: np.ndarray, edition: str) -> None:
    """Make the index of these vectors in `folder`. Raises StoreError if it cannot be written."""
    from annoy import AnnoyIndex

    file, manifest = index_paths(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:  # another process may have the old one open
            temporary.touch()  # before the work is done for nothing
            projection = principal_directions(vectors, LENGTH_KEPT)
            annoy = AnnoyIndex(projection.shape[1], "angular")
            annoy.set_seed(1)
            for start in range(0, len(vectors), BLOCK):
                for position, vector in enumerate(vectors[start : start + BLOCK] @ projection, start):
                    annoy.add_item(position, vector)
            annoy.build(TREES, n_jobs=THREADS)
            annoy.save(str(temporary))
            status = temporary.stat()
        encoded = base64.b64encode(projection.astype("<f4").tobytes()).decode("ascii")
        made = Manifest(VERSION, edition, *vectors.shape, encoded, status.st_size, status.st_mtime_ns)
        with replacing(manifest) as temporary:
            temporary.write_text(json.dumps(asdict(made), indent=1))
    except OSError as error:
        with contextlib.suppress(OSError):
            manifest.unlink()
        raise StoreError(f"{folder}: cannot write the index ({error})") from error


def _read_manifest(folder: Path, vectors: np.ndarray, edition: str) -> Manifest | None:
    """What is said of the index on disk; None if it is not that of the vectors of this name, or not whole."""
    file, manifest = index_paths(folder)
    try:
        status = file.stat()
        recorded = Manifest(**json.loads(manifest.read_text()))
        expected = (VERSION, edition, *vectors.shape, status.st_size, status.st_mtime_ns)
        told = (recorded.version, recorded.edition, recorded.tracks, recorded.dimension, recorded.size, recorded.mtime_ns)
        numbers, rest = divmod(len(base64.b64decode(recorded.projection, validate=True)), 4 * vectors.shape[1])
        whole = numbers > 0 and not rest
    except (OSError, ValueError, TypeError):
        return None
    return recorded if told == expected and whole else None

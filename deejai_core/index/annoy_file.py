"""The Annoy index of a library on disk: a cache beside the library that any program can open.

`index.ann` is Annoy's own file, with the metric "angular"; `index.ids` names its items; `index.json` describes what it was
built from. All three can be made again from the vectors at any time, and are replaced atomically.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import importlib.util
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from deejai_core.errors import StoreError
from deejai_core.files import replacing
from deejai_core.index.layout import BLOCK, principal_directions
from deejai_core.refusals import OWN, refusal

# Measured with up to a million tracks, see docs/benchmarks.md.
TREES = 12  # 16 are no better for the same work, and larger
THREADS = 2  # fixed: each seeds its trees by its number, so the same vectors give the same trees on any machine
MOST_WHOLE = 200_000  # up to this number of tracks, the index holds whole vectors, which takes 110 MB
LENGTH_KEPT = 0.85  # of the squared length: with more tracks, the index holds the principal directions with this share
ALWAYS_HASHED = 150_000_000  # bytes; a larger file takes longer to hash than a list should

VERSION = 3

# Annoy is usually compiled for one kind of processor. On another, it ends the whole process.
PROBE = """
import sys
sys.path[:] = sys.argv[1:]
from annoy import AnnoyIndex
index = AnnoyIndex(100, "angular")
for item in range(200):
    index.add_item(item, [(item * number) % 7 - 3 for number in range(1, 101)])
index.build(2)
index.get_nns_by_item(7, 20, include_distances=True)
"""


@dataclass(frozen=True)
class Manifest:
    """What an index was built from, and how to check that its files are unchanged."""

    version: int
    edition: str  # identifies the vectors
    tracks: int
    dimension: int  # of the vectors
    directions: int  # numbers that the index holds for each vector
    projection: str | None  # (dimension, directions) little-endian float32, as base64; None for whole vectors
    size: int  # of index.ann, bytes
    mtime_ns: int  # of index.ann
    digest: str  # of index.ann and index.ids, one after the other

    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Return (..., directions), what the index holds of vectors (..., dimension)."""
        return vectors if self._matrix is None else np.asarray(vectors @ self._matrix)

    @cached_property
    def _matrix(self) -> np.ndarray | None:
        if self.projection is None:
            return None
        return np.frombuffer(base64.b64decode(self.projection), "<f4").reshape(self.dimension, self.directions)


@cache
def _annoy_runs() -> bool:
    """Return whether Annoy works here, tested in another process."""
    process = subprocess.run([sys.executable, "-I", "-S", "-c", PROBE, *sys.path], capture_output=True)
    return process.returncode == 0


def why_no_annoy() -> str | None:
    """Return why Annoy cannot be used; None if it can."""
    if importlib.util.find_spec("annoy") is None:
        return "annoy is not installed; pip install 'beets-deejai[annoy]'"
    if not _annoy_runs():
        return "annoy was built for another processor; with a C++ compiler, pip install --force-reinstall annoy"
    return None


def index_paths(folder: Path) -> list[Path]:
    """Return the paths of the index, the ids of its items, and the manifest."""
    return [folder / "index.ann", folder / "index.ids", folder / "index.json"]


def digest_of(vectors: np.ndarray, ids: np.ndarray | None = None) -> str:
    """Return a name for vectors that have none. ids: (n,) of their tracks."""
    digest = hashlib.blake2b(np.ascontiguousarray(vectors).data, digest_size=16)
    if ids is not None:
        digest.update(np.ascontiguousarray(ids, "<i8").data)
    return digest.hexdigest()


def build_index(folder: Path, vectors: np.ndarray, edition: str, ids: np.ndarray | None = None) -> None:
    """Write the index of these vectors to `folder`.

    vectors: (n, dimension) float32 of unit length, n at least 1. ids: (n,) by which other programs know the items; by
    default their positions. Raises StoreError if it cannot be written.
    """
    from annoy import AnnoyIndex

    file, ids_file, manifest = index_paths(folder)
    ids = np.arange(len(vectors)) if ids is None else ids
    projection = principal_directions(vectors, LENGTH_KEPT) if len(vectors) > MOST_WHOLE else None
    directions = vectors.shape[1] if projection is None else projection.shape[1]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:  # another process may have the old one open
            temporary.touch()  # fail now if nothing can be written, not after the work
            annoy = AnnoyIndex(directions, "angular")
            annoy.set_seed(1)
            for start in range(0, len(vectors), BLOCK):
                block = vectors[start : start + BLOCK]
                for position, vector in enumerate((block if projection is None else block @ projection).tolist(), start):
                    annoy.add_item(position, vector)
            annoy.build(TREES, n_jobs=THREADS)
            annoy.save(str(temporary))
            if annoy.get_n_items() != len(vectors):  # Annoy reads back what it saved, and does not report a full disk
                raise OSError(errno.ENOSPC, "incomplete")
            status = temporary.stat()
        with replacing(ids_file) as temporary:
            temporary.write_bytes(np.ascontiguousarray(ids, "<i8").tobytes())
        encoded = None if projection is None else base64.b64encode(projection.astype("<f4").tobytes()).decode("ascii")
        made = Manifest(
            VERSION,
            edition,
            tracks=len(vectors),
            dimension=vectors.shape[1],
            directions=directions,
            projection=encoded,
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            digest=_digest(file, ids_file),
        )
        with replacing(manifest) as temporary:
            temporary.write_text(json.dumps(asdict(made), indent=1))
    except OSError as error:
        with contextlib.suppress(OSError):
            manifest.unlink()
        raise StoreError(refusal(folder, "cannot write the index", error, OWN)) from error


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of the index in `folder`; None if there is no index, or not the one that it describes."""
    file, ids_file, manifest = index_paths(folder)
    try:
        status = file.stat()
        made = Manifest(**json.loads(manifest.read_text()))
        numbers = (made.tracks, made.dimension, made.directions)
        sound = (
            (made.version, made.size, made.mtime_ns) == (VERSION, status.st_size, status.st_mtime_ns)
            and all(type(number) is int and number > 0 for number in numbers)
            and ids_file.stat().st_size == 8 * made.tracks
            and (made.directions == made.dimension if made.projection is None else _is_projection(made.projection, made))
        )
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return made if sound else None


def find_index(folder: Path, vectors: np.ndarray, edition: str, *, intact: bool = True) -> Manifest | None:
    """Return the manifest of the index in `folder`; None unless it was built from these vectors and can be opened.

    intact: also check each byte, except in files above `ALWAYS_HASHED`, see `is_intact`.
    """
    made = read_manifest(folder)
    if made is None or (made.edition, made.tracks, made.dimension) != (edition, *vectors.shape):
        return None
    return made if not intact or made.size > ALWAYS_HASHED or is_intact(folder, made) else None


def is_intact(folder: Path, manifest: Manifest) -> bool:
    """Return whether each byte of the index is as it was written.

    Annoy trusts its file: damage may end the whole process.
    """
    try:
        return _digest(*index_paths(folder)[:2]) == manifest.digest
    except OSError:
        return False


def _is_projection(text: str, manifest: Manifest) -> bool:
    return len(base64.b64decode(text, validate=True)) == 4 * manifest.dimension * manifest.directions


def _digest(*files: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()

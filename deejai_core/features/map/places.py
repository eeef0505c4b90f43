"""A library in two dimensions: what sounds alike is close together.

The layout is t-SNE (van der Maaten and Hinton 2008; openTSNE's FFT approximation), of cosine distances, from the first two
principal components: what is far apart stays so, and the same vectors give the same map (Kobak and Berens 2019). What is on
the map stays where it is: new tracks are placed among their neighbours, and when there are many, all tracks are laid out
again from their places. The places are stored in a file, by the vectors' digests.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deejai_core.extras import extra
from deejai_core.files import replacing
from deejai_core.models.device import use_one_thread

VERSION = 1
SEED = 0
PERPLEXITY = 30  # about how many neighbours each track considers; the best of 10 to 50 on 500 labelled recordings
FEWEST = 10  # tracks for t-SNE; fewer are drawn by their principal components
SPREAD = 10.0  # of these: the standard deviation, about that of a small t-SNE layout
EARLY, EARLY_EXAGGERATION, LATE = 100, 12, 250  # iterations of a layout, the first ones with exaggeration
AGAIN = 200  # iterations of a layout that starts from an older one
CELL = 2.0  # side of a cell of the grid of forces, in units of the layout; with 1 a large layout takes three times as long
REPORTED = 10  # iterations between two progress reports
THREADED_FROM = 20_000  # tracks; with fewer, threads wait for each other longer than they work
BLOCK = 128  # tracks whose neighbours a thread looks for at once: 50 MB with 100,000
SEARCHERS = 4  # threads that look for neighbours at most, since each needs so much memory

GROUPS = 8  # for each neighbour to find
NEAREST = 10  # neighbours among which a new track is placed
NEAR = 3.0  # in units of the layout: about the distance of neighbours, in a layout of any size
MOST_NEW = 1 / 3  # of the tracks: if more were placed since the last layout, there is a new layout
FEWEST_OLD = 1 / 3  # of the tracks that must have a place for a layout to start from it
SKETCHED_FROM = 2_000  # tracks; fewer are laid out in seconds

Report = Callable[[int, int], None]  # steps done, and in all


def place(
    vectors: np.ndarray,
    known: np.ndarray | None = None,
    settled: np.ndarray | None = None,
    *,
    seed: int = SEED,
    threads: int = 1,
    report: Report = lambda done, total: None,
) -> tuple[np.ndarray, bool]:
    """Return (n, 2) float32 places of tracks, and whether all were laid out again instead of placing only the new ones.

    vectors: (n, dimension) float32 of unit length. known: (n, 2) former places, NaN for tracks without one. settled: (n,)
    bool, which of these were laid out with exactly this vector; by default all that are known. Raises MissingError.
    """
    if known is None:
        known = np.full((len(vectors), 2), np.nan, np.float32)
    has_place = ~np.isnan(known[:, 0])
    settled = has_place if settled is None else settled
    if _few_are_new(settled):
        return put_among(vectors, known), False
    start = _start(vectors, known)
    return lay_out(vectors, start, seed=seed, threads=threads, report=report), True


def lay_out(
    vectors: np.ndarray,
    start: np.ndarray | None = None,
    *,
    seed: int = SEED,
    threads: int = 1,
    report: Report = lambda done, total: None,
) -> np.ndarray:
    """Return (n, 2) float32 places of tracks, laid out together.

    start: (n, 2) an older layout, from which no track moves far.
    """
    if len(vectors) < FEWEST:
        return by_components(vectors)
    with extra("map"):
        from openTSNE import TSNEEmbedding
        from openTSNE.affinity import PerplexityBasedNN
        from openTSNE.nearest_neighbors import PrecomputedNeighbors

    perplexity = min(PERPLEXITY, (len(vectors) - 1) // 3)
    searched = -(-len(vectors) // BLOCK)
    optimised = (EARLY + LATE if start is None else AGAIN) // REPORTED
    total = searched + optimised
    neighbours, distances = nearest(vectors, 3 * perplexity, threads, lambda done: report(done, total))
    threads = threads if len(vectors) >= THREADED_FROM else 1
    affinities = PerplexityBasedNN(
        knn_index=PrecomputedNeighbors(neighbours, distances.astype(float)), perplexity=perplexity, n_jobs=threads
    )
    if start is None:
        components = principal_components(vectors)
        begin = components * (1e-4 / (components[:, 0].std() or 1))
    else:
        begin = start.astype(float)
    # Two tracks in exactly the same place would never separate.
    begin = begin + np.random.default_rng(seed).normal(0, 0.01 * begin[:, 0].std(), begin.shape)
    done = searched

    def step(*_: object) -> None:
        nonlocal done
        done += 1
        report(min(done, total), total)

    # Deterministic with any number of threads. Barnes-Hut below 10,000 tracks, FFT from there on.
    layout = TSNEEmbedding(
        begin,
        affinities,
        n_jobs=threads,
        random_state=seed,
        ints_in_interval=CELL,
        callbacks=step,
        callbacks_every_iters=REPORTED,
    )
    if start is None:
        layout = layout.optimize(EARLY, exaggeration=EARLY_EXAGGERATION, momentum=0.8)
    layout = np.asarray(layout.optimize(LATE if start is None else AGAIN, momentum=0.8))
    middle = layout.mean(axis=0) if start is None else 0  # an older layout keeps its middle, too
    return (layout - middle).astype(np.float32)


def put_among(vectors: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return (n, 2) float32 places: `known` ones unchanged, all others where most of their neighbours are.

    known: (n, 2), NaN for tracks without a place; at least one has one. Of a track's ten nearest, the one with most of the
    others around it is found, and the track is placed in the middle of these. This keeps more neighbours than their mean or
    median, and than openTSNE's way of adding points: see docs/map.md.
    """
    places = known.astype(np.float32)
    old = np.flatnonzero(~np.isnan(known[:, 0]))
    new = np.flatnonzero(np.isnan(known[:, 0]))
    count = min(NEAREST, len(old))
    for start in range(0, len(new), BLOCK):
        rows = new[start : start + BLOCK]
        similarities = vectors[rows] @ vectors[old].T
        candidates = known[old[largest(similarities, count)]].astype(float)  # (rows, count, 2)
        apart = np.linalg.norm(candidates[:, :, None] - candidates[:, None], axis=3)
        closeness = np.exp(-((apart / NEAR) ** 2))  # (rows, count, count)
        densest = closeness.sum(axis=2).argmax(axis=1)
        weights = closeness[np.arange(len(rows)), densest]
        places[rows] = (candidates * weights[..., None]).sum(axis=1) / weights.sum(axis=1, keepdims=True)
    return places


def nearest(
    vectors: np.ndarray, count: int, threads: int = 1, report: Callable[[int], None] = lambda done: None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (n, count) positions of each track's nearest others, and their cosine distances, nearest first."""
    neighbours = np.empty((len(vectors), count), np.int64)
    distances = np.empty((len(vectors), count), np.float32)

    def compare(start: int) -> None:
        rows = slice(start, min(start + BLOCK, len(vectors)))
        similarities = vectors[rows] @ vectors.T
        own = np.arange(rows.start, rows.stop)
        similarities[own - start, own] = -np.inf
        neighbours[rows] = largest(similarities, count)
        distances[rows] = (1 - np.take_along_axis(similarities, neighbours[rows], axis=1)).clip(0)

    with ThreadPoolExecutor(min(threads, SEARCHERS), initializer=use_one_thread) as pool:
        for number, _ in enumerate(pool.map(compare, range(0, len(vectors), BLOCK)), 1):
            report(number)
    return neighbours, distances


def largest(values: np.ndarray, count: int) -> np.ndarray:
    """Return (n, count), where the largest values of each row are, the largest first; of equals the first.

    values: (n, m).
    """
    rows, columns = values.shape
    # The maxima of enough groups give a lower bound of the largest. Few values exceed it: sorting those is faster than
    # partitioning all.
    group = max(1, columns // (GROUPS * count))
    maxima = np.maximum.reduceat(values, np.arange(0, columns, group), axis=1)
    least = np.partition(maxima, -count, axis=1)[:, -count]
    row, column = np.divmod(np.flatnonzero(values >= least[:, None]), columns)  # five times as fast as nonzero
    order = np.lexsort((-values[row, column], row))  # stable
    firsts = np.searchsorted(row, np.arange(rows))
    return np.asarray(column[order][firsts[:, None] + np.arange(count)])


def principal_components(vectors: np.ndarray) -> np.ndarray:
    """Return (n, 2) float64 along the two directions of largest variance, each towards its largest coordinate."""
    centred = vectors - vectors.mean(axis=0, dtype=float)
    directions = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]  # (dimension, 2)
    largest = np.abs(directions).argmax(axis=0)
    return np.asarray(centred @ (directions * np.sign(directions[largest, [0, 1]])))


def by_components(vectors: np.ndarray) -> np.ndarray:
    """Return (n, 2) float32 places by principal components, about as far apart as those of a small layout."""
    components = principal_components(vectors)
    return (components * (SPREAD / (components.std() or 1))).astype(np.float32)


def sketch_map(folder: Path, vectors: np.ndarray, recordings: Sequence[str], model: str) -> np.ndarray | None:
    """Return (n, 2) float32, a first picture of the map, in seconds; None if `open_map` takes no longer.

    It uses the places in `folder`, if a new layout would start from them, otherwise principal components. Nothing is
    stored.
    """
    tracks = _read_tracks(folder / "map.npz", vectors, recordings, model)
    if len(tracks.vectors) < SKETCHED_FROM or _few_are_new(tracks.settled):
        return None
    places = _start(tracks.vectors, tracks.known)
    sketch = by_components(tracks.vectors) if places is None else places
    return np.asarray(sketch[tracks.copies])


def open_map(
    folder: Path,
    vectors: np.ndarray,
    recordings: Sequence[str],
    model: str,
    *,
    threads: int = 1,
    report: Report = lambda done, total: None,
) -> np.ndarray:
    """Return (n, 2) float32, the places of these tracks: those in `folder` if it has them; stored for next time.

    recordings: (n,) the recording of each track, by which its place is found if its vector has changed since. Copies, with
    equal vectors, share their place. Raises MissingError.
    """
    path = folder / "map.npz"
    tracks = _read_tracks(path, vectors, recordings, model)
    places, anew = place(tracks.vectors, tracks.known, tracks.settled, threads=threads, report=report)
    if anew or tracks.changed:
        _write(path, model, tracks.digests, tracks.recordings, places, tracks.settled | anew)
    return np.asarray(places[tracks.copies])


@dataclass(frozen=True, eq=False)
class _Tracks:
    """Tracks with different vectors, and what is stored about them."""

    digests: np.ndarray  # (n,) of their vectors
    vectors: np.ndarray  # (n, dimension)
    recordings: list[str]
    known: np.ndarray  # (n, 2) places to start from, NaN for none
    settled: np.ndarray  # (n,) bool, which were laid out with exactly this vector
    changed: bool  # whether they differ from the stored ones
    copies: np.ndarray  # for each track of the library, which of these it is


def _read_tracks(path: Path, vectors: np.ndarray, recordings: Sequence[str], model: str) -> _Tracks:
    digests = _digests(vectors)
    firsts, copies = np.unique(digests, return_index=True, return_inverse=True)[1:]
    digests, vectors = digests[firsts], vectors[firsts]
    recordings = [recordings[first] for first in firsts]
    kept = _read(path, model)
    of_digest = {digest.tobytes(): row for row, digest in enumerate(kept["digests"])}
    of_recording = {recording: row for row, recording in enumerate(kept["recordings"].tolist())}
    rows = np.array([of_digest.get(digest.tobytes(), -1) for digest in digests], int)
    exact = rows >= 0
    rows = np.where(exact, rows, [of_recording.get(recording, -1) if recording else -1 for recording in recordings])
    known = np.full((len(vectors), 2), np.nan, np.float32)
    known[rows >= 0] = kept["places"][rows[rows >= 0]]
    settled = np.zeros(len(vectors), bool)
    settled[exact] = kept["settled"][rows[exact]]
    # The place of a recording whose vector has changed is only a start: among those that stay, it is placed again.
    if _few_are_new(settled):
        known[~exact] = np.nan
    changed = not exact.all() or len(digests) != len(kept["digests"])
    return _Tracks(digests, vectors, recordings, known, settled, changed, copies)


def _start(vectors: np.ndarray, known: np.ndarray) -> np.ndarray | None:
    """Return (n, 2), where a new layout of all tracks starts, if enough of them have a place."""
    enough = np.count_nonzero(~np.isnan(known[:, 0])) >= FEWEST_OLD * len(vectors)
    return put_among(vectors, known) if enough else None


def _few_are_new(settled: np.ndarray) -> bool:
    return int((~settled).sum()) <= MOST_NEW * len(settled)


def _digests(vectors: np.ndarray) -> np.ndarray:
    """Return (n,) 16 bytes for each vector."""
    rows = np.ascontiguousarray(vectors, "<f4")
    return np.array([hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows], "V16")


def _read(path: Path, model: str) -> dict[str, np.ndarray]:
    """Return the stored map of this model; an empty one if it belongs to another model, or is damaged."""
    try:
        # Read as a whole: numpy would leave a damaged file open.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            found = {name: kept[name] for name in ("digests", "recordings", "places", "settled")}
            tracks = len(found["digests"])
            shapes = [value.shape for value in found.values()]
            if (
                (int(kept["version"]), str(kept["model"])) == (VERSION, model)
                and shapes == [(tracks,), (tracks,), (tracks, 2), (tracks,)]
                and np.isfinite(found["places"]).all()
            ):
                return found
    except Exception:  # missing or damaged, in one of the many ways in which a zip file can be: it is made again
        pass
    return {
        "digests": np.empty(0, "V16"),
        "recordings": np.empty(0, "U32"),
        "places": np.empty((0, 2), np.float32),
        "settled": np.empty(0, bool),
    }


def _write(
    path: Path, model: str, digests: np.ndarray, recordings: Sequence[str], places: np.ndarray, settled: np.ndarray
) -> None:
    data = io.BytesIO()
    names = np.array(recordings, str)
    np.savez_compressed(
        data, version=VERSION, model=model, digests=digests, recordings=names, places=places, settled=settled
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(data.getvalue())
    except OSError:
        pass  # if the folder cannot be written, only time is lost

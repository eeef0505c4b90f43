"""How large a reference Mp3ToVec needs: its vectors against those that are weighted with the whole library.

    python -m benchmarks.reference SLICES.npz [TRACKS]

SLICES.npz holds trunk outputs `slices` with `track`, the number of the recording of each. From those recordings a library
of TRACKS (10,000) is invented that crowds like them; what shows that it does is printed first.

Imports internals: the weighting, with references of other sizes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from deejai_core.embedding.mp3tovec import unit
from deejai_core.models.device import use_one_thread
from deejai_core.models.musicnn.model import MusiCNN

EPSILONS = (0.1, 0.2, 0.4)
SIZES = (512, 1024, 2048, 3072, 4096)
ASKED = 1_000  # tracks at most whose vectors are compared
BLOCK = 512  # slices
ENOUGH = 0.999  # of cosine
NEAR = 20  # tracks nearest to a real one that an invented one is made of
BLUR = 0.15  # the part of the spread of all tracks that is added at random


def read_slices(path: Path) -> list[np.ndarray]:
    """Slice vectors (n, dimension) of each recording in a file."""
    data, model = np.load(path), MusiCNN()
    return [model.project(data["slices"][data["track"] == track]) for track in np.unique(data["track"])]


def invent(real: list[np.ndarray], tracks: int, rng: np.random.Generator) -> list[np.ndarray]:
    """A library of tracks that crowd like real ones: slice vectors (n, dimension) of each.

    The centre of a track lies between those of a real one and one of its nearest, off the line by a little. Its slices lie
    around the centre as those of another near one do around theirs.
    """
    centres = np.array([slices.mean(axis=0) for slices in real])
    mean = centres.mean(axis=0)
    directions = unit(centres)
    nearest = np.argsort(-directions @ directions.T, axis=1)[:, :NEAR]  # with itself
    spread = np.linalg.cholesky(np.cov((centres - mean).T) + 1e-6 * np.eye(len(mean)))
    library = []
    for _ in range(tracks):
        one = rng.integers(len(real))
        other, model = nearest[one, rng.integers(NEAR, size=2)]
        way = rng.uniform()
        centre = (1 - way) * centres[one] + way * centres[other]
        centre = mean + np.sqrt(1 - BLUR**2) * (centre - mean) + BLUR * (spread @ rng.normal(size=len(mean)))
        library.append((centre + real[model] - centres[model]).astype(np.float32))
    return library


def crowding(name: str, library: list[np.ndarray]) -> str:
    """A row of quantiles: how similar slices are within and between tracks, and how many other tracks share their word."""
    units = np.concatenate([unit(slices) for slices in library])
    track = np.repeat(np.arange(len(library)), [len(slices) for slices in library])
    similarity = units @ units.T
    own = track[:, None] == track
    within = np.quantile(similarity[own & ~np.eye(len(own), dtype=bool)], [0.05, 0.5, 0.95])
    between = np.quantile(similarity[~own][::97], [0.05, 0.5, 0.95, 0.99])
    best = np.maximum.reduceat(similarity, np.flatnonzero(np.diff(track, prepend=-1)), axis=1)
    best[np.arange(len(track)), track] = -1
    cells = [" / ".join(f"{value:.2f}" for value in values) for values in (within, between)]
    for epsilon in EPSILONS:
        sharing = (best > 1 - epsilon).sum(axis=1)
        cells.append(f"{sharing.mean():.2f} ({np.quantile(sharing, 0.5):.0f} / {np.quantile(sharing, 0.95):.0f})")
    return f"| {name} | {' | '.join(cells)} |"


def compare(name: str, library: list[np.ndarray], sizes: tuple[int, ...], rng: np.random.Generator) -> None:
    """Rows of cosines between vectors weighted against the first so many tracks, and against all."""
    order = np.argsort([-len(slices) for slices in library], kind="stable")
    units = [unit(library[track]) for track in order]
    count = np.array([len(slices) for slices in units])
    # The k-th slices of all tracks that have so many: the maximum over a track's slices is one over these.
    layers = [np.array([slices[k] for slices in units[: (count > k).sum()]]).T.copy() for k in range(count[0])]
    asked = np.sort(rng.choice(len(units), min(ASKED, len(units)), replace=False))
    queries = np.concatenate([units[track] for track in asked])
    owner = np.repeat(asked, count[asked])
    place = rng.permutation(len(units))  # of each track in the order of audio keys, which is a random one
    sizes = (*(size for size in sizes if size < len(units)), len(units))
    sharing = np.zeros((len(EPSILONS), len(sizes), len(queries)), np.int64)
    for start in range(0, len(queries), BLOCK):
        rows = slice(start, start + BLOCK)
        best = queries[rows] @ layers[0]
        for layer in layers[1:]:
            part = best[:, : layer.shape[1]]
            np.maximum(part, queries[rows] @ layer, out=part)
        best[np.arange(len(best)), owner[rows]] = -1
        for number, epsilon in enumerate(EPSILONS):
            query, other = np.nonzero(best > 1 - epsilon)
            for column, size in enumerate(sizes):
                sharing[number, column, rows] = np.bincount(query[place[other] < size], minlength=len(best))
    ends = np.cumsum(count[asked])[:-1]
    for number, epsilon in enumerate(EPSILONS):
        directions = []
        for column, size in enumerate(sizes):
            tracks = size + (place[owner] >= size)
            idf = np.log(1 + tracks / (1 + sharing[number, column]))
            found = [
                (units[track] * (part * (units[track] @ units[track].T > 1 - epsilon).sum(axis=1))[:, None]).sum(axis=0)
                for track, part in zip(asked, np.split(idf, ends), strict=True)
            ]
            directions.append(unit(np.array(found)))
        for column, size in enumerate(sizes[:-1]):
            cosine = (directions[column] * directions[-1]).sum(axis=1)
            low = np.quantile(cosine, [0.001, 0.01, 0.5])
            cells = [f"{(cosine >= ENOUGH).mean():.2%}", *(f"{value:.5f}" for value in low)]
            print(f"| {name} | {epsilon} | {size:,} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    real = read_slices(Path(sys.argv[1]))
    tracks = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    rng = np.random.default_rng(0)
    use_one_thread()
    report(real, tracks, rng)


def report(real: list[np.ndarray], tracks: int, rng: np.random.Generator) -> None:
    print("| library | cosine within tracks (5 / 50 / 95 %) | between (5 / 50 / 95 / 99 %) | ", end="")
    print(" | ".join(f"tracks that share a word, epsilon {epsilon} (50 / 95 %)" for epsilon in EPSILONS), "|")
    print("|---" * (3 + len(EPSILONS)) + "|")
    print(crowding(f"{len(real)} real tracks", real))
    print(crowding(f"{len(real)} invented", invent(real, len(real), rng)), flush=True)
    print(f"\n| library | epsilon | reference | cosine at least {ENOUGH} | of one in 1,000 | of one in 100 | median |")
    print("|---" * 7 + "|")
    ratio = [max(1, round(size * len(real) / tracks)) for size in SIZES]
    compare(f"{len(real)} real", real, tuple(ratio), rng)
    compare(f"{tracks:,} invented", invent(real, tracks, rng), SIZES, rng)


if __name__ == "__main__":
    main()

"""What a list costs in libraries of any size: the index, the answer, and how good it is.

python -m benchmarks.queries [TRACKS...] [--json FILE]      10,000, 100,000 and 1,000,000 by default

For each size a real beets library of invented tracks is written into a temporary folder. FILE gets a line of JSON for each
figure that a curve is drawn of. Lists are whole commands, and recall is that of `open_space`.

Imports internals: of `analyse` only the building of the index.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.invented import DIMENSION, unit, write_library
from benchmarks.usage import FailedError, Usage, measure

if TYPE_CHECKING:
    from beetsplug.deejai.library.beets_library import BeetsLibrary

SIZES = (10_000, 100_000, 1_000_000)
PAIRS = 5
NEW = 100  # tracks that come later
K = 20  # neighbours of each, as many as a list has tracks
ASKED = 200  # queries for which recall is measured
BEET = Path(sys.executable).with_name("beet")
FACTOR, MORE = 1.5, 0.3  # the limit: so many times `beet ls`, and so many seconds more


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tracks", nargs="*", type=int, default=SIZES)
    parser.add_argument("--json", type=Path, help="append the figures for the curves to this file")
    options = parser.parse_args()
    for line, figures in queries(options.tracks):
        print(line, flush=True)
        if options.json:
            with options.json.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(figure) + "\n" for figure in figures)


def queries(sizes: Iterable[int]) -> Iterator[tuple[str, list[dict]]]:
    """The lines of a table, a row for each size, each with what curves are drawn of."""
    head = [
        *("tracks", "index", "first answer, s (CPU)", "files, MB", "`beet ls`, s", "`similar`, s", "of the limit"),
        *("memory, MB", f"with {NEW} tracks more, s", "recall@20", "index, CPU-s", "index, MB", "by Annoy: recall@20"),
    ]
    yield f"| {' | '.join(head)} |", []
    yield "|---" * len(head) + "|", []
    for tracks in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "beets"
            write_library(folder, tracks)
            yield measured(folder, tracks)


def measured(folder: Path, tracks: int) -> tuple[str, list[dict]]:
    """A row of the table, and what curves are drawn of."""
    similar = ["deejai", "similar", "id:7", "-o", str(folder / "list.m3u")]
    run(folder, "ls", "id:7")
    first = run(folder, *similar)
    files = sum(path.stat().st_size for path in folder.glob("library.db.deejai/*")) / 1e6
    pairs = [(run(folder, "ls", "id:7"), run(folder, *similar)) for _ in range(PAIRS)]
    listed, found = (statistics.median(took.wall for took in side) for side in zip(*pairs, strict=True))
    limit = statistics.median(after.wall / (FACTOR * before.wall + MORE) for before, after in pairs)
    memory = max(after.memory for _, after in pairs)
    recall, kind = ask(folder, "recall", "auto")
    built, size = ask(folder, "build")
    by_annoy, _ = ask(folder, "recall", "annoy")
    add_tracks(folder, NEW)
    later = run(folder, *similar)
    row = (
        f"| {tracks:,} | {kind} | {first.wall:.1f} ({first.cpu:.1f}) | {files:.0f} | {listed:.2f} | {found:.2f} "
        f"| {limit:.0%} | {memory:.0f} | {later.wall:.2f} | {recall:.4f} "
        f"| {built:.1f} | {size:.0f} | {by_annoy:.4f} |"
    )
    figures = [
        {"component": "index", "tracks": tracks, "seconds": first.cpu, "MB": first.memory},
        {"component": "queries", "tracks": tracks, "seconds": found, "MB": memory},
    ]
    return row, figures


def ask(folder: Path, *words: str) -> list:
    """What `recall` or `build` finds, in a process of its own."""
    return json.loads(subprocess.check_output([sys.executable, "-m", "benchmarks.queries", folder, *words]))


def run(folder: Path, *words: str) -> Usage:
    """What a `beet` command takes; the pages of files that it maps count as memory."""
    try:
        return measure([BEET, *words], BEETSDIR=str(folder))
    except FailedError as error:
        sys.exit(f"beet {' '.join(words)}: exit status {error.status}: {error}")


def add_tracks(folder: Path, count: int) -> None:
    """New tracks with vectors, as `beet import` writes them."""
    rng = np.random.default_rng(1)
    with sqlite3.connect(folder / "library.db") as connection:
        for number, vector in enumerate(unit(rng.normal(size=(count, DIMENSION)))):
            track = connection.execute(
                "INSERT INTO items (path, artist, title, length) VALUES (?, 'Somebody new', ?, 200)",
                (f"new/{number}.mp3".encode(), f"Song {number}"),
            ).lastrowid
            values = {
                "deejai_vector": b64encode(vector.astype("<f4").tobytes()).decode(),
                "deejai_model": "musicnn-msd-1",
                "deejai_key": f"{number:032x}",
            }
            connection.executemany(
                "INSERT INTO item_attributes (entity_id, key, value) VALUES (?, ?, ?)",
                [(track, key, value) for key, value in values.items()],
            )
    connection.close()


def recall(folder: Path, search: str) -> tuple[float, str]:
    """The share of the true twenty nearest that are found: of tracks, and of the ways between two."""
    from deejai_core import open_space

    space = open_space(opened(folder), search=search)
    vectors = space.rows.vectors
    ends = np.random.default_rng(2).integers(len(vectors), size=(ASKED, 2))
    queries = [vectors[start] + number % 2 * 0.7 * vectors[end] for number, (start, end) in enumerate(ends)]
    shares = [len(set(space.index.nearest(query, K)[0]) & set(nearest(vectors, query))) / K for query in queries]
    return statistics.mean(shares), "all are compared" if space.index.is_exact else "Annoy"


def opened(folder: Path) -> BeetsLibrary:
    from beets.library import Library

    from beetsplug.deejai.library.beets_library import BeetsLibrary

    return BeetsLibrary(Library(str(folder / "library.db"), str(folder)))


def build(folder: Path) -> tuple[float, float]:
    """CPU-seconds that `analyze` takes to build the index anew, and its MB."""
    from deejai_core.index.annoy_file import index_paths
    from deejai_core.index.cache import build_index
    from deejai_core.models.musicnn.model import MusiCNN

    library = opened(folder)
    file, _, manifest = index_paths(library.folder)
    manifest.unlink(missing_ok=True)
    start = time.process_time()
    build_index(library, MusiCNN())
    return time.process_time() - start, file.stat().st_size / 1e6


def nearest(vectors: np.ndarray, query: np.ndarray) -> list[int]:
    """By comparing all, without the index's own code."""
    return np.argsort(-np.einsum("ij,j->i", vectors, unit(query[None])[0]), kind="stable")[:K].tolist()


if __name__ == "__main__":
    match sys.argv[2:]:
        case ["recall", search]:
            print(json.dumps(recall(Path(sys.argv[1]), search)))
        case ["build"]:
            print(json.dumps(build(Path(sys.argv[1]))))
        case _:
            main()

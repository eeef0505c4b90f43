"""What it costs to weight libraries of any size, and to go on when music comes: read, weighted and written.

    python -m benchmarks.weights [TRACKS...] [--slices SLICES.npz] [--epsilon E] [--json]

The libraries are invented: around common words, or as crowded as the recordings in SLICES.npz (see `benchmarks.reference`).
--json prints a line of JSON for each size, as `rows` yields them.

Imports internals: of `analyse` only the weighting, of slices that no file was decoded for.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.usage import peak

SLICES = 20  # a track
WORDS = 4_000  # a slice shares its own with one track in 400, as in real libraries
NEW = 100  # tracks that come
SIZES = (1_000, 3_000, 10_000, 30_000)
BARE = 1.0  # seconds of nothing but a matrix product
SQUARE = 2_000  # rows and columns of a large one


def rows(sizes: Sequence[int], slices: Path | None = None, epsilon: float = 0.2) -> Iterator[dict[str, float]]:
    """For each size: `tracks`, and what a process of its own took for them.

    Wall and CPU seconds `all`, `all_cpu` to weight all, `new`, `new_cpu` for 100 new tracks as `import` does it; of these,
    `entered` came into the reference, and `rest`, `rest_cpu` is what the next `analyze` takes to bring the others into
    line, of which `changed` do change; `outsider` for a file outside the library. `memory`: peak in MB. GFLOP for each CPU
    second of weighting all, `gflop`; of nothing but products of a block of slices and one slice of each track, `bare`;
    of products of two large squares, `square`, the most that BLAS reaches here. Both on all cores at once, before and after
    all are weighed.
    """
    for tracks in sizes:
        with tempfile.TemporaryDirectory() as folder:
            # Processes of their own: what a library is made of would count as memory that weighting took.
            for step in ("make", "measure"):
                command = [sys.executable, "-m", "benchmarks.weights", str(tracks), "--step", step, "--folder", folder]
                command += ["--epsilon", str(epsilon), *(["--slices", str(slices)] if slices else [])]
                output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            yield json.loads(output)


def invented(tracks: int, slices: Path | None) -> Iterator[np.ndarray]:
    """Slice vectors (SLICES, 100) of each track."""
    rng = np.random.default_rng(0)
    if slices:
        from benchmarks.reference import invent, read_slices

        real = [np.concatenate([track] * SLICES)[:SLICES] for track in read_slices(slices)]
        for _ in range(0, tracks, 1000):
            yield from invent(real, 1000, rng)
    words = rng.normal(size=(WORDS, 100)).astype(np.float32)
    while True:
        yield words[rng.integers(WORDS, size=SLICES)] + rng.normal(0, 0.5, (SLICES, 100)).astype(np.float32)


def make(folder: Path, tracks: int, slices: Path | None) -> None:
    """A beets library of `tracks` and `NEW` tracks, and beside it what the model embedded in them. No file exists."""
    from hashlib import blake2b

    from beets.library import Library

    from beetsplug.deejai.library.beets_library import BeetsLibrary
    from deejai_core.embedding.slices import open_slices
    from deejai_core.models.device import use_one_thread
    from deejai_core.models.musicnn.model import MusiCNN

    use_one_thread()
    model = MusiCNN()
    origin = model.project(np.zeros((1, model.trunk_size)))
    back = np.linalg.pinv(model.project(np.eye(model.trunk_size)) - origin)  # from slice vectors to a trunk's output
    lib = Library(str(folder / "library.db"), str(folder))
    source = invented(tracks + NEW, slices)
    with open_slices(BeetsLibrary(lib)) as store, lib.transaction() as tx:
        for id_ in range(1, tracks + NEW + 1):
            key = blake2b(str(id_).encode(), digest_size=16).hexdigest()
            trunk = ((next(source) - origin) @ back).astype("<f2")
            store._connection.execute(
                "INSERT INTO slices (key, model, trunk) VALUES (?, ?, ?)", (key, model.trunk_name, trunk.tobytes())
            )
            tx.mutate("INSERT INTO items (id, path) VALUES (?, ?)", (id_, f"{id_}.mp3".encode()))
            tx.mutate("INSERT INTO item_attributes (entity_id, key, value) VALUES (?, 'deejai_key', ?)", (id_, key))
        store._connection.commit()


def measure(folder: Path, tracks: int, epsilon: float) -> dict[str, float]:
    from beets.library import Library

    from beetsplug.deejai.library.beets_library import BeetsLibrary
    from deejai_core.embedding import mp3tovec
    from deejai_core.embedding.library_vectors import weight_imported, weight_tracks
    from deejai_core.embedding.slices import open_slices
    from deejai_core.embedding.weighting import choose_reference, weight_external
    from deejai_core.models.musicnn.model import MusiCNN

    model = MusiCNN()
    model.project(np.zeros((1, model.trunk_size)))  # reads the weights
    lib = Library(str(folder / "library.db"), str(folder))
    result: dict[str, float] = {"tracks": tracks}

    def timed(name: str, work) -> object:
        cpu, wall = time.process_time(), time.perf_counter()
        value = work()
        result[name], result[f"{name}_cpu"] = time.perf_counter() - wall, time.process_time() - cpu
        return value

    size = min(tracks, mp3tovec.REFERENCE)
    shapes = {"bare": (mp3tovec.BLOCK, model.dimension, size), "square": (SQUARE, SQUARE, SQUARE)}
    before = {name: products(*shape) for name, shape in shapes.items()}
    keys = BeetsLibrary(lib).recordings()
    with open_slices(BeetsLibrary(lib)) as store:
        # The new ones are not there yet.
        with lib.transaction() as tx:
            tx.mutate("UPDATE item_attributes SET key = 'later' WHERE entity_id > ?", (tracks,))
        timed("all", lambda: weight_tracks(BeetsLibrary(lib), range(1, tracks + 1), model, epsilon, store))
        result |= {name: (before[name] + products(*shape)) / 2 for name, shape in shapes.items()}
        old = [key for id_, key in keys.items() if id_ <= tracks]
        reference = choose_reference(old)
        trunk = np.ones((SLICES, model.trunk_size), np.float16)
        timed("outsider", lambda: weight_external(store, model, epsilon, old, "f" * 32, trunk))
        result["entered"] = len(set(choose_reference(keys.values())) - set(reference))
        with lib.transaction() as tx:
            tx.mutate("UPDATE item_attributes SET key = 'deejai_key' WHERE key = 'later'")
        timed("new", lambda: weight_imported(BeetsLibrary(lib), range(tracks + 1, tracks + NEW + 1), model, epsilon, store))
        result["changed"] = timed("rest", lambda: weight_tracks(BeetsLibrary(lib), [], model, epsilon, store)).changed
    result["memory"] = peak()
    result["gflop"] = 2e-9 * tracks * SLICES * size * SLICES * model.dimension / result["all_cpu"]
    return result


def products(rows: int, terms: int, columns: int) -> float:
    """GFLOP for each CPU second of nothing but matrix products (rows, terms) @ (terms, columns), on all cores at once."""
    from deejai_core.models.device import use_one_thread

    def work(seed: int) -> int:
        use_one_thread()
        rng = np.random.default_rng(seed)
        left = rng.normal(size=(rows, terms)).astype(np.float32)
        right = rng.normal(size=(terms, columns)).astype(np.float32)
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < BARE:
            left @ right
            done += 1
        return done

    workers = os.cpu_count() or 1
    cpu = time.process_time()
    with ThreadPoolExecutor(workers) as threads:
        done = sum(threads.map(work, range(workers)))
    return 2e-9 * done * rows * terms * columns / (time.process_time() - cpu)


def table(found: Sequence[dict[str, float]]) -> list[str]:
    head = [
        f"tracks of {SLICES} slices",
        *("all: wall seconds", "CPU seconds", "GFLOP a CPU second", "of the bare product", "of a large square one"),
        *(f"{NEW} new: wall seconds", "CPU seconds", "entered the reference"),
        *("the others: wall seconds", "CPU seconds", "changed"),
        *("outsider: wall seconds", "peak memory"),
    ]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in found:
        lines.append(
            f"| {row['tracks']:,} | {row['all']:.1f} | {row['all_cpu']:.1f} | {row['gflop']:.0f} "
            f"| {row['gflop'] / row['bare']:.0%} of {row['bare']:.0f} "
            f"| {row['gflop'] / row['square']:.0%} of {row['square']:.0f} "
            f"| {row['new']:.2f} | {row['new_cpu']:.2f} | {row['entered']} "
            f"| {row['rest']:.1f} | {row['rest_cpu']:.1f} | {row['changed']:,} | {row['outsider']:.2f} "
            f"| {row['memory']:.0f} MB |"
        )
    large = [row for row in found if row["tracks"] >= 10_000]
    if len(large) > 1:
        for what in ("all", "all_cpu"):
            exponent = np.polyfit(np.log([row["tracks"] for row in large]), np.log([row[what] for row in large]), 1)[0]
            lines.append(
                f"\nFrom {large[0]['tracks']:,} tracks on, `{what}` grows with the {exponent:.2f}th power of them."
            )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tracks", nargs="*", type=int, default=SIZES)
    parser.add_argument("--slices", type=Path, help="labelled slices that invented ones are to crowd like")
    parser.add_argument("--epsilon", type=float, default=0.2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", choices=("make", "measure"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "make":
        make(options.folder, options.tracks[0], options.slices)
    elif options.step == "measure":
        print(json.dumps(measure(options.folder, options.tracks[0], options.epsilon)))
    elif options.json:
        for row in rows(options.tracks, options.slices, options.epsilon):
            print(json.dumps(row), flush=True)
    else:
        print("\n".join(table(list(rows(options.tracks, options.slices, options.epsilon)))))


if __name__ == "__main__":
    main()

"""A cluster that is this machine alone, against its threads, on the same files in the same run.

    python -m benchmarks.cluster MUSIC [--tracks N] [--runs N]

CPU-seconds without the start-up of Python and its libraries, which a cluster pays once for each worker. The bytes are all
that goes over loopback meanwhile: `unshare --net sh -c 'ip link set lo up && exec "$@"' - python -m benchmarks.cluster ...`
has one that nobody else uses.

Imports internals: of `analyse` only the way from files to slices is shared out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.__main__ import SUFFIXES
from benchmarks.usage import peak
from deejai_core.embedding.analysis import Embedded, NotEmbedded, embed_files
from deejai_core.embedding.cluster import Cluster, analyse_on
from deejai_core.models.musicnn.model import MusiCNN
from tests.clusters import LocalCluster

WORKERS = 2
PARTS = ("coordinator", "scheduler", "workers")


def spent(*pids: int) -> float:
    """CPU-seconds of processes and of all their children that have ended."""
    return sum(sum(psutil.Process(pid).cpu_times()[:4]) for pid in pids)


def drained(results: Iterator[Embedded | NotEmbedded]) -> None:
    for result in results:
        if isinstance(result, NotEmbedded):
            sys.exit(f"{result.path}: {result.reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", type=Path)
    parser.add_argument("--tracks", type=int, help="so many of them, from all over the folder")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    files = sorted(path for path in options.music.rglob("*") if path.suffix.lower() in SUFFIXES)
    if options.tracks:
        files = files[:: max(1, len(files) // options.tracks)][: options.tracks]
    model, windows = MusiCNN(), 16

    with tempfile.TemporaryDirectory() as folder, LocalCluster(Path(folder) / "dask") as running:
        workers = [running.worker().pid for _ in range(WORKERS)]
        pids = {"coordinator": [os.getpid()], "scheduler": [running.scheduler.pid], "workers": workers}
        cluster = Cluster(running.address, "musicnn")

        def here() -> None:
            drained(embed_files(files, model, windows=windows, threads=WORKERS))

        def there(paths: list[Path] = files) -> None:
            drained(analyse_on(cluster, paths, model, windows=windows))

        drained(embed_files(files[:2], model, windows=windows, threads=WORKERS))
        there(files[: 2 * WORKERS])
        alone, parts, octets, walls = [], [], [], []
        for _ in range(options.runs):
            before, started = spent(os.getpid()), time.perf_counter()
            here()
            alone.append(spent(os.getpid()) - before)
            walls.append([time.perf_counter() - started])
            before = {part: spent(*pids[part]) for part in PARTS}
            sent, started = psutil.net_io_counters(pernic=True)["lo"].bytes_sent, time.perf_counter()
            there()
            walls[-1].append(time.perf_counter() - started)
            octets.append(psutil.net_io_counters(pernic=True)["lo"].bytes_sent - sent)
            parts.append({part: spent(*pids[part]) - before[part] for part in PARTS})
        memory = max(map(peak, workers))

    each = len(files)
    ratio = statistics.median(sum(part.values()) / local for part, local in zip(parts, alone, strict=True))
    print(f"{each} tracks, {WORKERS} workers of one thread; medians of {options.runs} runs\n")
    print("| | CPU-seconds a track | wall seconds a track |\n|---|---|---|")
    wall_here, wall_there = (statistics.median(side) / each for side in zip(*walls, strict=True))
    print(f"| this machine, {WORKERS} threads | {statistics.median(alone) / each:.4f} | {wall_here:.3f} |")
    print(f"| cluster | {statistics.median(sum(p.values()) for p in parts) / each:.4f} | {wall_there:.3f} |")
    for part in PARTS:
        print(f"| of which {part} | {statistics.median(p[part] for p in parts) / each:.4f} | |")
    print(f"\ncluster / this machine, CPU: {ratio:.3f}")
    print(f"memory of a worker without its decoder: {memory:.0f} MB")
    print(f"bytes over loopback a track: {statistics.median(octets) / each:,.0f}")


if __name__ == "__main__":
    main()

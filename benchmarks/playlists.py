"""Playlists and journeys in a large library: the engine alone, and the whole commands.

python -m benchmarks.playlists [TRACKS]        100,000 by default

Imports internals: the engine behind `similar`, `journey` and `reorder`, apart from reading the library.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.invented import beet, catalogue, vectors_like_real_ones, write_library
from deejai_core.index.hubs import densities, hub_penalties
from deejai_core.index.neighbours import Index, open_index
from deejai_core.options.lists import Rules
from deejai_core.playlists.candidates import Candidates, play_penalties
from deejai_core.playlists.journey import journey
from deejai_core.playlists.order import shortest_path
from deejai_core.playlists.playlist import similar
from deejai_core.playlists.rules import RuleContext, RuleSet
from deejai_core.playlists.rules.not_played import DAY

ROUNDS = 5
EVERYTHING = RuleSet.of(
    Rules(
        artist_separation=10,
        album_separation=20,
        min_length=90,
        max_length=600,
        fold_versions=True,
        duplicate_epsilon=0.01,
        not_played_days=1,
        mix_in_key=True,
    ),
    RuleContext("track", duplicate_epsilon=0.01, now=1.9e9 + DAY),
)
LIMIT = 0.5  # seconds that a playlist may take


def main() -> None:
    tracks = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rng = np.random.default_rng(0)
    vectors, artists = vectors_like_real_ones(tracks, rng)
    columns = catalogue(artists, rng)
    print(
        f"{tracks:,} invented tracks; medians of {ROUNDS}\n\n"
        f"| the engine | seconds | of the {LIMIT} s allowed |\n|---|---|---|"
    )
    density = report("hub correction, once for each change of the library", lambda: densities(vectors))
    penalty = (hub_penalties(density) + play_penalties(columns, prefer_played=0.05, avoid_skipped=0.05)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        index = open_index(Path(folder), vectors)
        for name, here in (("", index), (", without Annoy", Index(vectors))) if tracks >= 120_000 else (("", index),):
            engine(name, here, columns, penalty, rng)
    units = vectors[:1000].astype(np.float64)
    distances = np.arccos(np.clip(units @ units.T, -1, 1))
    report("1,000 tracks reordered", lambda: shortest_path(distances))
    with tempfile.TemporaryDirectory() as folder:
        commands(Path(folder) / "beets", tracks)


def engine(name: str, index: Index, columns, penalty: np.ndarray, rng: np.random.Generator) -> None:
    tracks = len(index.vectors)
    scopes = {
        "": None,
        ", from half of the library": rng.random(tracks) < 0.5,
        ", from 500 tracks": np.arange(tracks) < 500,
    }

    def all_rules(allowed: np.ndarray | None) -> Candidates:
        return Candidates(index, columns, EVERYTHING, allowed=allowed, penalty=penalty)

    for scope, allowed in scopes.items():
        report(
            f"100 tracks, all rules{scope}{name}",
            lambda allowed=allowed: walk(all_rules(allowed), count=100, drunk=0.1),
        )
    report(f"100 tracks, no rules{name}", lambda: walk(Candidates(index, columns, RuleSet()), count=100))
    report(f"400 minutes, all rules{name}", lambda: walk(all_rules(None), seconds=24_000))
    for kind, options in (("100 tracks", {"between": 24}), ("400 minutes", {"seconds": 24_000})):
        report(
            f"journey of 5 waypoints, {kind}, all rules{name}", lambda options=options: travel(all_rules(None), **options)
        )


def walk(candidates: Candidates, **options) -> None:
    similar(candidates, [candidates.song(1)], keep_on=3, rng=np.random.default_rng(0), **options)


def travel(candidates: Candidates, **options) -> None:
    stops = np.linspace(0, len(candidates.index.vectors) - 1, 5).astype(int).tolist()
    journey(candidates, [candidates.song(stop) for stop in stops], **options)


def report(name: str, run: Callable[[], object]) -> object:
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(f"| {name} | {median:.3f} | {median / LIMIT:.0%} |", flush=True)
    return result


def commands(folder: Path, tracks: int) -> None:
    write_library(folder, tracks)
    rules = [
        *["--artist-separation", "10", "--album-separation", "20", "--min-length", "90", "--not-played-days", "30"],
        *["--prefer-played", "0.05", "--avoid-skipped", "0.05", "--mix-in-key"],
    ]
    lines = {
        "beet ls of one track": ["ls", "id:7"],
        "beet deejai similar, 20 tracks": ["deejai", "similar", "id:7"],
        "the same, 100 tracks, all rules": ["deejai", "similar", "id:7", "-n", "100", *rules],
        "the same, --from year:1970..1979": ["deejai", "similar", "id:7", "-n", "100", "--from", "year:1970..1979", *rules],
        "beet deejai journey, 5 waypoints, 100 tracks, all rules": [
            *["deejai", "journey", "id:7", "id:70", "id:700", "id:900", "id:90", "-n", "24"],
            *rules,
        ],
    }
    print("\n| whole command | seconds | more than beet ls |\n|---|---|---|")
    beet(folder, "deejai", "similar", "id:7")  # which computes the hub correction, and builds the index
    base = None
    for name, words in lines.items():
        seconds = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            beet(folder, *words)
            seconds.append(time.perf_counter() - start)
        median = statistics.median(seconds)
        base = median if base is None else base
        print(f"| {name} | {median:.2f} | {median - base:.2f} |", flush=True)


if __name__ == "__main__":
    main()

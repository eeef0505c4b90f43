"""Speed and memory of this project, against others on the same files in the same run.

    python -m benchmarks [MUSIC] [--runs N] [--tracks N]

MUSIC is a folder of full-length tracks; by default some are composed. `make bench` installs what is compared.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.analysers import ANALYSERS
from benchmarks.usage import FailedError, measure
from benchmarks.weights import rows, table
from demo.composer import compose

SUFFIXES = {".mp3", ".ogg", ".opus", ".flac", ".wav"}  # what all analysers can read
NEEDS = {"bliss": "bliss_audio", "musly": "pymusly", "the original's method": "librosa"}
BEET = Path(sys.executable).with_name("beet")


def analysis(files: list[Path], runs: int) -> None:
    command = {name: [sys.executable, "-m", "benchmarks.analysers", name] for name in ANALYSERS}
    names = [name for name in ANALYSERS if _runs(name, [*command[name], files[0]])]
    start_up = {name: min(measure(command[name]).cpu for _ in range(2)) for name in names}
    # In turn, so that a change of the machine's speed meets all of them.
    taken = [{name: measure([*command[name], *files]) for name in names} for _ in range(runs)]

    def median(values: list[float]) -> float:
        return statistics.median(values)

    print("| analysis | CPU-seconds a track | ratio to bliss | wall seconds a track | peak memory | start-up CPU-seconds |")
    print("|---|---|---|---|---|---|")
    for name in names:
        cpu = median([run[name].cpu - start_up[name] for run in taken]) / len(files)
        wall = median([run[name].wall for run in taken]) / len(files)
        memory = median([run[name].memory for run in taken])
        ratio = "-"
        if "bliss" in names:
            pairs = [(run[name].cpu - start_up[name]) / (run["bliss"].cpu - start_up["bliss"]) for run in taken]
            ratio = f"{median(pairs):.2f}"
        print(f"| {name} | {cpu:.3f} | {ratio} | {wall:.3f} | {memory:.0f} MB | {start_up[name]:.2f} |", flush=True)

    # Not in this process: it stays small.
    output = subprocess.check_output([sys.executable, "-m", "benchmarks.analysers", "stages", *files])
    parts = json.loads(output)
    print(f"\n| stage | {' | '.join(parts)} |\n|---{'|---' * len(parts)}|")
    for stage in next(iter(parts.values())):
        cells = [f"{spent[stage]:.3f} ({100 * spent[stage] / sum(spent.values()):.0f} %)" for spent in parts.values()]
        print(f"| {stage} | {' | '.join(cells)} |")


def _runs(name: str, command: list) -> bool:
    """Whether an analyser can be compared here; says why, if not."""
    if name in NEEDS and not importlib.util.find_spec(NEEDS[name]):
        print(f"{name}: not installed, left out", file=sys.stderr)
        return False
    try:
        measure(command)
    except FailedError as error:
        if name not in NEEDS:
            sys.exit(f"{name}: {error}")
        reason = "its package needs a newer processor" if error.status == -signal.SIGILL else error
        print(f"{name}: left out: {reason}", file=sys.stderr)
        return False
    return True


def weights(tracks: int) -> None:
    print()
    print("\n".join(table(list(rows([tracks // 10, tracks // 3, tracks])))))


def large_library(folder: Path, tracks: int) -> None:
    """A beets library of invented tracks with clustered vectors."""
    (folder / "config.yaml").write_text(f"library: {folder}/library.db\ndirectory: {folder}\nplugins: deejai\n")
    subprocess.run([BEET, "ls"], env=os.environ | {"BEETSDIR": str(folder)}, check=True, stdout=subprocess.DEVNULL)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(max(1, tracks // 50), 100))
    vectors = centres[rng.integers(len(centres), size=tracks)] + rng.normal(0, 0.7, (tracks, 100))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("<f4")
    with sqlite3.connect(folder / "library.db") as library:
        library.executemany(
            "INSERT INTO items (id, path, artist, album, title, length) VALUES (?, ?, ?, ?, ?, 200)",
            [
                (i + 1, f"/music/{i}.mp3".encode(), f"Artist {i // 50}", f"Album {i // 10}", f"Title {i}")
                for i in range(tracks)
            ],
        )
        library.executemany(
            "INSERT INTO item_attributes (entity_id, key, value) VALUES (?, ?, ?)",
            [
                row
                for i, vector in enumerate(vectors)
                for row in (
                    (i + 1, "deejai_vector", b64encode(vector.tobytes()).decode()),
                    (i + 1, "deejai_model", "musicnn-msd-1"),
                    (i + 1, "deejai_key", f"{i:032x}"),
                )
            ],
        )
    library.close()


def queries(tracks: int, runs: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        large_library(folder, tracks)
        similar = [BEET, "deejai", "similar", "id:4711", "-o", folder / "out.m3u"]
        first = measure(similar, BEETSDIR=str(folder))  # builds the index
        pairs = [
            (measure([BEET, "ls", "id:4711"], BEETSDIR=str(folder)), measure(similar, BEETSDIR=str(folder)))
            for _ in range(runs)
        ]
        listed, found = (statistics.median(usage.wall for usage in side) for side in zip(*pairs, strict=True))
        more = statistics.median(b.wall - a.wall for a, b in pairs)
        ratio = statistics.median(b.wall / a.wall for a, b in pairs)
        memory = max(b.memory for _, b in pairs)
        print(f"\n| {tracks:,} tracks | wall seconds |\n|---|---|")
        print(f"| `beet ls` of one track | {listed:.2f} |")
        print(f"| `beet deejai similar` | {found:.2f}, that is {more:.2f} more ({ratio:.2f} times), {memory:.0f} MB |")
        print(f"| the first one, which builds the index | {first.wall:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tracks", type=int, default=10_000, help="of the library that is weighed and queried")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        music = options.music or Path(temporary)
        if not options.music:
            compose(music, seconds=180)
        files = sorted(path for path in music.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not files:
            sys.exit(f"{music}: no music in it")
        seconds = sum(soundfile.info(file).duration for file in files)
        formats = ", ".join(sorted({file.suffix[1:] for file in files}))
        print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
        print(f"{len(files)} tracks ({formats}), {seconds / len(files):.0f} s each on average\n")
        analysis(files, options.runs)
    weights(options.tracks)
    queries(options.tracks, max(5, options.runs))


if __name__ == "__main__":
    main()

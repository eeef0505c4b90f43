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
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import soundfile

from benchmarks.analysers import ANALYSERS
from benchmarks.queries import queries
from benchmarks.usage import FailedError, measure
from benchmarks.weights import rows, table
from demo.composer import compose

SUFFIXES = {".mp3", ".ogg", ".opus", ".flac", ".wav"}  # what all analysers can read
NEEDS = {"bliss": "bliss_audio", "musly": "pymusly", "the original's method": "librosa"}


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
        cells = [f"{spent[stage][0]:.4f} ({spent[stage][1]:.4f})" for spent in parts.values()]  # and its limit
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tracks", type=int, default=10_000, help="of the library that is weighted and queried")
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
    print()
    for line, _ in queries([options.tracks]):
        print(line, flush=True)


if __name__ == "__main__":
    main()

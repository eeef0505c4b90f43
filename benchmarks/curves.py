"""How time and memory grow with the number of tracks: a picture of what the benchmarks measured.

    python -m benchmarks.curves ROWS.jsonl [-o PICTURE] [--analyse MUSIC]

A row is one measurement, an object of JSON on a line: component (analysis, weights, index, queries), tracks, seconds, MB.
--analyse first measures this project's analysis of 4, 8, 16 and 32 tracks of a folder, and appends that to the rows.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.usage import measure

COMPONENTS = ("analysis", "weights", "index", "queries")
COUNTS = (4, 8, 16, 32)
TIME, MEMORY = "tab:blue", "tab:orange"


def analysis_rows(files: list[Path]) -> list[dict]:
    """What one worker takes for the first files, beyond its start-up, in CPU-seconds: other programs disturb them least."""
    command = [sys.executable, "-m", "benchmarks.analysers", "deejai"]
    start_up = min(measure(command).cpu for _ in range(2))
    rows = []
    for count in (count for count in COUNTS if count <= len(files)):
        usage = measure([*command, *files[:count]])
        seconds = round(usage.cpu - start_up, 2)
        rows.append({"component": "analysis", "tracks": count, "seconds": seconds, "MB": round(usage.memory)})
    return rows


def exponent(tracks: np.ndarray, values: np.ndarray) -> float:
    """b of the power law a * tracks ** b that fits best: the slope of the line through the logarithms."""
    return float(np.polyfit(np.log(tracks), np.log(values), 1)[0])


def draw(rows: list[dict], picture: Path) -> None:
    """A panel for each component: seconds and MB against tracks, both axes logarithmic."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), layout="constrained")
    for axes, component in zip(figure.subplots(2, 2).flat, COMPONENTS, strict=True):
        axes.set(title=component, xlabel="tracks", xscale="log", yscale="log")
        found = sorted((row["tracks"], row["seconds"], row["MB"]) for row in rows if row["component"] == component)
        if not found:
            axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes)
            continue
        tracks, seconds, memory = np.array(found, float).T
        for place, values, unit, colour in ((axes, seconds, "seconds", TIME), (axes.twinx(), memory, "MB", MEMORY)):
            place.set_yscale("log")
            place.set_ylabel(unit, color=colour)
            label = unit
            if len(set(tracks)) > 1:
                label += f", exponent {exponent(tracks, values):.2f}"
            place.plot(tracks, values, "o-", color=colour, label=label)
            place.set_ylim(values.min() / 3, values.max() * 3)  # what is flat looks flat
            place.legend(loc="upper left" if unit == "seconds" else "lower right")
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=110)


def main() -> None:
    from benchmarks.__main__ import SUFFIXES

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/pictures/cost.png"))
    parser.add_argument("--analyse", type=Path, metavar="MUSIC")
    options = parser.parse_args()
    if options.analyse:
        files = sorted(path for path in options.analyse.rglob("*") if path.suffix.lower() in SUFFIXES)
        with options.rows.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in analysis_rows(files))
    draw([json.loads(line) for line in options.rows.read_text().splitlines() if line.strip()], options.output)


if __name__ == "__main__":
    main()

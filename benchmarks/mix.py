"""Draws what a mix does to loudness: three songs one after another, and mixed.

    python -m benchmarks.mix docs/pictures/mix.png

The songs are composed; one is made quieter, and silence is put around them, as it is in real collections. Needs matplotlib.
Imports internals: the rendering and the loudness of a moment.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib
import numpy as np
import soundfile

from deejai_core import FolderLibrary, Mix, plan_mix
from deejai_core.audio.stereo import stereo_blocks
from deejai_core.features.mix.loudness import BLOCK, STEPS, measure
from deejai_core.features.mix.plan import TARGET, render
from demo.composer import compose

matplotlib.use("Agg")
from matplotlib import pyplot

RATE = 44_100  # Hz
FADE = 6  # seconds
SONGS = [("Breaker", -3, 1), ("Aisle", -16, 4), ("Vault", -8, 2)]  # title, volume (dB), seconds of silence around it
FLOOR = -50  # LUFS that are shown


def main(picture: Path) -> None:
    with TemporaryDirectory() as folder:
        found = {path.stem.split(" ", 1)[-1]: path for path in compose(Path(folder), seconds=30)}
        files = []
        for title, volume, silence in SONGS:
            samples, rate = soundfile.read(found[title])
            around = np.zeros(silence * rate)
            files.append(Path(folder) / f"{title}.wav")
            soundfile.write(files[-1], np.concatenate([around, samples * 10 ** (volume / 20), around]), rate)
        draw(files, plan_mix(FolderLibrary(Path(folder)), list(map(str, files)), fade=FADE), picture)


def draw(files: list[Path], plan: Mix, picture: Path) -> None:
    apart = [momentary(stereo_blocks(path, RATE)) for path in files]
    figure, (above, below) = pyplot.subplots(2, 1, figsize=(9, 5), sharex=True, sharey=True, layout="constrained")
    start = 0.0
    for path, levels in zip(files, apart, strict=True):
        times = start + np.arange(len(levels)) / STEPS
        above.plot(times, levels, linewidth=0.8)
        above.text(times.mean(), FLOOR + 3, path.stem, ha="center")
        start = times[-1] + 1 / STEPS
    levels = momentary(render(plan, stereo_blocks))
    below.plot(np.arange(len(levels)) / STEPS, levels, linewidth=0.8, color="black")
    for part in plan.parts:
        below.axvspan(part.start / RATE, (part.start + part.fade) / RATE, alpha=0.15)
        below.text((part.start + part.frames / 2) / RATE, FLOOR + 3, f"{part.track.title} {part.gain:+.1f} dB", ha="center")
    above.set_title("One after another")
    below.set_title(f"Mixed: silence gone, {TARGET:.0f} LUFS each, fades of {FADE} s (blue)")
    for axes in (above, below):
        axes.axhline(TARGET, linewidth=0.8, linestyle="--", color="grey")
        axes.set_ylabel("loudness (LUFS)")
        axes.set_ylim(FLOOR, 0)
        axes.margins(x=0)
    below.set_xlabel("seconds")
    figure.savefig(picture, dpi=90)


def momentary(blocks) -> np.ndarray:
    """Loudness (LUFS) over 400 ms, every 10 ms."""
    sums = np.concatenate([[0.0], np.cumsum(measure(blocks, RATE).energy)])
    return -0.691 + 10 * np.log10(np.maximum((sums[BLOCK:] - sums[:-BLOCK]) / BLOCK, 1e-10))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

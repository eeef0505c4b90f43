"""What the second vocabulary costs, and what it says.

    python -m benchmarks.vocabulary MUSIC [--runs N] [--tracks N]

CPU-seconds a track of an analysis by one network, by both at once, and by the second one alone, as `tag --more` has it hear
what is analysed already (on Linux). Then how much the tags depend on the windows that are heard, and each track's tags.
Where MUSIC has a tracks.csv with the columns path, genre and source, last how well tags tell the tracks of each genre and
source from all others: the area under the curve, 0.5 by chance.

Imports internals: the way from files to slices without a library, the process that decodes, and each network by itself.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.axes import area

if TYPE_CHECKING:
    from deejai_core.audio.sandbox import Decoder

SUFFIXES = {".mp3", ".ogg", ".opus", ".flac", ".m4a", ".wav"}
WINDOWS = 16
TOP = 5
FEWEST = 8  # tracks of a genre or a source
TELLING = 0.85  # an area worth a line; 0.15 is as good, the other way round


def costs(files: list[Path], runs: int) -> None:
    """On one thread, file by file each way in turn, so that what else the machine does meets all of them."""
    from deejai_core.audio.limits import NO_MORE_THAN_USUAL
    from deejai_core.embedding.analysis import embed_file
    from deejai_core.models.musicnn.model import MusiCNN

    model = MusiCNN()
    (second,) = model.more
    ways = {"one": (model, ()), "both": (model, (second,)), "second": (second, ())}
    print("| run | " + " | ".join(ways) + " | both / one | second / one |\n|---|---|---|---|---|---|")
    ratios = []
    with NO_MORE_THAN_USUAL.decoder() as decoder:
        for run in range(runs + 1):
            cpu = dict.fromkeys(ways, 0.0)
            for file in files[: None if run else 1]:  # first the start-up, which is not counted
                for way, (network, more) in ways.items():
                    before = _cpu(decoder)
                    embed_file(file, network, decoder, windows=WINDOWS, more=more)
                    cpu[way] += _cpu(decoder) - before
            if run:
                ratios.append((cpu["both"] / cpu["one"], cpu["second"] / cpu["one"]))
                shown = " | ".join(f"{seconds / len(files):.3f}" for seconds in cpu.values())
                print(f"| {run} | {shown} | {ratios[-1][0]:.2f} | {ratios[-1][1]:.2f} |", flush=True)
    print("medians of the ratios: " + ", ".join(f"{statistics.median(column):.2f}" for column in zip(*ratios, strict=True)))


def _cpu(decoder: Decoder) -> float:
    """CPU-seconds that this process and the one that decodes have taken so far."""
    before = time.process_time()
    if decoder._process is None:
        return before
    tasks = Path(f"/proc/{decoder._process.pid}/task").glob("*/schedstat")
    return before + sum(int(task.read_text().split()[0]) for task in tasks) / 1e9  # nanoseconds


def words(files: list[Path]) -> dict[str, np.ndarray]:
    """The tags of each track, and the tracks that each tag of the second vocabulary is most probable for.

    Returns (tracks,) the probabilities of each tag, by its name and vocabulary.
    """
    from deejai_core.audio.limits import NO_MORE_THAN_USUAL
    from deejai_core.models.musicnn.model import MusiCNN

    model = MusiCNN()
    (second,) = model.more
    found, firsts = [], []
    print("\n| track | genre | first vocabulary | second vocabulary |\n|---|---|---|---|")
    with NO_MORE_THAN_USUAL.decoder() as decoder:
        for file in files:
            metadata = decoder.metadata(file)
            mel = model.mel(decoder.windows(file, sample_rate=model.sample_rate, length=model.window, limit=WINDOWS))
            found.append(second.tags(second.trunk(mel[:: second.every])).mean(axis=0))
            firsts.append(model.tags(model.trunk(mel)).mean(axis=0))
            of_sets = (model.tag_set, firsts[-1]), (second.tag_set, found[-1])
            shown = [
                ", ".join(f"{tag_set.names[n]} {tags[n]:.2f}" for n in np.argsort(-tags)[:TOP]) for tag_set, tags in of_sets
            ]
            name = f"{metadata.artist}: {metadata.title}"
            print(f"| {name} | {metadata.genres} | {shown[0]} | {shown[1]} |", flush=True)
    print()
    for name, column in zip(second.tag_set.names, np.array(found).T, strict=True):
        print(f"{name}: " + "; ".join(f"{files[n].stem} {column[n]:.2f}" for n in np.argsort(-column)[:TOP]))
    of_both = (("first", model.tag_set, firsts), ("second", second.tag_set, found))
    return {
        f"{name} ({which})": column
        for which, tag_set, rows in of_both
        for name, column in zip(tag_set.names, np.array(rows).T, strict=True)
    }


def areas(files: list[Path], music: Path, tags: dict[str, np.ndarray]) -> None:
    """How often a track of a genre, or from a source, is above one of the others by each tag."""
    with (music / "tracks.csv").open(newline="", encoding="utf-8") as file:
        known = {music / row["path"]: row for row in csv.DictReader(file)}
    for column in ("genre", "source"):
        values = np.array([known[path][column] if path in known else "" for path in files])
        for value in sorted(set(values)):
            of = values == value
            if not value or of.sum() < FEWEST:
                continue
            found = {name: area(probabilities[of], probabilities[~of]) for name, probabilities in tags.items()}
            telling = [
                name for name in sorted(found, key=lambda name: -found[name]) if abs(found[name] - 0.5) > TELLING - 0.5
            ]
            print(
                f"\n{column} {value}, {of.sum()} of {len(files)}: "
                + ", ".join(f"{name} {found[name]:.2f}" for name in telling)
            )


def windows(files: list[Path]) -> None:
    """How much the second vocabulary's tags depend on which windows are heard: some, against others between them."""
    from deejai_core.audio.limits import NO_MORE_THAN_USUAL
    from deejai_core.models.musicnn.magnatagatune import MagnaTagATune
    from deejai_core.models.musicnn.model import MusiCNN

    model, second = MusiCNN(), MagnaTagATune()
    each = []
    with NO_MORE_THAN_USUAL.decoder() as decoder:
        for file in files:
            heard = decoder.windows(file, sample_rate=model.sample_rate, length=model.window, limit=2 * WINDOWS)
            each.append(second.tags(second.trunk(model.mel(heard))))
    between = np.array([tags[1::2].mean(axis=0) for tags in each])
    print(f"\nagainst {np.mean([len(tags[1::2]) for tags in each]):.1f} windows of a track on average:")
    for step in (2, 4, 6):
        some = np.array([tags[::step].mean(axis=0) for tags in each])
        orders = [np.corrcoef(_ranks(one), _ranks(other))[0, 1] for one, other in zip(some.T, between.T, strict=True)]
        heard = np.mean([len(tags[::step]) for tags in each])
        difference = np.abs(some - between).mean()
        print(f"{heard:.1f} others: mean difference {difference:.4f}, rank correlation of the tracks {np.mean(orders):.3f}")


def _ranks(column: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(column))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", type=Path, help="a folder of music")
    parser.add_argument("--runs", type=int, default=9, help="of each way (default: 9)")
    parser.add_argument("--tracks", type=int, default=24, help="whose analysis is timed (default: 24)")
    options = parser.parse_args()
    found = sorted(path for path in options.music.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        parser.error(f"{options.music}: no music in it")
    costs(found[:: max(1, len(found) // options.tracks)][: options.tracks], options.runs)
    windows(found)
    tags = words(found)
    if (options.music / "tracks.csv").exists():
        areas(found, options.music, tags)


if __name__ == "__main__":
    main()

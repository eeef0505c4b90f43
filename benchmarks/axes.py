"""Whether energy and valence order music as its genre would, spread evenly, and need what they are made of.

    python -m benchmarks.axes labelled-slices.npz [--library MUSIC]

The archive is that of `tools/build_axes.py`, with `genre` (tracks,) as well. MUSIC is an analysed and tagged folder; the
ends of its axes are printed, to be read.

Imports internals: the axes and their tags.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from deejai_core import FolderLibrary
from deejai_core.embedding.tagging import read_columns, tag
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.musicnn.tags import MSD_TAGS
from tools.build_axes import AXES, build_axis, read_magnitudes

LOUD = {"metal", "rock", "disco", "hiphop", "reggae", "electronic"}
QUIET = {"classical", "jazz"}
# Higher than the others, as most people would say who know these genres; nothing was fitted to it.
PAIRS = {
    "energy": [({"metal"}, LOUD | QUIET | {"pop", "blues", "country"}), (LOUD, QUIET), ({"rock"}, {"classical"})],
    "valence": [({"disco", "reggae"}, {"metal"}), ({"disco", "reggae", "pop"}, {"metal", "classical"})],
}
# What might be told from tags, too: does it say more than energy does?
OTHERS = {
    "danceability": (
        ("dance", "house", "party", "electro", "funk", "hip-hop"),
        ("acoustic", "folk", "ambient", "metal", "progressive rock", "experimental"),
        {"disco", "hiphop", "reggae"},
        {"metal", "rock", "classical", "country", "blues", "jazz"},
    ),
    "acousticness": (
        ("acoustic", "folk", "guitar", "country", "jazz"),
        ("electronic", "electronica", "electro", "dance", "house", "metal", "hip-hop"),
        {"classical", "country", "blues", "jazz"},
        {"metal", "hiphop", "disco", "electronic"},
    ),
}


def area(above: np.ndarray, below: np.ndarray) -> float:
    """How often one of `above` is above one of `below`: 1 always, 0.5 by chance."""
    return float(((above[:, None] > below).mean() + (above[:, None] >= below).mean()) / 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slices", type=Path)
    parser.add_argument("--library", type=Path)
    args = parser.parse_args()
    magnitudes, counts = read_magnitudes(args.slices)
    with np.load(args.slices) as archive:
        genre, collection = archive["genre"], archive["collection"]
    scores = {axis.name: _scores(axis.weights, magnitudes) for axis in MSD_TAGS.axes}
    levels = {axis.name: np.array([axis.level(score) for score in scores[axis.name]]) / 100 for axis in MSD_TAGS.axes}

    print("| collection | genre | energy | valence |\n|---|---|---|---|")
    for name in np.unique(collection):
        for each in np.unique(genre[collection == name]):
            of = (collection == name) & (genre == each)
            print(f"| {name} | {each} | {levels['energy'][of].mean():.2f} | {levels['valence'][of].mean():.2f} |")

    print("\n| axis | higher | than | collection | area |\n|---|---|---|---|---|")
    for name, pairs in PAIRS.items():
        for high, low in pairs:
            for each in np.unique(collection):
                inside = collection == each
                a = scores[name][inside & np.isin(genre, list(high))]
                b = scores[name][inside & np.isin(genre, list(low - high))]
                if len(a) and len(b):
                    said = [", ".join(sorted(set(genre[inside]) & some)) for some in (high, low - high)]
                    print(f"| {name} | {said[0]} | {said[1]} | {each} | {area(a, b):.3f} |")

    print("\n| levels by the other collection | 10 % | half | 90 % |\n|---|---|---|---|")
    for axis in MSD_TAGS.axes:
        for each in np.unique(collection):
            others = collection != each
            apart = build_axis(axis.name, *AXES[axis.name], magnitudes[others], counts[others] / counts[others].sum())
            of = [apart.level(score) / 100 for score in _scores(apart.weights, magnitudes[collection == each])]
            print(f"| {axis.name} of {each} | {' | '.join(f'{share:.2f}' for share in np.quantile(of, [0.1, 0.5, 0.9]))} |")

    print("\n| might be told as well | its area | that of energy |\n|---|---|---|")
    for name, (more, less, high, low) in OTHERS.items():
        own = _scores(build_axis(name, more, less, magnitudes, counts).weights, magnitudes)
        a, b = (np.isin(genre, list(some)) & (collection == "gtzan") for some in (high, low))
        energy = area(scores["energy"][a], scores["energy"][b])
        print(f"| {name} | {area(own[a], own[b]):.3f} | {max(energy, 1 - energy):.3f} |")
    if args.library:
        _ends(args.library)


def _scores(weights: dict[str, int], magnitudes: np.ndarray) -> np.ndarray:
    return sum(weight * magnitudes[:, MSD_TAGS.names.index(tag)] for tag, weight in weights.items())


def _ends(folder: Path) -> None:
    library = FolderLibrary(folder)
    tag(library, MusiCNN())
    ids = library.ids()
    columns = read_columns(library, MSD_TAGS, ids)[:, len(MSD_TAGS.names) :]
    for column, axis in zip(columns.T, MSD_TAGS.axes, strict=True):
        shares = ", ".join(f"{share:.2f}" for share in np.nanquantile(column, [0.1, 0.5, 0.9]))
        print(f"\n{axis.name}: {shares} at 10, 50, 90 %")
        names = library.tracks(ids)
        for number in [*np.argsort(column)[:10], *np.argsort(column)[-10:]]:
            print(f"  {column[number]:.2f} {names[ids[number]].name}")


if __name__ == "__main__":
    main()

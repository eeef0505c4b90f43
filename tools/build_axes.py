"""Builds the axes of the bundled model's tags: energy and valence, standardised and levelled over broad music.

    python tools/build_axes.py labelled-slices.npz

The archive has `slices` (n, 200), outputs of the trunk, `track` (n,), whose each is, and `collection` (tracks,), where each
track is from. All collections count alike, however large they are. What is written is `deejai_core/models/musicnn/axes.py`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from deejai_core.embedding.tag_digits import SCALE
from deejai_core.models.axes import Axis, magnitude
from deejai_core.models.musicnn.model import MusiCNN

OUTPUT = Path(__file__).parent.parent / "deejai_core/models/musicnn/axes.py"
# What each tag is taken to say of it. Nothing was fitted: whoever reads the words agrees or does not.
AXES = {
    "energy": (
        ("metal", "hard rock", "punk", "party", "dance"),
        ("mellow", "acoustic", "ambient", "chillout", "beautiful", "sad"),
    ),
    "valence": (("happy", "party", "soul", "funk", "oldies"), ("metal", "experimental", "sad", "ambient")),
}
WHOLE = 1_000_000  # what a weight is rounded in: divided by a deviation, some hundreds
SHARES = np.arange(0, 101, 5)  # percentiles
IN_A_LINE = 7  # scores
HEAD = '''"""How energetic and how cheerful a track is, by its tags. Written by `tools/build_axes.py`."""

from deejai_core.models.axes import Axis

# fmt: off
'''


def read_magnitudes(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(tracks, tags) the magnitudes of the tags' probabilities, and (tracks,) how much each track counts; 1 together."""
    model = MusiCNN()
    with np.load(path) as archive:
        slices, track, collection = (archive[name] for name in ("slices", "track", "collection"))
    of_slices = model.tags(slices)
    probabilities = np.stack([of_slices[track == number].mean(axis=0) for number in range(len(collection))])
    tenthousandths = np.minimum(np.round(probabilities * SCALE), SCALE - 1).astype(int)
    _, place, counts = np.unique(collection, return_inverse=True, return_counts=True)
    return np.vectorize(magnitude)(tenthousandths), 1 / counts[place] / len(counts)


def build_axis(name: str, more: tuple[str, ...], less: tuple[str, ...], magnitudes: np.ndarray, counts: np.ndarray) -> Axis:
    """The axis from `less` to `more`, over music whose tags have these magnitudes and which counts so much."""
    names = MusiCNN.tag_set.names
    deviations = np.sqrt(counts @ (magnitudes - counts @ magnitudes) ** 2)
    signs = dict.fromkeys(more, 1) | dict.fromkeys(less, -1)
    weights = {tag: sign * round(WHOLE / deviations[names.index(tag)]) for tag, sign in signs.items()}
    scores = sum(weight * magnitudes[:, names.index(tag)] for tag, weight in weights.items())
    order = np.argsort(scores)
    shares = np.cumsum(counts[order]) - counts[order] / 2
    shares = (shares - shares[0]) / (shares[-1] - shares[0])
    return Axis(name, weights, tuple(np.interp(SHARES / 100, shares, scores[order]).round().astype(int).tolist()))


def source(axis: Axis) -> str:
    lines = [f"{axis.name.upper()} = Axis(", f'    "{axis.name}",', "    {"]
    lines += [f'        "{tag}": {weight},' for tag, weight in axis.weights.items()]
    lines += ["    },", "    ("]
    scores = list(map(str, axis.scores))
    lines += [f"        {', '.join(scores[first : first + IN_A_LINE])}," for first in range(0, len(scores), IN_A_LINE)]
    return "\n".join([*lines, "    ),", ")"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slices", type=Path)
    magnitudes, counts = read_magnitudes(parser.parse_args().slices)
    axes = [source(build_axis(name, more, less, magnitudes, counts)) for name, (more, less) in AXES.items()]
    OUTPUT.write_text(HEAD + "\n".join(axes) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The evaluation of what was trained, on tracks of artists that it never saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deejai_core.errors import TrainingError
from deejai_core.words import counted

HELD_OUT = 0.2  # share of the tracks, at least
FEWEST_TRACKS = 40
FEWEST_ARTISTS = 5
SAME = 0.01  # a validation that beats the baselines by no more than this has learned nothing
VALIDATED = 4  # slices of each held-out track, evenly spread


@dataclass(frozen=True)
class Epoch:
    loss: float  # mean over the slices that it was trained on
    validation: float  # over the held-out tracks; higher is better
    measure: str = "cosine"  # what the validation measures


@dataclass(frozen=True)
class Progress:
    """How well a network does on tracks that it was not trained on.

    Depending on the objective: the mean cosine with the directions that it predicts; how often slices that belong together
    are nearer than others; the share of the variance of spectrograms that it explains.
    """

    epochs: tuple[Epoch, ...]
    best: int  # which of them was kept
    constant: float  # of the best constant answer, by the tracks that it was trained on
    random: float  # of the same network before training
    held_out: int  # tracks

    @property
    def validation(self) -> float:
        return self.epochs[self.best].validation

    @property
    def learned_something(self) -> bool:
        return self.validation > max(self.constant, self.random) + SAME


def check_enough(artists: np.ndarray, lists: int | None = None) -> None:
    """Raise TrainingError if the tracks are too few to learn from some and to validate on the others.

    artists: (tracks,) numbers; negative if unknown, which counts as an artist of its own. lists: their number, for the
    message; None: tracks need not be in one.
    """
    names = len(np.unique(artists[artists >= 0])) + int((artists < 0).sum())
    if len(artists) < FEWEST_TRACKS or names < FEWEST_ARTISTS:
        where = "" if lists is None else f"in {counted(lists, 'list')}, "
        raise TrainingError(
            f"too few tracks to learn from: {where}only {counted(len(artists), 'track')} by "
            f"{counted(names, 'artist')} are in the library and analysed; training needs {FEWEST_TRACKS} tracks by "
            f"{FEWEST_ARTISTS} artists",
            hint="analyse" if lists is None else "see what is missing",
        )


def judged_by_directions(progress: Progress) -> str:
    """Return how well directions are predicted, compared with the baselines."""
    return (
        f"cosine {progress.validation:.3f} on {_held_out(progress)}; the constant vector {progress.constant:.3f}, random "
        f"weights {progress.random:.3f}"
    )


def judged_by_pairs(progress: Progress) -> str:
    """Return how often slices that belong together are nearer to each other than to others, compared with the baselines."""
    return (
        f"slices that belong together are nearer than others in {progress.validation:.1%} of cases on "
        f"{_held_out(progress)}; by the constant vector {progress.constant:.1%}, random weights {progress.random:.1%}"
    )


def epoch_text(progress: Progress) -> str:
    return f"(epoch {progress.best + 1} of {len(progress.epochs)})"


def _held_out(progress: Progress) -> str:
    return f"{counted(progress.held_out, 'track')} by held-out artists"


def split(artists: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (tracks,) bool, which are held out: all tracks of some artists, from a fifth to two fifths of the tracks.

    An artist with more than a fifth of all tracks counts as one artist per track.
    """
    tracks = len(artists)
    names, of, sizes = np.unique(artists, return_inverse=True, return_counts=True)
    own = (artists < 0) | (sizes[of] > HELD_OUT * tracks)
    groups = np.where(own, len(names) + np.arange(tracks), of)
    held_out = np.zeros(tracks, bool)
    for group in rng.permutation(np.unique(groups)):
        if held_out.sum() >= HELD_OUT * tracks:
            break
        held_out |= groups == group
    return held_out


def evenly_spread(slices: np.ndarray) -> np.ndarray:
    """Return `VALIDATED` of a track's slices, or all if it has fewer."""
    return np.asarray(slices[np.unique(np.linspace(0, len(slices) - 1, VALIDATED).round().astype(int))])


def nearest_to_all(targets: np.ndarray, held_out: np.ndarray) -> float:
    """Return the mean cosine between held-out tracks and the one direction that is nearest to all others.

    targets: (tracks, dimension) unit vectors; held_out: (tracks,) bool.
    """
    constant = targets[~held_out].sum(axis=0)
    return float((targets[held_out] @ (constant / np.linalg.norm(constant))).mean())

"""How a training is judged: by the tracks of artists that it never saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deejai_core.errors import TrainingError
from deejai_core.words import counted

HELD_OUT = 0.2  # share of the tracks, at least
FEWEST_TRACKS = 40
FEWEST_ARTISTS = 5
SAME = 0.01  # of cosine: a validation no better than the constant vector by this much has learned nothing


@dataclass(frozen=True)
class Epoch:
    loss: float  # mean of 1 - cosine over the slices it was trained on
    validation: float  # mean cosine over the tracks held out


@dataclass(frozen=True)
class Progress:
    """How well a network predicts directions of tracks that it was not trained on, by mean cosine."""

    epochs: tuple[Epoch, ...]
    best: int  # which of them was kept
    constant: float  # of the one direction that is nearest to all, learned from the same tracks
    random: float  # of the same network before training
    held_out: int  # tracks

    @property
    def validation(self) -> float:
        return self.epochs[self.best].validation

    @property
    def learned_something(self) -> bool:
        return self.validation > self.constant + SAME


def check_enough(artists: np.ndarray, lists: int) -> None:
    """Raises TrainingError if the tracks are too few to learn from some and to see by the others.

    artists: (tracks,) numbers; below 0: unknown, an artist of its own; lists: how many there are, for the message.
    """
    names = len(np.unique(artists[artists >= 0])) + int((artists < 0).sum())
    if len(artists) < FEWEST_TRACKS or names < FEWEST_ARTISTS:
        raise TrainingError(
            f"too little to learn from: in {counted(lists, 'list')}, only {counted(len(artists), 'track')} by "
            f"{counted(names, 'artist')} are in the library and analysed; training takes {FEWEST_TRACKS} tracks by "
            f"{FEWEST_ARTISTS} artists",
            hint="see what is missing",
        )


def split(artists: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(tracks,) which are held out: all tracks of some artists, from a fifth to two fifths of the tracks.

    An artist of more than a fifth of all tracks is taken for as many artists as there are tracks.
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


def nearest_to_all(targets: np.ndarray, held_out: np.ndarray) -> float:
    """The mean cosine to the tracks held out of the one direction that is nearest to all others.

    targets: (tracks, dimension) unit vectors; held_out: (tracks,) bool.
    """
    constant = targets[~held_out].sum(axis=0)
    return float((targets[held_out] @ (constant / np.linalg.norm(constant))).mean())

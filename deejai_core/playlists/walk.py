"""The direction in which a walk looks for its next step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deejai_core.playlists.geometry import blend
from deejai_core.tracks.songs import Song

LESS = 0.5  # weight of what a list should be less like, against 1 for what it should be like


def heading(
    steps: Sequence[np.ndarray],
    *,
    keep_on: int,
    stay: float = 0.0,
    always: Sequence[np.ndarray] = (),
    anchor: np.ndarray | None = None,
) -> np.ndarray:
    """Return the unit direction (float64) of the next step: between the beginning of a walk and its last steps.

    steps: unit vectors; the first one is what the walk began with. keep_on: how many of the last ones count, all alike;
    0: only the first. stay: weight of the beginning, from 0 to 1, against 1 - `stay` for the last steps. always: unit
    vectors that are followed all the time; they count with the beginning as well as with the last steps. anchor: the unit
    vector to stay with; by default the first step.
    """
    last = blend([*(steps[-keep_on:] if keep_on else steps[:1]), *always])
    if not stay:
        return last
    return blend([blend([steps[0] if anchor is None else anchor, *always]), last], weights=[stay, 1 - stay])


def repulsion(less: Sequence[Song]) -> np.ndarray | float:
    """Return what to subtract from a unit direction, (dimension,) or 0.0, to be less like some songs."""
    return LESS * blend([song.vector for song in less]) if less else 0.0

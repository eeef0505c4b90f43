"""An endless queue: its free places, filled with what follows on the songs before them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deejai_core.playlists.candidates import Candidates, Pick
from deejai_core.playlists.geometry import blend
from deejai_core.playlists.walk import Course, straying, walk
from deejai_core.tracks.songs import Song


def fill(
    candidates: Candidates,
    seeds: Sequence[Song],
    coming: Sequence[Song | None],
    *,
    played: Sequence[Song] = (),
    pinned: Sequence[Song] = (),
    unwanted: Sequence[Song] = (),
    less: Sequence[Song] = (),
    keep_on: int = 0,
    stay: float = 0.0,
    drunk: float = 0.0,
    seed: int = 0,
) -> list[Pick]:
    """Return a track for each None in `coming`, in order; fewer if the library has no more.

    The walk is that of `similar`: its first step is the blend of the seeds, the next ones are the songs that were played
    since and those that come. Each pick is near to the last `keep_on` steps (0: to the first) and, by `stay`, to the first.
    pinned: songs that the queue follows all the time: they count as further steps for every pick. unwanted: songs that are
    not picked. less: songs that the queue should be less like; they are not picked either. drunk: see `stagger`; with the
    same `seed`, a place strays alike whenever it is filled again.
    """
    before = [*seeds, *played]
    places = list(enumerate(coming, len(before)))
    steps = walk(
        candidates,
        places,
        Course(keep_on, stay, always=[song.vector for song in pinned], less=less),
        begun=[blend([song.vector for song in seeds]), *(song.vector for song in played)],
        held=[
            *((song, place) for place, song in [*enumerate(before), *places] if song),
            *((song, None) for song in [*pinned, *unwanted]),
        ],
        stray=straying(drunk, lambda place: np.random.default_rng([seed, place])),
    )
    return [step.pick for step in steps]

"""A queue that never ends: the places in it that are free, filled with what follows on the songs before them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deejai_core.playlists.candidates import Candidates, Pick
from deejai_core.playlists.geometry import blend, stagger
from deejai_core.playlists.walk import heading, repulsion
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
    """A track for each None among `coming`, in order; fewer if the library has no more.

    The walk is that of `similar`: the blend of the seeds is its first step, the songs that were played since, and those
    that come, are the next ones, and each pick is near to the last `keep_on` steps (0: to the first) and, by `stay`, to the
    first. pinned: songs that are followed all the time: they count as further steps for every pick. unwanted: songs that
    are not picked. less: songs that the queue should be less like, which are not picked either. drunk: see `stagger`; a
    place strays alike whenever it is filled again with the same `seed`.
    """
    candidates = candidates.without([*unwanted, *less])
    lineup = candidates.lineup()
    before = [*seeds, *played]
    for place, song in enumerate(before):
        lineup.add(song, place)
    for place, song in enumerate(coming, len(before)):
        if song:
            lineup.add(song, place)
    for song in pinned:
        lineup.add(song, None)
    steps = [blend([song.vector for song in seeds]), *(song.vector for song in played)]
    always = [song.vector for song in pinned]
    repelled = repulsion(less)
    picks: list[Pick] = []
    for place, song in enumerate(coming, len(before)):
        if song is None:
            target = heading(steps, keep_on=keep_on, stay=stay, always=always) - repelled
            if drunk:
                target = stagger(target, drunk, np.random.default_rng([seed, place]))
            pick = candidates.best(candidates.next_offers(target, place, lineup), lineup)
            if pick is None:
                break
            picks.append(pick)
            song = candidates.song(pick.position)
            lineup.add(song, place)
        steps.append(song.vector)
    return picks

"""A playlist of what sounds like its seeds: a walk that looks back on its last steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from itertools import count as count_up

import numpy as np

from deejai_core.playlists.candidates import Candidates, Pick
from deejai_core.playlists.geometry import blend, stagger
from deejai_core.playlists.walk import heading, repulsion
from deejai_core.tracks.songs import Song

Choose = Callable[[Iterator[Pick]], Pick | None]


def similar(
    candidates: Candidates,
    seeds: Sequence[Song],
    *,
    count: int | None = None,
    seconds: float | None = None,
    keep_on: int = 0,
    stay: float = 0.0,
    floor: float = 0.0,
    drunk: float = 0.0,
    less: Sequence[Song] = (),
    listed: bool = True,
    rng: np.random.Generator | None = None,
    choose: Choose | None = None,
) -> list[Pick]:
    """Tracks that follow the seeds, each near to the last `keep_on` ones; fewer if the library has no more.

    seeds: one or more songs; their blend, whatever their number, counts as the first step of the walk. listed: whether
    they are in the list themselves, whose rules then see them; otherwise they are only kept from being picked. count:
    tracks to pick. seconds: instead, the length that the whole list shall have; it ends within half a track of it, and
    takes no track of unknown length. keep_on: 0 stays with the seeds. stay: 0 to 1, how much each track is near the seeds
    as well, see `heading`. floor: the list ends where the similarity of the next track is below it; 0: never. drunk: 0
    goes straight, 1 in any direction, see `stagger`; it needs `rng`. less: songs that the list should be less like; they
    are not picked. choose: picks one of the offers, best first, or None to end the list; by default the best.
    """
    if seconds is not None:
        candidates = candidates.of_known_length()
    candidates = candidates.without(less)
    lineup = candidates.lineup()
    for place, seed in enumerate(seeds):
        lineup.add(seed, place if listed else None)
    first = len(seeds) if listed else 0
    steps = [blend([seed.vector for seed in seeds])]
    repelled = repulsion(less)
    left = None if seconds is None else seconds - (duration(seeds) if listed else 0)
    picks: list[Pick] = []
    for place in count_up(first) if count is None else range(first, first + count):
        target = heading(steps, keep_on=keep_on, stay=stay) - repelled
        if drunk:
            target = stagger(target, drunk, rng)
        offers = candidates.next_offers(target, place, lineup)
        if choose and left is not None:
            best = next(offers, None)
            if best is None or left < candidates.song(best.position).length / 2:
                break  # before anybody is asked
            offers = chain([best], offers)
        pick = choose(offers) if choose else candidates.best(offers, lineup)
        if pick is None or (floor and not choose and pick.similarity < floor):
            break
        song = candidates.song(pick.position)
        if left is not None:
            if left < song.length / 2 and not choose:  # the list ends nearer to what was asked for without it
                break
            left -= song.length
        picks.append(pick)
        lineup.add(song, place)
        steps.append(song.vector)
    return picks


def first_of(offers: Iterator[Pick], count: int) -> list[Pick]:
    """The best `count` offers."""
    return list(islice(offers, count))


def duration(songs: Iterable[Song]) -> float:
    """Seconds that songs take together, those of unknown length none."""
    return sum(song.length for song in songs if song.length > 0)

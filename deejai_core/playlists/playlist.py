"""A list of what sounds like its seeds: a walk that looks back on its last steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from itertools import count as count_up

import numpy as np

from deejai_core.playlists.candidates import Candidates, Pick
from deejai_core.playlists.geometry import blend
from deejai_core.playlists.rules import Lineup
from deejai_core.playlists.walk import Course, Step, Take, straying, walk
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
    watch: Callable[[Step], None] | None = None,
) -> list[Pick]:
    """Return tracks that follow the seeds, each near to the last `keep_on` ones; fewer if the library has no more.

    seeds: one or more songs; their blend, whatever their number, counts as the first step of the walk. listed: whether they
    are in the list, so that its rules see them; otherwise they are only not picked again. count: tracks to pick. seconds:
    instead, the length of the whole list, met within half a track; no track of unknown length is taken. keep_on: 0 stays
    with the seeds. stay: 0 to 1, how near each track is to the seeds as well, see `heading`. floor: the list ends where the
    similarity of the next track is lower; 0 for never. drunk: 0 goes straight, 1 in any direction, see `stagger`; without
    `rng`, it goes straight. less: songs that the list should be less like; they are not picked. choose: picks one of the
    offers, best first, or None to end the list; by default the best. watch: is shown each step as it is made.
    """
    if seconds is not None:
        candidates = candidates.of_known_length()
    first = len(seeds) if listed else 0
    take = _chosen_by(choose) if choose else _best_above(candidates, floor)
    if seconds is not None:
        take = _Timed(candidates, take, seconds - (duration(seeds) if listed else 0), by_hand=choose is not None)
    steps = walk(
        candidates,
        zip(count_up(first) if count is None else range(first, first + count), repeat(None)),
        Course(keep_on, stay, less=less),
        begun=[blend([seed.vector for seed in seeds])],
        held=[(seed, place if listed else None) for place, seed in enumerate(seeds)],
        stray=straying(drunk, lambda place: rng) if rng else None,
        take=take,
    )
    picks: list[Pick] = []
    for step in steps:
        picks.append(step.pick)
        if watch:
            watch(step)
    return picks


def first_of(offers: Iterator[Pick], count: int) -> list[Pick]:
    """Return the best `count` offers."""
    return list(islice(offers, count))


def duration(songs: Iterable[Song]) -> float:
    """Return how many seconds songs take together; unknown lengths count as 0."""
    return sum(song.length for song in songs if song.length > 0)


def _chosen_by(choose: Choose) -> Take:
    return lambda offers, _: choose(offers)


def _best_above(candidates: Candidates, floor: float) -> Take:
    def take(offers: Iterator[Pick], lineup: Lineup) -> Pick | None:
        pick = candidates.best(offers, lineup)
        return None if pick and floor and pick.similarity < floor else pick

    return take


class _Timed:
    """Takes tracks as `take` does, until the list comes closer to its length without the next one.

    by_hand: somebody chooses; they are not asked again once the best track would be too long.
    """

    def __init__(self, candidates: Candidates, take: Take, left: float, *, by_hand: bool) -> None:
        self.candidates = candidates
        self.take = take
        self.left = left
        self.by_hand = by_hand

    def __call__(self, offers: Iterator[Pick], lineup: Lineup) -> Pick | None:
        if self.by_hand:
            best = next(offers, None)
            if best is None or self._is_too_long(best):
                return None
            offers = chain([best], offers)
        pick = self.take(offers, lineup)
        if pick is None or (self._is_too_long(pick) and not self.by_hand):
            return None
        self.left -= self.candidates.song(pick.position).length
        return pick

    def _is_too_long(self, pick: Pick) -> bool:
        return self.left < self.candidates.song(pick.position).length / 2

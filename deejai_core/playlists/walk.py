"""The walk that makes every list except a journey: place after place, each track near to what comes before it.

The differences between a playlist, a queue and a radio are arguments: which places are free, what the walk follows, how it
strays, and what takes a track.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deejai_core.playlists.candidates import Candidates, Pick
from deejai_core.playlists.geometry import blend, stagger
from deejai_core.playlists.rules import Lineup
from deejai_core.tracks.songs import Song

LESS = 0.5  # weight of what a list should be less like, against 1 for what it should be like

Stray = Callable[[np.ndarray, int], np.ndarray]  # a direction and a place -> the direction that is taken
Take = Callable[[Iterator[Pick], Lineup], Pick | None]  # of the offers, best first; None ends the walk


@dataclass(frozen=True)
class Course:
    """What a walk follows.

    keep_on, stay, always, anchor: see `heading`. less: songs that it should be less like. bend: turns the direction, given
    how many tracks were picked before.
    """

    keep_on: int
    stay: float = 0.0
    always: Sequence[np.ndarray] = ()
    anchor: np.ndarray | None = None
    less: Sequence[Song] = ()
    bend: Callable[[np.ndarray, int], np.ndarray] | None = None

    def direction(self, steps: Sequence[np.ndarray], picked: int) -> np.ndarray:
        """Return the direction, (dimension,) of any length except zero."""
        ahead = heading(steps, keep_on=self.keep_on, stay=self.stay, always=self.always, anchor=self.anchor)
        return self.bend(ahead - self._repelled, picked) if self.bend else ahead - self._repelled

    def followed(self, steps: int) -> list[int]:
        """Return which steps lead to the next one: the last ones, and the first one if the walk stays with it."""
        last = range(steps)[-self.keep_on :] if self.keep_on else range(1)
        return [0, *last] if self.stay and last[0] else list(last)

    @cached_property
    def _repelled(self) -> np.ndarray | float:
        return repulsion(self.less)


@dataclass(frozen=True, eq=False)
class Step:
    """A track that was picked, and what led to it.

    near: the steps that it follows, by number (0: what the walk began with), with its similarity to each. lineup: what the
    list holds without it; valid only until the next step is requested.
    """

    pick: Pick
    song: Song
    near: list[tuple[int, float]]
    candidates: Candidates
    lineup: Lineup


def walk(
    candidates: Candidates,
    places: Iterable[tuple[int, Song | None]],
    course: Course,
    *,
    begun: Sequence[np.ndarray],
    held: Iterable[tuple[Song, int | None]],
    stray: Stray | None = None,
    take: Take | None = None,
) -> Iterator[Step]:
    """Fill the free places of a list, one after the other, until no track is left or none is taken.

    places: in order; with the song that is already there, or None if it is free. begun: unit vectors of the steps so far,
    one or more. held: what the list holds from the start, with or without a place; see `Lineup`. stray: None goes straight.
    take: None takes the best.
    """
    take = take or candidates.best
    lineup = candidates.lineup()
    for other, at in [*held, *((song, None) for song in course.less)]:
        lineup.add(other, at)
    steps, picked = list(begun), 0
    for place, there in places:
        song = there
        if song is None:
            target = course.direction(steps, picked)
            pick = take(candidates.next_offers(stray(target, place) if stray else target, place, lineup), lineup)
            if pick is None:
                return
            song, picked = candidates.song(pick.position), picked + 1
            near = [(step, float(song.vector @ steps[step])) for step in course.followed(len(steps))]
            yield Step(pick, song, near, candidates, lineup)
            lineup.add(song, place)
        steps.append(song.vector)


def straying(drunk: float, generator: Callable[[int], np.random.Generator]) -> Stray | None:
    """Return how a walk strays that is this drunk, see `stagger`; None for not at all.

    generator: returns one for a place.
    """
    return (lambda direction, place: stagger(direction, drunk, generator(place))) if drunk else None


def heading(
    steps: Sequence[np.ndarray],
    *,
    keep_on: int,
    stay: float = 0.0,
    always: Sequence[np.ndarray] = (),
    anchor: np.ndarray | None = None,
) -> np.ndarray:
    """Return the unit direction (float64) of the next step: between the beginning of a walk and its last steps.

    steps: unit vectors; the first one is what the walk began with. keep_on: how many of the last ones count, equally; 0 for
    only the first. stay: weight of the beginning, from 0 to 1, against 1 - `stay` for the last steps. always: unit vectors
    that the walk follows all the time; they count with the beginning as well as with the last steps. anchor: the unit
    vector to stay with; by default the first step.
    """
    last = blend([*(steps[-keep_on:] if keep_on else steps[:1]), *always])
    if not stay:
        return last
    return blend([blend([steps[0] if anchor is None else anchor, *always]), last], weights=[stay, 1 - stay])


def repulsion(less: Sequence[Song]) -> np.ndarray | float:
    """Return what to subtract from a unit direction, (dimension,) or 0.0, to be less like some songs."""
    return LESS * blend([song.vector for song in less]) if less else 0.0

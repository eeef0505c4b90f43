"""Decides what a radio plays next, after the songs that were played and what people did to them.

Songs that were played to their end, and those that somebody put into the queue, lead the way; songs that were skipped or
removed push it away, less and less as other songs follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from deejai_core.features.radio.changes import Fate
from deejai_core.playlists.candidates import Candidates, Pick
from deejai_core.playlists.geometry import blend
from deejai_core.playlists.walk import LESS, Course, straying, walk
from deejai_core.tracks.songs import Song

FORGETTING = 4  # songs after which a skip pushes half as much
MOST_PUSH = 1.1  # of all skips together, against 1 for the way so far: two in a row reverse it
REMEMBERED = 500  # songs that are not repeated until this many others were played, and at most half of all

REPULSION: dict[Fate, float] = {"skipped": LESS, "refused": LESS / 2}
HELD: tuple[Fate, ...] = ("queued", "refused")  # never added again, however long ago it was
LEADING: tuple[Fate, ...] = ("queued", "played")
ANCHORS = 3  # last songs chosen by listeners that a radio without seeds stays with


@dataclass(frozen=True, eq=False)
class WayEntry:
    """A song of a radio's way, and what happened to it. song: None if it has no vector; it then only takes its place."""

    song: Song | None
    fate: Fate = "played"
    chosen: bool = False  # by a listener, not by the radio


def next_songs(
    candidates: Candidates,
    way: Sequence[WayEntry],
    *,
    count: int,
    keep_on: int,
    stay: float = 0.0,
    drunk: float = 0.0,
    seeds: Sequence[Song] = (),
    less: Sequence[Song] = (),
    never: Iterable[int] = (),
    rng: np.random.Generator | None = None,
) -> list[Pick]:
    """Return what to add to the end of the queue: `count` songs, or fewer if there are no more.

    way: what was played, oldest first, then what is in the queue. keep_on: each song is near to the sum of this many last
    ones that were played or are in the queue; 0: near to the seeds. stay: 0 to 1, how near each song is to the seeds as
    well, or without any, to what listeners chose last. seeds: their blend was the first step; without them, the first song
    of the way counts, if there is no other. less: songs to be less like, which are never added. drunk: as in
    `playlist.similar`; needs `rng`. never: positions that are not available.
    """
    there = len(candidates.index.vectors) if candidates.allowed is None else int(candidates.allowed.sum())
    first = len(way) - min(REMEMBERED, there // 2)
    begun = [blend([seed.vector for seed in seeds])] if seeds else []
    begun += [entry.song.vector for entry in way if entry.song is not None and entry.fate in LEADING]
    begun = begun or [entry.song.vector for entry in way if entry.song is not None][:1]
    if not begun:
        return []
    leading = [entry.song.vector for entry in way if entry.song is not None and entry.chosen and entry.fate in LEADING]
    steps = walk(
        candidates,
        [(place, None) for place in range(len(way), len(way) + count)],
        Course(
            keep_on,
            stay,
            anchor=blend(leading[-ANCHORS:]) if leading and not seeds else None,
            less=less,
            bend=lambda direction, picked: away_from(direction, way, picked),
        ),
        begun=begun,
        held=[
            *(
                (entry.song, place if entry.fate != "refused" else None)
                for place, entry in enumerate(way)
                if entry.song is not None and (place >= first or entry.fate in HELD)
            ),
            *((candidates.song(position), None) for position in never),
        ],
        stray=straying(drunk, lambda place: rng) if rng else None,
    )
    return [step.pick for step in steps]


def away_from(direction: np.ndarray, way: Sequence[WayEntry], later: int = 0) -> np.ndarray:
    """Return a direction pushed away from skipped and refused songs, each half as much for every FORGETTING songs since.

    later: songs that follow the way. Returns any length except zero.
    """
    push, since = np.zeros_like(direction), later
    for entry in reversed(way):
        weight = REPULSION.get(entry.fate, 0.0)
        if weight and entry.song is not None:
            push += weight * 0.5 ** (since / FORGETTING) * entry.song.vector
        elif entry.fate in LEADING:
            since += 1
    pushed = direction - push * min(1.0, MOST_PUSH / max(float(np.linalg.norm(push)), 1e-12))
    return pushed if np.linalg.norm(pushed) > 1e-3 else -push  # they cancel each other out

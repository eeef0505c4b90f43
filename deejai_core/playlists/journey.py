"""Joining the dots: from song to song through the space, each track near a point on the great circle between two."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from deejai_core.playlists.playlist import Pick, neighbours
from deejai_core.space.index import Index


@dataclass(frozen=True)
class Waypoint:
    """A song that a journey passes: its unit vector, and its position in the index if it is in there."""

    vector: np.ndarray
    position: int | None = None


def journey(index: Index, waypoints: Sequence[Waypoint], between: int) -> list[list[Pick]]:
    """`between` tracks for each pair of consecutive waypoints, in order; fewer where the library has no more.

    waypoints: two or more. No track comes twice, nor does a waypoint, nor a recording that the library has twice. The
    journey reversed is the journey of the reversed waypoints.
    """
    # Which track goes to which point must not depend on the direction of travel, and ties could make it so: the journey is
    # always planned in the same one of its two directions.
    forwards = [(point.vector.tobytes(), point.position or 0) for point in waypoints]
    if forwards[::-1] < forwards:
        return [leg[::-1] for leg in _plan(index, waypoints[::-1], between)[::-1]]
    return _plan(index, waypoints, between)


def _plan(index: Index, waypoints: Sequence[Waypoint], between: int) -> list[list[Pick]]:
    """The closest pair of a point of the path and a track is matched first, then the closest of the rest, and so on."""
    targets = [
        (leg, step, slerp(start.vector, end.vector, step / (between + 1)))
        for leg, (start, end) in enumerate(pairwise(waypoints))
        for step in range(1, between + 1)
    ]
    taken = {point.position for point in waypoints}
    heard = {point.vector.tobytes() for point in waypoints}
    chosen: dict[tuple[int, int], Pick] = {}
    queue: list[tuple] = []  # each unserved point once, with the nearest track it has not tried

    def try_next(leg: int, step: int, candidates: Iterator[Pick]) -> None:
        if pick := next(candidates, None):
            heapq.heappush(queue, (-pick.similarity, leg, step, pick, candidates))

    for leg, step, target in targets:
        try_next(leg, step, neighbours(index, target, expected=10))
    while queue:
        _, leg, step, pick, candidates = heapq.heappop(queue)
        vector = index.vectors[pick.position].tobytes()
        if pick.position in taken or vector in heard:
            try_next(leg, step, candidates)
        else:
            heard.add(vector)
            chosen[leg, step] = pick
    return [
        [chosen[leg, step] for step in range(1, between + 1) if (leg, step) in chosen] for leg in range(len(waypoints) - 1)
    ]


def slerp(start: np.ndarray, end: np.ndarray, t: float) -> np.ndarray:
    """The point at fraction `t` (0 to 1) of the great circle between two unit vectors, a unit vector (float64)."""
    start, end = start.astype(np.float64), end.astype(np.float64)
    angle = np.arccos(np.clip(start @ end, -1, 1))
    if angle < 1e-6:
        return start
    if np.pi - angle < 1e-6:
        # Opposite directions have no shortest way between them: go by the axis that both are farthest from.
        via = np.eye(len(start))[np.argmin(np.abs(start))]
        via = via - (via @ start) * start
        via /= np.linalg.norm(via)
        return np.cos(t * np.pi) * start + np.sin(t * np.pi) * via
    return (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)

"""The order in which songs flow: a short path that visits each of them once."""

from __future__ import annotations

from itertools import combinations

import numpy as np

EXACT = 10  # songs up to which every order is considered
STRETCH = 300  # songs that are ordered together
NEARLY = 1e-9  # radians: a smaller gain is only rounding


def shortest_path(distances: np.ndarray, *, first: int | None = None, last: int | None = None) -> list[int]:
    """Return an order of n songs whose steps have a small sum; for few songs, the smallest.

    distances: (n, n), symmetric. first, last: songs at the ends of the path. Up to 10 songs, dynamic programming finds the
    best (Held and Karp 1962). For more, a path grows from each of several songs to the nearest next one, and is improved by
    reversing stretches and moving them elsewhere (2-opt and Or-opt) as long as that makes it shorter. Very many songs are
    improved one stretch of 300 after the other.
    """
    n = len(distances)
    if n <= 1:
        return list(range(n))
    path = _grown(distances, first, last) if n > STRETCH else _ordered(distances, first, last)
    for start in range(0, n - STRETCH // 2, STRETCH // 2) if n > STRETCH else ():
        stretch = path[start : start + STRETCH]
        ends = (
            0 if start or first is not None else None,
            len(stretch) - 1 if start + STRETCH < n or last is not None else None,
        )
        order = _ordered(distances[np.ix_(stretch, stretch)], *ends)
        path[start : start + STRETCH] = [stretch[song] for song in order]
    return path


def _grown(distances: np.ndarray, first: int | None, last: int | None) -> list[int]:
    """Go from each song to the nearest one not yet visited."""
    start = first if first is not None else next(song for song in range(len(distances)) if song != last)
    path = [int(song) for song in _greedy(distances, start)]
    if last is not None:
        path.remove(last)
        path.append(last)
    return path


def _ordered(distances: np.ndarray, first: int | None, last: int | None) -> list[int]:
    # A song at no distance to others makes free and fixed ends alike: the path becomes a round trip through it.
    n = len(distances)
    far = 1 + 2 * n * float(distances.max())
    padded = np.zeros((n + 1, n + 1))
    padded[:n, :n] = distances
    for end in (first, last):
        if end is not None:
            padded[n, :n] += far
            padded[n, end] -= far
    padded[:n, n] = padded[n, :n]
    tour = _held_karp(padded) if n <= EXACT else _improved(padded)
    at = tour.index(n)
    path = tour[at + 1 :] + tour[:at]
    if first is not None:
        return path if path[0] == first else path[::-1]
    if last is not None:
        return path if path[-1] == last else path[::-1]
    return path if path[0] < path[-1] else path[::-1]


def path_length(distances: np.ndarray, path: list[int]) -> float:
    return float(distances[path[:-1], path[1:]].sum())


def _held_karp(distances: np.ndarray) -> list[int]:
    """Return the shortest round trip."""
    home = len(distances) - 1
    best: dict[tuple[int, int], tuple[float, int]] = {
        (1 << city, city): (distances[home, city], home) for city in range(home)
    }
    for size in range(2, home + 1):
        for cities in combinations(range(home), size):
            visited = sum(1 << city for city in cities)
            for end in cities:
                rest = visited & ~(1 << end)
                best[visited, end] = min(
                    (best[rest, before][0] + distances[before, end], before) for before in cities if before != end
                )
    visited = (1 << home) - 1
    end = min(range(home), key=lambda city: best[visited, city][0] + distances[city, home])
    tour = [home]
    while end != home:
        tour.append(end)
        visited, end = visited & ~(1 << end), best[visited, end][1]
    return tour


def _improved(distances: np.ndarray) -> list[int]:
    """Return a short round trip."""
    n = len(distances)
    starts = np.linspace(0, n - 1, 8 if n <= 100 else 1).astype(int)
    tours = (_improved_tour(distances, _greedy(distances, start)) for start in starts.tolist())
    best = min(tours, key=lambda tour: float(distances[tour, np.roll(tour, -1)].sum()))
    return [int(song) for song in best]


def _greedy(distances: np.ndarray, start: int) -> np.ndarray:
    """Go from each song to the nearest one not yet visited."""
    left = np.ones(len(distances), bool)
    tour = [start]
    left[start] = False
    for _ in range(len(distances) - 1):
        tour.append(int(np.argmin(np.where(left, distances[tour[-1]], np.inf))))
        left[tour[-1]] = False
    return np.array(tour)


def _improved_tour(distances: np.ndarray, tour: np.ndarray) -> np.ndarray:
    while True:
        shorter = _two_opt(distances, tour)
        if shorter is None:
            shorter = _or_opt(distances, tour)
        if shorter is None:
            return tour
        tour = shorter


def _two_opt(distances: np.ndarray, tour: np.ndarray) -> np.ndarray | None:
    """Return the best reversal of one stretch; None if none makes the trip shorter."""
    following = np.roll(tour, -1)
    step = distances[tour, following]
    # Instead of the steps from i to i+1 and from j to j+1: from i to j, and from i+1 to j+1.
    gain = step[:, None] + step[None] - distances[np.ix_(tour, tour)] - distances[np.ix_(following, following)]
    gain[np.tril_indices(len(tour), 1)] = 0
    i, j = np.unravel_index(np.argmax(gain), gain.shape)
    if gain[i, j] <= NEARLY:
        return None
    return np.concatenate([tour[: i + 1], tour[i + 1 : j + 1][::-1], tour[j + 1 :]])


def _or_opt(distances: np.ndarray, tour: np.ndarray) -> np.ndarray | None:
    """Return the best move of one to three songs to another place; None if none makes the trip shorter."""
    n, best, moved = len(tour), NEARLY, None
    for size in range(1, min(3, n - 2) + 1):
        for start in range(n):
            turned = np.roll(tour, -start)
            stretch, rest = turned[:size], turned[size:]
            here = distances[rest[-1], stretch[0]] + distances[stretch[-1], rest[0]] - distances[rest[-1], rest[0]]
            gaps = distances[rest[:-1], rest[1:]]
            for piece in (stretch, stretch[::-1]):
                gain = here - (distances[rest[:-1], piece[0]] + distances[piece[-1], rest[1:]] - gaps)
                at = int(np.argmax(gain))
                if gain[at] > best:
                    best, moved = gain[at], np.concatenate([rest[: at + 1], piece, rest[at + 1 :]])
    return moved

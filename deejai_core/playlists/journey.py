"""Joining the dots: a path from song to song through the space, each track near a point on the great circle between two."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np

from deejai_core.playlists.candidates import Candidates, Pick
from deejai_core.playlists.geometry import angles, slerp, stagger
from deejai_core.playlists.playlist import Choose, duration
from deejai_core.playlists.rules import Length, Lineup
from deejai_core.playlists.walk import repulsion
from deejai_core.tracks.songs import Song

MOST_TRIMMED = 2  # if more tracks than this are superfluous, another plan is made

Plan = Callable[[Sequence[int]], list[list[Pick]]]  # the number of tracks on each leg -> the picks of each leg


def journey(
    candidates: Candidates,
    stops: Sequence[Song],
    *,
    between: int = 0,
    seconds: float | None = None,
    drunk: float = 0.0,
    rng: np.random.Generator | None = None,
    choose: Choose | None = None,
    directions: Sequence[np.ndarray] | None = None,
    less: Sequence[Song] = (),
) -> list[list[Pick]]:
    """Return the tracks between each pair of consecutive stops, in order; fewer if the library has no more.

    stops: two or more songs; one may be repeated, but not right after itself. directions: (dimension,) the point that the
    path passes for each of them; None for their vectors. between: tracks between two stops. seconds: instead, the length of
    the whole list with its stops, met within half a track; longer legs then get more tracks. drunk: how far each step
    strays, see `stagger`; without `rng`, none does. less: songs that the journey should be less like; they are not picked.
    choose: picks one of the offers for each place in turn, best first, or None to leave the rest empty. By default, the
    whole path is planned at once, and the reversed journey is the journey of the reversed stops (unless candidates have
    segues, which have a direction, or the stops are the same both ways).
    """
    # Which track is matched to which point must not depend on the direction of travel, and ties could make it so: the
    # journey is always planned in the same one of its two directions.
    directions = [stop.vector for stop in stops] if directions is None else directions
    forwards = [(direction.tobytes(), stop.position or 0) for direction, stop in zip(directions, stops, strict=True)]
    turned = forwards[::-1] < forwards and choose is None and candidates.segue is None
    path, by = (stops[::-1], directions[::-1]) if turned else (stops, directions)
    if seconds is not None:
        candidates = candidates.of_known_length()
    candidates, repelled = candidates.without(less), repulsion(less)
    noise = int(rng.integers(2**63)) if drunk and rng else None

    def plan(counts: Sequence[int]) -> list[list[Pick]]:
        targets = [[point - repelled for point in leg] for leg in _targets(by, counts)]
        if noise is not None:
            again = np.random.default_rng(noise)  # plans of different lengths must not differ in anything else
            targets = [[stagger(point, drunk, again) for point in leg] for leg in targets]
        return _plan(candidates, path, targets, choose)

    if seconds is None:
        legs = plan([min(between, len(candidates.index.vectors))] * (len(stops) - 1))
    else:
        legs = _timed(candidates, path, by, seconds, plan, choose)
    return _renumbered(candidates, stops, [leg[::-1] for leg in legs[::-1]] if turned else legs)


def _targets(directions: Sequence[np.ndarray], counts: Sequence[int]) -> list[list[np.ndarray]]:
    """Return the points of the path, leg by leg."""
    return [
        [slerp(start, end, step / (count + 1)) for step in range(1, count + 1)]
        for (start, end), count in zip(pairwise(directions), counts, strict=True)
    ]


def _plan(
    candidates: Candidates, stops: Sequence[Song], targets: list[list[np.ndarray]], choose: Choose | None
) -> list[list[Pick]]:
    lineup = candidates.lineup()
    places = _stop_places(map(len, targets))
    for stop, place in zip(stops, places, strict=True):
        lineup.add(stop, place)
    points = {
        start + step: target for start, leg in zip(places, targets, strict=False) for step, target in enumerate(leg, 1)
    }
    # A track between two that are taken can hardly suit both, or have a segue from one and to the other.
    in_turn = choose or candidates.segue or any(rule.looks_at_neighbours for rule in candidates.rules.active)
    chosen = _in_turn(candidates, points, lineup, choose) if in_turn else _closest_first(candidates, points, lineup)
    return [[chosen[place] for place in range(start + 1, end) if place in chosen] for start, end in pairwise(places)]


def _closest_first(candidates: Candidates, points: dict[int, np.ndarray], lineup: Lineup) -> dict[int, Pick]:
    """Match the closest pair of a point of the path and a track first, then the closest of the rest, and so on."""
    chosen: dict[int, Pick] = {}
    # Each unmatched point once, with the best track that it has not tried.
    queue: list[tuple[int, float, int, Pick, Iterator[Pick]]] = []

    def try_next(place: int, offers: Iterator[Pick]) -> None:
        if pick := next(offers, None):
            heapq.heappush(queue, (candidates.level(pick), -pick.score, place, pick, offers))

    for place, target in points.items():
        try_next(place, candidates.offers(target, place, lineup))
    while queue:
        *_, place, pick, offers = heapq.heappop(queue)
        if candidates.still_fits(pick, lineup):
            lineup.add(candidates.song(pick.position), place)
            chosen[place] = pick
        else:
            try_next(place, offers)
    return chosen


def _in_turn(
    candidates: Candidates, points: dict[int, np.ndarray], lineup: Lineup, choose: Choose | None
) -> dict[int, Pick]:
    """Fill one place after the other, as somebody does who chooses tracks or listens to the segues."""
    chosen: dict[int, Pick] = {}
    for place, target in points.items():
        offers = candidates.offers(target, place, lineup)
        pick = choose(offers) if choose else candidates.best(offers, lineup)
        if choose and pick is None:
            break
        if pick:
            lineup.add(candidates.song(pick.position), place)
            chosen[place] = pick
    return chosen


def _timed(
    candidates: Candidates,
    stops: Sequence[Song],
    directions: Sequence[np.ndarray],
    seconds: float,
    plan: Plan,
    choose: Choose | None,
) -> list[list[Pick]]:
    """Return a plan with the requested length: one that is a little longer, without its superfluous tracks."""
    ways = [float(angles(start, end)) for start, end in pairwise(directions)]
    wanted = seconds - duration(stops)
    length, rule = candidates.catalogue.length, candidates.rules.get(Length)
    usual = length[(length > 0) & (length >= rule.min_length) & (length <= rule.max_length)]
    typical = float(np.median(usual)) if len(usual) else 240.0
    count = min(max(0, round(wanted / typical)), len(length))
    if choose:  # nobody wants to choose the same list several times
        return plan(_shares(count, ways))
    best: list[list[Pick]] = []  # the shortest plan that is long enough
    too_few, enough = -1, math.inf  # numbers of tracks that were tried
    while too_few < count < enough:
        legs = plan(_shares(count, ways))
        tracks, over = sum(map(len, legs)), _duration(candidates, legs) - wanted
        mean = (over + wanted) / tracks if tracks else typical
        if over >= 0:
            best, enough = legs, count
            count -= math.floor(over / mean)
            if count >= enough - MOST_TRIMMED:
                break
        elif tracks < count:
            return _trimmed(candidates, stops, best, wanted) if best else legs  # the library has no more
        else:
            too_few = count
            count += math.ceil(-over / mean)
    return _trimmed(candidates, stops, best, wanted)


def _trimmed(candidates: Candidates, stops: Sequence[Song], legs: list[list[Pick]], wanted: float) -> list[list[Pick]]:
    """Remove superfluous tracks: each time the one whose neighbours are closest, if that breaks no rule."""
    legs = [list(leg) for leg in legs]
    while True:
        over = _duration(candidates, legs) - wanted
        fitting = []
        for number, leg in enumerate(legs):
            songs = [stops[number], *(candidates.song(pick.position) for pick in leg), stops[number + 1]]
            for step, song in enumerate(songs[1:-1]):
                if song.length <= 2 * over:
                    gap = float(angles(songs[step].vector, songs[step + 2].vector))
                    fitting.append((gap, number, step))
        if not fitting:
            return legs
        before = _offences(candidates, stops, legs)

        fitting.sort()
        shorter = [_without(legs, number, step) for _, number, step in fitting[:8]]
        legs = next((some for some in shorter if _offences(candidates, stops, some) <= before), shorter[0])


def _without(legs: list[list[Pick]], number: int, step: int) -> list[list[Pick]]:
    return [leg[:step] + leg[step + 1 :] if which == number else leg for which, leg in enumerate(legs)]


def _offences(candidates: Candidates, stops: Sequence[Song], legs: list[list[Pick]]) -> int:
    return sum(len(pick.broken) for leg in _renumbered(candidates, stops, legs) for pick in leg)


def _renumbered(candidates: Candidates, stops: Sequence[Song], legs: list[list[Pick]]) -> list[list[Pick]]:
    """Return the picks with their final places, and the rules that they break there.

    Of two that are too close to each other, the later one breaks the rule.
    """
    places = _stop_places(map(len, legs))
    lineup = candidates.lineup()
    for stop, place in zip(stops, places, strict=True):
        lineup.add(stop, place)
    placed: list[list[Pick]] = []
    for start, leg in zip(places, legs, strict=False):
        placed.append([])
        for place, pick in enumerate(leg, start + 1):
            broken = candidates.rules.broken(lineup, pick.position, place)
            placed[-1].append(replace(pick, place=place, broken=broken))
            lineup.add(candidates.song(pick.position), place)
    return placed


def _stop_places(counts: Iterable[int]) -> list[int]:
    return [total + number for number, total in enumerate(accumulate(counts, initial=0))]


def _shares(count: int, ways: Sequence[float]) -> list[int]:
    """Distribute `count` tracks in proportion to the legs' lengths, by largest remainder."""
    total = sum(ways)
    exact = [count * way / total if total else count / len(ways) for way in ways]
    shares = [math.floor(share) for share in exact]
    by_rest = sorted(range(len(ways)), key=lambda leg: (shares[leg] - exact[leg], leg))
    for leg in by_rest[: count - sum(shares)]:
        shares[leg] += 1
    return shares


def _duration(candidates: Candidates, legs: list[list[Pick]]) -> float:
    return duration(candidates.song(pick.position) for leg in legs for pick in leg)


@dataclass(frozen=True)
class StepStatistics:
    """How even the steps of a list are from stop to stop."""

    largest: float  # the largest step from a track to the next, degrees
    largest_at: int  # place of the track before the largest step
    mean: float  # mean step, degrees
    backward: int  # steps that lead back towards the stop that they come from
    unevenness: float  # how far tracks are from where even steps would put them, on average, as a share of their leg


def step_statistics(vectors: np.ndarray, stops: Sequence[int]) -> StepStatistics:
    """Return the statistics of a list's steps.

    vectors: (n, dimension), in order. stops: their places, with the first and last.

    A track's progress on its leg is its angle from the leg's start, as a share of its angles from both ends.
    """
    steps = angles(vectors[:-1], vectors[1:])
    backward, off = 0, []
    for start, end in pairwise(stops):
        leg = vectors[start : end + 1]
        from_start, to_end = angles(leg, leg[:1]), angles(leg, leg[-1:])
        progress = from_start / np.maximum(from_start + to_end, 1e-12)
        backward += int((np.diff(progress) < 0).sum())
        off += np.abs(progress - np.linspace(0, 1, len(leg)))[1:-1].tolist()
    largest = int(np.argmax(steps))
    return StepStatistics(
        float(np.degrees(steps[largest])),
        largest,
        float(np.degrees(steps.mean())),
        backward,
        float(np.mean(off)) if off else 0.0,
    )

"""Why a list is as it is: what each pick is close to, and which rules excluded better ones or gave way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deejai_core.library import Kind
from deejai_core.lists.space import Member, Space
from deejai_core.playlists.candidates import Candidates, Pick
from deejai_core.playlists.rules import BY_NAME, ORDER, Lineup
from deejai_core.playlists.walk import Step
from deejai_core.tracks.songs import Song
from deejai_core.words import counted

NOTED = 0.005  # the smallest penalty that gets a line
SHOWN_REASONS = 3  # better tracks that are named for each pick
REASONS = {rule.name: rule.reason for rule in ORDER} | {
    "outside": "it is not among the tracks to pick from",
    "equal": "another that fits nearly as well was chosen",
}


def relaxed(picks: Iterable[Pick], kind: Kind = "track") -> list[str]:
    """Return remarks about rules that gave way."""
    broken = [rule for pick in picks for rule in pick.broken]
    return [
        f"Allowed {counted(broken.count(rule.name), kind)} {rule.allowed}; no others fit."
        for rule in ORDER
        if rule.name in broken
    ]


def unlike(similarities: Sequence[float], alike: float | None, kind: Kind = "track") -> list[str]:
    """Return a remark about the place from which on tracks (or albums) no longer sound alike.

    similarities: of the picks, in order. alike: the similarity below which tracks do not sound alike; None if unknown.
    """
    below = [number for number, similarity in enumerate(similarities, 1) if alike is not None and similarity < alike]
    if not below:
        return []
    if below == list(range(below[0], len(similarities) + 1)):
        return [f"From number {below[0]} on, the {kind}s no longer sound alike (similarity below {alike})."]
    if len(below) == 1:
        return [f"Number {below[0]} does not sound like the rest (similarity below {alike})."]
    some = f"{len(below)} of {counted(len(similarities), kind)}"
    return [f"{some} do not sound like the rest (similarity below {alike}), the first at number {below[0]}."]


class WalkReasons:
    """Explains each step of a walk. It is shown the steps as they are made, and then has `lines` for each place."""

    def __init__(self, space: Space, seeds: Sequence[Member]) -> None:
        self.lines: dict[int, tuple[str, ...]] = {}
        self._space = space
        self._names = ["the seeds" if len(seeds) > 1 else seeds[0].name]  # for each step

    def __call__(self, step: Step) -> None:
        pick = step.pick
        near = [(self._names[number], similarity) for number, similarity in step.near]
        self.lines[pick.place] = _why(self._space, step.candidates, pick, step.lineup, near)
        self._names.append(self._space.names([pick.position]).get(pick.position, "?"))


def why_journey(
    space: Space, candidates: Candidates, stops: list[Member], less: list[Member], legs: list[list[Pick]]
) -> dict[int, tuple[str, ...]]:
    candidates = candidates.without([member.song for member in less])
    whys, start = {}, 0
    placed: dict[int, Song] = {0: stops[0].song}
    for leg, stop in zip(legs, stops[1:], strict=True):
        placed |= {pick.place: candidates.song(pick.position) for pick in leg}
        start += len(leg) + 1
        placed[start] = stop.song
    for number, leg in enumerate(legs):
        for pick in leg:
            lineup = candidates.lineup()
            for place, song in placed.items():
                if place != pick.place:
                    lineup.add(song, place)
            vector = candidates.song(pick.position).vector
            near = [(stop.name, float(vector @ stop.song.vector)) for stop in stops[number : number + 2]]
            whys[pick.place] = _why(space, candidates, pick, lineup, near)
    return whys


def _why(
    space: Space, candidates: Candidates, pick: Pick, lineup: Lineup, near: list[tuple[str, float]]
) -> tuple[str, ...]:
    """Return what a pick is close to, what would have been closer, and which rules it breaks."""
    lines = ["near " + ", ".join(f"{similarity:.3f} {name}" for name, similarity in near)]
    if pick.similarity - pick.score >= NOTED:
        lines.append(f"counted as {pick.score:.3f} after penalties for mood, plays, skips, hubs and artists")
    better = candidates.passed_over(pick, lineup, SHOWN_REASONS)
    names = space.names([other.position for other in better])
    for other in better:
        unmeasured = other.reason == "outside" and not candidates.catalogue.length[other.position] > 0
        reason = "its length is unknown" if unmeasured else REASONS[other.reason]
        lines.append(f"not {other.similarity:.3f} {names.get(other.position, '?')}: {reason}")
    if pick.broken:
        lines.append("chosen although " + " and ".join(BY_NAME[name].reason for name in pick.broken))
    return tuple(lines)

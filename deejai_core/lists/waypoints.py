"""The seeds, and the waypoints of a journey, that words mean in a space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from deejai_core.errors import ExternalFileError
from deejai_core.lists.listed import left_out
from deejai_core.lists.space import Match, Member, Space
from deejai_core.playlists.geometry import blend
from deejai_core.words import counted

ChooseWaypoint = Callable[[str, list[Member]], Member | None]


def known_members(
    space: Space, matches: Sequence[Match], listed: frozenset[Path] = frozenset()
) -> tuple[list[Member], list[str]]:
    """Return the matches that have a vector, each recording once, and a warning if some have none.

    listed: external files that only a playlist names, and that are left out if they cannot be embedded. Raises LibraryError
    if none has a vector, ExternalFileError.
    """
    there = space.members_of([match for match in matches if not isinstance(match, Path)])
    found: list[Member] = []
    failed: list[ExternalFileError] = []
    for match in matches:
        if not isinstance(match, Path):
            found += [there[match]] if match in there else []
            continue
        try:
            found.append(space.external(match))
        except ExternalFileError as error:
            if match not in listed:
                raise
            failed.append(error)
    if not found:
        raise failed[0] if failed else space.why_not(next(match for match in matches if not isinstance(match, Path)))
    once: dict[bytes, Member] = {}
    for member in found:
        once.setdefault(member.song.vector.tobytes(), member)
    left = len(matches) - len(found) - len(failed)
    warnings = left_out([str(error) for error in failed])
    if left:
        warnings.append(f"Left out {left} of {len(matches)} matches: not analysed yet.")
    return list(once.values()), warnings


@dataclass(frozen=True)
class Waypoint:
    member: Member  # what is played
    direction: np.ndarray  # the direction that the journey passes
    text: str  # what names it
    remarks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find_waypoint(
    space: Space, text: str, matches: Sequence[Match], stops: Sequence[Member], choose: ChooseWaypoint | None
) -> Waypoint:
    """Return the waypoint that words mean: of several matches, the one that is chosen, or their centre and the nearest to
    it.

    stops: the waypoints before it. Of several matches, one is played that is none of these, or at least not the last one.
    """
    if len(matches) == 1:
        member = space.member(matches[0])
        return Waypoint(member, member.song.vector, text)
    members, warnings = known_members(space, matches)
    free = _none_of(stops, members) or _none_of(stops[-1:], members) or members
    chosen = choose(text, free) if choose and len(free) > 1 else None
    if chosen:
        return Waypoint(chosen, chosen.song.vector, words_for(chosen.match), [], warnings)
    middle = blend([member.song.vector for member in members]).astype(np.float32)
    nearest = max(free, key=lambda member: float(member.song.vector @ middle))
    if len(members) == 1:
        return Waypoint(nearest, nearest.song.vector, text, [], warnings)
    several = counted(len(members), space.kind)
    remark = f"{text!r} matches {several}: the journey passes through their centre, near {nearest.name}"
    return Waypoint(nearest, middle, text, [remark], warnings)


def _none_of(stops: Sequence[Member], members: Sequence[Member]) -> list[Member]:
    taken = {stop.song.vector.tobytes() for stop in stops}
    return [member for member in members if member.song.vector.tobytes() not in taken]


def words_for(match: Match) -> str:
    """Return words that mean just this track, album or file."""
    return str(match) if isinstance(match, Path) else f"id:{match}"

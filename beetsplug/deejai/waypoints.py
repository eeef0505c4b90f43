"""What the words of a command stand for in a space: seeds, and the waypoints of a journey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from beets import ui
from beets.library import Item

from deejai_core.playlists.geometry import blend

from .listed import left_out
from .space import Match, Member, Space
from .wishes import Wishes
from .words import counted


def known_members(
    space: Space, matches: Sequence[Match], listed: frozenset[Path] = frozenset()
) -> tuple[list[Member], list[str]]:
    """Those of the matches that have a vector, each recording once, and a warning if some have none.

    listed: files that only a playlist names, and that are left out if they cannot be heard. Raises UserError.
    """
    found, unheard = [], []
    for match in matches:
        try:
            member = space.member(match)
        except ui.UserError as error:
            if not isinstance(match, Path) or match not in listed:
                raise
            unheard.append(str(error))
        else:
            found += [member] if member else []
    if not found:
        raise ui.UserError(unheard[0] if unheard else space.why_not(matches[0]))
    once: dict[bytes, Member] = {}
    for member in found:
        once.setdefault(member.song.vector.tobytes(), member)
    left = len(matches) - len(found) - len(unheard)
    warnings = left_out(unheard)
    if left:
        warnings.append(f"Left out {left} of {len(matches)} matches: not analysed yet.")
    return list(once.values()), warnings


@dataclass(frozen=True)
class Waypoint:
    member: Member  # what is played
    direction: np.ndarray  # where the way leads by
    text: str  # what names it
    remarks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find_waypoint(space: Space, text: str, matches: Sequence[Match], stops: Sequence[Member], wishes: Wishes) -> Waypoint:
    """What a waypoint stands for: of several matches the one that is chosen, or their centre and the nearest to it.

    stops: the waypoints before it. Of several matches one is played that is none of these, or at least not the last one.
    """
    if len(matches) == 1:
        member = space.member(matches[0])
        if member is None:
            raise ui.UserError(space.why_not(matches[0]))
        return Waypoint(member, member.song.vector, text)
    members, warnings = known_members(space, matches)
    free = _none_of(stops, members) or _none_of(stops[-1:], members) or members
    chosen = wishes.choose_waypoint(text, free) if wishes.choose_waypoint and len(free) > 1 else None
    if chosen:
        return Waypoint(chosen, chosen.song.vector, words_for(chosen.match), [], warnings)
    middle = blend([member.song.vector for member in members]).astype(np.float32)
    nearest = max(free, key=lambda member: float(member.song.vector @ middle))
    if len(members) == 1:
        return Waypoint(nearest, nearest.song.vector, text, [], warnings)
    several = counted(len(members), noun(space.kind))
    remark = f"{text!r} matches {several}: the way goes through their centre, next to {nearest.name}"
    return Waypoint(nearest, middle, text, [remark], warnings)


def _none_of(stops: Sequence[Member], members: Sequence[Member]) -> list[Member]:
    taken = {stop.song.vector.tobytes() for stop in stops}
    return [member for member in members if member.song.vector.tobytes() not in taken]


def words_for(match: Match) -> str:
    """Words that mean just this track, album or file."""
    return str(match) if isinstance(match, Path) else f"id:{match.id}"


def noun(kind: type) -> str:
    return "track" if kind is Item else "album"

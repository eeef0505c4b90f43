"""Questions to the person at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from beets import ui

from deejai_core.lists.space import Member, Space
from deejai_core.playlists.candidates import Pick
from deejai_core.playlists.playlist import first_of

OFFERED = 5  # next songs to choose among
SHOWN = 10  # waypoints to choose among


def is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_line(question: str) -> str | None:
    """Return what is typed after a question, or the next line of standard input; None at its end."""
    ui.print_(question)
    try:
        return input()
    except EOFError:
        return None


def choose_next(space: Space, offers: Iterator[Pick]) -> Pick | None:
    """Return one of the best next tracks, offered five at a time; None to end."""
    while picks := first_of(offers, OFFERED):
        names = space.names([pick.position for pick in picks])
        for number, pick in enumerate(picks, 1):
            ui.print_(f"  {number}  {pick.similarity:.3f} {names.get(pick.position, '?')}")
        numbers: dict[str, Any] = {"numrange": (1, len(picks)), "default": 1}  # a number, though beets' type hint says text
        answer = ui.input_options(("More", "End"), **numbers)
        if isinstance(answer, int):
            return picks[answer - 1]
        if answer == "e":
            return None
    return None


def choose_waypoint(text: str, members: list[Member]) -> Member | None:
    """Return one of the members that a waypoint may mean; None for their centre."""
    ui.print_(f"{text!r} matches {len(members)}:")
    shown = members[:SHOWN]
    for number, member in enumerate(shown, 1):
        ui.print_(f"  {number}  {member.name}")
    if len(members) > len(shown):
        ui.print_(f"     ... and {len(members) - len(shown)} more")
    answer = ui.input_options(("Centre of all",), numrange=(1, len(shown)), default="c")
    return shown[answer - 1] if isinstance(answer, int) else None

"""Finds what happened to the songs in a player's queue, by comparing two snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from deejai_core.players.player import QueueEntry, Snapshot

PLAYED = 0.85  # of a song: one that ends earlier was skipped. The limit of beets' mpdstats.

Fate = Literal["queued", "played", "skipped", "left", "refused"]


@dataclass(frozen=True)
class Changes:
    """What happened between two snapshots."""

    over: tuple[QueueEntry, Fate] | None = None  # the song that is no longer the current one
    refused: tuple[QueueEntry, ...] = ()  # songs that were removed before they played


def changes(before: Snapshot, now: Snapshot) -> Changes:
    """Return what listeners did to a queue, and what the player did itself.

    A song is skipped if the next one plays before 85 % of it was heard. Stopping, seeking, and choosing some other song say
    nothing about the one that was playing; removing it while it plays counts like removing one that is to come. Clearing
    the queue is not a judgement on its songs.
    """
    current, there = before.current_entry, {entry.id for entry in now.entries}
    cleared = there.isdisjoint(entry.id for entry in before.entries)
    if cleared and not before.consumes:
        return Changes(over=(current, "left") if current else None)
    refused = tuple(
        entry
        for entry in before.upcoming
        if entry.id not in there and not (before.consumes and _consumed(entry, before, now))
    )
    if current is None or current.id == now.current:
        return Changes(refused=refused)
    return Changes((current, _fate(current, before, now)), refused)


def _fate(entry: QueueEntry, before: Snapshot, now: Snapshot) -> Fate:
    heard = before.elapsed + (now.at - before.at if before.state == "play" else 0)
    if not before.duration or heard >= PLAYED * before.duration:
        return "played"
    if not before.consumes and entry.id not in {other.id for other in now.entries}:
        return "refused"
    next_one = now.current == before.following or _follows(now.current, entry.id, now)
    return "skipped" if now.state != "stop" and next_one else "left"


def _follows(after: str | None, before: str, now: Snapshot) -> bool:
    """Return whether an entry stands right after another one."""
    return any((one.id, next_.id) == (before, after) for one, next_ in pairwise(now.entries))


def _consumed(entry: QueueEntry, before: Snapshot, now: Snapshot) -> bool:
    """Return whether an entry disappeared because it was over: it stood before the current one."""
    ids = [other.id for other in before.entries]
    return now.current not in ids or ids.index(entry.id) < ids.index(now.current)

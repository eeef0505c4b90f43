"""Lists in lines of text."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deejai_core.formats.entries import Track
from deejai_core.lists.lines import list_lines
from deejai_core.lists.request import Entry, MadeList
from deejai_core.lists.space import Member
from deejai_core.tracks.songs import Song


def entry(label: str, similarity: float | None = None, why: tuple[str, ...] = ()) -> Entry:
    track = Track(Path("/a.mp3"), "Wren", label, 60)
    return Entry(label, Member(track.name, [track], Song(np.ones(1, np.float32)), 1), similarity, why)


def test_entries_with_similarities_and_reasons():
    made = MadeList("List", [entry("waypoint"), entry("1", 0.5, ("since it is near",)), entry("2")], "model")
    assert list(list_lines(made)) == [
        "waypoint    Wren - waypoint",
        "   1  0.500 Wren - 1",
        "            since it is near",
        "   2        Wren - 2",
    ]


def test_of_many_seeds_the_first_are_named():
    made = MadeList("List", [*(entry("seed") for _ in range(12)), entry("1", 0.5)], "model")
    lines = list(list_lines(made))
    assert lines[9:] == ["seed        Wren - seed", "seed        ... and 2 more", "   1  0.500 Wren - 1"]
    assert list(list_lines(made, lambda entry: entry.label)) == [*["seed"] * 12, "1"]

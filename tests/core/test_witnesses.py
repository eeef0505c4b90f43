"""Rows that tell what has changed in a table which only grows, unless somebody does something else to it."""

from __future__ import annotations

import pytest

from deejai_core.witnesses import digest_of, numbers_to_remember, unchanged_until


def seen_until(before: dict[int, str], now: dict[int, str]) -> int | None:
    """What is told of a table of numbered texts, by its witnesses of before."""
    highest = lambda most: max((number for number in before if number <= most), default=None)  # noqa: E731
    remembered = numbers_to_remember(max(before, default=0), highest)
    bookmark = {"witnesses": [[number, digest_of((number, before[number]))] for number in remembered]}
    return unchanged_until(
        bookmark, lambda numbers: {number: digest_of((number, now[number])) for number in numbers if number in now}
    )


ROWS = {number: f"row {number}" for number in range(1, 11)}


@pytest.mark.parametrize(
    ("before", "now", "until"),
    [
        (ROWS, ROWS, 10),
        (ROWS, ROWS | {11: "new"}, 10),
        ({}, ROWS, 0),
        (ROWS, {number: text for number, text in ROWS.items() if number < 10} | {11: "new"}, 9),  # the last one is gone
        (ROWS, ROWS | {9: "used again", 10: "used again"}, 8),
        (ROWS, ROWS | {2: "another"}, None),  # a table that has another past
        (ROWS, {}, None),
    ],
)
def test_whatever_has_changed_lies_behind(before, now, until):
    assert seen_until(before, now) == until


def test_few_rows_are_remembered_however_many_there_are():
    remembered = numbers_to_remember(1_000_000, lambda number: number if number > 0 else None)
    assert remembered[-3:] == [999_998, 999_999, 1_000_000]
    assert len(remembered) == 20


@pytest.mark.parametrize("bookmark", [{}, {"witnesses": 7}, {"witnesses": [["x", "y"]]}, [], None])
def test_a_bookmark_that_is_none(bookmark):
    assert unchanged_until(bookmark, lambda numbers: {}) is None

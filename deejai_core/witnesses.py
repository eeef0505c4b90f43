"""Finds changes in a table of another program's database.

Each change there is a new row with the next higher number. So all changes have numbers above the highest one seen. A number
is reused only if all rows above it are gone. Witnesses, rows that are remembered by number and digest, show whether that
can have happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

WITNESSES = 20  # rows that are remembered: the last one, and those about one, two, four, ... rows before it


def numbers_to_remember(last: int, highest: Callable[[int], int | None]) -> list[int]:
    """Return the numbers of rows that should be witnesses. highest: returns that of the rows up to a number, or None."""
    found = (highest(last - back) for back in (0, *(2**power for power in range(WITNESSES - 1))))
    return sorted({number for number in found if number})


def digest_of(row: tuple[Any, ...]) -> str:
    """Return what distinguishes a row from another one with the same number."""
    return hashlib.blake2b(repr(row).encode(), digest_size=8).hexdigest()


def unchanged_until(bookmark: Mapping[str, Any], digests: Callable[[Sequence[int]], Mapping[int, str]]) -> int | None:
    """Return the number above which all changes must be; None if it is unknown.

    bookmark: its "witnesses" are pairs of number and digest. digests: returns those that rows with these numbers have now.
    """
    try:
        remembered = {int(number): str(digest) for number, digest in bookmark["witnesses"]}
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    if not all(0 < number < 2**63 for number in remembered):  # no row can have such a number
        return None
    if not remembered:  # there was no row yet
        return 0
    there = digests(list(remembered))
    unchanged = [number for number in remembered if there.get(number) == remembered[number]]
    if not unchanged:
        return None
    since = max(unchanged)
    # A row below has changed: this is not the table that was read.
    if any(number < since and there[number] != remembered[number] for number in there):
        return None
    return since

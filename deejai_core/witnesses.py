"""What has changed in a table of somebody else's database.

Each change there is a new row, with the next higher number. So whatever has changed lies behind the highest number seen. A
number is used again only if all rows above it are gone; witnesses, rows that are remembered by number and digest, tell
whether that can have happened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

WITNESSES = 20  # rows that are remembered: the last one, and one before each power of two of rows back


def numbers_to_remember(last: int, highest: Callable[[int], int | None]) -> list[int]:
    """The numbers of rows that are to be witnesses. highest: that of the rows up to a number; None if there is none."""
    found = (highest(last - back) for back in (0, *(2**power for power in range(WITNESSES - 1))))
    return sorted({number for number in found if number})


def digest_of(row: tuple[Any, ...]) -> str:
    """What tells a row from another one of the same number."""
    return hashlib.blake2b(repr(row).encode(), digest_size=8).hexdigest()


def unchanged_until(bookmark: Mapping[str, Any], digests: Callable[[Sequence[int]], Mapping[int, str]]) -> int | None:
    """The number behind which whatever has changed must lie; None if that cannot be told.

    bookmark: its "witnesses" are pairs of number and digest. digests: those that rows of these numbers have now.
    """
    try:
        remembered = {int(number): str(digest) for number, digest in bookmark["witnesses"]}
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    if not all(0 < number < 2**63 for number in remembered):  # what no row can have
        return None
    if not remembered:  # there was no row yet
        return 0
    there = digests(list(remembered))
    unchanged = [number for number in remembered if there.get(number) == remembered[number]]
    if not unchanged:
        return None
    since = max(unchanged)
    # A row below that is another one than it was: this is not the table that was read.
    if any(number < since and there[number] != remembered[number] for number in there):
        return None
    return since

"""Words of messages."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """A number of things: "1 track", "2,000 tracks"."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"

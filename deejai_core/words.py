"""Words of messages."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_GAP = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def counted(count: int, noun: str) -> str:
    """Return a number of things: "1 track", "2,000 tracks"."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def clock(seconds: float) -> str:
    """Return a time since the beginning: 4:05, or 1:04:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def lasting(seconds: float) -> str:
    """Return roughly how long something takes, or how long ago it was: 40 s, 12 min, 3.5 h, 12 days."""
    for unit, size in (("s", 1), ("min", 60)):
        if seconds < 100 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:.1f} h" if seconds < 100 * 3600 else f"{seconds / 86_400:.0f} days"


def one_line(text: str) -> str:
    """Return text for one line of a file or a terminal: control characters and line breaks become a space."""
    return _GAP.sub(lambda gap: " " if _CONTROL.search(gap[0]) else gap[0], text).strip()

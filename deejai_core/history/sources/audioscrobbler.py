"""Logs of players that were offline, such as those with Rockbox: `.scrobbler.log` of Audioscrobbler 1.0 and 1.1."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from io import BufferedReader

from deejai_core.history.mentions import Play
from deejai_core.history.sources.files import as_text
from deejai_core.history.sources.values import mention, moment

LONGEST_LINE = 10_000  # characters
SIGN = "#AUDIOSCROBBLER/"


def is_log(beginning: str) -> bool:
    return beginning.startswith(SIGN)


def logged_plays(data: BufferedReader) -> Iterator[tuple[Play | None, int]]:
    """Yield each play, or None for a skipped song; and 1 if a line cannot be understood.

    Columns: artist, album, title, number, length, L (listened) or S (skipped), the time at which it began, and a recording.
    """
    lines = as_text(data)
    is_utc = True
    while line := lines.readline(LONGEST_LINE):
        line = line.strip("\n")
        if line.upper().startswith("#TZ/"):
            is_utc = line.upper().strip() != "#TZ/UNKNOWN"
        elif line and not line.startswith("#"):
            yield _play(line.split("\t"), is_utc)


def _play(fields: list[str], is_utc: bool) -> tuple[Play | None, int]:
    if len(fields) < 7:
        return None, 1
    artist, album, title, _, _, rating, began = fields[:7]
    if rating.strip().upper() == "S":
        return None, 0
    song, at = mention(artist, title, album, fields[7].strip() if len(fields) > 7 else None), moment(began)
    if song is None or at is None:
        return None, 1
    return Play(song, at if is_utc else _from_local(at)), 0


def _from_local(at: int) -> int:
    """Return the time of a clock without a time zone, assuming that of this computer."""
    shown = datetime.fromtimestamp(at, timezone.utc).replace(tzinfo=None)
    return int(shown.timestamp())

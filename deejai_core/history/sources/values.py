"""Values of a JSON record, as songs need them. Nothing here fails: an invalid value is empty."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timezone
from uuid import UUID

from deejai_core.history.mentions import Mention

# Control characters would end lines of playlists and tables, and half of a surrogate pair cannot be stored.
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LAST = datetime.max.replace(tzinfo=timezone.utc).timestamp()


def inner(record: object, *keys: str) -> object:
    """Return the value at a path of keys in a record; None if there is none."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def text(value: object) -> str:
    """Return a name on one line. Numbers count: there are songs called 1999."""
    if isinstance(value, str):
        return value.strip() if value.isprintable() else _UNWANTED.sub(" ", value).strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def number(value: object) -> float | None:
    """Return a finite number, also if it is written as text."""
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def moment(value: object) -> int | None:
    """Return seconds since 1970 from a number of seconds, or from an ISO 8601 date and time (UTC by default)."""
    seconds = number(value)
    if seconds is None and isinstance(value, str):
        try:
            # Python 3.10 does not know Z.
            found = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
            seconds = (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
        except (ValueError, OverflowError):
            return None
    return int(seconds) if seconds is not None and 0 < seconds < _LAST else None


def day(value: object) -> str:
    """Return the ISO 8601 day of a date, with or without a time, or of seconds since 1970."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip()[:10]).isoformat()
        except ValueError:
            return ""
    seconds = moment(value)
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d}"


def recording(value: object) -> str:
    """Return a MusicBrainz id in the usual form."""
    try:
        return str(UUID(value)) if isinstance(value, str) and value else ""
    except ValueError:
        return ""


def mention(artist: object, title: object, album: object = None, recording_id: object = None) -> Mention | None:
    """Return a song, or None without artist and title or a recording."""
    song = Mention(text(artist), text(title), text(album), recording(recording_id))
    return song if song.recording or (song.artist and song.title) else None

"""What stands in a JSON record, as songs need it. Nothing here fails: what is no such value is empty."""

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
    """What a record holds under a path of keys; None if it does not."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def text(value: object) -> str:
    """A name in one line. Numbers count: there are songs called 1999."""
    if isinstance(value, str):
        return value.strip() if value.isprintable() else _UNWANTED.sub(" ", value).strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def number(value: object) -> float | None:
    """A finite number, also where it is written as text."""
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def moment(value: object) -> int | None:
    """Seconds since 1970 of a number of seconds, or of an ISO 8601 date and time (UTC unless it says otherwise)."""
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
    """The ISO 8601 day of a date, with or without a time, or of seconds since 1970."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip()[:10]).isoformat()
        except ValueError:
            return ""
    seconds = moment(value)
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d}"


def recording(value: object) -> str:
    """A MusicBrainz id as tags have it."""
    try:
        return str(UUID(value)) if isinstance(value, str) and value else ""
    except ValueError:
        return ""


def mention(artist: object, title: object, album: object = None, recording_id: object = None) -> Mention | None:
    """A song, or None where there is neither artist and title nor a recording."""
    song = Mention(text(artist), text(title), text(album), recording(recording_id))
    return song if song.recording or (song.artist and song.title) else None

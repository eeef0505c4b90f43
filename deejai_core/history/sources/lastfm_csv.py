"""Plays of Last.fm as tables, in the two common layouts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timezone
from io import BufferedReader

from deejai_core.history.mentions import Play
from deejai_core.history.sources.files import as_text
from deejai_core.history.sources.values import mention, moment

LONGEST_LINE = 10_000  # characters
HEADED = ("artist", "track", "album", "track_mbid", "uts")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def is_table(beginning: str) -> bool:
    """Return whether a table with this beginning is one of Last.fm's."""
    rows = [_fields(line) for line in beginning.splitlines() if line.strip()][:2]
    if not rows:
        return False
    if {"uts", "artist", "track"} <= set(_names(rows[0])):
        return True
    if len(rows[0]) != 4:
        return False
    # The song that is playing now comes first and has no time.
    first = rows[0] if rows[0][3] else rows[-1]
    return len(first) == 4 and _spelt_time(first[3]) is not None


def tabled_plays(data: BufferedReader) -> Iterator[tuple[Play | None, int]]:
    """Yield each play, or None for the song that is playing now; and 1 if a line cannot be understood.

    A table has a first line that names its columns, `uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid`, or
    none: then they are artist, album, title and time ("01 Jan 2024 10:00", UTC).
    """
    lines = as_text(data)
    columns: list[int | None] | None = None
    while line := lines.readline(LONGEST_LINE):
        if not line.strip():
            continue
        fields = _fields(line)
        if columns is None:
            names = _names(fields)
            time_of = moment if "uts" in names else _spelt_time
            if "uts" in names:
                columns = [names.index(name) if name in names else None for name in HEADED]
                continue
            columns = [0, 2, 1, None, 3]
        artist, title, album, recording, time = (_field(fields, column) for column in columns)
        song, at = mention(artist, title, album, recording), time_of(time)
        if song and at is not None:
            yield Play(song, at), 0
        else:
            yield None, int(song is None or bool(time))


def _fields(line: str) -> list[str]:
    """Return a line's fields. Names have no line breaks, so a stray quotation mark spoils no other line."""
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _names(fields: list[str]) -> list[str]:
    return [field.strip().lower() for field in fields]


def _field(fields: list[str], column: int | None) -> str:
    return fields[column].strip() if column is not None and column < len(fields) else ""


def _spelt_time(text: str) -> int | None:
    """Return seconds since 1970 of a day and a time, in English on every computer; None if it is neither."""
    try:
        day, month, year, time = text.replace(",", " ").split()
        hour, minute = map(int, time.split(":"))
        return moment(datetime(int(year), MONTHS.index(month) + 1, int(day), hour, minute, tzinfo=timezone.utc).timestamp())
    except (ValueError, OverflowError):
        return None

"""Listens and loved songs from ListenBrainz' exports."""

from __future__ import annotations

from typing import Any

from deejai_core.history.mentions import Mention, Play
from deejai_core.history.sources.values import inner, mention, moment, number, recording


def listen(record: dict[str, Any]) -> tuple[Play | None, int]:
    """Return a play, and 1 if it cannot be understood. The song that is playing now has no time yet."""
    song, at = _song(record), moment(record.get("listened_at"))
    return (None, 1) if song is None or at is None else (Play(song, at), 0)


def feedback(record: dict[str, Any]) -> tuple[Mention | None, int]:
    """Return a loved song, None for one that is hated or neither; and 1 if it cannot be understood."""
    if number(record["score"]) != 1:
        return None, 0
    song = _song(record)
    return song, int(song is None)


def pin(record: dict[str, Any]) -> tuple[None, int]:
    """Return nothing: what a user showed to others says nothing about plays."""
    return None, 0


def _song(record: dict[str, Any]) -> Mention | None:
    data = record.get("track_metadata")
    # The player's own id is the one in the file's metadata; the others were found by name.
    own = recording(inner(data, "additional_info", "recording_mbid"))
    return mention(
        inner(data, "artist_name"),
        inner(data, "track_name"),
        inner(data, "release_name"),
        own or recording(inner(data, "mbid_mapping", "recording_mbid")) or record.get("recording_mbid"),
    )

"""Listens as ListenBrainz exports them."""

from __future__ import annotations

from deejai_core.training.mentions import Play
from deejai_core.training.sources.values import inner, mention, moment, recording


def listen(record: dict) -> tuple[Play | None, int]:
    """What was listened to, and 1 if that cannot be told. What is playing at this moment has no time yet."""
    data = record["track_metadata"]
    song = mention(
        inner(data, "artist_name"),
        inner(data, "track_name"),
        inner(data, "release_name"),
        # The player's own is the id in the file's tags; the other was found by name.
        recording(inner(data, "additional_info", "recording_mbid")) or inner(data, "mbid_mapping", "recording_mbid"),
    )
    at = moment(record.get("listened_at"))
    return (None, 1) if song is None or at is None else (Play(song, at), 0)

"""The data that Spotify exports for its users: streams and playlists."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from deejai_core.history.mentions import Mention, Play, SongList
from deejai_core.history.sources.songlists import as_list, song
from deejai_core.history.sources.values import day, inner, mention, moment, number, text

SHORTEST = 30_000  # milliseconds; less is a skip, as Spotify itself counts


def stream(record: dict[str, Any]) -> tuple[Play | None, int]:
    """Return a play of the account data (the last year), None for a skip or a podcast; and 1 if it cannot be understood."""
    if "artistName" not in record:  # podcasts have different keys
        return None, int("podcastName" not in record)
    return _play(record.get("endTime"), record["msPlayed"], mention(record["artistName"], record.get("trackName")))


def extended_stream(record: dict[str, Any]) -> tuple[Play | None, int]:
    """Return the same from the extended history (all years), which has more data and all kinds of media."""
    spoken = record.get("spotify_episode_uri") or record.get("episode_name") or record.get("audiobook_uri")
    if spoken or record.get("skipped") is True:
        return None, 0
    artist, title = record.get("master_metadata_album_artist_name"), record.get("master_metadata_track_name")
    if artist is None and title is None:  # no longer known to Spotify
        return None, 0
    return _play(
        record.get("ts"), record["ms_played"], mention(artist, title, record.get("master_metadata_album_album_name"))
    )


def playlist(record: dict[str, Any]) -> tuple[SongList | None, int]:
    """Return a playlist, None if no song is left; and how many of its items cannot be understood."""
    items = record["items"]
    if not isinstance(items, list):
        return None, 1
    songs = [_item(item) for item in items if inner(item, "track") or inner(item, "localTrack")]
    return as_list(text(record.get("name")), day(record.get("lastModifiedDate")), songs)


def _play(ended: object, played: object, what: Mention | None) -> tuple[Play | None, int]:
    end, length = moment(ended), number(played)
    if what is None or end is None or length is None:
        return None, 1
    if length < SHORTEST:
        return None, 0
    begun = moment(end - length / 1000)
    return (None, 1) if begun is None else (Play(what, begun), 0)


def _item(item: object) -> Mention | None:
    if inner(item, "track"):
        return song(inner(item, "track"))
    # spotify:local:artist:album:title:seconds, with special characters of the names encoded as in a URL
    parts = text(inner(item, "localTrack", "uri")).split(":")
    if len(parts) != 6:
        return None
    artist, album, title = map(unquote_plus, parts[2:5])
    return mention(artist, title, album)

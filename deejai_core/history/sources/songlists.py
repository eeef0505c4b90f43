"""Playlists as JSON: our own format, and the slices of the Million Playlist Dataset."""

from __future__ import annotations

from typing import Any

from deejai_core.history.mentions import Mention, SongList
from deejai_core.history.sources.values import day, mention, text

# The names of a track's artist, title, album and recording: ours, the Million Playlist Dataset's, and Spotify's.
NAMES = (
    ("artist", "title", "album", "recording"),
    ("artist_name", "track_name", "album_name", None),
    ("artistName", "trackName", "albumName", None),
)


def song_list(record: dict[str, Any]) -> tuple[SongList | None, int]:
    """Return a list of its `tracks`, None if no song is left; and how many of them are not songs.

    {"name": "Monday", "date": "2014-06-30", "tracks": [["artist", "title"], {"artist": …, "title": …, "album": …}, …]}
    """
    tracks = record["tracks"]
    if not isinstance(tracks, list):
        return None, 1
    return as_list(text(record.get("name")), _date(record), [song(track) for track in tracks])


def as_list(name: str, date: str, found: list[Mention | None]) -> tuple[SongList | None, int]:
    """Return the songs that were found as a list, and how many were not."""
    songs = tuple(song for song in found if song)
    return (SongList(name, songs, date) if songs else None), len(found) - len(songs)


def song(track: object) -> Mention | None:
    """Return a track of a list, with any of the names; None if it cannot be understood."""
    if isinstance(track, list) and len(track) >= 2:
        return mention(track[0], track[1])
    if isinstance(track, dict):
        for artist, title, album, recording in NAMES:
            if title in track or recording in track:
                return mention(track.get(artist), track.get(title), track.get(album), track.get(recording))
    return None


def _date(record: dict[str, Any]) -> str:
    return day(record.get("date") or record.get("modified_at") or record.get("lastModifiedDate"))

"""Songs, albums, artists and playlists as they appear in responses."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from deejai_core.features.subsonic.answers import iso
from deejai_core.features.subsonic.call import Call
from deejai_core.features.subsonic.catalogue import NOBODY, Album, Artist, Song
from deejai_core.features.subsonic.ids import artist_id
from deejai_core.features.subsonic.store import Mark, Plays
from deejai_core.features.web.audio import FORMATS, MIME_TYPES, TRANSCODED

NO_MARK, NO_PLAYS = Mark(), Plays()
DEFAULT_TARGET = "mp3"  # what songs are transcoded to that players may not be able to play


def songs(call: Call, found: Iterable[Song]) -> list[dict[str, Any]]:
    """Return songs, with this listener's data about each."""
    found = list(found)
    with call.server.opened() as store:
        ids = [song.id for song in found]
        marks, plays = store.marks(call.user, ids), store.plays(call.user, ids)
    return [_song(call, song, marks.get(song.id, NO_MARK), plays.get(song.id, NO_PLAYS)) for song in found]


def albums(call: Call, found: Iterable[Album], *, as_folder: bool = False) -> list[dict[str, Any]]:
    """Return albums. as_folder: in the form for clients that browse by folder."""
    found = list(found)
    with call.server.opened() as store:
        marks = store.marks(call.user, [album.id for album in found])
    return [_album(album, marks.get(album.id, NO_MARK), as_folder=as_folder) for album in found]


def artists(call: Call, found: Iterable[Artist]) -> list[dict[str, Any]]:
    found = list(found)
    with call.server.opened() as store:
        marks = store.marks(call.user, [artist.id for artist in found])
    return [_artist(artist, marks.get(artist.id, NO_MARK)) for artist in found]


def format_of(song: Song) -> str:
    """Return the name of a song's format for players, a key of MIME_TYPES; "" if players may not be able to play it."""
    return FORMATS.get(song.values.get("format", ""), "")


def bit_rate(song: Song, size: int | None) -> float:
    """Return kbit/s, from the library or else from the size of the file; 0 if neither is known."""
    length = song.number("length")
    return song.number("bitrate") / 1000 or (size * 8 / length / 1000 if size and length else 0)


def size_of(song: Song) -> int | None:
    """Return the size of a song's file in bytes; None if the file is missing."""
    try:
        return song.path.stat().st_size
    except (OSError, ValueError):
        return None


def _song(call: Call, song: Song, mark: Mark, plays: Plays) -> dict[str, Any]:
    catalogue = call.catalogue
    album = catalogue.albums[song.album]
    format_, suffix = format_of(song), song.path.suffix.lower().removeprefix(".")
    size = size_of(song)
    count, last = plays.count, plays.last
    if call.is_owner:  # the listener whose plays the library stores
        count, last = max(count, int(song.number("play_count"))), max(last, song.number("last_played"))
    gains = {
        name: song.number(field)
        for name, field in (
            ("trackGain", "rg_track_gain"),
            ("trackPeak", "rg_track_peak"),
            ("albumGain", "rg_album_gain"),
            ("albumPeak", "rg_album_peak"),
        )
        if song.number(field)
    }
    return {
        "id": song.id,
        "parent": song.album,
        "isDir": False,
        "title": song.title,
        "album": album.title,
        "artist": song.artist or NOBODY,
        "track": _positive(song.number("track")),
        "year": _positive(song.number("year")),
        "genre": next(iter(song.genres), None),
        "coverArt": song.id,
        "size": size,
        "contentType": MIME_TYPES.get(format_, "application/octet-stream"),
        "suffix": suffix or None,
        "transcodedContentType": None if format_ else TRANSCODED[DEFAULT_TARGET],
        "transcodedSuffix": None if format_ else DEFAULT_TARGET,
        "duration": _positive(round(song.number("length"))),
        "bitRate": _positive(round(bit_rate(song, size))),
        "bitDepth": _positive(song.number("bitdepth")),
        "samplingRate": _positive(song.number("samplerate")),
        "channelCount": _positive(song.number("channels")),
        "path": _shown_path(call, song),
        "isVideo": False,
        "userRating": mark.rating or None,
        "playCount": count or None,
        "played": iso(last) if last else None,
        "discNumber": _positive(song.number("disc")),
        "created": iso(song.number("added")),
        "starred": iso(mark.starred) if mark.starred else None,
        "albumId": song.album,
        "artistId": artist_id(song.artist or NOBODY),
        "type": "music",
        "mediaType": "song",
        "bpm": _positive(round(song.number("bpm"))),
        "musicBrainzId": song.values.get("mb_trackid"),
        "genres": [{"name": genre} for genre in song.genres],
        "artists": [{"id": artist_id(song.artist or NOBODY), "name": song.artist or NOBODY}],
        "displayArtist": song.artist or NOBODY,
        "albumArtists": [{"id": artist_id(album.artist), "name": album.artist}],
        "displayAlbumArtist": album.artist,
        "replayGain": gains or None,
    }


def _album(album: Album, mark: Mark, *, as_folder: bool) -> dict[str, Any]:
    shared = {
        "id": album.id,
        "name": album.title,
        "artist": album.artist,
        "artistId": artist_id(album.artist),
        "coverArt": album.id,
        "songCount": len(album.songs),
        "duration": round(album.length),
        "created": iso(album.added),
        "starred": iso(mark.starred) if mark.starred else None,
        "userRating": mark.rating or None,
        "year": _positive(album.year),
        "genre": next(iter(album.genres), None),
    }
    if as_folder:
        folder = {"parent": artist_id(album.artist), "isDir": True, "title": album.title, "album": album.title}
        return shared | folder | {"mediaType": "album"}
    return shared | {
        "displayArtist": album.artist,
        "artists": [{"id": artist_id(album.artist), "name": album.artist}],
        "genres": [{"name": genre} for genre in album.genres],
        "musicBrainzId": album.release or None,
        "isCompilation": album.compilation,
    }


def _artist(artist: Artist, mark: Mark) -> dict[str, Any]:
    return {
        "id": artist.id,
        "name": artist.name,
        "coverArt": artist.id,
        "albumCount": len(artist.albums),
        "starred": iso(mark.starred) if mark.starred else None,
        "userRating": mark.rating or None,
        "sortName": artist.sort_name or None,
    }


def _shown_path(call: Call, song: Song) -> str:
    """Return where a file lies, from the music folder on: clients need not know the folders above it."""
    path = os.fspath(song.path)
    below = path.removeprefix(os.fspath(call.catalogue.music_folder) + os.sep)
    return os.fsencode(song.path.name if below == path else below).decode("utf-8", "replace")


def _positive(number: float) -> int | None:
    return int(number) if number > 0 else None

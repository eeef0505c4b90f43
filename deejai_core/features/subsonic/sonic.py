"""Songs that sound alike: neighbours, paths from one to another, and mixes in the older requests of the API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from deejai_core.features.subsonic import elements
from deejai_core.features.subsonic.answers import GENERIC, NOT_FOUND, SubsonicError
from deejai_core.features.subsonic.call import Call
from deejai_core.features.subsonic.catalogue import NOBODY, Song
from deejai_core.features.subsonic.ids import artist_id
from deejai_core.lists.space import Space
from deejai_core.playlists.candidates import Pick
from deejai_core.playlists.journey import journey
from deejai_core.playlists.queue import fill

MOST = 500  # songs in a list
MOST_SEEDS = 50  # seeds taken from an album or an artist
OF_ARTISTS = 60  # songs whose artists count as an artist's neighbours

SIMILAR_TO_ITSELF = 1.0


def get_sonic_similar_tracks(call: Call) -> dict[str, Any]:
    """Return the songs nearest to one, nearest first, by the configured rules."""
    song, count = call.song(), call.whole("count", 10, 0, MOST)
    space, candidates = call.server.candidates()
    seed = candidates.song(_position(space, song))
    picks = fill(candidates, [seed], [None] * count)
    matches = _matches(call, space, ((pick, float(pick.similarity)) for pick in picks))
    matches.sort(key=lambda match: -match["similarity"])
    return {"sonicMatch": matches}


def find_sonic_path(call: Call) -> dict[str, Any]:
    """Return a journey with both its ends. The similarity of each song is that to the first."""
    first, last = call.song("startSongId"), call.song("endSongId")
    count = call.whole("count", 25, 1, MOST)
    space, candidates = call.server.candidates()
    ends = [candidates.song(_position(space, song)) for song in (first, last)]
    if first.id == last.id:
        raise SubsonicError(GENERIC, "endSongId: must differ from startSongId")
    (leg,) = journey(candidates, ends, between=max(0, count - 2))
    start = ends[0].vector
    path = [(pick, float(candidates.song(pick.position).vector @ start)) for pick in leg]
    shown = elements.songs(call, [first, last])
    begin = {"entry": shown[0], "similarity": SIMILAR_TO_ITSELF}
    end = {"entry": shown[1], "similarity": _share(float(ends[1].vector @ start))}
    return {"sonicMatch": [begin, *_matches(call, space, path), end][:count]}


def get_similar_songs(call: Call) -> dict[str, Any]:
    return {"similarSongs": {"song": _mix(call)}}


def get_similar_songs2(call: Call) -> dict[str, Any]:
    return {"similarSongs2": {"song": _mix(call)}}


def _mix(call: Call) -> list[dict[str, Any]]:
    """Return a list that continues from a song, an album or an artist, as the commands make it."""
    count = call.whole("count", 50, 0, MOST)
    space, picks = _walk(call, call.catalogue.songs_of(call.id()), count)
    return elements.songs(call, _songs(call, space, picks))


def get_artist_info(call: Call) -> dict[str, Any]:
    return {"artistInfo": _artist_info(call)}


def get_artist_info2(call: Call) -> dict[str, Any]:
    return {"artistInfo2": _artist_info(call)}


def _artist_info(call: Call) -> dict[str, Any]:
    """Return the artists who sound alike; none for an artist without analysed songs."""
    catalogue, count = call.catalogue, call.whole("count", 20, 0, MOST)
    songs = catalogue.songs_of(call.id())
    if not songs:
        raise SubsonicError(NOT_FOUND, "there is no such artist")
    own = {artist_id(song.artist or NOBODY) for song in songs}
    try:
        space, picks = _walk(call, songs, OF_ARTISTS)
    except SubsonicError:
        return {}
    found = dict.fromkeys(artist_id(song.artist or NOBODY) for song in _songs(call, space, picks))
    known = [catalogue.artists[id_] for id_ in found if id_ not in own and id_ in catalogue.artists]
    return {"similarArtist": elements.artists(call, known[:count])}


def _walk(call: Call, songs: Sequence[Song], count: int) -> tuple[Space, list[Pick]]:
    if not songs:
        raise SubsonicError(NOT_FOUND, "there is no such song, album or artist")
    space, candidates = call.server.candidates()
    seeds = [candidates.song(space.position[song.track]) for song in songs if song.track in space.position]
    if not seeds:
        raise SubsonicError(GENERIC, "it has not been analysed yet")
    walk = call.server.request.walk
    free = [None] * count
    picks = fill(
        candidates, seeds[:MOST_SEEDS], free, keep_on=walk.keep_on, stay=walk.stay, drunk=walk.drunk, seed=walk.seed or 0
    )
    return space, picks


def _position(space: Space, song: Song) -> int:
    if song.track not in space.position:
        raise SubsonicError(GENERIC, f"{song.title}: this song has not been analysed yet")
    return space.position[song.track]


def _songs(call: Call, space: Space, picks: Iterable[Pick]) -> list[Song]:
    """Return songs, without those that are gone."""
    rows = call.catalogue.row_of_track
    tracks = [space.ids[pick.position] for pick in picks]
    return [call.catalogue.songs[rows[track]] for track in tracks if track in rows]


def _matches(call: Call, space: Space, found: Iterable[tuple[Pick, float]]) -> list[dict[str, Any]]:
    rows = call.catalogue.row_of_track
    there = [(rows[track], similarity) for pick, similarity in found if (track := space.ids[pick.position]) in rows]
    shown = elements.songs(call, (call.catalogue.songs[row] for row, _ in there))
    return [{"entry": one, "similarity": _share(similarity)} for one, (_, similarity) in zip(shown, there, strict=True)]


def _share(similarity: float) -> float:
    """Return a cosine as the API expects it, from 0 to 1."""
    return round(min(max(similarity, 0.0), 1.0), 4)

"""Lists of albums and songs: by name, by age, at random, by what a listener plays and likes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from deejai_core.features.subsonic import elements
from deejai_core.features.subsonic.answers import GENERIC, SubsonicError
from deejai_core.features.subsonic.call import Call
from deejai_core.features.subsonic.catalogue import Album, Song

MOST_LISTED = 500
LATEST_YEAR = 9999
MOST_SKIPPED = 10_000_000


def get_album_list(call: Call) -> dict[str, Any]:
    return {"albumList": {"album": elements.albums(call, _albums(call), as_folder=True)}}


def get_album_list2(call: Call) -> dict[str, Any]:
    return {"albumList2": {"album": elements.albums(call, _albums(call))}}


def _albums(call: Call) -> Sequence[Album]:
    kind = call.text("type")
    if kind not in (RANDOM, *LISTS):
        raise SubsonicError(GENERIC, f"type: unknown list {kind[:40]!r}; choose one of: {', '.join((RANDOM, *LISTS))}")
    size = call.whole("size", 10, 0, MOST_LISTED)
    if kind == RANDOM:  # each page of this list is another random choice
        albums = call.catalogue.by_name
        return random.sample(albums, min(size, len(albums)))
    offset = call.whole("offset", 0, 0, MOST_SKIPPED)
    return LISTS[kind](call)[offset : offset + size]


def _by_year(call: Call) -> list[Album]:
    first, last = (call.whole(name, None, 0, LATEST_YEAR) for name in ("fromYear", "toYear"))
    low, high = sorted((first, last))
    found = [album for album in call.catalogue.by_year if low <= album.year <= high]
    return found[::-1] if first > last else found


def _by_genre(call: Call) -> list[Album]:
    _, albums = call.catalogue.genres.get(call.text("genre"), ([], set()))
    return [album for album in call.catalogue.by_name if album.id in albums]


def _starred(call: Call) -> list[Album]:
    with call.server.opened() as store:
        marks = store.marks(call.user)
    return _there(call, (id_ for id_, mark in marks.items() if mark.starred))


def _highest(call: Call) -> list[Album]:
    with call.server.opened() as store:
        marks = store.marks(call.user)
    rated = sorted((id_ for id_, mark in marks.items() if mark.rating), key=lambda id_: -marks[id_].rating)
    return _there(call, rated)


def _frequent(call: Call) -> list[Album]:
    plays = played(call)
    return sorted(plays, key=lambda album: -plays[album][0])


def _recent(call: Call) -> list[Album]:
    plays = played(call)
    return sorted(plays, key=lambda album: -plays[album][1])


def played(call: Call) -> dict[Album, tuple[int, float]]:
    """Return the albums of which a listener has played something: how often, and when last."""
    catalogue = call.catalogue
    with call.server.opened() as store:
        plays = {
            song: (one.count, one.last) for id_, one in store.plays(call.user).items() if (song := catalogue.song(id_))
        }
    if call.is_owner:
        for song in catalogue.songs:
            if count := int(song.number("play_count")):
                own = plays.get(song, (0, 0.0))
                plays[song] = max(count, own[0]), max(song.number("last_played"), own[1])
    found: dict[Album, tuple[int, float]] = {}
    for song, (count, last) in plays.items():
        album = catalogue.albums[song.album]
        total, latest = found.get(album, (0, 0.0))
        found[album] = total + count, max(latest, last)
    return found


def _there(call: Call, ids: Any) -> list[Album]:
    return list(dict.fromkeys(album for id_ in ids if (album := call.catalogue.album(id_))))


RANDOM = "random"
LISTS: dict[str, Callable[[Call], Sequence[Album]]] = {
    "newest": lambda call: call.catalogue.newest,
    "highest": _highest,
    "frequent": _frequent,
    "recent": _recent,
    "alphabeticalByName": lambda call: call.catalogue.by_name,
    "alphabeticalByArtist": lambda call: call.catalogue.by_artist,
    "starred": _starred,
    "byYear": _by_year,
    "byGenre": _by_genre,
}


def get_random_songs(call: Call) -> dict[str, Any]:
    first, last = call.whole("fromYear", 0, 0, LATEST_YEAR), call.whole("toYear", LATEST_YEAR, 0, LATEST_YEAR)
    genre = call.text("genre", "")
    catalogue = call.catalogue
    rows: Sequence[int] = catalogue.genres.get(genre, ([], set()))[0] if genre else range(len(catalogue.songs))
    if call.given("fromYear") or call.given("toYear"):
        rows = [row for row in rows if first <= catalogue.songs[row].number("year") <= last]
    chosen = random.sample(rows, min(call.whole("size", 10, 0, MOST_LISTED), len(rows)))
    return {"randomSongs": {"song": elements.songs(call, (catalogue.songs[row] for row in chosen))}}


def get_songs_by_genre(call: Call) -> dict[str, Any]:
    rows, _ = call.catalogue.genres.get(call.text("genre"), ([], set()))
    offset = call.whole("offset", 0, 0, MOST_SKIPPED)
    some = rows[offset : offset + call.whole("count", 10, 0, MOST_LISTED)]
    return {"songsByGenre": {"song": elements.songs(call, (call.catalogue.songs[row] for row in some))}}


def get_starred(call: Call) -> dict[str, Any]:
    artists, albums, songs = _all_starred(call)
    named = [{"id": one["id"], "name": one["name"], "starred": one["starred"]} for one in elements.artists(call, artists)]
    shown = elements.albums(call, albums, as_folder=True)
    return {"starred": {"artist": named, "album": shown, "song": elements.songs(call, songs)}}


def get_starred2(call: Call) -> dict[str, Any]:
    artists, albums, songs = _all_starred(call)
    return {
        "starred2": {
            "artist": elements.artists(call, artists),
            "album": elements.albums(call, albums),
            "song": elements.songs(call, songs),
        }
    }


def _all_starred(call: Call) -> tuple[list[Any], list[Album], list[Song]]:
    catalogue = call.catalogue
    with call.server.opened() as store:
        ids = [id_ for id_, mark in store.marks(call.user).items() if mark.starred]
    artists = [catalogue.artists[id_] for id_ in ids if id_ in catalogue.artists]
    songs = [song for id_ in ids if (song := catalogue.song(id_))]
    return artists, _there(call, ids), songs


def get_top_songs(call: Call) -> dict[str, Any]:
    """Return an artist's most played songs, by all listeners together, without those that nobody has played."""
    name, count = call.text("artist"), call.whole("count", 50, 0, MOST_LISTED)
    catalogue = call.catalogue
    owner = call.server.users.owner
    with call.server.opened() as store:
        plays, owners = store.plays_of_others(owner), store.plays(owner) if owner else {}
    artist = catalogue.artist_named(name)
    songs = [catalogue.songs[row] for row in artist.songs] if artist else []
    counts = {
        song: plays.get(song.id, 0) + max(int(song.number("play_count")), owners[song.id].count if song.id in owners else 0)
        for song in songs
    }
    top = sorted((song for song in songs if counts[song]), key=lambda song: (-counts[song], song.title))
    return {"topSongs": {"song": elements.songs(call, top[:count])}}

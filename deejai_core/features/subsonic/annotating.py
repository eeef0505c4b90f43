"""Data from listeners: stars, ratings, plays, and the queue that they continue on another device."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from deejai_core.features.subsonic import elements
from deejai_core.features.subsonic.answers import GENERIC, MISSING, NOT_FOUND, SubsonicError, iso
from deejai_core.features.subsonic.call import Call, Playing
from deejai_core.features.subsonic.catalogue import Song
from deejai_core.features.subsonic.store import Queue
from deejai_core.library import Library

LONGEST_QUEUE = 10_000
LONGEST_POSITION = 10**9  # milliseconds
SKIPPED_AFTER = 2.0  # seconds: a song that plays for less was only passed over
PLAYED_SHARE = 0.5  # of a song's length: one that has played longer was not skipped
STALE = 3600  # seconds after which a song counts as no longer playing, if no end was reported

# Fields of the library. mpdstats computes `rating` itself, so a listener's rating has a field of its own.
STARRED, RATING, PLAY_COUNT, SKIP_COUNT, LAST_PLAYED = "starred", "user_rating", "play_count", "skip_count", "last_played"


def star(call: Call) -> dict[str, Any]:
    return _star(call, time.time())


def unstar(call: Call) -> dict[str, Any]:
    return _star(call, 0)


def _star(call: Call, when: float) -> dict[str, Any]:
    items = [id_ for name in ("id", "albumId", "artistId") for id_ in call.ids(name)]
    if not items:
        raise SubsonicError(MISSING, "id, albumId or artistId: one of these parameters is needed")
    known = [_known(call, id_) for id_ in items]
    with call.server.opened() as store:
        store.star(call.user, known, when)
    if call.is_owner:
        value = iso(when) if when else None
        with call.server.writing() as library:
            _keep(library, STARRED, {song.track: value for id_ in known if (song := call.catalogue.song(id_))})
    return {}


def set_rating(call: Call) -> dict[str, Any]:
    id_, rating = _known(call, call.id()), call.whole("rating", None, -1, 6)
    if not 0 <= rating <= 5:
        raise SubsonicError(GENERIC, "rating: must be from 1 to 5, or 0 for none")
    with call.server.opened() as store:
        store.rate(call.user, id_, rating)
    if call.is_owner and (song := call.catalogue.song(id_)):
        with call.server.writing() as library:
            _keep(library, RATING, {song.track: rating or None})
    return {}


def scrobble(call: Call) -> dict[str, Any]:
    """A song was played; or, with submission=false, it is playing now."""
    ids, times = call.ids("id"), call.all("time")
    if not ids:
        raise SubsonicError(MISSING, "id: this parameter is missing")
    songs = [song for id_ in ids if (song := call.catalogue.song(id_))]
    if len(songs) < len(ids):
        raise SubsonicError(NOT_FOUND, "there is no such song")
    if not call.switch("submission", True):
        _play_now(call, songs[-1])
        return {}
    now = time.time()
    played = [(song, _moment(times[number]) if number < len(times) else now) for number, song in enumerate(songs)]
    with call.server.opened() as store:
        store.play(call.user, [(song.id, when) for song, when in played])
    key = call.user, call.client
    with call.server.lock:
        playing = call.server.playing.get(key)
        if playing and playing.song in {song.id for song in songs}:
            call.server.playing[key] = replace(playing, scrobbled=True)
    if call.is_owner:
        _count(call, played)
    return {}


def _count(call: Call, played: Sequence[tuple[Song, float]]) -> None:
    """Add plays to the library's counts."""
    with call.server.writing() as library:
        known = library.fields([PLAY_COUNT, LAST_PLAYED], {song.track for song, _ in played})
        counts: dict[int, int] = {}
        latest: dict[int, int] = {}
        for song, when in played:
            id_ = song.track
            counts[id_] = counts.get(id_, _whole(known[PLAY_COUNT].get(id_))) + 1
            latest[id_] = max(latest.get(id_, _whole(known[LAST_PLAYED].get(id_))), int(when))
        _keep(library, PLAY_COUNT, counts)
        _keep(library, LAST_PLAYED, latest)


def _play_now(call: Call, song: Song) -> None:
    now = time.time()
    before = call.server.note_playing(call.user, Playing(song.id, now, call.client))
    if before and call.is_owner and (old := call.catalogue.song(before.song)) and is_skipped(old, before, song, now):
        with call.server.writing() as library:
            known = library.field(SKIP_COUNT, [old.track]).get(old.track)
            _keep(library, SKIP_COUNT, {old.track: _whole(known) + 1})


def is_skipped(song: Song, playing: Playing, next_: Song, now: float) -> bool:
    """Return whether a song was skipped, as far as the order of events shows: it began, and less than half of it was
    played.
    """
    played = now - playing.began
    length = song.number("length")
    return not playing.scrobbled and next_.id != song.id and SKIPPED_AFTER < played < PLAYED_SHARE * length


def get_now_playing(call: Call) -> dict[str, Any]:
    now = time.time()
    with call.server.lock:
        playing = [(user, one) for (user, _), one in call.server.playing.items() if now - one.began < STALE]
    found = [(user, one, song) for user, one in playing if (song := call.catalogue.song(one.song))]
    shown = elements.songs(call, (song for _, _, song in found))
    entries = [
        {**element, "username": user, "minutesAgo": int((now - one.began) / 60), "playerId": 1, "playerName": one.client}
        for (user, one, _), element in zip(found, shown, strict=True)
    ]
    return {"nowPlaying": {"entry": entries}}


def get_play_queue(call: Call) -> dict[str, Any]:
    queue, songs, current = _queue(call)
    told = {"current": songs[current].id if current is not None else None}
    return {"playQueue": {**told, **_queue_element(call, queue, songs)}}


def get_play_queue_by_index(call: Call) -> dict[str, Any]:
    queue, songs, current = _queue(call)
    return {"playQueueByIndex": {"currentIndex": current, **_queue_element(call, queue, songs)}}


def save_play_queue(call: Call) -> dict[str, Any]:
    items = call.ids("id")
    current = call.id("current") if call.given("current") else ""
    if current and current not in items:
        raise SubsonicError(GENERIC, "current: must be one of the songs of the queue")
    _save_queue(call, items, items.index(current) if current else 0)
    return {}


def save_play_queue_by_index(call: Call) -> dict[str, Any]:
    items = call.ids("id")
    place = call.whole("currentIndex", None if items else 0, -1, LONGEST_QUEUE)
    if items and not 0 <= place < len(items):
        raise SubsonicError(GENERIC, "currentIndex: the queue has no song at this index")
    _save_queue(call, items, place)
    return {}


def _save_queue(call: Call, items: list[str], place: int) -> None:
    position = call.whole("position", 0, 0, LONGEST_POSITION)
    with call.server.opened() as store:
        store.save_queue(call.user, Queue(tuple(items), place, position, time.time(), call.client))


def _queue(call: Call) -> tuple[Queue, list[Song], int | None]:
    """Return the queue (empty if there is none), those of its songs that still exist, and the one that is playing."""
    with call.server.opened() as store:
        queue = store.queue(call.user) or Queue((), 0, 0, 0, "")
    songs: list[Song] = []
    current = None
    for place, id_ in enumerate(queue.items):
        if song := call.catalogue.song(id_):
            if place == queue.place:
                current = len(songs)
            songs.append(song)
    return queue, songs, current if current is not None else 0 if songs else None


def _queue_element(call: Call, queue: Queue, songs: list[Song]) -> dict[str, Any]:
    return {
        "position": queue.position,
        "username": call.user,
        "changed": iso(queue.changed),
        "changedBy": queue.client,
        "entry": elements.songs(call, songs),
    }


def _known(call: Call, id_: str) -> str:
    """Return the current id of a song, an album or an artist. Raises SubsonicError if there is none."""
    current = call.catalogue.current(id_)
    if current is None:
        raise SubsonicError(NOT_FOUND, "there is no such song, album or artist")
    return current


def _keep(library: Library, field: str, values: Mapping[int, Any]) -> None:
    """Write the owner's data to the library, for tracks whose recording is known."""
    if values and (recordings := library.recordings(values)):
        library.keep_field(field, {id_: values[id_] for id_ in recordings}, recordings)


def _whole(value: Any) -> int:
    """Return a count or a time of the library; 0 if it is missing or not a number."""
    try:
        return max(0, int(float(value)))
    except (TypeError, ValueError, OverflowError):
        return 0


def _moment(text: str) -> float:
    """Return a time in seconds from the milliseconds that clients send; now, if it lies in the future."""
    try:
        moment = float(text) / 1000
    except ValueError:
        moment = math.nan
    if not math.isfinite(moment):
        raise SubsonicError(GENERIC, "time: must be milliseconds since 1970")
    return min(max(moment, 0.0), time.time())

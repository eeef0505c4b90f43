"""Audio and pictures: streams, downloads, covers, lyrics."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from deejai_core.features.subsonic import elements
from deejai_core.features.subsonic.answers import GENERIC, NOT_FOUND, SubsonicError
from deejai_core.features.subsonic.call import Call
from deejai_core.features.subsonic.catalogue import Song
from deejai_core.features.subsonic.ids import LIST
from deejai_core.features.subsonic.playlists import first_song
from deejai_core.features.web.audio import MIME_TYPES, begins_as_audio, file_response, open_track
from deejai_core.features.web.library import Cover

if TYPE_CHECKING:
    from flask import Response

TARGETS = {"mp3": "mp3", "opus": "opus", "ogg": "opus", "oga": "opus", "webm": "webm"}  # by the names that clients use
LOWEST, HIGHEST = 32, 320  # kbit/s
LONGEST = 10**6  # seconds into a song
SMALLEST, LARGEST = 16, 1600  # pixels of a cover
A_DAY = 24 * 3600

_TIME = re.compile(r"\[(\d{1,3}):(\d{1,2}(?:\.\d{1,3})?)\]", re.ASCII)


def stream(call: Call) -> Response:
    """Return a song's file if the client is likely to play it, otherwise transcode it."""
    song = call.song()
    target, bit_rate = _target(call, song)
    if target is None:
        return _file(call, song)
    start = call.whole("timeOffset", 0, 0, LONGEST)
    return call.server.transcoders.response(song.path, target, start, call.request, bit_rate=1000 * bit_rate)


def download(call: Call) -> Response:
    song = call.song()
    response = _file(call, song)
    name = os.fsencode(song.path.name).decode("utf-8", "replace")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


def _target(call: Call, song: Song) -> tuple[str | None, int]:
    """Return the format to transcode to, and the kbit/s (0 for the default); None if the file is sent unchanged."""
    wanted, most = call.text("format", ""), call.whole("maxBitRate", 0, 0, 10_000)
    if wanted == "raw":
        return None, 0
    own = (elements.format_of(song), song.path.suffix[1:].lower())
    if wanted and wanted not in (*TARGETS, *own):
        raise SubsonicError(GENERIC, f"format: must be raw or one of {', '.join(TARGETS)}")
    too_fast = 0 < most < elements.bit_rate(song, elements.size_of(song))
    playable = elements.format_of(song) and (not wanted or wanted in own)
    if playable and not too_fast and not call.whole("timeOffset", 0, 0, LONGEST):
        return None, 0
    return TARGETS.get(wanted, elements.DEFAULT_TARGET), min(max(most, LOWEST), HIGHEST) if most else 0


def _file(call: Call, song: Song) -> Response:
    file = open_track(song.path)
    format_ = elements.format_of(song)
    known = format_ and begins_as_audio(file)
    return file_response(file, MIME_TYPES[format_] if known else "application/octet-stream", call.request)


def get_cover_art(call: Call) -> Response:
    """Return the cover of a song or an album; for an artist or a playlist, that of its first song."""
    from flask import Response

    id_ = call.id()
    song = first_song(call, id_) if id_.startswith(LIST) else next(iter(call.catalogue.songs_of(id_)), None)
    size = call.whole("size", 0, 0, LARGEST)
    picture = None
    if song:
        cover = Cover(call.server.library.cover(song.track), song.path)
        picture = call.server.covers.read(cover, max(size, SMALLEST) if size else None)
    if picture is None:
        raise SubsonicError(NOT_FOUND, "there is no cover")
    response = Response(picture[0], mimetype=picture[1])
    response.add_etag()
    response.cache_control.private = True
    response.cache_control.max_age = A_DAY
    response.make_conditional(call.request)
    return response


def get_lyrics(call: Call) -> dict[str, Any]:
    """Return the lyrics of a song by its artist and title; empty if it has none."""
    artist, title = call.text("artist", ""), call.text("title", "")
    song = call.catalogue.named(artist, title)
    text = _lyrics(call, song) if song else ""
    plain = "\n".join(line for _, line in parse_lyrics(text)[1])
    return {"lyrics": {"artist": song.artist if song else None, "title": song.title if song else None, "value": plain}}


def get_lyrics_by_song_id(call: Call) -> dict[str, Any]:
    song = call.song()
    synced, lines = parse_lyrics(_lyrics(call, song))
    if not lines:
        return {"lyricsList": {"structuredLyrics": []}}
    shown = [{"start": start, "value": line} if synced else {"value": line} for start, line in lines]
    told = {"displayArtist": song.artist, "displayTitle": song.title, "lang": "xxx", "synced": synced, "line": shown}
    return {"lyricsList": {"structuredLyrics": [told]}}


def _lyrics(call: Call, song: Song) -> str:
    return str(call.server.library.field("lyrics", [song.track]).get(song.track, ""))


def parse_lyrics(text: str) -> tuple[bool, list[tuple[int, str]]]:
    """Return whether lyrics have times, and the lines, each with its milliseconds (0 without times).

    They have if most lines begin like those of LRC files: `[01:23.45] ...`.
    """
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    timed = []
    for line in lines:
        times = []
        while match := _TIME.match(line):
            times.append(round(1000 * (60 * int(match[1]) + float(match[2]))))
            line = line[match.end() :].strip()
        timed += [(start, line) for start in times]
    if 2 * len(timed) > len([line for line in lines if line]) > 0:
        return True, sorted(timed, key=lambda entry: entry[0])
    return False, [(0, line) for line in lines]

"""Playlists: those that listeners make, which become files, and the files of the playlist folder, which are not changed.

A listener's playlist is stored and also written to the folder, for every other player. If somebody else changes that file,
or takes its name first, their file is left alone, and ours gets another name.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from deejai_core.errors import DeejaiError
from deejai_core.features.subsonic import elements
from deejai_core.features.subsonic.answers import FORBIDDEN, GENERIC, MISSING, NOT_FOUND, SubsonicError, iso
from deejai_core.features.subsonic.call import Call
from deejai_core.features.subsonic.catalogue import Song
from deejai_core.features.subsonic.ids import LIST, id_of
from deejai_core.features.subsonic.store import Playlist
from deejai_core.formats.table import SUFFIXES
from deejai_core.lists.listed import read_listed
from deejai_core.lists.writing import Encoded
from deejai_core.words import one_line

LONGEST_NAME = 200  # characters
LONGEST_COMMENT = 2000
MOST_FILES = 1000
MOST_SONGS = 10_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shown:
    """A playlist as a listener sees it."""

    id: str
    name: str
    owner: str
    songs: list[Song]
    created: float
    changed: float
    public: bool
    comment: str = ""
    editable: bool = False


def get_playlists(call: Call) -> dict[str, Any]:
    return {"playlists": {"playlist": [_element(shown) for shown in _all(call)]}}


def get_playlist(call: Call) -> dict[str, Any]:
    return _with_songs(call, _one(call, call.id()))


def create_playlist(call: Call) -> dict[str, Any]:
    """Create a playlist with a name, or replace the songs of the playlist with an id."""
    items = tuple(_songs_given(call, "songId"))
    moment = time.time()
    with call.server.lock:
        if call.given("playlistId"):
            playlist = replace(_own(call, call.id("playlistId")), items=items, changed=moment)
        else:
            playlist = Playlist(call.user, _name(call), items, moment, moment)
        playlist = _keep(call, playlist)
    return _with_songs(call, _shown(call, playlist))


def update_playlist(call: Call) -> dict[str, Any]:
    with call.server.lock:
        playlist = _own(call, call.id("playlistId"))
        items = list(playlist.items)
        seen = [place for place, item in enumerate(items) if call.catalogue.song(item)]  # by the ids that the client has
        removed = {seen[_index(text, len(seen))] for text in call.all("songIndexToRemove")}
        items = [item for place, item in enumerate(items) if place not in removed] + _songs_given(call, "songIdToAdd")
        if len(items) > MOST_SONGS:
            raise SubsonicError(GENERIC, f"a playlist can have at most {MOST_SONGS:,} songs")
        _keep(
            call,
            replace(
                playlist,
                items=tuple(items),
                name=_name(call) if call.given("name") else playlist.name,
                comment=call.text("comment", playlist.comment)[:LONGEST_COMMENT],
                public=call.switch("public", playlist.public),
                changed=time.time(),
            ),
        )
    return {}


def delete_playlist(call: Call) -> dict[str, Any]:
    with call.server.lock:
        playlist = _own(call, call.id())
        with call.server.opened() as store:
            store.delete_playlist(playlist.id)
        if file := _written(call, playlist):
            with suppress(OSError):
                file.unlink()
    return {}


def _all(call: Call) -> list[Shown]:
    """Return the playlists that a listener may see: their own, those that others share, and files."""
    stored = _all_stored(call)
    seen = [playlist for playlist in stored if playlist.owner == call.user or playlist.public]
    return [*(_shown(call, playlist) for playlist in seen), *(_file(call, path) for path in _files(call, stored))]


def _one(call: Call, id_: str) -> Shown:
    stored = _all_stored(call)
    for playlist in stored:
        if _id(playlist) == id_ and (playlist.owner == call.user or playlist.public):
            return _shown(call, playlist)
    for path in _files(call, stored):
        if id_of(LIST, path.name) == id_:
            return _file(call, path)
    raise SubsonicError(NOT_FOUND, "there is no such playlist")  # nobody needs to know that others have one


def _own(call: Call, id_: str) -> Playlist:
    """Return a playlist that the listener may change. Raises SubsonicError."""
    stored = {_id(playlist): playlist for playlist in _all_stored(call)}
    if id_ in stored and stored[id_].owner == call.user:
        return stored[id_]
    shown = _one(call, id_)
    whose = f"it is {shown.owner}'s" if id_ in stored else "it is a file of the playlist folder"
    raise SubsonicError(FORBIDDEN, f"{shown.name}: {whose}, and cannot be changed here; copy its songs to a new one")


def _all_stored(call: Call) -> list[Playlist]:
    with call.server.opened() as store:
        return store.playlists()


def _id(playlist: Playlist) -> str:
    return f"{LIST}{playlist.id}"


def _shown(call: Call, playlist: Playlist) -> Shown:
    songs = [song for item in playlist.items if (song := call.catalogue.song(item))]
    return Shown(
        _id(playlist),
        playlist.name,
        playlist.owner,
        songs,
        playlist.created,
        playlist.changed,
        playlist.public,
        playlist.comment,
        editable=playlist.owner == call.user,
    )


def _file(call: Call, path: Path) -> Shown:
    """Return a file of the playlist folder; one that cannot be read has no songs."""
    try:
        status = path.stat()
    except OSError:
        changed, songs = 0.0, []
    else:
        changed, as_of = status.st_mtime, (status.st_mtime_ns, status.st_size)
        kept = call.server.files_in(call.catalogue)
        if path not in kept or kept[path][0] != as_of:
            kept[path] = as_of, _songs_of_file(call, path)
        songs = kept[path][1]
    owner = call.server.users.owner or next(iter(call.server.users.passwords))
    name = os.fsencode(one_line(path.stem)).decode("utf-8", "replace")
    return Shown(id_of(LIST, path.name), name, owner, songs, changed, changed, public=True)


def _songs_of_file(call: Call, path: Path) -> list[Song]:
    try:
        matches = read_listed(call.server.library, path).matches
    except DeejaiError as error:
        log.warning("%s", one_line(str(error)))
        return []
    rows = call.catalogue.row_of_track
    return [call.catalogue.songs[rows[match]] for match in matches if match in rows]


def _files(call: Call, stored: Sequence[Playlist]) -> list[Path]:
    """Return the playlist files that belong to no listener.

    The file of a listener's playlist is not among them, even if it has been changed.
    """
    folder, taken = call.server.playlists.folder, {playlist.file for playlist in stored}
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    except OSError:
        return []
    return [path for path in found if path.name not in taken and path.is_file()][:MOST_FILES]


def _element(shown: Shown) -> dict[str, Any]:
    return {
        "id": shown.id,
        "name": shown.name,
        "comment": shown.comment or None,
        "owner": shown.owner,
        "public": shown.public,
        "songCount": len(shown.songs),
        "duration": round(sum(song.number("length") for song in shown.songs)),
        "created": iso(shown.created),
        "changed": iso(shown.changed),
        "coverArt": shown.songs[0].id if shown.songs else None,
        "readonly": not shown.editable,
    }


def _with_songs(call: Call, shown: Shown) -> dict[str, Any]:
    return {"playlist": {**_element(shown), "entry": elements.songs(call, shown.songs)}}


def _name(call: Call) -> str:
    name = one_line(call.text("name")).strip()
    if not name:
        raise SubsonicError(MISSING, "name: a playlist needs a name")
    return name[:LONGEST_NAME]


def _songs_given(call: Call, name: str) -> list[str]:
    ids = call.ids(name)
    songs = [song.id for id_ in ids if (song := call.catalogue.song(id_))]
    if len(songs) < len(ids):
        raise SubsonicError(NOT_FOUND, f"{name}: there is no such song")
    return songs


def _index(text: str, length: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < length):
        raise SubsonicError(GENERIC, "songIndexToRemove: the playlist has no song at this index")
    return int(text)


def _keep(call: Call, playlist: Playlist) -> Playlist:
    """Store a playlist, then write its file. If writing fails, the playlist is still stored.

    The name of the file is stored before the file exists: otherwise it would briefly belong to everybody.
    """
    old = _written(call, playlist)
    encoded = _encoded(call, playlist, old)
    if encoded:
        playlist = replace(playlist, file=encoded.path.name, digest=_digest(encoded.data))
    with call.server.opened() as store:
        playlist = store.save_playlist(playlist)
    if encoded:
        try:
            call.server.playlists.write(encoded)
        except DeejaiError as error:
            log.warning("%s: not written to a file (%s)", one_line(playlist.name), one_line(str(error)))
            return playlist
    is_elsewhere = encoded is not None and old != encoded.path
    if old and (is_elsewhere or not playlist.items):
        with suppress(OSError):
            old.unlink()
    return playlist


def _encoded(call: Call, playlist: Playlist, old: Path | None) -> Encoded | None:
    """Return the file of a playlist, or None if none should be written: it is not allowed, or none of its songs exists."""
    playlists = call.server.playlists
    songs = [song for item in playlist.items if (song := call.catalogue.song(item))]
    tracks = call.server.library.tracks(song.track for song in songs)
    if not tracks or not playlists.writable:
        return None
    path = _free(call, playlist, old)
    return playlists.encoded(playlist.name, [tracks[song.track] for song in songs if song.track in tracks], path=path)


def _free(call: Call, playlist: Playlist, old: Path | None) -> Path:
    """Return where a playlist may be written: to its old file if its name is unchanged, otherwise where no file exists."""
    second = f"{playlist.name} ({playlist.owner})"
    titles = chain((playlist.name, second), (f"{second} {number}" for number in count(2)))
    candidates = map(call.server.playlists.path, titles)
    return next(path for path in candidates if path == old or not os.path.lexists(path))


def _written(call: Call, playlist: Playlist) -> Path | None:
    """Return the file of a playlist, if it is still as it was written."""
    if not playlist.file or Path(playlist.file).name != playlist.file:
        return None
    path = call.server.playlists.folder / playlist.file
    try:
        return path if path.is_file() and _digest(path.read_bytes()) == playlist.digest else None
    except OSError:
        return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def first_song(call: Call, id_: str) -> Song | None:
    """Return the first song of a playlist. Raises SubsonicError if there is no such playlist."""
    return next(iter(_one(call, id_).songs), None)

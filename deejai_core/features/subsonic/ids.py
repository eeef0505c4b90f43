"""Ids that stay, computed from what a song is, not from numbers that a library may reuse.

A song is identified by its audio key, else by its MusicBrainz recording, else by its names; an album by its MusicBrainz id,
else by its names; an artist by name. So an id survives moves, and importing the library again.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from deejai_core.tracks.text import plain

SONG, ALBUM, ARTIST, FOLDER, LIST = "so-", "al-", "ar-", "fo-", "pl-"
LONGEST = 64  # characters of an id that are considered


def id_of(kind: str, *identity: str) -> str:
    """Return an id. kind: SONG, ALBUM, ARTIST, FOLDER or LIST. identity: what distinguishes it from others of its kind."""
    return kind + blake2b("\0".join(identity).encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()


def song_ids(key: str, recording: str, names: Iterable[str]) -> list[str]:
    """Return the ids that a song may have, the most reliable first.

    key: its audio key, "" if unknown; likewise `recording`.
    """
    found = [id_of(SONG, "names", *map(plain, names))]
    if recording:
        found.insert(0, id_of(SONG, "recording", recording.lower()))
    if key:
        found.insert(0, id_of(SONG, "key", key))
    return found


def album_ids(release: str, artist: str, title: str) -> list[str]:
    """Return the ids that an album may have, the most reliable first. release: its MusicBrainz id, "" if it has none."""
    found = [id_of(ALBUM, "names", plain(artist), plain(title))]
    return [id_of(ALBUM, "release", release.lower()), *found] if release else found


def artist_id(name: str) -> str:
    return id_of(ARTIST, plain(name))


def first_copy(id_: str) -> str:
    """Return an id without the number that `numbered` appended."""
    kind, _, rest = id_.partition("-")
    return f"{kind}-{rest.partition('-')[0]}"


def numbered(ids: Iterable[str]) -> list[str]:
    """Return the ids without repetitions: repeated ones get a number appended, from 2."""
    seen: dict[str, int] = {}
    found = []
    for id_ in ids:
        seen[id_] = seen.get(id_, 0) + 1
        found.append(id_ if seen[id_] == 1 else f"{id_}-{seen[id_]}")
    return found

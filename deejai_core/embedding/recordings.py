"""Finds the tracks of a recording, and the first recordings of a library, without reading all audio keys.

It uses a cache beside the library: the keys in order, each with a track, and the library's bookmark at that time. Changes
since then are read from the library and merged. A removed track is noticed when it is asked for: every answer about a
recording has just been read from the library.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deejai_core.data_folder import recordings_path
from deejai_core.files import open_regular, replacing
from deejai_core.library import Library

VERSION = 1
CACHED_FROM = 2_000  # tracks; with fewer, reading the keys from the library is as fast
RENEWED = 2_000  # tracks: when this many have changed since the file was written, it is written again
LONGEST_KEY = 64  # characters; a longer one is damage, and would make every row as long
DIGEST = 16  # bytes at the beginning of the file: BLAKE2b of the rest, which is a line of JSON, and the rows


@dataclass(frozen=True, eq=False)
class Recordings:
    """The recordings of a library. rows: (n,) key and id of each track that has one, in the order of the keys."""

    library: Library
    rows: np.ndarray

    def tracks_of(self, keys: Collection[str]) -> dict[str, list[int]]:
        """Return the tracks of these recordings, by key, without those that the library does not have."""
        sought = np.array([_stored(key) for key in keys] or [b""])
        first, last = (np.searchsorted(self.rows["key"], sought, side) for side in ("left", "right"))
        places = [place for start, end in zip(first.tolist(), last.tolist(), strict=True) for place in range(start, end)]
        found: dict[str, list[int]] = {}
        for id_, key in self._current(self.rows[places]).items():
            found.setdefault(key, []).append(id_)
        return {key: found[key] for key in keys if key in found}

    def keys(self) -> dict[int, str]:
        """The key of each track, in no particular order.

        It may include tracks that have lost their key since the rows were stored.
        """
        keys = (key.decode("utf-8", "surrogatepass") for key in self.rows["key"].tolist())
        return dict(zip(self.rows["id"].tolist(), keys, strict=True))

    def first(self, count: int, embedded: Callable[[list[str]], set[str]]) -> list[str]:
        """Return the first `count` recordings, in the order of their keys, of those that are `embedded`."""
        found: dict[str, None] = {}
        step = count + count // 8 + 1  # some may not be embedded, or removed
        for start in range(0, len(self.rows), step):
            rows = self.rows[start : start + step]
            there = self._current(rows)
            known = embedded(list(set(there.values())))
            found |= dict.fromkeys(sorted(known.intersection(there.values())))
            if len(found) >= count:
                break
        return list(found)[:count]

    def _current(self, rows: np.ndarray) -> dict[int, str]:
        """Return the key of each of these tracks that still has it, in the order of the ids."""
        before = {id_: key for key, id_ in rows.tolist()}
        return {id_: key for id_, key in self.library.recordings(list(before)).items() if _stored(key) == before[id_]}


class _Kept(NamedTuple):
    """The content of the file: rows as in `Recordings`, and the library's bookmark at that time."""

    rows: np.ndarray
    bookmark: dict[str, Any]


def open_recordings(library: Library) -> Recordings:
    """Return the current recordings of a library. If the folder cannot be written, only time is lost."""
    kept = _read(recordings_path(library))
    changed = library.changed_since(kept.bookmark) if kept else None
    if kept is None or changed is None or len(changed) > RENEWED:
        return renew_recordings(library)
    return Recordings(library, _changed(kept.rows, changed, library.recordings(changed)) if changed else kept.rows)


def renew_recordings(library: Library) -> Recordings:
    """Return the same as `open_recordings`, with all keys read from the library.

    This also finds what no bookmark tells: tracks that a backup has restored, which were gone when the keys were stored.
    """
    # Before reading the rows: changes that happen meanwhile are seen twice, not missed.
    bookmark = library.bookmark()
    rows = _rows(library.recordings())
    if len(rows) >= CACHED_FROM:
        with contextlib.suppress(OSError):
            _write(recordings_path(library), rows, bookmark)
    return Recordings(library, rows)


def _stored(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _rows(recordings: Mapping[int, str]) -> np.ndarray:
    """Return (n,) key and id of tracks, in the order of the keys."""
    whole = {id_: _stored(key) for id_, key in recordings.items() if len(key) <= LONGEST_KEY and "\0" not in key}
    rows = np.empty(len(whole), _row_type(max(map(len, whole.values()), default=1)))
    rows["key"], rows["id"] = list(whole.values()), list(whole)
    return rows[np.argsort(rows["key"], kind="stable")]


def _row_type(width: int) -> np.dtype:
    return np.dtype([("key", f"S{max(width, 1)}"), ("id", "<i8")])


def _changed(rows: np.ndarray, changed: Iterable[int], recordings: Mapping[int, str]) -> np.ndarray:
    """Return the rows, with the current keys of some tracks in place of their old ones."""
    new = _rows(recordings)
    type_ = _row_type(max(rows.dtype["key"].itemsize, new.dtype["key"].itemsize))
    others = rows[~np.isin(rows["id"], list(changed))].astype(type_)
    return np.insert(others, np.searchsorted(others["key"], new["key"]), new.astype(type_))


def _read(path: Path) -> _Kept | None:
    """Return the content of the file; None if it is missing or damaged."""
    try:
        with open_regular(path) as file:
            digest, data = file.read(DIGEST), file.read()
        if _digest(data) != digest:
            return None
        end = data.index(b"\n") + 1
        made = json.loads(data[:end])
        if made["version"] != VERSION:
            return None
        return _Kept(np.frombuffer(data, _row_type(made["width"]), offset=end), made["bookmark"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write(path: Path, rows: np.ndarray, bookmark: dict[str, Any]) -> None:
    made = {"version": VERSION, "width": rows.dtype["key"].itemsize, "bookmark": bookmark}
    data = json.dumps(made).encode() + b"\n" + rows.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(_digest(data) + data)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=DIGEST).digest()

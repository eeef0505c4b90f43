"""The port to a music library: what a playlist needs to ask of it, and what it must be able to keep.

`FolderLibrary` (deejai_core/folder/library.py) is one over a folder of files, `beetsplug.deejai` has one over beets.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np

from deejai_core.formats.entries import Track
from deejai_core.words import one_line

if TYPE_CHECKING:
    from deejai_core.tracks.songs import Catalogue

Kind = Literal["track", "album"]

UNIT_TOLERANCE = 1e-3  # of a vector's squared length


@dataclass(frozen=True)
class Album:
    """An album of a library."""

    name: str  # artist and title, on one line
    tracks: tuple[int, ...]  # ids, in the order in which they are played


def album_name(artist: str | None, title: str | None) -> str:
    """Return what an album is called, on one line."""
    return " - ".join(filter(None, (one_line(artist or ""), one_line(title or ""))))


class Rows(NamedTuple):
    """Vectors as a library keeps them, in the order of their tracks' ids.

    mark: a number that the library gives a vector when it is written and that no later one of the same track has.
    """

    ids: np.ndarray  # (n,) int64
    marks: np.ndarray  # (n,) int64, positive
    vectors: np.ndarray  # (n, dimension) float32 of unit length

    @classmethod
    def whole(cls, ids: Sequence[int], marks: Sequence[int], data: bytes | bytearray, dimension: int) -> Rows:
        """Those rows whose vector has unit length: what has not was damaged by somebody. data: little-endian float32."""
        vectors = np.frombuffer(data, "<f4").reshape(-1, dimension).astype(np.float32, copy=False)
        rows = cls(np.array(ids, np.int64), np.array(marks, np.int64), vectors)
        unit = np.abs(np.einsum("ij,ij->i", vectors, vectors) - 1) < UNIT_TOLERANCE
        order = np.argsort(rows.ids, kind="stable")
        order = order[unit[order]]
        in_order = np.array_equal(order, np.arange(len(rows.ids)))
        return rows if in_order else cls(*(column[order] for column in rows))


class Kept(NamedTuple):
    """What became of vectors that were to be kept: ids of tracks that have theirs now, and of those that had another."""

    current: set[int]
    changed: set[int]


class Names(NamedTuple):
    """What a track is found by. Texts may be empty."""

    id: int
    title: str
    artist: str
    album: str
    album_artist: str


class Library(Protocol):
    """A music library. Every method may raise LibraryError or StoreError: it is busy, damaged or cannot be written.

    Tracks and albums have positive numbers as ids. The id of a track that was removed may be another's later, so what is
    kept for a track names its file or its recording as well. Methods that get ids leave out those that are gone. A
    recording is known by its audio key, see `deejai_core.audio.identity`. Several threads may read at once.
    """

    folder: Path  # where deejai keeps what it knows of this library: slices, index, history
    music_folder: Path  # what relative names in playlists start from

    def is_empty(self) -> bool:
        """Return whether there is no track."""

    def count(self) -> int:
        """Return how many tracks there are."""

    def stamp(self) -> Hashable:
        """Return what changes whenever anything in the library does. Raises nothing, and takes no time."""

    def ids(self, kind: Kind = "track") -> list[int]:
        """Return the ids of all tracks, or albums, in order."""

    def tracks(self, ids: Iterable[int]) -> dict[int, Track]:
        """Return tracks by id, in the order in which they were asked for."""

    def albums(self, ids: Iterable[int]) -> dict[int, Album]:
        """Return albums by id, in the order in which they were asked for."""

    def albums_of(self, ids: Iterable[int]) -> dict[int, int]:
        """Return the album of each of these tracks that is on one."""

    def find(self, query: str, kind: Kind = "track") -> list[int]:
        """Return what a query finds, in the library's order; all if empty. Raises QueryError for text that is none."""

    def matching(self, query: str, kind: Kind = "track") -> set[int]:
        """Return the same in no order, which may be many times faster where it finds much."""

    def titled(self, title: str, kind: Kind = "track") -> list[int]:
        """Return the tracks, or albums, of exactly this title, whatever its case."""

    def by_artist(self, name: str) -> list[int]:
        """Return the tracks by an artist of exactly this name, whatever its case."""

    def titles(self, kind: Kind, shortest: int, longest: int, most: int) -> list[str]:
        """Return up to `most` different titles of so many characters, for a hint about one that was misspelt."""

    def names(self) -> list[Names]:
        """Return what all tracks are found by, those of an album in the order in which they are played."""

    def at(self, paths: Sequence[Path]) -> dict[Path, int]:
        """Return the tracks of files, by absolute path; also through links, and in another Unicode normalisation."""

    def paths(self) -> dict[int, Path]:
        """Return where the file of each track lies, as an absolute path."""

    def files(self) -> dict[int, bytes]:
        """Return the absolute path of each track's file as the system's bytes, in the order of the ids; empty for none.

        As `paths`, but of plain values, since there may be very many.
        """

    def cover(self, id_: int) -> Path | None:
        """Return the picture that lies beside the file of a track, or that is its album's, if there is one."""

    def columns(self, ids: Sequence[int], kind: Kind = "track", *, plays: bool = False) -> Catalogue:
        """Return what rules know of tracks or albums, in the order of `ids`. plays: what was played and skipped, too.

        A track that is gone has empty values.
        """

    def columns_with_marks(self, ids: Sequence[int]) -> tuple[Catalogue, np.ndarray]:
        """Return the same of a few tracks, without what was played, and (n,) int64 marks of their vectors, 0 for none."""

    def field(self, name: str, ids: Collection[int] | None = None) -> dict[int, Any]:
        """Return a field of these tracks, or of all, that have it: one of the library's own, or that `keep_field` wrote.

        Several values are one text, with "; " between them. The number 0, and nothing, is none.
        """

    def fields(self, names: Sequence[str], ids: Collection[int] | None = None) -> dict[str, dict[int, Any]]:
        """Return several fields by name, each as `field` does; what lies together is read together."""

    def has_field(self, name: str) -> bool:
        """Return whether any track has a field that `keep_field` wrote."""

    def keep_field(self, name: str, values: Mapping[int, Any], recordings: Mapping[int, str]) -> int:
        """Write text to a field of ours, of tracks that still have these recordings; returns how many. None removes it."""

    def recordings(self, ids: Collection[int] | None = None) -> dict[int, str]:
        """Return the audio key of each of these tracks, or of all, that has one, in the order of the ids."""

    def keep_recording(self, id_: int, path: Path, key: str) -> bool | None:
        """Note which recording the file of a track holds. If that is another one than before, its vector and tags go.

        Returns whether the track has a vector now; None if it is gone, or its file another one.
        """

    def vectors(self, model: str, dimension: int, ids: Collection[int] | None = None) -> Rows:
        """Return the vectors of a model, of these tracks or all. A damaged one counts as none."""

    def models(self) -> dict[str, int]:
        """Return how many tracks have a vector of each model."""

    def keep_vectors(self, model: str, vectors: Mapping[int, np.ndarray], recordings: Mapping[int, str]) -> Kept:
        """Write vectors of a model, (dimension,) each, to tracks that still have these recordings.

        Only those that differ are written. In few steps that are whole: a kill leaves each track with its old or new one.
        """

    def unusable_vectors(self, model: str, dimension: int) -> dict[int, str]:
        """Return the tracks whose vector is damaged or not of this model, and which model's it is; "" if of none."""

    def drop_vectors(self, ids: Iterable[int]) -> None:
        """Remove the vectors of these tracks."""

    def bookmark(self, *, removals: bool = False) -> dict[str, Any]:
        """Return what tells `changed_since` later what has changed; it can be written as JSON.

        removals: whether it is to tell of tracks that are removed, too, which may take longer. One without them may be put
        over an older one with them, as dictionaries are joined: that tells of all removals of which `changed_since` has not
        told by the older one.
        """

    def changed_since(self, bookmark: Mapping[str, Any], *, removals: bool = False) -> list[int] | None:
        """Return the ids of tracks whose vectors or recordings came or changed since; None if that cannot be told.

        removals: those of tracks that lost theirs, too, or were removed; None if they cannot be named.
        """

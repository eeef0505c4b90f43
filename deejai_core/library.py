"""The port to a music library: what lists need to read from it, and what it must be able to store.

`FolderLibrary` (deejai_core/folder/library.py) implements it over a folder of files, `beetsplug.deejai` over beets.
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

UNIT_TOLERANCE = 1e-3  # tolerance for a vector's squared length


@dataclass(frozen=True)
class Album:
    """An album of a library."""

    name: str  # artist and title, on one line
    tracks: tuple[int, ...]  # ids, in playing order


def album_name(artist: str | None, title: str | None) -> str:
    """Return the name of an album, on one line."""
    return " - ".join(filter(None, (one_line(artist or ""), one_line(title or ""))))


class Rows(NamedTuple):
    """Vectors as a library stores them, in the order of their tracks' ids.

    marks: numbers that the library gives to vectors when they are written; no later vector of the same track has the same
    one.
    """

    ids: np.ndarray  # (n,) int64
    marks: np.ndarray  # (n,) int64, positive
    vectors: np.ndarray  # (n, dimension) float32 of unit length

    @classmethod
    def whole(cls, ids: Sequence[int], marks: Sequence[int], data: bytes | bytearray, dimension: int) -> Rows:
        """Return the rows whose vector has unit length: others have been damaged. data: little-endian float32."""
        vectors = np.frombuffer(data, "<f4").reshape(-1, dimension).astype(np.float32, copy=False)
        rows = cls(np.array(ids, np.int64), np.array(marks, np.int64), vectors)
        unit = np.abs(np.einsum("ij,ij->i", vectors, vectors) - 1) < UNIT_TOLERANCE
        order = np.argsort(rows.ids, kind="stable")
        order = order[unit[order]]
        in_order = np.array_equal(order, np.arange(len(rows.ids)))
        return rows if in_order else cls(*(column[order] for column in rows))


class Kept(NamedTuple):
    """The result of storing vectors: ids of tracks that have theirs now, and of those of them that had another one."""

    current: set[int]
    changed: set[int]


class Names(NamedTuple):
    """The names by which a track is found. Texts may be empty."""

    id: int
    title: str
    artist: str
    album: str
    album_artist: str


class Library(Protocol):
    """A music library. Every method may raise LibraryError or StoreError: it is busy, damaged or cannot be written.

    Tracks and albums have positive numbers as ids. The id of a removed track may be reused, so data stored for a track also
    names its file or its recording. Methods that take ids leave out those that no longer exist. A recording is identified
    by its audio key, see `deejai_core.audio.identity`. Several threads may read at once.
    """

    folder: Path  # where deejai stores its data about this library: slices, index, history
    music_folder: Path  # where relative names in playlists start

    def is_empty(self) -> bool:
        """Return whether there are no tracks."""

    def count(self) -> int:
        """Return the number of tracks."""

    def stamp(self) -> Hashable:
        """Return a value that changes whenever anything in the library does. Raises nothing, and takes no time."""

    def ids(self, kind: Kind = "track") -> list[int]:
        """Return the ids of all tracks, or albums, in order."""

    def tracks(self, ids: Iterable[int]) -> dict[int, Track]:
        """Return tracks by id, in the order of the arguments."""

    def albums(self, ids: Iterable[int]) -> dict[int, Album]:
        """Return albums by id, in the order of the arguments."""

    def albums_of(self, ids: Iterable[int]) -> dict[int, int]:
        """Return the album of each of these tracks that is on one."""

    def find(self, query: str, kind: Kind = "track") -> list[int]:
        """Return the matches of a query, in the library's order; everything if it is empty.

        Raises QueryError if it is not valid.
        """

    def matching(self, query: str, kind: Kind = "track") -> set[int]:
        """Return the same in no particular order, which may be many times faster if there are many matches."""

    def titled(self, title: str, kind: Kind = "track") -> list[int]:
        """Return the tracks, or albums, with exactly this title, whatever its case."""

    def by_artist(self, name: str) -> list[int]:
        """Return the tracks by an artist with exactly this name, whatever its case."""

    def titles(self, kind: Kind, shortest: int, longest: int, most: int) -> list[str]:
        """Return up to `most` different titles of this length in characters, for suggestions about misspelt ones."""

    def names(self) -> list[Names]:
        """Return the names by which all tracks are found, those of an album in playing order."""

    def at(self, paths: Sequence[Path]) -> dict[Path, int]:
        """Return the tracks of files, by absolute path; also through links, and in another Unicode normalisation."""

    def paths(self) -> dict[int, Path]:
        """Return the absolute path of each track's file."""

    def files(self) -> dict[int, bytes]:
        """Return the absolute path of each track's file as the system's bytes, in the order of the ids; or empty.

        Like `paths`, but with plain values, since there may be very many.
        """

    def cover(self, id_: int) -> Path | None:
        """Return the picture beside the file of a track, or that of its album, if there is one."""

    def columns(self, ids: Sequence[int], kind: Kind = "track", *, plays: bool = False) -> Catalogue:
        """Return the data of tracks or albums that rules use, in the order of `ids`. plays: include plays and skips.

        A track that no longer exists has empty values.
        """

    def columns_with_marks(self, ids: Sequence[int]) -> tuple[Catalogue, np.ndarray]:
        """Return the same for a few tracks, without plays, and (n,) int64 marks of their vectors, 0 for none."""

    def field(self, name: str, ids: Collection[int] | None = None) -> dict[int, Any]:
        """Return a field of these tracks, or of all, that have it: the library's own, or one that `keep_field` wrote.

        Several values are one text, separated by "; ". The number 0 and an empty text count as missing.
        """

    def fields(self, names: Sequence[str], ids: Collection[int] | None = None) -> dict[str, dict[int, Any]]:
        """Return several fields by name, each as `field` does; what is stored together is read together."""

    def has_field(self, name: str) -> bool:
        """Return whether any track has a field that `keep_field` wrote."""

    def keep_field(self, name: str, values: Mapping[int, Any], recordings: Mapping[int, str]) -> int:
        """Write a text to a field of deejai's, for tracks that still have these recordings; return their number.

        None removes it.
        """

    def recordings(self, ids: Collection[int] | None = None) -> dict[int, str]:
        """Return the audio key of each of these tracks, or of all, that have one, in the order of the ids."""

    def keep_recording(self, id_: int, path: Path, key: str) -> bool | None:
        """Store which recording the file of a track contains.

        If it was a different one before, vector and tags are removed.

        Returns whether the track has a vector now; None if the track no longer exists, or its file is another one.
        """

    def vectors(self, model: str, dimension: int, ids: Collection[int] | None = None) -> Rows:
        """Return the vectors of a model, of these tracks or all. A damaged one counts as missing."""

    def models(self) -> dict[str, int]:
        """Return how many tracks have a vector of each model."""

    def keep_vectors(self, model: str, vectors: Mapping[int, np.ndarray], recordings: Mapping[int, str]) -> Kept:
        """Write vectors of a model, (dimension,) each, to tracks that still have these recordings.

        Only those that differ are written, in a few atomic steps: after a kill, each track has its old or its new vector.
        """

    def unusable_vectors(self, model: str, dimension: int) -> dict[int, str]:
        """Return the tracks whose vector is damaged or not of this model, and the name of its model; "" if it has none."""

    def drop_vectors(self, ids: Iterable[int]) -> None:
        """Remove the vectors of these tracks."""

    def bookmark(self, *, removals: bool = False) -> dict[str, Any]:
        """Return a value from which `changed_since` can later find changes; it can be written as JSON.

        removals: include what is needed to find removed tracks, which may take longer. A bookmark without it may be merged
        into an older one with it, as dictionaries are: the result covers all removals that `changed_since` has not reported
        for the older one.
        """

    def changed_since(self, bookmark: Mapping[str, Any], *, removals: bool = False) -> list[int] | None:
        """Return the ids of tracks whose vectors or recordings were added or changed since; None if that is unknown.

        removals: also those of tracks that lost theirs, or were removed; None if these cannot be named.
        """

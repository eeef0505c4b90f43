"""The songs of a list so far, as rules see them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deejai_core.tracks.songs import Song, TrackColumns


class Lineup:
    """The songs of a list so far, at their places.

    A place is a number; two songs with n others between them are n + 1 apart. A song may also be held without a place: then
    it is only not picked again.

    songs: by place. names, vectors: of all songs that are held. artists, albums: the places of each.
    """

    def __init__(self, catalogue: TrackColumns, read: Callable[[np.ndarray], np.ndarray]) -> None:
        self.catalogue = catalogue
        self.read = read  # (n,) positions of the catalogue's tracks -> (n, dimension) their vectors
        self.songs: dict[int, Song] = {}
        self.names: set[str] = set()
        self.vectors: list[np.ndarray] = []
        self.artists: dict[str, list[int]] = {}
        self.albums: dict[str, list[int]] = {}
        self._positions: set[int] = set()
        self._copies: set[bytes] = set()

    def add(self, song: Song, place: int | None) -> None:
        if song.position is not None:
            self._positions.add(song.position)
        self._copies.add(song.vector.tobytes())
        self.names |= song.names
        self.vectors.append(song.vector)
        if place is not None:
            self.songs[place] = song
            self.artists.setdefault(song.artist, []).append(place)
            self.albums.setdefault(song.album, []).append(place)

    def repeats(self, song: Song) -> bool:
        """Return whether a song, or an exact copy of it, is held already."""
        return song.position in self._positions or song.vector.tobytes() in self._copies

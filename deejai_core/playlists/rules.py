"""The rules of a playlist: what may not be picked for a place in it, and which of them give way first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deejai_core.tracks.songs import Known, Song

ONCE = math.inf  # as a separation: one track of each artist (or album) and no more
MILD = 2  # other tracks between two of an artist, where others sound nearly as much alike: see docs/benchmarks.md
MILD_LOSS = 0.1  # the similarity that this is worth

TEMPO_TOLERANCE = 0.08  # what a DJ's pitch fader bridges; half and double time count as the same tempo

# Rules that give way when no track keeps them all: the first is dropped first, then the second too, and so on. Each with
# what is said of a track that does not keep it.
RELAXATION = {
    "mix_in_key": "its tempo or key does not fit",
    "not_played": "it was played too recently",
    "album_separation": "it is too close to another track of its album",
    "artist_separation": "it is too close to another track by its artist",
    "length": "it is too long or too short",
    "versions": "it is a version of a song in the list",
}
OF_THE_TRACK = frozenset({"not_played", "length"})  # rules that look at nothing but the track itself


@dataclass(frozen=True)
class RuleSet:
    """What a playlist may hold. The same track, or an exact copy of one, never comes twice; that is no matter of rules."""

    artist_separation: float = 0  # other tracks that must lie between two of an artist; ONCE: no second one
    album_separation: float = 0
    min_length: float = 0.0  # seconds
    max_length: float = math.inf
    fold_versions: bool = False  # versions and near-duplicates are one song, and no song comes twice
    duplicate_epsilon: float = 0.0  # cosine distance below which two tracks are near-duplicates; 0: none are
    not_played_since: float | None = None  # seconds since 1970
    mix_in_key: bool = False  # tempo and key close to those of the neighbours in the list, where they are known
    mild_separation: int = 0  # other tracks between two of an artist in a walk, unless they are less similar by `mild_loss`
    mild_loss: float = MILD_LOSS

    @cached_property
    def active(self) -> tuple[str, ...]:
        """The rules in force, by name, the first to give way first."""
        in_force = {
            "mix_in_key": self.mix_in_key,
            "not_played": self.not_played_since is not None,
            "album_separation": self.album_separation > 0,
            "artist_separation": self.artist_separation > 0,
            "length": self.min_length > 0 or self.max_length < math.inf,
            "versions": self.fold_versions or self.duplicate_epsilon > 0,
        }
        return tuple(name for name in RELAXATION if in_force[name])


class Lineup:
    """The songs that have their place in a list so far, and what they rule out for the other places.

    A place is a number; two songs with n others between them are n + 1 apart. A song may also be held without a place: then
    it is only kept from coming again.
    """

    def __init__(self, rules: RuleSet, catalogue: Known, read: Callable[[np.ndarray], np.ndarray]) -> None:
        self.rules = rules
        self.catalogue = catalogue
        self.read = read  # (n,) positions of the catalogue's tracks -> (n, dimension) their vectors
        self.songs: dict[int, Song] = {}
        self._positions: set[int] = set()
        self._copies: set[bytes] = set()
        self._names: set[str] = set()
        self._vectors: list[np.ndarray] = []
        self._artists: dict[str, list[int]] = {}
        self._albums: dict[str, list[int]] = {}

    def add(self, song: Song, place: int | None) -> None:
        if song.position is not None:
            self._positions.add(song.position)
        self._copies.add(song.vector.tobytes())
        self._names |= song.names
        self._vectors.append(song.vector)
        if place is not None:
            self.songs[place] = song
            self._artists.setdefault(song.artist, []).append(place)
            self._albums.setdefault(song.album, []).append(place)

    def repeats(self, song: Song) -> bool:
        """Whether a song is held already, or an exact copy of it."""
        return song.position in self._positions or song.vector.tobytes() in self._copies

    def excluded(self, rule: str, positions: np.ndarray, place: int) -> np.ndarray:
        """Which of the tracks at these positions the rule excludes from a place, (n,) bool.

        Of the rule "versions" only what the vectors tell; names are for `same_song`.
        """
        catalogue, rules = self.catalogue, self.rules
        catalogue.load(positions)
        if rule == "length":
            length = catalogue.length[positions]
            return (length < rules.min_length) | (length > rules.max_length)
        if rule == "not_played":
            return np.zeros(len(positions), bool) if catalogue.played_at is None else self._played(positions)
        if rule == "artist_separation":
            return self._too_close(positions, place, rules.artist_separation, self._artists, *catalogue.artist_codes)
        if rule == "mild_separation":
            return self._too_close(positions, place, rules.mild_separation, self._artists, *catalogue.artist_codes)
        if rule == "album_separation":
            return self._too_close(positions, place, rules.album_separation, self._albums, *catalogue.album_codes)
        if rule == "mix_in_key":
            return self._clash(positions, place)
        if not rules.duplicate_epsilon or not self._vectors:
            return np.zeros(len(positions), bool)
        return (self.read(positions) @ np.stack(self._vectors).T).max(axis=1) > 1 - rules.duplicate_epsilon

    def same_song(self, position: int) -> bool:
        """Whether a version of this track is held already, by its names."""
        return self.rules.fold_versions and not self._names.isdisjoint(self.catalogue.names(position))

    def broken(self, song: Song, place: int, rules: Iterable[str]) -> tuple[str, ...]:
        """Those of the rules that a track of the index would break at a place."""
        positions = np.array([song.position])
        return tuple(
            rule
            for rule in rules
            if self.excluded(rule, positions, place)[0] or (rule == "versions" and self.same_song(song.position))
        )

    def _played(self, positions: np.ndarray) -> np.ndarray:
        played_at = self.catalogue.played_at[positions]
        return (played_at > 0) & (played_at > self.rules.not_played_since)

    def _too_close(self, positions, place, separation, places, codes, numbers) -> np.ndarray:
        """Whether another of the same artist, or album, has a place not farther than `separation` places off."""
        near = [
            numbers[name]
            for name, taken in places.items()
            if name in numbers and any(abs(place - other) <= separation for other in taken)
        ]
        return np.isin(codes[positions], near)

    def _clash(self, positions: np.ndarray, place: int) -> np.ndarray:
        clash = np.zeros(len(positions), bool)
        fifths, minor = (column[positions] for column in self.catalogue.keys)
        tempos = self.catalogue.tempos[positions]
        for neighbour in (self.songs.get(place - 1), self.songs.get(place + 1)):
            if neighbour is None:
                continue
            if neighbour.tempo > 0:
                octaves = np.log2(tempos / neighbour.tempo)
                off = np.abs(octaves - np.clip(np.round(octaves), -1, 1))
                clash |= off > math.log2(1 + TEMPO_TOLERANCE)  # False where unknown
            if neighbour.key:
                steps = (fifths - neighbour.key.fifths) % 12
                mixes = (steps == 0) | (np.isin(steps, (1, 11)) & (minor == neighbour.key.minor))
                clash |= (fifths >= 0) & ~mixes
        return clash

"""Other tracks between two by the same artist, or from the same album."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deejai_core.options.lists import MILD, Rules
from deejai_core.playlists.rules.lineup import Lineup
from deejai_core.playlists.rules.rule import Rule, RuleContext

MILD_SEPARATION = 2  # if others sound nearly as similar: see docs/benchmarks.md
MILD_LOSS = 0.1  # the similarity that a track then loses


@dataclass(frozen=True)
class Separation(Rule):
    """The common part of the rules about albums and artists: tracks of the same one are kept apart."""

    separation: float = 0  # other tracks between two of the same one; `ONCE`: no second one

    @property
    def is_active(self) -> bool:
        return self.separation > 0

    def excluded(self, lineup: Lineup, positions: np.ndarray, place: int) -> np.ndarray:
        taken, (codes, numbers) = self.groups(lineup)
        near = [
            numbers[name]
            for name, places in taken.items()
            if name in numbers and any(abs(place - other) <= self.separation for other in places)
        ]
        return np.isin(codes[positions], near)

    @abstractmethod
    def groups(self, lineup: Lineup) -> tuple[Mapping[str, Sequence[int]], tuple[np.ndarray, Mapping[str, int]]]:
        """Return the places that each artist or album has in a list, and the codes of all tracks, see `TrackColumns`."""


class AlbumSeparation(Separation):
    name = "album_separation"
    reason = "it is too close to another track of its album"
    allowed = "closer to another from the same album than you asked"
    columns = ("album_codes",)

    @classmethod
    def of_options(cls, rules: Rules, context: RuleContext) -> AlbumSeparation:
        return cls(rules.album_separation if context.kind == "track" else 0)

    def groups(self, lineup: Lineup) -> tuple[Mapping[str, Sequence[int]], tuple[np.ndarray, Mapping[str, int]]]:
        return lineup.albums, lineup.catalogue.album_codes


class ArtistSeparation(Separation):
    name = "artist_separation"
    reason = "it is too close to another track by its artist"
    allowed = "closer to another by the same artist than you asked"
    columns = ("artist_codes",)

    @classmethod
    def of_options(cls, rules: Rules, context: RuleContext) -> ArtistSeparation:
        return cls(0 if rules.artist_separation == MILD else rules.artist_separation)

    def groups(self, lineup: Lineup) -> tuple[Mapping[str, Sequence[int]], tuple[np.ndarray, Mapping[str, int]]]:
        return lineup.artists, lineup.catalogue.artist_codes


@dataclass(frozen=True)
class ArtistPenalty:
    """Not a rule, but a preference of walks: a track near to another one by its artist must be this much more similar."""

    separation: int = 0  # other tracks between two by the same artist
    cost: float = MILD_LOSS

    name = ArtistSeparation.name  # the name that reports use for a track that lost by it

    @classmethod
    def of_options(cls, rules: Rules, context: RuleContext) -> ArtistPenalty:
        return cls(MILD_SEPARATION if rules.artist_separation == MILD else 0)

    @property
    def is_active(self) -> bool:
        return self.separation > 0

    def loss(self, lineup: Lineup, position: int, place: int) -> float:
        """Return what to subtract from the similarity of a track at a place."""
        near = ArtistSeparation(self.separation).excluded(lineup, np.array([position]), place)
        return self.cost if near[0] else 0.0

"""Other tracks between two of an artist, or of an album."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deejai_core.playlists.options import MILD, Rules
from deejai_core.playlists.rules.lineup import Lineup
from deejai_core.playlists.rules.rule import Rule, Situation

MILD_SEPARATION = 2  # where others sound nearly as much alike: see docs/benchmarks.md
MILD_LOSS = 0.1  # the similarity that this is worth


@dataclass(frozen=True)
class AlbumSeparation(Rule):
    album_separation: float = 0  # other tracks that must lie between two of an album; `ONCE`: no second one

    name = "album_separation"
    reason = "it is too close to another track of its album"
    allowed = "closer to another from the same album than you asked"
    columns = ("album_codes",)

    @classmethod
    def asked(cls, rules: Rules, situation: Situation) -> dict[str, float]:
        return {"album_separation": rules.album_separation if situation.kind == "track" else 0}

    @property
    def in_force(self) -> bool:
        return self.album_separation > 0

    def excluded(self, lineup: Lineup, positions: np.ndarray, place: int) -> np.ndarray:
        return _too_close(positions, place, self.album_separation, lineup.albums, *lineup.catalogue.album_codes)


@dataclass(frozen=True)
class ArtistSeparation(Rule):
    artist_separation: float = 0  # other tracks that must lie between two of an artist; `ONCE`: no second one

    name = "artist_separation"
    reason = "it is too close to another track by its artist"
    allowed = "closer to another by the same artist than you asked"
    columns = ("artist_codes",)

    @classmethod
    def asked(cls, rules: Rules, situation: Situation) -> dict[str, float]:
        return {"artist_separation": 0 if rules.artist_separation == MILD else rules.artist_separation}

    @property
    def in_force(self) -> bool:
        return self.artist_separation > 0

    def excluded(self, lineup: Lineup, positions: np.ndarray, place: int) -> np.ndarray:
        return _too_close(positions, place, self.artist_separation, lineup.artists, *lineup.catalogue.artist_codes)


@dataclass(frozen=True)
class MildSeparation:
    """No rule, but a preference of walks: who is near to another track of its artist must be so much more similar."""

    mild_separation: int = 0  # other tracks between two of an artist
    mild_loss: float = MILD_LOSS

    name = ArtistSeparation.name  # which is what is said of a track that lost by it

    @classmethod
    def asked(cls, rules: Rules, situation: Situation) -> dict[str, Any]:
        return {"mild_separation": MILD_SEPARATION if rules.artist_separation == MILD else 0}

    @property
    def in_force(self) -> bool:
        return self.mild_separation > 0

    def loss(self, lineup: Lineup, position: int, place: int) -> float:
        """What to take off the similarity of a track at a place."""
        near = ArtistSeparation(self.mild_separation).excluded(lineup, np.array([position]), place)
        return self.mild_loss if near[0] else 0.0


def _too_close(
    positions: np.ndarray,
    place: int,
    separation: float,
    places: Mapping[str, Sequence[int]],
    codes: np.ndarray,
    numbers: Mapping[str, int],
) -> np.ndarray:
    """Whether another of the same artist, or album, has a place not farther than `separation` places off."""
    near = [
        numbers[name]
        for name, taken in places.items()
        if name in numbers and any(abs(place - other) <= separation for other in taken)
    ]
    return np.isin(codes[positions], near)

"""What can be asked of a list."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

SpaceName = Literal["sound", "track2vec"]

MILD: Literal["mild"] = "mild"  # an artist separation that gives way to similarity
ONCE = math.inf  # as a separation: no second track of an artist or album


@dataclass(frozen=True)
class Walk:
    """How a list goes on from its seeds, or from waypoint to waypoint.

    count: tracks after the seeds, or between two neighbouring waypoints. minutes: instead, how long the whole list is to
    be. keep_on: each track is near the sum of the last so many; 0: near the seeds. stay: weight of the seeds, 0 to 1,
    against 1 - `stay` for the last tracks. floor: the list ends where nothing is at least this similar; 0: never. drunk: 0
    goes straight, 1 in any direction. seed: of the random numbers; None: another one each time. list_seeds: whether the
    seeds are in the list.
    """

    count: int = 20
    minutes: float | None = None
    keep_on: int = 3
    stay: float = 0.4
    floor: float = 0.0
    drunk: float = 0.0
    seed: int | None = None
    list_seeds: bool = True

    @property
    def seconds(self) -> float | None:
        return self.minutes * 60 if self.minutes else None


@dataclass(frozen=True)
class Rules:
    """Which tracks a list may take, and which it prefers.

    candidates: a query; the list takes only what it finds. artist_separation, album_separation: other tracks between two of
    an artist or album; `ONCE`: no second one; `MILD`: two, unless others sound less alike. min_length, max_length: seconds.
    fold_versions: versions of a song and near-duplicates count as one song, and no song comes twice. duplicate_epsilon:
    cosine distance below which two tracks are near-duplicates; None: the model's own. not_played_days: none that was
    played in the last so many days. prefer_played, avoid_skipped: how much similarity a track loses that was never played,
    or is always skipped. mood: weights of tags. mix_in_key: tempo and key close from track to track. segue: of nearly equal
    tracks, the one that follows best. correct_hubs: tracks that are near to everything lose what they are near to
    everything.
    """

    candidates: str = ""
    artist_separation: float | Literal["mild"] = MILD
    album_separation: float = 0
    min_length: float = 0.0
    max_length: float = 600.0
    fold_versions: bool = True
    duplicate_epsilon: float | None = None
    not_played_days: float | None = None
    prefer_played: float = 0.0
    avoid_skipped: float = 0.0
    mood: tuple[tuple[str, float], ...] = ()
    mix_in_key: bool = False
    segue: bool = False
    correct_hubs: bool = True

    @property
    def ask_for_plays(self) -> bool:
        return bool(self.not_played_days or self.prefer_played or self.avoid_skipped)

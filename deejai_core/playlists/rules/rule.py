"""What a rule of a playlist is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deejai_core.library import Kind
from deejai_core.options.lists import Rules
from deejai_core.playlists.rules.lineup import Lineup


@dataclass(frozen=True)
class RuleContext:
    """What decides, beside what is asked, how strict a rule is.

    kind: of what a list holds. duplicate_epsilon: cosine distance below which two of them are near-duplicates, where
    nothing else is asked. now: seconds since 1970.
    """

    kind: Kind
    duplicate_epsilon: float
    now: float


@dataclass(frozen=True)
class Rule(ABC):
    """What may not be picked for a place in a list. Its fields say how strict it is; as they are by default, it is off."""

    name: ClassVar[str]
    reason: ClassVar[str]  # why a track that breaks it was not taken: a clause about "it"
    allowed: ClassVar[str]  # what is said of tracks that came although they break it, after "Allowed 2 tracks "
    columns: ClassVar[tuple[str, ...]] = ()  # of `TrackColumns`, that it looks at
    is_per_track: ClassVar[bool] = False  # whether it looks at the track alone, and not at the others of the list
    looks_at_neighbours: ClassVar[bool] = False  # whether two neighbours of one place can hardly both be pleased

    @classmethod
    @abstractmethod
    def of_options(cls, rules: Rules, context: RuleContext) -> Rule:
        """As a user asks for it."""

    @property
    @abstractmethod
    def is_active(self) -> bool: ...

    @abstractmethod
    def excluded(self, lineup: Lineup, positions: np.ndarray, place: int) -> np.ndarray:
        """Which of the tracks at these positions, which are loaded, may not stand at a place: (n,) bool."""

    def refuses(self, lineup: Lineup, position: int) -> bool:
        """Whether a track that is not excluded breaks it all the same: what is too slow to ask of more than a few."""
        return False

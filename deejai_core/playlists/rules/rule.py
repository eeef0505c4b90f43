"""The base class of rules."""

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
    """What determines how strict a rule is, besides the options.

    kind: of the list's members. duplicate_epsilon: cosine distance below which two are near-duplicates, unless an option
    sets it. now: seconds since 1970.
    """

    kind: Kind
    duplicate_epsilon: float
    now: float


@dataclass(frozen=True)
class Rule(ABC):
    """What may not be picked for a place in a list. Its fields set how strict it is; with their defaults, it is off."""

    name: ClassVar[str]
    reason: ClassVar[str]  # why a track that breaks it was not taken: a clause about "it"
    allowed: ClassVar[str]  # what remarks say about tracks that break it, after "Allowed 2 tracks "
    columns: ClassVar[tuple[str, ...]] = ()  # the columns of `TrackColumns` that it uses
    is_per_track: ClassVar[bool] = False  # whether it looks at single tracks, not at the others of the list
    looks_at_neighbours: ClassVar[bool] = False  # whether a track can hardly suit both its neighbours

    @classmethod
    @abstractmethod
    def of_options(cls, rules: Rules, context: RuleContext) -> Rule:
        """Return the rule for a user's options."""

    @property
    @abstractmethod
    def is_active(self) -> bool: ...

    @abstractmethod
    def excluded(self, lineup: Lineup, positions: np.ndarray, place: int) -> np.ndarray:
        """Return which of the tracks at these (loaded) positions may not stand at a place: (n,) bool."""

    def refuses(self, lineup: Lineup, position: int) -> bool:
        """Return whether a track that is not excluded breaks the rule: for checks that are too slow for many tracks."""
        return False

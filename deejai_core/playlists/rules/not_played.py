"""No track that was played recently."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deejai_core.options.lists import Rules
from deejai_core.playlists.rules.lineup import Lineup
from deejai_core.playlists.rules.rule import Rule, RuleContext

DAY = 24 * 60 * 60


@dataclass(frozen=True)
class NotPlayed(Rule):
    not_played_since: float | None = None  # seconds since 1970

    name = "not_played"
    reason = "it was played too recently"
    allowed = "played more recently than you asked"
    columns = ("played_at",)
    is_per_track = True

    @classmethod
    def of_options(cls, rules: Rules, context: RuleContext) -> NotPlayed:
        return cls(context.now - rules.not_played_days * DAY if rules.not_played_days else None)

    @property
    def is_active(self) -> bool:
        return self.not_played_since is not None

    def excluded(self, lineup: Lineup, positions: np.ndarray, place: int) -> np.ndarray:
        if lineup.catalogue.played_at is None:
            return np.zeros(len(positions), bool)
        played_at = lineup.catalogue.played_at[positions]
        return np.asarray((played_at > 0) & (played_at > self.not_played_since))

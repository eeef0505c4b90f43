"""One version of each song."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deejai_core.options.lists import Rules
from deejai_core.playlists.rules.lineup import Lineup
from deejai_core.playlists.rules.rule import Rule, RuleContext


@dataclass(frozen=True)
class Versions(Rule):
    fold_versions: bool = False  # versions and near-duplicates are one song, and no song comes twice
    duplicate_epsilon: float = 0.0  # cosine distance below which two tracks are near-duplicates; 0 for never

    name = "versions"
    reason = "it is a version of a song in the list"
    allowed = "of a song that is already in the list"
    columns = ("artist", "title", "recording")

    @classmethod
    def of_options(cls, rules: Rules, context: RuleContext) -> Versions:
        if context.kind != "track":  # albums have no versions
            return cls(rules.fold_versions)
        epsilon = context.duplicate_epsilon if rules.duplicate_epsilon is None else rules.duplicate_epsilon
        return cls(rules.fold_versions, epsilon)

    @property
    def is_active(self) -> bool:
        return self.fold_versions or self.duplicate_epsilon > 0

    def excluded(self, lineup: Lineup, positions: np.ndarray, place: int) -> np.ndarray:
        if not self.duplicate_epsilon or not lineup.vectors:
            return np.zeros(len(positions), bool)
        nearest: np.ndarray = (lineup.read(positions) @ np.stack(lineup.vectors).T).max(axis=1)
        return nearest > 1 - self.duplicate_epsilon

    def refuses(self, lineup: Lineup, position: int) -> bool:
        return self.fold_versions and not lineup.names.isdisjoint(lineup.catalogue.names(position))

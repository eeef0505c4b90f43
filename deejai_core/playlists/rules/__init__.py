"""The rules of lists: what may not be picked for a place, and which rules give way first.

A new rule is a class of its own and its place in `ORDER`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from deejai_core.options.lists import Rules
from deejai_core.playlists.rules.length import Length
from deejai_core.playlists.rules.lineup import Lineup
from deejai_core.playlists.rules.mix_in_key import MixInKey
from deejai_core.playlists.rules.not_played import NotPlayed
from deejai_core.playlists.rules.rule import Rule, RuleContext
from deejai_core.playlists.rules.separation import AlbumSeparation, ArtistPenalty, ArtistSeparation
from deejai_core.playlists.rules.versions import Versions

__all__ = ["BY_NAME", "ORDER", "PREFERENCES", "Length", "Lineup", "Rule", "RuleContext", "RuleSet"]

# If no track keeps all rules, the first one is dropped, then also the second, and so on.
ORDER: tuple[type[Rule], ...] = (MixInKey, NotPlayed, AlbumSeparation, ArtistSeparation, Length, Versions)
PREFERENCES = (ArtistPenalty,)
BY_NAME = {rule.name: rule for rule in ORDER}

AnyRule = TypeVar("AnyRule", bound=Rule)


@dataclass(frozen=True)
class RuleSet:
    """What a list may hold, and what it prefers.

    active: the rules in force, in the order in which they give way. preferences: those in force. The same track, or an
    exact copy of one, never comes twice; no rule is needed for that.
    """

    active: tuple[Rule, ...] = ()
    preferences: tuple[ArtistPenalty, ...] = ()

    @classmethod
    def of(cls, rules: Rules, context: RuleContext) -> RuleSet:
        """Return the rules for a user's options."""
        asked = [kind.of_options(rules, context) for kind in ORDER]
        rather = [kind.of_options(rules, context) for kind in PREFERENCES]
        return cls(tuple(rule for rule in asked if rule.is_active), tuple(one for one in rather if one.is_active))

    def get(self, kind: type[AnyRule]) -> AnyRule:
        """Return the rule of a kind; if none is in force, one that is off."""
        return next((rule for rule in self.active if isinstance(rule, kind)), kind())

    def broken(self, lineup: Lineup, position: int, place: int) -> tuple[str, ...]:
        """Return the rules in force that a track would break at a place, in the order in which they give way."""
        positions = np.array([position])
        return tuple(
            rule.name
            for rule in self.active
            if rule.excluded(lineup, positions, place)[0] or rule.refuses(lineup, position)
        )

    def dropped(self, broken: tuple[str, ...]) -> int:
        """Return how many rules, in order, gave way for a track that breaks these."""
        return max((self._levels[name] for name in broken), default=0)

    @cached_property
    def _levels(self) -> dict[str, int]:
        return {rule.name: level for level, rule in enumerate(self.active, 1)}

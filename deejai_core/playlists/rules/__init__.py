"""The rules of a playlist: what may not be picked for a place in it, and which of them give way first.

A new rule is a class of its own and its place in `ORDER`.
"""

from __future__ import annotations

from dataclasses import fields, make_dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from deejai_core.playlists.options import Rules
from deejai_core.playlists.rules.length import Length
from deejai_core.playlists.rules.lineup import Lineup
from deejai_core.playlists.rules.mix_in_key import MixInKey
from deejai_core.playlists.rules.not_played import NotPlayed
from deejai_core.playlists.rules.rule import Rule, Situation
from deejai_core.playlists.rules.separation import AlbumSeparation, ArtistSeparation, MildSeparation
from deejai_core.playlists.rules.versions import Versions

# When no track keeps all rules, the first one is dropped, then the second too, and so on.
ORDER: tuple[type[Rule], ...] = (MixInKey, NotPlayed, AlbumSeparation, ArtistSeparation, Length, Versions)
PREFERENCES = (MildSeparation,)
BY_NAME = {rule.name: rule for rule in ORDER}

Part = TypeVar("Part", bound=Rule | MildSeparation)

_Settings = make_dataclass(
    "_Settings",
    [(field.name, field.type, field.default) for part in (*ORDER, *PREFERENCES) for field in fields(part)],
    frozen=True,
    kw_only=True,
)


class RuleSet(_Settings):
    """What a playlist may hold: the fields of all rules and preferences, which by default leave each of them off.

    The same track, or an exact copy of one, never comes twice; that is no matter of rules.
    """

    @classmethod
    def of(cls, rules: Rules, situation: Situation) -> RuleSet:
        """The rules that a user asks for."""
        parts = (*ORDER, *PREFERENCES)
        return cls(**{name: value for part in parts for name, value in part.asked(rules, situation).items()})

    @cached_property
    def active(self) -> tuple[Rule, ...]:
        """The rules in force, the first to give way first."""
        return tuple(rule for rule in map(self.get, ORDER) if rule.in_force)

    @cached_property
    def preferences(self) -> tuple[MildSeparation, ...]:
        return tuple(preference for preference in map(self.get, PREFERENCES) if preference.in_force)

    def get(self, part: type[Part]) -> Part:
        """One of the rules or preferences, be it in force or not."""
        return part(**{field.name: getattr(self, field.name) for field in fields(part)})

    def broken(self, lineup: Lineup, position: int, place: int) -> tuple[str, ...]:
        """The names of those in force that a track would break at a place, the first to give way first."""
        positions = np.array([position])
        return tuple(
            rule.name
            for rule in self.active
            if rule.excluded(lineup, positions, place)[0] or rule.refuses(lineup, position)
        )

    def dropped(self, broken: tuple[str, ...]) -> int:
        """How many rules had to give way, in their order, for a track that breaks these."""
        return max((self._levels[name] for name in broken), default=0)

    @cached_property
    def _levels(self) -> dict[str, int]:
        return {rule.name: level for level, rule in enumerate(self.active, 1)}

"""Tracks that are neither too short nor too long."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from deejai_core.errors import OptionError
from deejai_core.options.lists import Rules
from deejai_core.playlists.rules.lineup import Lineup
from deejai_core.playlists.rules.rule import Rule, RuleContext
from deejai_core.words import clock


@dataclass(frozen=True)
class Length(Rule):
    min_length: float = 0.0  # seconds
    max_length: float = math.inf

    name = "length"
    reason = "it is too long or too short"
    allowed = "shorter or longer than you asked"
    columns = ("length",)
    is_per_track = True

    @classmethod
    def of_options(cls, rules: Rules, context: RuleContext) -> Length:
        if context.kind != "track":  # an album is longer than a track may be
            return cls()
        if rules.min_length > rules.max_length:
            problem = f"no track is at least {clock(rules.min_length)} and at most {clock(rules.max_length)} long"
            raise OptionError("min_length", f"{problem}; set max_length as well")
        return cls(rules.min_length, rules.max_length)

    @property
    def is_active(self) -> bool:
        return self.min_length > 0 or self.max_length < math.inf

    def excluded(self, lineup: Lineup, positions: np.ndarray, place: int) -> np.ndarray:
        length = lineup.catalogue.length[positions]
        return np.asarray((length < self.min_length) | (length > self.max_length))  # false if unknown

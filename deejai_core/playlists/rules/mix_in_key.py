"""Tempo and key that fit from track to track."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from deejai_core.options.lists import Rules
from deejai_core.playlists.rules.lineup import Lineup
from deejai_core.playlists.rules.rule import Rule, RuleContext

TEMPO_TOLERANCE = 0.08  # within the range of a DJ's pitch fader; half and double time count as the same tempo


@dataclass(frozen=True)
class MixInKey(Rule):
    mix_in_key: bool = False  # require tempo and key close to those of the neighbours in the list, if known

    name = "mix_in_key"
    reason = "its tempo or key does not fit"
    allowed = "outside the tempo or key you asked for"
    columns = ("keys", "tempos")
    looks_at_neighbours = True

    @classmethod
    def of_options(cls, rules: Rules, context: RuleContext) -> MixInKey:
        return cls(rules.mix_in_key and context.kind == "track")

    @property
    def is_active(self) -> bool:
        return self.mix_in_key

    def excluded(self, lineup: Lineup, positions: np.ndarray, place: int) -> np.ndarray:
        clash = np.zeros(len(positions), bool)
        fifths, minor = (column[positions] for column in lineup.catalogue.keys)
        tempos = lineup.catalogue.tempos[positions]
        for neighbour in (lineup.songs.get(place - 1), lineup.songs.get(place + 1)):
            if neighbour is None:
                continue
            if neighbour.tempo > 0:
                octaves = np.log2(tempos / neighbour.tempo)
                off = np.abs(octaves - np.clip(np.round(octaves), -1, 1))
                clash |= off > math.log2(1 + TEMPO_TOLERANCE)  # false if unknown
            if neighbour.key:
                steps = (fifths - neighbour.key.fifths) % 12
                mixes = (steps == 0) | (np.isin(steps, (1, 11)) & (minor == neighbour.key.minor))
                clash |= (fifths >= 0) & ~mixes
        return clash

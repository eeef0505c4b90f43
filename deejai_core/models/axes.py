"""Axes computed from several tags: how energetic a track is, how cheerful.

A tag's probability alone says little: a certain "sad" has 0.02, a certain "metal" 0.5. So each one counts by its order of
magnitude, in whole numbers, divided by its deviation in a broad collection of music; the sum is the track's score. The
level is the share of that collection with a lower score, so levels are spread evenly from 0 to 1 and never depend on a
library. All numbers are whole, because a database must compute exactly the same levels as Python and numpy.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

# no numpy here, as in `tag_set`

BENDS = ((100, 100), (1_000, 10), (10_000, 1))  # up to this many ten-thousandths, each one counts this much more
STEPS = 100  # levels are whole hundredths


@dataclass(frozen=True)
class Axis:
    """A scale between two opposites, such as calm and energetic.

    weights: by tag; other tags do not count. scores: those below which 0, 5, 10, ... 100 % of the broad collection are.
    """

    name: str
    weights: Mapping[str, int]
    scores: tuple[int, ...]

    def level(self, score: int) -> int:
        """Return the level of a score in hundredths, rounded."""
        width = STEPS // (len(self.scores) - 1)
        at = min(max(bisect_right(self.scores, score) - 1, 0), len(self.scores) - 2)
        low, high = self.scores[at], self.scores[at + 1]
        part = (2 * width * (min(max(score, low), high) - low) + high - low) // (2 * (high - low))
        return width * at + part

    def lowest(self, level: int) -> int:
        """Return the lowest score that has at least this level, 1 to 100 hundredths."""
        scores = range(self.scores[0], self.scores[-1] + 1)
        return scores[bisect_left(scores, level, key=self.level)]


def magnitude(tenthousandths: int) -> int:
    """Return a probability's order of magnitude: the range from 0.001 to 0.01 counts as much as that from 0.01 to 0.1."""
    return sum(factor * min(tenthousandths, bend) for bend, factor in BENDS)

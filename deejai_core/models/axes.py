"""Numbers that several tags say together: how energetic a track is, how cheerful.

A tag's probability says little by itself: a sure "sad" has 0.02, a sure "metal" 0.5. So each is taken by its order of
magnitude, in whole numbers, and divided by how much it varies in broad music; their sum is the track's score. The level is
the share of broad music with a lower score, so that levels spread evenly from 0 to 1 and never depend on a library. Whole
numbers throughout, since a database must come to the very same levels as Python and numpy do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

# No numpy here, as in `tag_set`.

BENDS = ((100, 100), (1_000, 10), (10_000, 1))  # up to so many ten-thousandths, each counts so much more
STEPS = 100  # levels are whole hundredths


@dataclass(frozen=True)
class Axis:
    """What lies between two opposites, such as calm and energetic.

    weights: by tag; the others count nothing. scores: those below which 0, 5, 10, ... 100 % of broad music lie.
    """

    name: str
    weights: Mapping[str, int]
    scores: tuple[int, ...]

    def level(self, score: int) -> int:
        """The level of a score in hundredths, rounded."""
        width = STEPS // (len(self.scores) - 1)
        at = min(max(bisect_right(self.scores, score) - 1, 0), len(self.scores) - 2)
        low, high = self.scores[at], self.scores[at + 1]
        part = (2 * width * (min(max(score, low), high) - low) + high - low) // (2 * (high - low))
        return width * at + part

    def lowest(self, level: int) -> int:
        """The lowest score that has at least this level, 1 to 100 hundredths."""
        scores = range(self.scores[0], self.scores[-1] + 1)
        return scores[bisect_left(scores, level, key=self.level)]


def magnitude(tenthousandths: int) -> int:
    """A probability by its order of magnitude: from 0.001 to 0.01 counts as much as from 0.01 to 0.1."""
    return sum(factor * min(tenthousandths, bend) for bend, factor in BENDS)

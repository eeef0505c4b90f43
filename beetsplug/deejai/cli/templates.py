"""What values of options may be, for confuse to check."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import confuse

from deejai_core.models.musicnn.tags import MSD_TAGS

HEAVIEST = 10  # weight of a tag in a mood; two already outweigh any similarity


class AtLeast(confuse.Integer):
    """A whole number not below a limit."""

    def __init__(self, lowest: int) -> None:
        super().__init__()
        self.lowest = lowest

    def convert(self, value: object, view: confuse.ConfigView) -> int:
        number = super().convert(value, view)
        if number != value:  # confuse would cut off a fraction
            self.fail(f"must be a whole number, not {value}", view)
        if number < self.lowest:
            self.fail(f"must be at least {self.lowest}, not {number}", view)
        return number


class Within(confuse.Number):
    """A number between two limits, or not below one."""

    def __init__(self, lowest: float, highest: float = math.inf) -> None:
        super().__init__()
        self.lowest = lowest
        self.highest = highest

    def convert(self, value: object, view: confuse.ConfigView) -> float:
        number = super().convert(value, view)
        if not (self.lowest <= number <= self.highest and number < math.inf):
            above = f"a finite number of at least {self.lowest}"
            limits = above if self.highest == math.inf else f"from {self.lowest} to {self.highest}"
            self.fail(f"must be {limits}, not {number:g}", view)
        return float(number)


class Epsilon(confuse.Number):
    """A cosine distance: the two ends, nothing alike and everything alike, would make all slices count the same."""

    @staticmethod
    def problem(number: float) -> str:
        """What is wrong with a number as an epsilon; empty: nothing."""
        return "" if 0 < number < 2 else f"must be between 0 and 2, not {number:g}"

    def convert(self, value: object, view: confuse.ConfigView) -> float:
        number = super().convert(value, view)
        if problem := self.problem(number):
            self.fail(problem, view)
        return float(number)


class Separation(confuse.Template):
    """A number of tracks, or "once", or another word that is allowed."""

    def __init__(self, *words: str) -> None:
        super().__init__()
        self.words = words

    def convert(self, value: object, view: confuse.ConfigView) -> float | str:
        word = str(value).lower()
        if word == "once":
            return math.inf
        if word in self.words:
            return word
        try:
            number = int(str(value))
        except ValueError:
            number = -1
        if number < 0:
            words = "".join(f", `{word}`" for word in self.words)
            self.fail(f"must be a number of tracks{words} or `once`, not {value!r}", view)
        return number


class Length(confuse.Template):
    """Seconds, or minutes and seconds (10:00), or hours too (1:10:00)."""

    def convert(self, value: object, view: confuse.ConfigView) -> float:
        try:
            parts = [float(part) for part in str(value).split(":")]
        except ValueError:
            parts = [math.nan]
        seconds = sum(part * 60**power for power, part in enumerate(reversed(parts)))
        if not 0 <= seconds < math.inf or len(parts) > 3:
            self.fail(f"must be a length such as 10:00, not {value!r}", view)
        return seconds


class Mood(confuse.Template):
    """Tags with weights: a mapping, or a list of TAG=WEIGHT as it is on the command line."""

    def convert(self, value: object, view: confuse.ConfigView) -> tuple[tuple[str, float], ...]:
        pairs = value.items() if isinstance(value, Mapping) else self._pairs(value, view)
        weights: dict[int, float] = {}
        for tag, weight in pairs:
            number = MSD_TAGS.number(str(tag))
            if number is None:
                self.fail(f"no tag is called {str(tag)!r}; choose one of: {', '.join(MSD_TAGS.close(str(tag)))}", view)
            weights[number] = self._weight(tag, weight, view)
        return tuple((MSD_TAGS.names[number], weights[number]) for number in sorted(weights) if weights[number])

    def _pairs(self, value: object, view: confuse.ConfigView) -> Iterator[tuple[str, str]]:
        """What the command line says; an empty text is no tag at all, and lifts what is configured."""
        for text in filter(None, value if isinstance(value, list) else [value]):
            tag, sign, weight = str(text).partition("=")
            if not sign:
                self.fail(f"must be tags with weights, such as happy=+0.5, not {str(text)!r}", view)
            yield tag, weight

    def _weight(self, tag: object, weight: object, view: confuse.ConfigView) -> float:
        try:
            number = math.nan if isinstance(weight, bool) else float(weight)
        except (TypeError, ValueError):
            number = math.nan
        if not abs(number) <= HEAVIEST:
            self.fail(f"the weight of {str(tag)!r} must be from -{HEAVIEST} to {HEAVIEST}, not {str(weight)!r}", view)
        return number

"""What a track sounds like in words: a numeric field for each tag and each axis, computed from the one that is stored.

SQLite reads it where it lies, so that a query builds no object for a track that does not match.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from beets.dbcore import types
from beets.dbcore.query import NumericQuery

from deejai_core.embedding.tag_digits import DIGITS, SCALE, decode, level, top_tags
from deejai_core.models.axes import BENDS, STEPS, Axis
from deejai_core.models.musicnn.tags import MSD_TAGS
from deejai_core.models.tag_set import plain_name

if TYPE_CHECKING:
    from beets.library import Item

# beets wants to know all fields before it knows which model is in use: they are those of the bundled one.
TAGS = MSD_TAGS
LENGTH = DIGITS * len(TAGS.names)  # of what is stored
TOP = "deejai_top_tags"
PREFIX = "deejai_"

NAMED_TOP = 3  # tags that `deejai_top_tags` names


def probability(number: int, item: Item) -> float | None:
    """How probable a tag is for a track; None for one without tags."""
    stored = item.get(TAGS.field, with_album=False)
    if not isinstance(stored, str) or len(stored) != LENGTH:
        return None
    digits = stored[DIGITS * number : DIGITS * (number + 1)]
    return int(digits) / SCALE if digits.isascii() and digits.isdigit() else None


def named_top_tags(item: Item) -> str | None:
    probabilities = decode(item.get(TAGS.field, with_album=False), TAGS)
    return ", ".join(tag for tag, _ in top_tags(probabilities, TAGS, NAMED_TOP)) if probabilities else None


class ProbabilityQuery(NumericQuery):
    """A range of a tag's probability, which SQLite reads out of the stored text."""

    def clause(self) -> tuple[str, Sequence[float]]:
        from .sql import attribute_clause

        number = TAGS.number(self.field_name.removeprefix(PREFIX))
        digits = f"substr(value, {DIGITS * number + 1}, {DIGITS})"
        # Divided, as `probability` does: a bound falls on the same side here and there.
        conditions, values = [f"length(value) = {LENGTH}", f"{digits} GLOB '{'[0-9]' * DIGITS}'"], []
        for bound, sign in ((self.point, "="), (self.rangemin, ">="), (self.rangemax, "<=")):
            if bound is not None:
                conditions.append(f"CAST({digits} AS INTEGER) / {float(SCALE)} {sign} ?")
                values.append(bound)
        return attribute_clause(TAGS.field, " AND ".join(conditions)), values

    def match(self, obj: Item) -> bool:
        """The same for one track, where another part of the query is beyond SQLite."""
        value = probability(TAGS.number(self.field_name.removeprefix(PREFIX)), obj)
        return value is not None and super().match({self.field_name: value})


def level_on(axis: Axis, item: Item) -> float | None:
    """How far up on an axis a track is; None for one without tags."""
    return level(item.get(TAGS.field, with_album=False), axis, TAGS)


class LevelQuery(NumericQuery):
    """A range of an axis, which SQLite works out from the stored text."""

    def clause(self) -> tuple[str, Sequence[int]]:
        from .sql import attribute_clause

        axis = AXES[self.field_name]
        terms = []
        for tag, weight in axis.weights.items():
            number = f"CAST(substr(value, {DIGITS * TAGS.number(tag) + 1}, {DIGITS}) AS INTEGER)"
            magnitude = " + ".join(f"{factor} * MIN({number}, {bend})" for bend, factor in BENDS)
            terms.append(f"{weight} * ({magnitude})")
        score = " + ".join(terms)
        wanted = [step for step in range(STEPS + 1) if self._holds(step / STEPS)]
        if not wanted:
            return "0", ()
        bounds = {f"{score} >= ?": axis.lowest(wanted[0])} if wanted[0] > 0 else {}
        bounds |= {f"{score} < ?": axis.lowest(wanted[-1] + 1)} if wanted[-1] < STEPS else {}
        conditions = [f"length(value) = {LENGTH}", "value NOT GLOB '*[^0-9]*'", *bounds]
        return attribute_clause(TAGS.field, " AND ".join(conditions)), list(bounds.values())

    def match(self, obj: Item) -> bool:
        """The same for one track, where another part of the query is beyond SQLite."""
        value = level_on(AXES[self.field_name], obj)
        return value is not None and self._holds(value)

    def _holds(self, value: float) -> bool:
        return super().match({self.field_name: value})


class Probability(types.NullFloat):
    """A number from 0 to 1 with two decimals; nothing at all for a track without tags."""

    query = ProbabilityQuery

    def __init__(self) -> None:
        super().__init__(digits=2)

    def format(self, value: float | None) -> str:
        return "" if value is None else super().format(value)


class Level(Probability):
    """The same of an axis."""

    query = LevelQuery


class Words(types.String):
    """Text that may be missing."""

    @property
    def null(self) -> None:
        return None


def field_of(tag: str) -> str:
    """The name of a tag's or axis' field."""
    return PREFIX + plain_name(tag)


TAG_FIELDS = [field_of(tag) for tag in TAGS.names]
AXES = {field_of(axis.name): axis for axis in TAGS.axes}

TAG_TYPES: dict[str, types.Type] = (
    {TAGS.field: Words(), TOP: Words()} | dict.fromkeys(TAG_FIELDS, Probability()) | dict.fromkeys(AXES, Level())
)
TAG_GETTERS: dict[str, Callable[[Item], object]] = (
    {TOP: named_top_tags}
    | {field: partial(probability, number) for number, field in enumerate(TAG_FIELDS)}
    | {field: partial(level_on, axis) for field, axis in AXES.items()}
)

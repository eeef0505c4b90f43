"""What a track sounds like in words: a numeric field for each tag and each axis, computed from the one that is stored.

SQLite reads it where it lies, so that a query builds no object for a track that does not match.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from beets.dbcore import types
from beets.dbcore.query import NumericQuery

from deejai_core.embedding.tag_digits import DIGITS, SCALE, level, top_tags
from deejai_core.models.axes import BENDS, STEPS, Axis
from deejai_core.models.musicnn.tags import BUNDLED_TAGS
from deejai_core.models.tag_set import TagSet, plain_name

if TYPE_CHECKING:
    from beets.library import Item

# beets wants to know all fields before it knows which model is in use: they are those of the bundled one.
TAGS = BUNDLED_TAGS
TOP = "deejai_top_tags"
PREFIX = "deejai_"

NAMED_TOP = 3  # tags that `deejai_top_tags` names


def _place(number: int) -> tuple[TagSet, int, int]:
    """The set that a tag belongs to, the length of what is stored of it, and where in that the tag's digits begin."""
    set_, place = TAGS.places[number]
    tag_set = TAGS.sets[set_]
    return tag_set, DIGITS * len(tag_set.names), DIGITS * place


def probability(number: int, item: Item) -> float | None:
    """How probable a tag is for a track; None for one without tags."""
    tag_set, length, first = _place(number)
    stored = item.get(tag_set.field, with_album=False)
    if not isinstance(stored, str) or len(stored) != length:
        return None
    digits = stored[first : first + DIGITS]
    return int(digits) / SCALE if digits.isascii() and digits.isdigit() else None


def named_top_tags(item: Item) -> str | None:
    top = top_tags(lambda field: item.get(field, with_album=False), TAGS, NAMED_TOP)
    return ", ".join(tag for tag, _ in top) or None


class ProbabilityQuery(NumericQuery):
    """A range of a tag's probability, which SQLite reads out of the stored text."""

    def clause(self) -> tuple[str, Sequence[float]]:
        from .sql import attribute_clause

        tag_set, length, first = _place(NUMBERS[self.field_name])
        digits = f"substr(value, {first + 1}, {DIGITS})"
        # Divided, as `probability` does: a bound falls on the same side here and there.
        conditions, values = [f"length(value) = {length}", f"{digits} GLOB '{'[0-9]' * DIGITS}'"], []
        for bound, sign in ((self.point, "="), (self.rangemin, ">="), (self.rangemax, "<=")):
            if bound is not None:
                conditions.append(f"CAST({digits} AS INTEGER) / {float(SCALE)} {sign} ?")
                values.append(bound)
        return attribute_clause(tag_set.field, " AND ".join(conditions)), values

    def match(self, obj: Item) -> bool:
        """The same for one track, where another part of the query is beyond SQLite."""
        value = probability(NUMBERS[self.field_name], obj)
        return value is not None and super().match({self.field_name: value})


def level_on(axis: Axis, tag_set: TagSet, item: Item) -> float | None:
    """How far up on an axis of a set a track is; None for one without tags."""
    return level(item.get(tag_set.field, with_album=False), axis, tag_set)


class LevelQuery(NumericQuery):
    """A range of an axis, which SQLite works out from the stored text."""

    def clause(self) -> tuple[str, Sequence[int]]:
        from .sql import attribute_clause

        axis, tag_set = AXES[self.field_name]
        terms = []
        for tag, weight in axis.weights.items():
            number = f"CAST(substr(value, {DIGITS * tag_set.names.index(tag) + 1}, {DIGITS}) AS INTEGER)"
            magnitude = " + ".join(f"{factor} * MIN({number}, {bend})" for bend, factor in BENDS)
            terms.append(f"{weight} * ({magnitude})")
        score = " + ".join(terms)
        wanted = [step for step in range(STEPS + 1) if self._holds(step / STEPS)]
        if not wanted:
            return "0", ()
        bounds = {f"{score} >= ?": axis.lowest(wanted[0])} if wanted[0] > 0 else {}
        bounds |= {f"{score} < ?": axis.lowest(wanted[-1] + 1)} if wanted[-1] < STEPS else {}
        conditions = [f"length(value) = {DIGITS * len(tag_set.names)}", "value NOT GLOB '*[^0-9]*'", *bounds]
        return attribute_clause(tag_set.field, " AND ".join(conditions)), list(bounds.values())

    def match(self, obj: Item) -> bool:
        """The same for one track, where another part of the query is beyond SQLite."""
        value = level_on(*AXES[self.field_name], obj)
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


AXES = {field_of(axis.name): (axis, tag_set) for tag_set in TAGS.sets for axis in tag_set.axes}
NUMBERS = {field: number for number, name in enumerate(TAGS.columns) if (field := field_of(name)) not in AXES}

TAG_TYPES: dict[str, types.Type] = (
    dict.fromkeys([*(tag_set.field for tag_set in TAGS.sets), TOP], Words())
    | dict.fromkeys(NUMBERS, Probability())
    | dict.fromkeys(AXES, Level())
)
TAG_GETTERS: dict[str, Callable[[Item], object]] = (
    {TOP: named_top_tags}
    | {field: partial(probability, number) for field, number in NUMBERS.items()}
    | {field: partial(level_on, *of) for field, of in AXES.items()}
)

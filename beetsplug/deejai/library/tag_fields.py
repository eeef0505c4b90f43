"""A numeric field for each tag and each axis, computed from the stored digits.

SQLite reads the stored digits directly, so a query makes no object of a track that does not match.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from beets.dbcore import types
from beets.dbcore.query import NumericQuery

from deejai_core.embedding.tag_digits import level, probability, top_tags
from deejai_core.embedding.tag_sql import level_condition, probability_condition
from deejai_core.models.axes import Axis
from deejai_core.models.musicnn.tags import BUNDLED_TAGS
from deejai_core.models.tag_set import TagSet, plain_name

if TYPE_CHECKING:
    from beets.dbcore import Model
    from beets.library import Item

# beets asks for all fields before it knows which model is in use: they are those of the bundled one.
TAGS = BUNDLED_TAGS
TOP = "deejai_top_tags"
PREFIX = "deejai_"

NAMED_TOP = 3  # tags that `deejai_top_tags` names


def named_top_tags(item: Item) -> str | None:
    top = top_tags(lambda field: item.get(field, with_album=False), TAGS, NAMED_TOP)
    return ", ".join(tag for tag, _ in top) or None


def probability_of(tag_set: TagSet, place: int, item: Item) -> float | None:
    """Return the probability of a tag for a track; None if it has no tags."""
    return probability(item.get(tag_set.field, with_album=False), place, tag_set)


def level_on(tag_set: TagSet, axis: Axis, item: Item) -> float | None:
    """Return a track's level on an axis of a set; None if it has no tags."""
    return level(item.get(tag_set.field, with_album=False), axis, tag_set)


class ProbabilityQuery(NumericQuery):
    """A range of a tag's probability, which SQLite reads from the stored text."""

    def clause(self) -> tuple[str, Sequence[float]]:
        from .sql import attribute_clause

        tag_set, place = PLACES[self.field_name]
        bounds = {"point": self.point, "low": self.rangemin, "high": self.rangemax}
        condition, values = probability_condition(tag_set, place, **bounds)
        return attribute_clause(tag_set.field, condition), values

    def match(self, obj: Model[Any]) -> bool:
        """Return whether one track matches, for queries with another part that SQLite cannot evaluate."""
        from beets.library import Item

        value = NUMBERS[self.field_name](obj) if isinstance(obj, Item) else None
        return value is not None and self._holds(value)

    def _holds(self, value: float) -> bool:
        return (
            (self.point is None or value == self.point)
            and (self.rangemin is None or value >= self.rangemin)
            and (self.rangemax is None or value <= self.rangemax)
        )


class LevelQuery(ProbabilityQuery):
    """A range of an axis, which SQLite computes from the stored text."""

    def clause(self) -> tuple[str, Sequence[int]]:
        from .sql import attribute_clause

        tag_set, axis = AXES[self.field_name]
        condition, values = level_condition(tag_set, axis, self._holds)
        return attribute_clause(tag_set.field, condition), values


class Probability(types.NullFloat):
    """A number from 0 to 1 with two decimals; empty for a track without tags."""

    query = ProbabilityQuery

    def __init__(self) -> None:
        super().__init__(digits=2)

    def format(self, value: float | None) -> str:
        return "" if value is None else super().format(value)


class Level(Probability):
    """The same for an axis."""

    query = LevelQuery


class Words(types.String):
    """Text that may be missing."""

    @property
    def null(self) -> None:
        return None


def field_of(tag: str) -> str:
    """Return the name of the field of a tag or axis."""
    return PREFIX + plain_name(tag)


AXES = {field_of(axis.name): (tag_set, axis) for tag_set in TAGS.sets for axis in tag_set.axes}
PLACES = {
    field: (TAGS.sets[set_], place)
    for name, (set_, place) in zip(TAGS.columns, TAGS.places, strict=True)
    if (field := field_of(name)) not in AXES
}

TAG_TYPES: dict[str, types.Type[Any, Any]] = {
    **dict.fromkeys([*(tag_set.field for tag_set in TAGS.sets), TOP], Words()),
    **dict.fromkeys(PLACES, Probability()),
    **dict.fromkeys(AXES, Level()),
}
NUMBERS: dict[str, Callable[[Item], float | None]] = {
    **{field: partial(probability_of, *of) for field, of in PLACES.items()},
    **{field: partial(level_on, *of) for field, of in AXES.items()},
}
TAG_GETTERS: dict[str, Callable[[Item], object]] = {TOP: named_top_tags, **NUMBERS}

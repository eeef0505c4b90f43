"""What a track sounds like in words: one stored attribute, and a numeric field for each of its tags.

Only `deejai_tags` is stored: 200 digits, four for each tag in the order of `TAGS`, its probability in ten-thousandths.
Digits, since SQLite can then compare them where they lie: a query builds no object for a track that does not match. Four,
since the rarer tags, moods above all, seldom get a hundredth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from beets.dbcore import types
from beets.dbcore.query import NumericQuery

from deejai_core.models.vocabulary import TAGS, plain_name, tag_number

if TYPE_CHECKING:
    from beets.library import Item

STORED = "deejai_tags"
TOP = "deejai_top_tags"
PREFIX = "deejai_"

DIGITS = 4
SCALE = 10_000  # probabilities are stored in ten-thousandths
LENGTH = DIGITS * len(TAGS)
NAMED_TOP = 3  # tags that `deejai_top_tags` names


def encode(probabilities: Sequence[float]) -> str:
    """Probabilities, one for each of `TAGS`, as they are stored."""
    return "".join(f"{min(round(p * SCALE), SCALE - 1):0{DIGITS}d}" for p in probabilities)


def decode(stored: object) -> list[float] | None:
    """The probabilities of `TAGS`; None for what is no such text."""
    if not is_whole(stored):
        return None
    return [int(stored[at : at + DIGITS]) / SCALE for at in range(0, LENGTH, DIGITS)]


def is_whole(stored: object) -> bool:
    """Whether this is what `encode` makes, and nobody has damaged it."""
    return isinstance(stored, str) and len(stored) == LENGTH and stored.isascii() and stored.isdigit()


def top_tags(probabilities: Sequence[float], count: int) -> list[tuple[str, float]]:
    """The most probable tags with their probabilities, most probable first; of equals, the first of `TAGS`."""
    return sorted(zip(TAGS, probabilities, strict=True), key=lambda tag: -tag[1])[:count]


def probability(number: int, item: Item) -> float | None:
    """How probable a tag is for a track; None for one without tags."""
    stored = item.get(STORED, with_album=False)
    if not isinstance(stored, str) or len(stored) != LENGTH:
        return None
    digits = stored[DIGITS * number : DIGITS * (number + 1)]
    return int(digits) / SCALE if digits.isascii() and digits.isdigit() else None


def named_top_tags(item: Item) -> str | None:
    probabilities = decode(item.get(STORED, with_album=False))
    return ", ".join(tag for tag, _ in top_tags(probabilities, NAMED_TOP)) if probabilities else None


class ProbabilityQuery(NumericQuery):
    """A range of a tag's probability, which SQLite reads out of the stored text."""

    def clause(self) -> tuple[str, Sequence[float]]:
        number = tag_number(self.field_name.removeprefix(PREFIX))
        digits = f"substr(value, {DIGITS * number + 1}, {DIGITS})"
        # Divided, as `probability` does: a bound falls on the same side here and there.
        conditions, values = ["1"], []
        for bound, sign in ((self.point, "="), (self.rangemin, ">="), (self.rangemax, "<=")):
            if bound is not None:
                conditions.append(f"CAST({digits} AS INTEGER) / {float(SCALE)} {sign} ?")
                values.append(bound)
        clause = (
            f"EXISTS (SELECT 1 FROM item_attributes WHERE entity_id = items.id AND key = '{STORED}' "  # noqa: S608 (ours)
            f"AND length(value) = {LENGTH} AND {digits} GLOB '{'[0-9]' * DIGITS}' AND {' AND '.join(conditions)})"
        )
        return clause, values

    def match(self, obj: Item) -> bool:
        """The same for one track, where another part of the query is beyond SQLite."""
        value = probability(tag_number(self.field_name.removeprefix(PREFIX)), obj)
        return (
            value is not None
            and (self.point is None or value == self.point)
            and (self.rangemin is None or value >= self.rangemin)
            and (self.rangemax is None or value <= self.rangemax)
        )


class Probability(types.NullFloat):
    """A number from 0 to 1 with two decimals; nothing at all for a track without tags."""

    query = ProbabilityQuery

    def __init__(self) -> None:
        super().__init__(digits=2)

    def format(self, value: float | None) -> str:
        return "" if value is None else super().format(value)


class Words(types.String):
    """Text that may be missing."""

    @property
    def null(self) -> None:
        return None


FIELD_OF = {tag: PREFIX + plain_name(tag) for tag in TAGS}

TAG_TYPES: dict[str, types.Type] = {STORED: Words(), TOP: Words()} | dict.fromkeys(FIELD_OF.values(), Probability())
TAG_GETTERS: dict[str, Callable[[Item], object]] = {TOP: named_top_tags} | {
    field: partial(probability, number) for number, field in enumerate(FIELD_OF.values())
}

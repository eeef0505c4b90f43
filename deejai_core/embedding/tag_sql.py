"""SQL conditions on tags and axes, which a database evaluates directly on the stored digits.

The stored text is a column `value`. The conditions hold for exactly the same tracks as in `tag_digits`.
"""

from __future__ import annotations

from collections.abc import Callable

from deejai_core.embedding.tag_digits import DIGITS, SCALE
from deejai_core.models.axes import BENDS, STEPS, Axis
from deejai_core.models.tag_set import TagSet


def probability_condition(
    tag_set: TagSet, place: int, *, point: float | None = None, low: float | None = None, high: float | None = None
) -> tuple[str, list[float]]:
    """Return the condition that a tag's probability is `point`, or from `low` to `high`, and the values of its marks.

    place: of the tag in the names of its set.
    """
    digits = f"substr(value, {DIGITS * place + 1}, {DIGITS})"
    conditions = [_text_of(tag_set), f"{digits} GLOB '{'[0-9]' * DIGITS}'"]
    bounds = {"=": point, ">=": low, "<=": high}
    given = {sign: bound for sign, bound in bounds.items() if bound is not None}
    # divided as in `probability`, so that a bound falls on the same side here and there
    conditions += [f"CAST({digits} AS INTEGER) / {float(SCALE)} {sign} ?" for sign in given]
    return " AND ".join(conditions), list(given.values())


def level_condition(tag_set: TagSet, axis: Axis, holds: Callable[[float], bool]) -> tuple[str, list[int]]:
    """Return the condition that a level on an axis of the set is wanted, with the values of its question marks.

    holds: whether a level, 0 to 1, is wanted; all between two that are must be, too.
    """
    wanted = [step for step in range(STEPS + 1) if holds(step / STEPS)]
    if not wanted:
        return "0", []
    terms = []
    for tag, weight in axis.weights.items():
        number = f"CAST(substr(value, {DIGITS * tag_set.names.index(tag) + 1}, {DIGITS}) AS INTEGER)"
        magnitude = " + ".join(f"{factor} * MIN({number}, {bend})" for bend, factor in BENDS)
        terms.append(f"{weight} * ({magnitude})")
    score = " + ".join(terms)
    bounds = {f"{score} >= ?": axis.lowest(wanted[0])} if wanted[0] > 0 else {}
    bounds |= {f"{score} < ?": axis.lowest(wanted[-1] + 1)} if wanted[-1] < STEPS else {}
    return " AND ".join([_text_of(tag_set), "value NOT GLOB '*[^0-9]*'", *bounds]), list(bounds.values())


def _text_of(tag_set: TagSet) -> str:
    """Return the condition that a value is a text of the set's length.

    Bytes match no pattern, and so would match where a pattern is negated.
    """
    return f"typeof(value) = 'text' AND length(value) = {DIGITS * len(tag_set.names)}"

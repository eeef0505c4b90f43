"""Conditions on tags and axes in SQL: a database works them out from what is stored, where it lies.

The stored text is a column `value`. They hold for the very tracks for which `tag_digits` says so, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable

from deejai_core.embedding.tag_digits import DIGITS, SCALE
from deejai_core.models.axes import BENDS, STEPS, Axis
from deejai_core.models.tag_set import TagSet


def probability_condition(
    tag_set: TagSet, place: int, *, point: float | None = None, low: float | None = None, high: float | None = None
) -> tuple[str, list[float]]:
    """Whether a tag's probability is just `point`, and from `low` to `high`; with the values of its question marks.

    place: of the tag in the names of its set.
    """
    digits = f"substr(value, {DIGITS * place + 1}, {DIGITS})"
    conditions = [_text_of(tag_set), f"{digits} GLOB '{'[0-9]' * DIGITS}'"]
    bounds = {"=": point, ">=": low, "<=": high}
    given = {sign: bound for sign, bound in bounds.items() if bound is not None}
    # Divided, as `probability` does: a bound falls on the same side here and there.
    conditions += [f"CAST({digits} AS INTEGER) / {float(SCALE)} {sign} ?" for sign in given]
    return " AND ".join(conditions), list(given.values())


def level_condition(tag_set: TagSet, axis: Axis, holds: Callable[[float], bool]) -> tuple[str, list[int]]:
    """Whether a level on an axis of the set is one of those that are wanted; with the values of its question marks.

    holds: whether a level is wanted, 0 to 1; all between two that are must be, too.
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
    """The condition that a value is text as long as that of the set.

    Bytes match no pattern, and so would match what must not match one.
    """
    return f"typeof(value) = 'text' AND length(value) = {DIGITS * len(tag_set.names)}"

"""How a library keeps what a track sounds like: one field, four digits for each tag.

They are in the order of the tag set, each a probability in ten-thousandths. Digits, since a database can then compare them
where they lie. Four, since the rarer tags, moods above all, seldom get a hundredth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard

from deejai_core.models.axes import STEPS, Axis, magnitude
from deejai_core.models.tag_set import TagSet, Vocabulary

# No numpy here: whoever only shows a track's tags should not have to wait for it.

DIGITS = 4
SCALE = 10_000  # probabilities are stored in ten-thousandths


def encode(probabilities: Sequence[float]) -> str:
    """Probabilities, one for each tag, as they are stored."""
    return "".join(f"{min(round(p * SCALE), SCALE - 1):0{DIGITS}d}" for p in probabilities)


def decode(stored: object, tag_set: TagSet) -> list[float] | None:
    """The probabilities of the tags; None for what is no such text."""
    if not is_whole(stored, tag_set):
        return None
    return [int(stored[at : at + DIGITS]) / SCALE for at in range(0, len(stored), DIGITS)]


def probability(stored: object, place: int, tag_set: TagSet) -> float | None:
    """How probable a tag is for a track; None for one without tags. place: of the tag in the names of its set."""
    if not isinstance(stored, str) or len(stored) != DIGITS * len(tag_set.names):
        return None
    digits = stored[DIGITS * place : DIGITS * (place + 1)]
    return int(digits) / SCALE if digits.isascii() and digits.isdigit() else None


def level(stored: object, axis: Axis, tag_set: TagSet) -> float | None:
    """How far up on an axis a track is, 0 to 1 with two decimals; None for one without tags."""
    if not is_whole(stored, tag_set):
        return None
    at = {tag: DIGITS * tag_set.names.index(tag) for tag in axis.weights}
    score = sum(weight * magnitude(int(stored[at[tag] : at[tag] + DIGITS])) for tag, weight in axis.weights.items())
    return axis.level(score) / STEPS


def is_whole(stored: object, tag_set: TagSet) -> TypeGuard[str]:
    """Whether this is what `encode` makes of all tags, and nobody has damaged it."""
    return isinstance(stored, str) and len(stored) == DIGITS * len(tag_set.names) and stored.isascii() and stored.isdigit()


def top_tags(stored: Callable[[str], object], vocabulary: Vocabulary, count: int) -> list[tuple[str, float]]:
    """The most probable tags of a track with their probabilities, most probable first; of equals, the first one.

    stored: what the track has in each of the fields that keep tags.
    """
    of_sets = [decode(stored(tag_set.field), tag_set) or [] for tag_set in vocabulary.sets]
    known = [
        (name, of_sets[set_][place])
        for name, (set_, place) in zip(vocabulary.columns, vocabulary.places, strict=True)
        if place < len(of_sets[set_])  # no axis
    ]
    return sorted(known, key=lambda tag: -tag[1])[:count]

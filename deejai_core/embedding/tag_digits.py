"""The format of tags in a library: one field, with four digits for each tag.

They are in the order of the tag set, each a probability in ten-thousandths. They are digits because a database can compare
these without unpacking them, and four because the rarer tags, above all moods, seldom reach a hundredth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard

from deejai_core.models.axes import STEPS, Axis, magnitude
from deejai_core.models.tag_set import TagSet, Vocabulary

# No numpy here: commands that only show a track's tags should not wait for it.

DIGITS = 4
SCALE = 10_000  # probabilities are stored in ten-thousandths


def encode(probabilities: Sequence[float]) -> str:
    """Encode probabilities, one for each tag."""
    return "".join(f"{min(round(p * SCALE), SCALE - 1):0{DIGITS}d}" for p in probabilities)


def decode(stored: object, tag_set: TagSet) -> list[float] | None:
    """Decode the probabilities of the tags; None if the text is not valid."""
    if not is_whole(stored, tag_set):
        return None
    return [int(stored[at : at + DIGITS]) / SCALE for at in range(0, len(stored), DIGITS)]


def probability(stored: object, place: int, tag_set: TagSet) -> float | None:
    """Return the probability of a tag for a track; None if it has no tags. place: of the tag in the names of its set."""
    if not isinstance(stored, str) or len(stored) != DIGITS * len(tag_set.names):
        return None
    digits = stored[DIGITS * place : DIGITS * (place + 1)]
    return int(digits) / SCALE if digits.isascii() and digits.isdigit() else None


def level(stored: object, axis: Axis, tag_set: TagSet) -> float | None:
    """Return a track's level on an axis, 0 to 1 with two decimals; None if it has no tags."""
    if not is_whole(stored, tag_set):
        return None
    at = {tag: DIGITS * tag_set.names.index(tag) for tag in axis.weights}
    score = sum(weight * magnitude(int(stored[at[tag] : at[tag] + DIGITS])) for tag, weight in axis.weights.items())
    return axis.level(score) / STEPS


def is_whole(stored: object, tag_set: TagSet) -> TypeGuard[str]:
    """Return whether this is an intact result of `encode` for all tags."""
    return isinstance(stored, str) and len(stored) == DIGITS * len(tag_set.names) and stored.isascii() and stored.isdigit()


def top_tags(stored: Callable[[str], object], vocabulary: Vocabulary, count: int) -> list[tuple[str, float]]:
    """Return the most probable tags of a track with their probabilities, most probable first; of equals, the first one.

    stored: the track's value in each of the fields that store tags.
    """
    of_sets = [decode(stored(tag_set.field), tag_set) or [] for tag_set in vocabulary.sets]
    known = [
        (name, of_sets[set_][place])
        for name, (set_, place) in zip(vocabulary.columns, vocabulary.places, strict=True)
        if place < len(of_sets[set_])  # not an axis
    ]
    return sorted(known, key=lambda tag: -tag[1])[:count]

"""How a library keeps what a track sounds like: one field, 200 digits.

Four digits for each tag in the order of `TAGS`, its probability in ten-thousandths. Digits, since a database can then
compare them where they lie. Four, since the rarer tags, moods above all, seldom get a hundredth.
"""

from __future__ import annotations

from collections.abc import Sequence

from deejai_core.models.vocabulary import TAGS

# No numpy here: whoever only shows a track's tags should not have to wait for it.

FIELD = "deejai_tags"  # of a library

DIGITS = 4
SCALE = 10_000  # probabilities are stored in ten-thousandths
LENGTH = DIGITS * len(TAGS)


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

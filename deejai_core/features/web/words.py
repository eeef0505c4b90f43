"""What the page says of an error: it has a person before it, who may have neither a terminal nor the files."""

from __future__ import annotations

from deejai_core.errors import HINTS, DeejaiError

WORDS = HINTS | {
    "analyse": "analyse the library first",
    "tag": "tag the library first",
    "tag more": "on the machine that has the music, have the second vocabulary's tags computed",
    "import": "add music to it first",
    "repair": "on the machine that has the music, have it repaired",
    "repair the library": "on the machine that has the music, have it repaired",
}


def in_words(error: DeejaiError) -> str:
    """What is wrong, and what helps."""
    return f"{error}; {WORDS[error.hint]}" if error.hint else str(error)

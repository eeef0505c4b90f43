"""How the page words an error: for a person who may have neither a terminal nor the files."""

from __future__ import annotations

from deejai_core.errors import HINTS, DeejaiError

WORDS = HINTS | {
    "analyse": "analyse the library first",
    "tag": "tag the library first",
    "tag more": "compute the second network's tags on the machine that has the music",
    "import": "add music to it first",
    "repair": "repair it on the machine that has the music",
    "repair the library": "repair it on the machine that has the music",
}


def in_words(error: DeejaiError) -> str:
    """Return what is wrong, and what to do."""
    return f"{error}; {WORDS[error.hint]}" if error.hint else str(error)

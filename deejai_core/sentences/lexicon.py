"""The meaning of some three hundred words for sound, written by hand in `data/lexicon.txt`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from deejai_core.errors import ModelError
from deejai_core.sentences.word_vectors import FOLDER

FILE = "lexicon.txt"
ENDS = {"+": 1.0, "-": -1.0}  # of an axis
ALONE = "~"


@dataclass(frozen=True)
class Lexicon:
    """meanings: of each word, by tag or axis, 1 for and -1 against it. near: those by which other words are understood.

    silent: words that say nothing about sound. negating: words after which something is not wanted. ending: words that end
    this.
    """

    meanings: dict[str, dict[str, float]]
    near: tuple[str, ...]
    silent: frozenset[str]
    negating: frozenset[str]
    ending: frozenset[str]


@cache
def lexicon() -> Lexicon:
    """Return the bundled lexicon. Raises ModelError if it is missing or damaged."""
    try:
        return parse((FOLDER / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, LookupError) as error:
        raise ModelError(f"{FOLDER / FILE}: cannot be read ({error!r}); reinstall beets-deejai") from error


def parse(text: str) -> Lexicon:
    """Parse the text of a lexicon, whose beginning explains its signs."""
    meanings: dict[str, dict[str, float]] = {}
    near: dict[str, None] = {}
    others: dict[str, frozenset[str]] = {}
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\n ", " ").splitlines()
    for line in filter(None, lines):
        said, _, words = line.partition(": ")
        if said.startswith("("):
            others[said.strip("()")] = frozenset(words.split())
            continue
        meaning = {name.lstrip("+-"): ENDS.get(name[0], 1.0) for name in said.split(", ")}
        for word in words.split():
            meanings.setdefault(word.removeprefix(ALONE), {}).update(meaning)
            if not word.startswith(ALONE):
                near[word] = None
    return Lexicon(meanings, tuple(near), others["silent"], others["not"], others["but"])

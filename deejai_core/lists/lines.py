"""A list in lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deejai_core.lists.request import Entry, MadeList

SHOWN_SEEDS = 10  # seeds that are listed before "and N more"


def entry_line(entry: Entry) -> str:
    """Return an entry as a line: its label, its similarity if it has one, and its name."""
    if entry.similarity is not None:
        return f"{entry.label:>4}  {entry.similarity:.3f} {entry.member.name}"
    number = f"{entry.label:>4}       " if entry.label.isdigit() else f"{entry.label:<11}"
    return f"{number} {entry.member.name}"


def list_lines(made: MadeList, line: Callable[[Entry], str] | None = None) -> Iterator[str]:
    """Return a line for each entry, and the lines that explain it. Of many seeds, only the first are named.

    line: formats an entry instead; then all seeds are listed, too.
    """
    seeds = sum(entry.label == "seed" for entry in made.entries)
    named = SHOWN_SEEDS if line is None else seeds
    seen = 0
    for entry in made.entries:
        seen += entry.label == "seed"
        if entry.label != "seed" or seen <= named:
            yield (line or entry_line)(entry)
            yield from (f"            {reason}" for reason in entry.why)
        elif seen == named + 1:
            yield f"seed        ... and {seeds - named} more"

"""What a model has tags for, and what people type for them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cached_property

from deejai_core.models.axes import Axis

# No numpy here: a program may want the names of the tags before anything else.

FIELDS = "deejai_tags"  # what the names of the fields of all tag sets begin with


def plain_name(text: str) -> str:
    """A tag as a field's name has it: "Hip-Hop" is hip_hop."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


@dataclass(frozen=True)
class TagSet:
    """The tags of a model.

    field: of a library, that keeps their probabilities. It begins with `FIELDS`, and no two sets share one: nothing else
    tells whose probabilities are stored. names: in the order of the model's outputs; what is stored counts on it. axes:
    what several of them say together.
    """

    field: str
    names: tuple[str, ...]
    axes: tuple[Axis, ...] = ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """All that it says of a track: `names`, then those of the axes."""
        return (*self.names, *(axis.name for axis in self.axes))

    def number(self, text: str) -> int | None:
        """The place in `columns` of the tag or axis that `text` means, however it is written; None if it means none."""
        return self._numbers.get(plain_name(text))

    def numbers_in(self, text: str) -> list[int] | None:
        """The places of the tags that a text is made of, each once, as they come; None if a word belongs to none.

        At each word the longest tag is taken: "indie rock" is not indie, then rock.
        """
        words = [name for word in text.split() for name in plain_name(word).split("_")]
        tags = dict(list(self._numbers.items())[: len(self.names)])
        longest = max(name.count("_") + 1 for name in tags)
        found: dict[int, None] = {}
        place = 0
        while place < len(words):
            for count in range(longest, 0, -1):
                number = tags.get("_".join(words[place : place + count]))
                if number is not None:
                    break
            else:
                return None
            found[number] = None
            place += count
        return list(found) or None

    def close(self, text: str) -> list[str]:
        """The tags and axes that `text` may have been meant for, best first; all of them if none is near."""
        near = difflib.get_close_matches(plain_name(text), self._numbers, n=5)
        return [self.columns[self._numbers[name]] for name in near] or list(self.columns)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {plain_name(tag): number for number, tag in enumerate(self.columns)}

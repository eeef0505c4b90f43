"""The tags of a model, and the words that people type for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from deejai_core.models.axes import Axis

# No numpy here: some programs need only the names of the tags.

FIELDS = "deejai_tags"  # the beginning of the names of all tag sets' fields


NEARLY = 0.1  # of the similarity ratio: words that are less similar by this much than the best are not suggested


def plain_name(text: str) -> str:
    """Return a tag as in the name of a field: "Hip-Hop" is hip_hop."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


@dataclass(frozen=True)
class TagSet:
    """The tags of a network.

    field: the library's field that stores their probabilities. It begins with `FIELDS`, and no two sets share one: nothing
    else shows which probabilities are stored. names: in the order of the network's outputs; stored data depend on it. axes:
    computed from several tags. spellings: other words for some of them, each with the tag that it means.
    """

    field: str
    names: tuple[str, ...]
    axes: tuple[Axis, ...] = ()
    spellings: tuple[tuple[str, str], ...] = ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """All columns for a track: `names`, then those of the axes."""
        return (*self.names, *(axis.name for axis in self.axes))


@dataclass(frozen=True)
class Vocabulary:
    """The tags of one set, or of several together. A word that two of them have is the tag of the first."""

    sets: tuple[TagSet, ...]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """All columns for a track, without repeated names: those of the first set, then those that the next ones add."""
        return tuple(self._places)

    @cached_property
    def places(self) -> tuple[tuple[int, int], ...]:
        """For each of `columns`, the place of its set in `sets`, and its own place in the columns of that set."""
        return tuple(self._places.values())

    def is_axis(self, number: int) -> bool:
        """Return whether a column is an axis, not a tag."""
        set_, place = self.places[number]
        return place >= len(self.sets[set_].names)

    def number(self, text: str) -> int | None:
        """Return the place in `columns` of the tag or axis that `text` means, in any spelling; None if it means none."""
        return self._numbers.get(plain_name(text))

    def numbers_in(self, text: str) -> list[int] | None:
        """Return the places of the tags that make up a text, in order, without repetitions; or None.

        At each word, the longest tag is taken: "indie rock" is not indie, then rock.
        """
        words = [name for word in text.split() for name in plain_name(word).split("_")]
        longest = max(name.count("_") + 1 for name in self._tags)
        found: dict[int, None] = {}
        place = 0
        while place < len(words):
            for count in range(longest, 0, -1):
                number = self._tags.get("_".join(words[place : place + count]))
                if number is not None:
                    break
            else:
                return None
            found[number] = None
            place += count
        return list(found) or None

    def close(self, text: str) -> list[str]:
        """Return the tags and axes that `text` may have been meant for, best first; all of them if none is close."""
        import difflib  # imported here, since those who only need the names of fields should not wait for it

        wanted = plain_name(text)
        near = difflib.get_close_matches(wanted, self._numbers, n=5)
        ratios = [difflib.SequenceMatcher(None, name, wanted).ratio() for name in near]
        near = [name for name, ratio in zip(near, ratios, strict=True) if ratio > ratios[0] - NEARLY]
        return list(dict.fromkeys(self.columns[self._numbers[name]] for name in near)) or list(self.columns)

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for number, tag_set in enumerate(self.sets):
            for place, name in enumerate(tag_set.columns):
                found.setdefault(name, (number, place))
        return found

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The number of each tag and axis by its plain name, and by each other spelling that is not a tag itself."""
        numbers = {plain_name(name): number for number, name in enumerate(self.columns)}
        for tag_set in self.sets:
            for spelling, tag in tag_set.spellings:
                numbers.setdefault(plain_name(spelling), numbers[plain_name(tag)])
        return numbers

    @cached_property
    def _tags(self) -> dict[str, int]:
        """The tags without the axes."""
        axes = {plain_name(axis.name) for tag_set in self.sets for axis in tag_set.axes}
        return {name: number for name, number in self._numbers.items() if name not in axes}

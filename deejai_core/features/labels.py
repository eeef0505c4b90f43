"""The labels of tracks, by any field: artist, genres, mood, or whatever a library has."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from deejai_core.data_folder import history_path
from deejai_core.errors import OptionError
from deejai_core.history.library_history import read_history
from deejai_core.index.evaluation import Labels
from deejai_core.library import Library
from deejai_core.tracks.songs import TrackColumns, normal_artist

Value = TypeVar("Value", bound=Hashable)

_BETWEEN = re.compile(r";\s")  # between the values of one field


def who_and_where(catalogue: TrackColumns) -> list[Labels]:
    """Return the artists of tracks, as rules compare them, and their albums. catalogue: with all data loaded."""
    rows = range(len(catalogue.length))
    return [
        Labels("artist", _each([catalogue.artist[row] for row in rows], lambda name: _one(normal_artist(name)))),
        Labels("album", _each([catalogue.album[row] for row in rows], _one)),
    ]


def genres(library: Library, ids: Sequence[int]) -> Labels:
    """Return the genres of these tracks, to be measured among other artists."""
    return _labels(library, ids, "genres")


def lists(library: Library, ids: Sequence[int]) -> Labels | None:
    """Return the history's lists that contain each of these tracks, to be measured among other artists; None if none does.

    Raises MissingError without the library that matches names.
    """
    if not history_path(library).exists():
        return None
    place = {id_: row for row, id_ in enumerate(ids)}
    found: list[set[int]] = [set() for _ in ids]
    with read_history(library) as history:
        for number, words in enumerate(history.lists()):
            for word in set(words.tolist()):
                for id_ in history.tracks_of(word):
                    if id_ in place:
                        found[place[id_]].add(number)
    return Labels("lists", found, by_others=True) if any(found) else None


def field_labels(library: Library, ids: Sequence[int], name: str) -> Labels:
    """Return the labels by another field. Raises OptionError if none of the tracks has it."""
    found = _labels(library, ids, name)
    if not any(found.of):
        raise OptionError("field", "no analysed track has this field", value=name, hint="list fields")
    return found


def _labels(library: Library, ids: Sequence[int], name: str) -> Labels:
    values = library.field(name)
    return Labels(name, _each([values.get(id_) for id_ in ids], _split), by_others=True)


def _one(name: str) -> frozenset[str]:
    return frozenset({name} - {""})


def _each(values: Sequence[Value], labels_of: Callable[[Value], frozenset[str]]) -> list[frozenset[str]]:
    """Return the labels of each value; equal values share one set, since a large library has few different ones."""
    known = {value: labels_of(value) for value in set(values)}
    return [known[value] for value in values]


def split_values(value: object) -> tuple[str, ...]:
    """Return the values in a field, each on one line. Empty text and the number 0 count as missing."""
    text = os.fsdecode(value) if isinstance(value, bytes) else str(value or "")
    return tuple(filter(None, (" ".join(part.split()) for part in _BETWEEN.split(text))))


def _split(value: object) -> frozenset[str]:
    """Return the labels in a field, without those that differ only in case and white space."""
    return frozenset(part.casefold() for part in split_values(value))

"""From the slice store to vectors, whatever the size of the library, and again when the library has changed.

The reference of Mp3ToVec are those recordings of the library whose audio keys are smallest: a random choice, since keys are
digests, that neither order nor time can change and that new music seldom does. The store keeps how many of them share the
word of each slice. When some enter or leave the reference, every slice is compared with those alone, and only tracks for
which that makes a difference are weighted anew. The vectors are those of a count from the beginning, bit by bit.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from deejai_core.embedding.mp3tovec import REFERENCE, Reference, count_others, tfidf_vectors, unit
from deejai_core.embedding.recordings import Recordings
from deejai_core.embedding.slices import STORED, SliceStore, Weighting, are_slices
from deejai_core.models.device import use_one_thread
from deejai_core.models.protocol import Model

BLOCK = 2_000  # recordings read, weighted and handed over at once


@dataclass(frozen=True, eq=False)
class Chosen:
    """The recordings that others are counted against."""

    place: dict[str, int]  # by key
    tracks: Reference

    @classmethod
    def of(cls, units: dict[str, np.ndarray]) -> Chosen:
        return cls({key: place for place, key in enumerate(units)}, Reference(list(units.values())))

    def others(self, tracks: dict[str, np.ndarray], epsilon: float) -> list[np.ndarray]:
        """How many other recordings of these share the word of each slice: (n,) of each track, unit slices by key."""
        return count_others(list(tracks.values()), self.tracks, [self.place.get(key) for key in tracks], epsilon)


class _Change(NamedTuple):
    """How the reference has changed: who was in it, and who left and entered it, with their slices."""

    before: Collection[str]
    left: Chosen
    entered: Chosen


def choose_reference(keys: Iterable[str], size: int = REFERENCE) -> list[str]:
    """Which of a library's recordings are the reference, in order."""
    return heapq.nsmallest(size, set(keys))


def read_units(store: SliceStore, model: Model, keys: Iterable[str]) -> dict[str, np.ndarray]:
    """Unit slices (n, dimension) of those recordings that the model has embedded, by key, in the order asked for."""
    keys = list(keys)
    units = units_of(store.get_many(keys, model.trunk_name, model.trunk_size), model)
    return {key: units[key] for key in keys if key in units}


def units_of(trunks: dict[str, bytes], model: Model) -> dict[str, np.ndarray]:
    """Unit slices (n, dimension) by key, of what is stored of recordings."""
    use_one_thread()
    by_length = defaultdict(list)
    for key, trunk in trunks.items():
        by_length[len(trunk)].append(key)
    found: dict[str, np.ndarray] = {}
    for alike in by_length.values():
        data = b"".join(trunks[key] for key in alike)
        stack = np.frombuffer(data, STORED).reshape(len(alike), -1, model.trunk_size)
        # A product for each track, so that none depends on its company.
        found |= zip(alike, unit(model.project(stack)), strict=True)
    return found


def weight_against(tracks: dict[str, np.ndarray], reference: dict[str, np.ndarray], epsilon: float) -> np.ndarray:
    """Vectors (tracks, dimension) of a few tracks, unit slices by key, against those of a reference."""
    chosen = Chosen.of(reference)
    return _weighted(tracks, chosen.others(tracks, epsilon), reference, epsilon)[1]


def weight_external(
    store: SliceStore, model: Model, epsilon: float, library: Collection[str], key: str, trunk: np.ndarray | None
) -> np.ndarray:
    """The vector (dimension,) of a recording as it would be in a library, whether it is or not.

    library: keys of recordings that were embedded. trunk: the trunk's output for this one; None if it is stored.
    """
    if trunk is None:
        own = read_units(store, model, [key])
    else:
        own = units_of({key: np.ascontiguousarray(trunk, STORED).tobytes()}, model)
    chosen = choose_reference([*library, key])
    others = read_units(store, model, [other for other in chosen if other != key])  # itself counts in any case
    vector: np.ndarray = weight_against(own, others, epsilon)[0]
    return vector


def is_current(store: SliceStore, model: Model, epsilon: float, recordings: Recordings) -> bool:
    """Whether `weight_library` would have nothing to do but what is wanted. recordings: the library's."""
    before = store.weighting()
    if not before:
        return not recordings.tracks_of(store.keys(model.trunk_name))
    if (before.model, before.epsilon) != (model.name, epsilon) or recordings.tracks_of(store.uncounted(model.trunk_name)):
        return False
    reference = recordings.first(REFERENCE, lambda keys: store.known(keys, model.trunk_name))
    return before.reference == dict.fromkeys(reference)


def weight_library(
    store: SliceStore,
    model: Model,
    epsilon: float,
    library: Collection[str],
    wanted: Collection[str] = (),
    *,
    size: int = REFERENCE,
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Bring the vectors of a library's recordings up to date, and make those that are wanted in any case.

    library: the keys of its recordings. size: of the reference. Yields keys with their vectors (n, dimension), those that
    changed since the last time and those that may have. What was yielded counts as kept when more is asked for; if that
    never happens, it comes again the next time.
    """
    embedded = [key for key in store.keys(model.trunk_name) if key in library]
    chosen = choose_reference(embedded, size)
    change = _change(store, model, epsilon, chosen, store.weighting())
    if change is None:
        store.begin_weighting(model.name, model.trunk_name, epsilon, chosen)
    counted = store.counted()
    known, fresh = ([key for key in embedded if (key in counted) is there] for there in (True, False))
    if change and (change.left.place or change.entered.place):
        yield from _adjust(store, model, epsilon, chosen, change, known, wanted)
    else:
        for block in _blocks([key for key in known if key in wanted]):
            units, counts = _read_counted(store, model, block, len(chosen))
            yield _weighted(units, [counts[key] for key in units], chosen, epsilon)
    if fresh:
        for units, others in _count(store, model, epsilon, chosen, fresh):
            yield _weighted(units, others, chosen, epsilon)
            store.put_counts(dict(zip(units, others, strict=True)))


def _adjust(
    store: SliceStore,
    model: Model,
    epsilon: float,
    chosen: list[str],
    change: _Change,
    known: list[str],
    wanted: Collection[str],
) -> Iterator[tuple[list[str], np.ndarray]]:
    """Take those that left the reference off the counts of `known` recordings, and add those that entered it."""
    before, left, entered = change
    adjusted: dict[str, np.ndarray] = {}
    for block in _blocks(known):
        units, old = _read_counted(store, model, block, len(before))
        gone, come = left.others(units, epsilon), entered.others(units, epsilon)
        new = {key: old[key] - less + more for key, less, more in zip(units, gone, come, strict=True)}
        other_size = np.not_equal(_sizes(units, before), _sizes(units, chosen))
        moved = [
            key
            for key, resized in zip(units, other_size, strict=True)
            if resized or key in wanted or not np.array_equal(new[key], old[key])
        ]
        adjusted |= {key: new[key] for key in moved}
        if moved:
            # Whoever is stopped before the end has vectors of a reference that is noted nowhere: these are to come again.
            store.drop_counts(moved)
            yield _weighted({key: units[key] for key in moved}, [new[key] for key in moved], chosen, epsilon)
    store.continue_weighting(chosen, known, adjusted)


def _read_counted(
    store: SliceStore, model: Model, keys: list[str], most: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Unit slices and counts by key, of those whose counts no import has dropped meanwhile. most: no count is higher."""
    units = read_units(store, model, keys)
    counts = store.get_counts({key: len(slices) for key, slices in units.items()}, most)
    return {key: slices for key, slices in units.items() if key in counts}, counts


def _weighted(
    units: dict[str, np.ndarray], others: list[np.ndarray], reference: Collection[str], epsilon: float
) -> tuple[list[str], np.ndarray]:
    return list(units), tfidf_vectors(list(units.values()), others, _sizes(units, reference), epsilon)


def weight_only(store: SliceStore, model: Model, epsilon: float, library: Collection[str]) -> tuple[list[str], np.ndarray]:
    """Keys of the library's recordings and their vectors (n, dimension); nothing is kept of it."""
    embedded = [key for key in store.keys(model.trunk_name) if key in library]
    chosen = choose_reference(embedded)
    counts = _count(store, model, epsilon, chosen, embedded)
    vectors = [_weighted(units, others, chosen, epsilon)[1] for units, others in counts]
    return embedded, np.concatenate([*vectors, np.zeros((0, model.dimension), np.float32)])


def _count(
    store: SliceStore, model: Model, epsilon: float, chosen: list[str], keys: list[str]
) -> Iterator[tuple[dict[str, np.ndarray], list[np.ndarray]]]:
    """Unit slices by key, block by block, and how many other recordings of the reference share the word of each."""
    reference = Chosen.of(read_units(store, model, chosen))
    for block in _blocks(keys):
        units = read_units(store, model, block)
        yield units, reference.others(units, epsilon)


def _change(store: SliceStore, model: Model, epsilon: float, chosen: list[str], before: Weighting | None) -> _Change | None:
    """How the reference has changed since the counts were made; None if all is to be counted from the beginning."""
    if not before or (before.model, before.epsilon) != (model.name, epsilon):
        return None
    embedded_anew = {key: trunk for key, trunk in before.reference.items() if trunk is not None}
    now = set(chosen)
    left = [key for key in before.reference if key not in now and key not in embedded_anew]
    entered = [key for key in chosen if key not in before.reference or key in embedded_anew]
    if len(left) + len(embedded_anew) + len(entered) > max(len(chosen), 1):
        return None  # counting all is less work
    if not all(are_slices(trunk, model.trunk_size) for trunk in embedded_anew.values()):
        return None  # damaged slices that were replaced since
    gone = read_units(store, model, left) | units_of(embedded_anew, model)
    if len(gone) < len(left) + len(embedded_anew):
        return None
    return _Change(before.reference.keys(), Chosen.of(gone), Chosen.of(read_units(store, model, entered)))


def _sizes(tracks: Iterable[str], reference: Collection[str]) -> list[int]:
    """N of each track: the recordings of the reference and itself."""
    reference = set(reference)
    return [len(reference) + (key not in reference) for key in tracks]


def _blocks(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), BLOCK):
        yield keys[start : start + BLOCK]

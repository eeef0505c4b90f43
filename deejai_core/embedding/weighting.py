"""Computes vectors from the slice store, for any size of library, and again when the library has changed.

The reference of Mp3ToVec are the recordings of the library with the smallest audio keys. Keys are digests, so this is a
random choice, which does not depend on order or time, and which new music seldom changes. The store keeps how many of them
share the word of each slice. When some enter or leave the reference, every slice is compared with those alone, and only the
tracks for which this makes a difference are weighted again. The vectors are those of a count from the beginning, bit by
bit.
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

BLOCK = 2_000  # recordings that are read, weighted and yielded together


@dataclass(frozen=True, eq=False)
class Chosen:
    """The recordings in which document frequencies are counted."""

    place: dict[str, int]  # by key
    tracks: Reference

    @classmethod
    def of(cls, units: dict[str, np.ndarray]) -> Chosen:
        return cls({key: place for place, key in enumerate(units)}, Reference(list(units.values())))

    def others(self, tracks: dict[str, np.ndarray], epsilon: float) -> list[np.ndarray]:
        """Return how many other recordings of these share the word of each slice: (n,) per track of unit slices, by key."""
        return count_others(list(tracks.values()), self.tracks, [self.place.get(key) for key in tracks], epsilon)


class _Change(NamedTuple):
    """A change of the reference: its former recordings, and those that left and entered it, with their slices."""

    before: Collection[str]
    left: Chosen
    entered: Chosen


def choose_reference(keys: Iterable[str], size: int = REFERENCE) -> list[str]:
    """Return the recordings of a library that form the reference, in order."""
    return heapq.nsmallest(size, set(keys))


def read_units(store: SliceStore, model: Model, keys: Iterable[str]) -> dict[str, np.ndarray]:
    """Return unit slices (n, dimension) of those recordings that the model has embedded, by key, in the given order."""
    keys = list(keys)
    units = units_of(store.get_many(keys, model.trunk_name, model.trunk_size), model)
    return {key: units[key] for key in keys if key in units}


def units_of(trunks: dict[str, bytes], model: Model) -> dict[str, np.ndarray]:
    """Return unit slices (n, dimension) by key, from the stored output of recordings."""
    use_one_thread()
    by_length = defaultdict(list)
    for key, trunk in trunks.items():
        by_length[len(trunk)].append(key)
    found: dict[str, np.ndarray] = {}
    for alike in by_length.values():
        data = b"".join(trunks[key] for key in alike)
        stack = np.frombuffer(data, STORED).reshape(len(alike), -1, model.trunk_size)
        # a product for each track, so that none depends on the others
        found |= zip(alike, unit(model.project(stack)), strict=True)
    return found


def weight_against(tracks: dict[str, np.ndarray], reference: dict[str, np.ndarray], epsilon: float) -> np.ndarray:
    """Return vectors (tracks, dimension) of a few tracks, from unit slices by key, weighted against a reference."""
    chosen = Chosen.of(reference)
    return _weighted(tracks, chosen.others(tracks, epsilon), reference, epsilon)[1]


def weight_external(
    store: SliceStore, model: Model, epsilon: float, library: Collection[str], key: str, trunk: np.ndarray | None
) -> np.ndarray:
    """Return the vector (dimension,) that a recording has or would have in a library.

    library: keys of recordings that were embedded. trunk: the trunk's output for this one; None if it is stored.
    """
    if trunk is None:
        own = read_units(store, model, [key])
    else:
        own = units_of({key: np.ascontiguousarray(trunk, STORED).tobytes()}, model)
    chosen = choose_reference([*library, key])
    others = read_units(store, model, [other for other in chosen if other != key])  # it counts itself in any case
    vector: np.ndarray = weight_against(own, others, epsilon)[0]
    return vector


def is_current(store: SliceStore, model: Model, epsilon: float, recordings: Recordings) -> bool:
    """Return whether `weight_library` would only compute what is wanted. recordings: the library's."""
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
    """Bring the vectors of a library's recordings up to date, and in any case compute those that are wanted.

    library: the keys of its recordings. size: of the reference. Yields keys with their vectors (n, dimension), those that
    have changed since the last time or may have. Vectors count as stored when the next ones are requested; otherwise they
    are yielded again the next time.
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
    """Subtract recordings that left the reference from the counts of `known` ones, and add those that entered it."""
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
            # If this is stopped before the end, some vectors are of a reference that is noted nowhere: these must be
            # computed again.
            store.drop_counts(moved)
            yield _weighted({key: units[key] for key in moved}, [new[key] for key in moved], chosen, epsilon)
    store.continue_weighting(chosen, known, adjusted)


def _read_counted(
    store: SliceStore, model: Model, keys: list[str], most: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Yield unit slices and counts by key, of recordings whose counts no import has deleted meanwhile.

    most: no count is higher.
    """
    units = read_units(store, model, keys)
    counts = store.get_counts({key: len(slices) for key, slices in units.items()}, most)
    return {key: slices for key, slices in units.items() if key in counts}, counts


def _weighted(
    units: dict[str, np.ndarray], others: list[np.ndarray], reference: Collection[str], epsilon: float
) -> tuple[list[str], np.ndarray]:
    return list(units), tfidf_vectors(list(units.values()), others, _sizes(units, reference), epsilon)


def weight_only(store: SliceStore, model: Model, epsilon: float, library: Collection[str]) -> tuple[list[str], np.ndarray]:
    """Yield keys of the library's recordings and their vectors (n, dimension), without storing counts."""
    embedded = [key for key in store.keys(model.trunk_name) if key in library]
    chosen = choose_reference(embedded)
    counts = _count(store, model, epsilon, chosen, embedded)
    vectors = [_weighted(units, others, chosen, epsilon)[1] for units, others in counts]
    return embedded, np.concatenate([*vectors, np.zeros((0, model.dimension), np.float32)])


def _count(
    store: SliceStore, model: Model, epsilon: float, chosen: list[str], keys: list[str]
) -> Iterator[tuple[dict[str, np.ndarray], list[np.ndarray]]]:
    """Yield unit slices by key, block by block, and how many other recordings of the reference share the word of each."""
    reference = Chosen.of(read_units(store, model, chosen))
    for block in _blocks(keys):
        units = read_units(store, model, block)
        yield units, reference.others(units, epsilon)


def _change(store: SliceStore, model: Model, epsilon: float, chosen: list[str], before: Weighting | None) -> _Change | None:
    """Return how the reference has changed since the counts were made; None to count everything from the beginning."""
    if not before or (before.model, before.epsilon) != (model.name, epsilon):
        return None
    embedded_anew = {key: trunk for key, trunk in before.reference.items() if trunk is not None}
    now = set(chosen)
    left = [key for key in before.reference if key not in now and key not in embedded_anew]
    entered = [key for key in chosen if key not in before.reference or key in embedded_anew]
    if len(left) + len(embedded_anew) + len(entered) > max(len(chosen), 1):
        return None  # counting everything is less work
    if not all(are_slices(trunk, model.trunk_size) for trunk in embedded_anew.values()):
        return None  # damaged slices that have been replaced since
    gone = read_units(store, model, left) | units_of(embedded_anew, model)
    if len(gone) < len(left) + len(embedded_anew):
        return None
    return _Change(before.reference.keys(), Chosen.of(gone), Chosen.of(read_units(store, model, entered)))


def _sizes(tracks: Iterable[str], reference: Collection[str]) -> list[int]:
    """Return N of each track: the number of recordings of the reference and itself."""
    reference = set(reference)
    return [len(reference) + (key not in reference) for key in tracks]


def _blocks(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), BLOCK):
        yield keys[start : start + BLOCK]

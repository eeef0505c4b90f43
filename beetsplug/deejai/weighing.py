"""Weighing: what was heard becomes vectors, against the library, and they are kept in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from deejai_core.embedding.slices import SliceStore
from deejai_core.embedding.weighting import choose_reference, is_current, read_units, weigh_against, weigh_library
from deejai_core.models.protocol import Model

from .fields import KEY, MODEL, VECTOR, Vector
from .interrupts import uninterrupted
from .library import CHUNK, attribute_values

if TYPE_CHECKING:
    from beets.library import Library

    from .settings import Settings


class Weighed(NamedTuple):
    """How many tracks were asked for and have their vector now, and how many others got another one."""

    given: int
    changed: int


def epsilon_in_use(model: Model, settings: Settings) -> float:
    """The cosine distance below which two slices are the same."""
    return model.epsilon if settings.epsilon is None else settings.epsilon


def up_to_date(lib: Library, model: Model, epsilon: float, store: SliceStore) -> bool:
    """Whether all vectors that can be made of what is stored were weighed against the library as it is."""
    return is_current(store, model, epsilon, set(attribute_values(lib, KEY).values()))


def weigh_items(lib: Library, ids: Iterable[int], model: Model, epsilon: float, store: SliceStore) -> Weighed:
    """Give tracks that have been heard their vectors, and bring those of all others up to date with the library.

    For one process at a time. What is interrupted goes on the next time.
    """
    tracks, wanted = _recordings(lib), set(ids)
    keys = {key for key, found in tracks.items() if wanted.intersection(found)}
    given, changed = set(), set()
    for block, vectors in weigh_library(store, model, epsilon, tracks.keys(), keys):
        kept, others = _keep_vectors(lib, {key: tracks[key] for key in block}, vectors, model)
        given |= kept & wanted
        changed |= others - wanted
    return Weighed(len(given), len(changed))


def different_vectors(lib: Library, model: Model, epsilon: float, store: SliceStore, number: int) -> list[str]:
    """Of so many recordings, those with a track whose vector is not what is stored of them gives; if all is up to date."""
    tracks = _recordings(lib)
    counted = sorted(store.counted() & tracks.keys())
    some = counted[:: max(1, len(counted) // number)][:number]
    vectors = attribute_values(lib, VECTOR)
    return [
        key
        for keys, made in weigh_library(store, model, epsilon, tracks.keys(), set(some))
        for key, vector in zip(keys, made, strict=True)
        if any(vectors.get(id_) not in (None, _as_text(vector)) for id_ in tracks[key])
    ]


def weigh_imported(
    lib: Library,
    ids: Iterable[int],
    model: Model,
    epsilon: float,
    store: SliceStore,
    *,
    read: dict[str, np.ndarray] | None = None,
) -> None:
    """Give tracks that have just been heard their vectors, and leave the others to the next `weigh_items`.

    read: slices of the reference by audio key that need not be read again; gains those that were.
    """
    tracks, wanted = _recordings(lib), set(ids)
    read = {} if read is None else read
    heard = store.keys(model.trunk_name)
    reference = choose_reference(heard & tracks.keys())
    read |= read_units(store, model, [key for key in reference if key not in read])
    units = read_units(store, model, [key for key, found in tracks.items() if wanted.intersection(found)])
    vectors = weigh_against(units, {key: read[key] for key in reference}, epsilon)
    store.drop_counts(units)
    _keep_vectors(lib, {key: tracks[key] for key in units}, vectors, model)


def _recordings(lib: Library) -> dict[str, list[int]]:
    """The tracks of each recording, by audio key. One that the library has twice has one vector: so lists know it."""
    tracks = defaultdict(list)
    for id_, key in attribute_values(lib, KEY).items():
        tracks[key].append(id_)
    return dict(tracks)


def _keep_vectors(
    lib: Library, tracks: Mapping[str, list[int]], vectors: np.ndarray, model: Model
) -> tuple[set[int], set[int]]:
    """Write vectors to the tracks of each recording: ids of those that have theirs now, and of those that had another."""
    pending = [
        (id_, key, _as_text(vector)) for (key, ids), vector in zip(tracks.items(), vectors, strict=True) for id_ in ids
    ]
    kept, changed = set(), set()
    for start in range(0, len(pending), CHUNK):
        chunk = pending[start : start + CHUNK]
        with uninterrupted(), lib.transaction() as tx:
            # Not as objects: beets would take longer to write them than it took to make them.
            places = ", ".join("?" * len(chunk))
            rows = tx.query(
                "SELECT a.entity_id, a.key, a.value FROM item_attributes a JOIN items i ON i.id = a.entity_id "  # noqa: S608
                f"WHERE a.key IN (?, ?, ?) AND a.entity_id IN ({places})",
                (KEY, VECTOR, MODEL, *(id_ for id_, _, _ in chunk)),
            )
            stored = {(row[0], row[1]): row[2] for row in rows}
            for id_, key, vector in chunk:
                if stored.get((id_, KEY)) != key:
                    continue  # gone meanwhile, or its id now another track's
                kept.add(id_)
                for name, value in ((VECTOR, vector), (MODEL, model.name)):
                    if stored.get((id_, name)) != value:
                        changed.add(id_)
                        tx.mutate(
                            "INSERT OR REPLACE INTO item_attributes (entity_id, key, value) VALUES (?, ?, ?)",
                            (id_, name, value),
                        )
    return kept, changed


def _as_text(vector: np.ndarray) -> str:
    """A vector as beets' database holds it."""
    return Vector().to_sql(vector.astype("<f4").tobytes())

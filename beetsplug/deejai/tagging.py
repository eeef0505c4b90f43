"""Tags for the tracks of a library, from what the network has heard in them: nothing is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.embedding.slices import SliceStore
from deejai_core.models.protocol import Model
from deejai_core.models.vocabulary import TAGS

from .fields import KEY
from .library import CHUNK, attribute_values, items_by_id, track_ids
from .tags import DIGITS, SCALE, STORED, decode, encode, is_whole

if TYPE_CHECKING:
    from beets.library import Library


def untagged_ids(lib: Library, ids: Iterable[int] | None = None) -> list[int]:
    """Which of these tracks, or of all, have no tags; what somebody damaged by hand is as good as none."""
    tagged = {id_ for id_, stored in attribute_values(lib, STORED).items() if is_whole(stored)}
    return [id_ for id_ in (track_ids(lib) if ids is None else ids) if id_ not in tagged]


def heard_tags(
    lib: Library, ids: Iterable[int], model: Model, store: SliceStore
) -> Iterator[tuple[str, list[int], np.ndarray]]:
    """The recordings of these tracks whose slices are stored: audio key, ids, and probabilities (50,), the mean over the
    slices."""
    keys = attribute_values(lib, KEY)
    tracks: dict[str, list[int]] = {}
    for id_ in ids:
        if id_ in keys:
            tracks.setdefault(keys[id_], []).append(id_)
    for key, trunk in store.get(tracks, model.trunk_name, model.trunk_size):
        yield key, tracks[key], model.tags(trunk).mean(axis=0)


def tags_of(
    lib: Library, ids: Iterable[int], lacking: Iterable[int], model: Model, store: SliceStore
) -> dict[int, Sequence[float]]:
    """The probabilities of tags of these tracks, as stored; for those in `lacking`, what `tag_tracks` would store."""
    stored = attribute_values(lib, STORED)
    lacking = set(lacking)
    tags: dict[int, Sequence[float]] = {id_: decode(stored[id_]) for id_ in ids if id_ not in lacking}
    for _, tracks, probabilities in heard_tags(lib, lacking, model, store):
        tags |= dict.fromkeys(tracks, probabilities.tolist())
    return tags


def tag_tracks(lib: Library, ids: Iterable[int], model: Model, store: SliceStore) -> int:
    """Store the tags of those tracks whose slices are stored; returns how many tracks that were."""
    pending = [
        (id_, key, encode(probabilities.tolist()))
        for key, tracks, probabilities in heard_tags(lib, ids, model, store)
        for id_ in tracks
    ]
    given = 0
    for start in range(0, len(pending), CHUNK):
        chunk = pending[start : start + CHUNK]
        with lib.transaction():
            items = {item.id: item for item in items_by_id(lib, [id_ for id_, _, _ in chunk])}
            for id_, key, stored in chunk:
                # Gone meanwhile, or its id now another track's.
                if id_ in items and items[id_].get(KEY, with_album=False) == key:
                    items[id_][STORED] = stored
                    items[id_].store()
                    given += 1
    return given


def read_probabilities(lib: Library, ids: Iterable[int]) -> np.ndarray:
    """(n, 50) float32 probabilities of these tracks; NaN for one without tags."""
    stored = attribute_values(lib, STORED)
    ids = list(ids)
    rows = [row for row, id_ in enumerate(ids) if is_whole(stored.get(id_))]
    # At once: number by number, a large library would take a second.
    digits = np.frombuffer("".join(stored[ids[row]] for row in rows).encode("ascii"), np.uint8).reshape(
        -1, len(TAGS), DIGITS
    )
    probabilities = np.full((len(ids), len(TAGS)), np.nan, np.float32)
    probabilities[rows] = (digits - ord("0")) @ 10.0 ** np.arange(DIGITS)[::-1] / SCALE
    return probabilities

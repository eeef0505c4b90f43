"""Computes the vectors of a library's tracks from slices, weighted against the library, and stores them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from deejai_core.data_folder import alone
from deejai_core.embedding.mp3tovec import REFERENCE
from deejai_core.embedding.projections import fit_to_stored, is_unfitted
from deejai_core.embedding.recordings import Recordings, open_recordings, renew_recordings
from deejai_core.embedding.reference_slices import read_reference
from deejai_core.embedding.slices import SliceStore, open_slices
from deejai_core.embedding.weighting import is_current, read_units, weight_against, weight_library
from deejai_core.errors import NotAnalysedError
from deejai_core.library import Kept, Library
from deejai_core.models.protocol import Model


class Weighted(NamedTuple):
    """How many of the requested tracks have their vector now, and how many others got a different one.

    epsilons: the former and the current one, if they differ. fitted: the number of slices that the model's projection was
    fitted to, if that came first.
    """

    given: int
    changed: int
    epsilons: tuple[float, float] | None = None
    fitted: int = 0


def up_to_date(
    library: Library, model: Model, epsilon: float, store: SliceStore, recordings: Recordings | None = None
) -> bool:
    """Return whether all vectors that can be computed from the store were weighted against the current library.

    recordings: the library's, if they are already open.
    """
    return is_current(store, model, epsilon, open_recordings(library) if recordings is None else recordings)


def used_epsilon(store: SliceStore, model: Model) -> float | None:
    """Return the epsilon with which vectors of this model were last weighted; None if they were not."""
    weighting = store.weighting()
    return weighting.epsilon if weighting and weighting.model == model.name else None


def weight_tracks(library: Library, ids: Iterable[int], model: Model, epsilon: float, store: SliceStore) -> Weighted:
    """Give embedded tracks their vectors, and bring those of all others up to date with the library.

    For one process at a time. An interrupted call continues the next time. A model without its projection gets it first,
    see `fit_to_stored`, whose ModelError this raises.
    """
    tracks, wanted = _tracks_of(renew_recordings(library).keys()), set(ids)
    keys = {key for key, found in tracks.items() if wanted.intersection(found)}
    fitted = fit_to_stored(store, model, tracks.keys()) if is_unfitted(model) else 0
    given, changed, before = set(), set(), used_epsilon(store, model)
    for block, vectors in weight_library(store, model, epsilon, tracks.keys(), keys):
        kept = _keep(library, {key: tracks[key] for key in block}, vectors, model)
        given |= kept.current & wanted
        changed |= kept.changed - wanted
    return Weighted(len(given), len(changed), None if before in (None, epsilon) else (before, epsilon), fitted)


def weight_again(library: Library, model: Model, epsilon: float) -> tuple[int, int]:
    """Compute all vectors again from the store; return how many tracks have one, and for how many nothing is stored.

    Raises NotAnalysedError, or LibraryError if another process is computing them.
    """
    with open_slices(library) as store, alone(library):
        ids = library.recordings().keys()
        if not ids:
            raise NotAnalysedError("nothing analysed yet", hint="analyse")
        store.forget_weighting()
        given = weight_tracks(library, ids, model, epsilon, store).given
    return given, len(ids) - given


def different_vectors(library: Library, model: Model, epsilon: float, store: SliceStore, number: int) -> list[str]:
    """Return, of `number` recordings, those with a track whose vector is not that of their slices, if all is up to date."""
    tracks = _tracks_of(library.recordings())
    counted = sorted(store.counted() & tracks.keys())
    some = set(counted[:: max(1, len(counted) // number)][:number])
    kept = library.vectors(model.name, model.dimension, [id_ for key in some for id_ in tracks[key]])
    row_of = {id_: row for row, id_ in enumerate(kept.ids.tolist())}
    return [
        key
        for keys, made in weight_library(store, model, epsilon, tracks.keys(), some)
        for key, vector in zip(keys, made, strict=True)
        if any(id_ in row_of and not np.array_equal(kept.vectors[row_of[id_]], vector) for id_ in tracks[key])
    ]


def weight_imported(
    library: Library,
    ids: Iterable[int],
    model: Model,
    epsilon: float,
    store: SliceStore,
    *,
    read: dict[str, np.ndarray] | None = None,
) -> None:
    """Give tracks that have just been embedded their vectors, and leave the others to the next `weight_tracks`.

    read: slices of the reference by audio key that need not be read again; those that are read are added.
    """
    recordings = open_recordings(library)
    tracks = recordings.tracks_of(set(library.recordings(set(ids)).values()))
    checksums: dict[str, int | None] = {}

    def embedded(keys: list[str]) -> set[str]:
        found = store.checksums(keys, model.trunk_name)
        checksums.update(found)
        return set(found)

    reference = recordings.first(REFERENCE, embedded)
    read = {} if read is None else read
    if read:
        read |= read_units(store, model, [key for key in reference if key not in read])
    else:
        read |= read_reference(library, store, model, {key: checksums[key] for key in reference})
    units = read_units(store, model, tracks)
    vectors = weight_against(units, {key: read[key] for key in reference}, epsilon)
    store.drop_counts(units)
    _keep(library, {key: tracks[key] for key in units}, vectors, model)


def _tracks_of(recordings: Mapping[int, str]) -> dict[str, list[int]]:
    """Return the tracks of each recording, by audio key.

    Copies of a recording have the same vector, by which lists recognise them.
    """
    tracks = defaultdict(list)
    for id_, key in recordings.items():
        tracks[key].append(id_)
    return dict(tracks)


def _keep(library: Library, tracks: Mapping[str, Collection[int]], vectors: np.ndarray, model: Model) -> Kept:
    """Write the vectors of recordings to all of their tracks."""
    of_tracks: dict[int, np.ndarray] = {}
    recordings: dict[int, str] = {}
    for (key, ids), vector in zip(tracks.items(), vectors, strict=True):
        of_tracks |= dict.fromkeys(ids, vector)
        recordings |= dict.fromkeys(ids, key)
    return library.keep_vectors(model.name, of_tracks, recordings)

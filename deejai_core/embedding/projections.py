"""Fits projections to the stored slices of a library, for networks without one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeGuard

import numpy as np

from deejai_core.data_folder import alone
from deejai_core.embedding.slices import STORED, SliceStore, open_slices
from deejai_core.embedding.weighting import choose_reference
from deejai_core.errors import ModelError
from deejai_core.library import Library
from deejai_core.models.onnx.config import FIT
from deejai_core.models.onnx.model import OnnxModel
from deejai_core.models.onnx.projection import LEAST, fit_projection, moments_of
from deejai_core.models.protocol import Model

AT_ONCE = 256  # recordings whose slices are read at once


def is_unfitted(model: Model) -> TypeGuard[OnnxModel]:
    """Return whether a model has no vectors yet, because its projection must still be fitted."""
    return isinstance(model, OnnxModel) and model.is_unfitted


def fit_to_stored(store: SliceStore, model: OnnxModel, library: Collection[str]) -> int:
    """Fit a model's projection to the store of a library, and freeze it; return to how many slices.

    library: the keys of its recordings, of which the reference of TF-IDF is used. Raises ModelError if they have too few
    slices, or only equal ones.
    """
    keys = choose_reference(key for key in store.keys(model.trunk_name) if key in library)

    def blocks() -> Iterator[np.ndarray]:
        """Yield (n, outputs) of each block of recordings."""
        for start in range(0, len(keys), AT_ONCE):
            stored = store.get_many(keys[start : start + AT_ONCE], model.trunk_name, model.trunk_size)
            data = b"".join(stored[key] for key in keys[start : start + AT_ONCE])
            yield np.frombuffer(data, STORED).reshape(-1, model.trunk_size)[:, : model.kept.numbers]

    moments = moments_of(blocks(), model.kept.numbers)
    if moments.slices < LEAST:
        raise ModelError(
            f"{model.folder.name}: its projection takes {LEAST:,} slices to fit, but only {moments.slices:,} are stored",
            hint="analyse more or configure",
        )
    try:
        mean, matrix = fit_projection(moments)
    except ValueError as error:
        told = f"{error}; check input and output in its configuration, and import it again"
        raise ModelError(f"{model.folder.name}: {told}") from error
    model.freeze(mean, matrix, moments.slices)
    return moments.slices


def refit(library: Library, model: Model) -> int:
    """Fit a model's projection again, to the store of this library; return to how many slices.

    Its vectors change, and get another name. Raises ModelError if it has no fitted projection, or there are too few slices;
    LibraryError if another process is analysing the library.
    """
    if not isinstance(model, OnnxModel) or model.config.projection != FIT:
        raise ModelError(f"{model.name}: its projection was not fitted here, so there is nothing to fit again")
    with open_slices(library) as store, alone(library):
        return fit_to_stored(store, model, set(library.recordings().values()))

"""Examines an installation, a library and its stored data, for problems and their repairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from deejai_core.data_folder import history_path, listeners_path, slices_path, votes_path
from deejai_core.embedding.slices import open_slices
from deejai_core.errors import DeejaiError, StoreError
from deejai_core.features.doctor.finding import Finding, failed
from deejai_core.features.doctor.installation import dependencies, embedding, extension, matrix_products, weights
from deejai_core.features.doctor.stored import history, index, leftovers, listeners, slice_store, votes
from deejai_core.features.doctor.tracks import disk, files, pending, vectors, weighting
from deejai_core.library import Library
from deejai_core.models.protocol import Companion, Model
from deejai_core.models.registry import tagging_model
from deejai_core.options.analysis import Analysis


def examine_installation(needed: Sequence[str] = ()) -> Iterator[Finding]:
    """Yield one finding after another. needed: libraries that the program needs besides those of this package."""
    found = dependencies(needed)
    yield found
    if not found.wrong:
        yield matrix_products()
        yield from filter(None, [extension()])


def examine_library(library: Library, load: Callable[[], Model], analysis: Analysis) -> Iterator[Finding]:
    """Yield one finding after another; nothing changes unless a `repair` is called. load: loads the model in use."""
    try:
        model = load()
        yield weights(model.name, model)
        for companion in _heard(library, model):
            yield weights(companion.trunk_name, companion)
        yield embedding(model, analysis)
    except DeejaiError as error:
        yield failed("model", error)
        return
    stored = slices_path(library).exists()
    yield from _checked("vectors", vectors(library, model))
    if stored:
        yield from _checked("slice store", slice_store(library, model))
        yield from _checked("weights", weighting(library, model, analysis.epsilon_for(model)))
    if history_path(library).exists():
        yield from _checked("history", history(library))
    if listeners_path(library).exists():
        yield from _checked("listeners", listeners(library))
    if votes_path(library).exists():
        yield from _checked("votes", votes(library))
    if stored:
        yield from _checked("files", files(library, analysis))
    yield from _checked("index", index(library, model))
    yield from _checked("leftovers", leftovers(library))
    yield from _checked("tracks", pending(library, model, analysis))
    yield from _checked("disk", disk(library, model, analysis))


def _heard(library: Library, model: Model) -> list[Companion]:
    """Return the companions that have processed any track of a library; for other users, they do not matter."""
    if not slices_path(library).exists():
        return []
    try:
        with open_slices(library) as store:
            return [companion for companion in tagging_model(model).more if store.has(companion.trunk_name)]
    except StoreError:
        return []  # another check reports this


def _checked(what: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield a check's findings; a check that fails does not prevent the others."""
    try:
        yield from findings
    except DeejaiError as error:
        yield failed(what, error)

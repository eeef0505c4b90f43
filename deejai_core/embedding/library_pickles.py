"""Imports the vectors of an existing Deej-A.I. into a library, so that nothing is analysed twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from deejai_core.audio.limits import Limits
from deejai_core.embedding.analysis import TRUNK_TYPE
from deejai_core.embedding.pickles import read_vectors, vector_files
from deejai_core.embedding.slices import open_slices
from deejai_core.errors import AudioError, ModelError, StoreError
from deejai_core.library import Library
from deejai_core.models.deejai.model import Speccy
from deejai_core.models.protocol import Model
from deejai_core.words import one_line


@dataclass
class Imported:
    """The result of importing vectors."""

    stored: int = 0  # recordings
    known: int = 0  # recordings that the model has already embedded
    elsewhere: list[str] = field(default_factory=list)  # paths that are not in the library
    unusable: list[str] = field(default_factory=list)  # paths whose vectors are not usable


def import_vectors(
    library: Library,
    model: Model,
    sources: Sequence[Path],
    *,
    limits: Limits,
    moved: tuple[str, str] | None = None,
    on_warning: Callable[[str], None],
) -> Imported:
    """Store the vectors in the pickles of a Deej-A.I. as the output of `model` for the library's files.

    moved: the former and the current beginning of the paths. on_warning: receives a line about each pickle that is damaged,
    or of another model. Raises ModelError if the model has no such vectors, StoreError if a source is missing.
    """
    if not isinstance(model, Speccy):
        raise ModelError(f"{model.name} is not a network of Deej-A.I.", hint="import a network")
    result = Imported()
    with open_slices(library) as store, limits.decoder() as decoder:
        known, recordings = set(store.keys(model.trunk_name)), library.recordings()
        for file, name, vectors in _pickled(sources, on_warning):
            path = _moved(name, moved)
            ids = list(library.at([path]).values())
            if not ids:
                result.elsewhere.append(name)
                continue
            if vectors.shape[1] != model.trunk_size:
                on_warning(f"{file}: left out: {vectors.shape[1]} numbers a vector; {model.name} has {model.trunk_size}")
                continue
            vectors = vectors[np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)].astype(TRUNK_TYPE)
            if not len(vectors) or not np.isfinite(vectors).all():
                result.unusable.append(name)
                continue
            try:
                key = recordings.get(ids[0]) or decoder.key(path)
            except AudioError as error:
                on_warning(f"{one_line(os.fspath(path))}: left out: {error}")
                continue
            if key in known:
                result.known += 1
            else:
                store.put(key, model.trunk_name, vectors)
                known.add(key)
                result.stored += 1
            for id_, track in library.tracks(ids).items():
                library.keep_recording(id_, track.path, key)
    return result


def _pickled(sources: Sequence[Path], on_warning: Callable[[str], None]) -> Iterator[tuple[Path, str, np.ndarray]]:
    """Yield every pickle that can be read, with each path in it and its vectors (n, dimension)."""
    for source in sources:
        files = vector_files(source) if source.is_dir() or source.is_file() else []
        if not files:
            raise StoreError(f"{one_line(os.fspath(source))}: it contains no pickle (.p)")
        for file in files:
            try:
                yield from ((file, name, vectors) for name, vectors in read_vectors(file))
            except StoreError as error:
                on_warning(str(error))


def _moved(name: str, moved: tuple[str, str] | None) -> Path:
    if moved:
        old, new = (os.path.join(part, "") for part in moved)  # noqa: PTH118 (with a separator at its end)
        if name.startswith(old):
            name = new + name[len(old) :]
    return Path(name)

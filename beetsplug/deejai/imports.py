"""Models and vectors of other installations: taken over, so that nobody trains or analyses twice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from beets.ui import UserError

from deejai_core.data_folder import open_slices
from deejai_core.embedding.analysis import TRUNK_TYPE
from deejai_core.embedding.pickles import read_vectors, vector_files
from deejai_core.errors import AudioError, ModelError, StoreError
from deejai_core.formats.entries import one_line
from deejai_core.models.deejai.model import Speccy
from deejai_core.models.head import CONFIG
from deejai_core.models.protocol import Model
from deejai_core.models.registry import open_model_folder

from .models import replacing_model
from .settings import Settings

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from .library.beets_library import BeetsLibrary


MODEL_FILES = (".json", ".safetensors", ".bin")


def import_model(source: Path, folder: Path) -> None:
    """A network from a file of Keras, or a model's folder, into `folder`: whole or not at all.

    Raises ModelError if the source is neither, UserError if there is none.
    """
    if not source.is_dir() and not source.is_file():
        raise UserError(f"{one_line(os.fspath(source))}: no such file or folder")
    if source.is_dir() and not (source / CONFIG).is_file():
        raise UserError(f"{one_line(os.fspath(source))}: no model in it; it should have {CONFIG} and the weights")
    with replacing_model(folder) as temporary:
        if source.is_dir():
            for file in source.iterdir():
                if file.suffix in MODEL_FILES and file.is_file():
                    shutil.copy(file, temporary)
        else:
            from deejai_core.models.deejai.keras import convert_keras

            convert_keras(source, temporary)
        try:
            open_model_folder(temporary)
        except ModelError as error:
            raise ModelError(str(error).replace(os.fspath(temporary), os.fspath(source))) from error


@dataclass
class Imported:
    """What became of vectors that were read."""

    stored: int = 0  # recordings
    known: int = 0  # recordings that the model has heard already
    elsewhere: list[str] = field(default_factory=list)  # paths that are not in the library
    unusable: list[str] = field(default_factory=list)  # paths whose vectors say nothing


def import_vectors(
    library: BeetsLibrary,
    model: Model,
    sources: Sequence[Path],
    settings: Settings,
    log: BeetsLogger,
    *,
    moved: tuple[str, str] | None = None,
) -> Imported:
    """Keep the vectors in the pickles of a Deej-A.I. as what `model` has heard in the library's files.

    moved: what the paths began with, and what they begin with now. A pickle that is damaged, or of another model, is a
    warning. Raises UserError if the model has no such vectors, or a source is not there.
    """
    if not isinstance(model, Speccy):
        raise UserError(f"{model.name} is not a network of Deej-A.I.; import yours first by `beet deejai model import`")
    result = Imported()
    with open_slices(library) as store, settings.analysis.limits.decoder() as decoder:
        known, recordings = set(store.keys(model.trunk_name)), library.recordings()
        for file, name, vectors in _pickled(sources, log):
            path = _moved(name, moved)
            ids = list(library.at([path]).values())
            if not ids:
                result.elsewhere.append(name)
                continue
            if vectors.shape[1] != model.trunk_size:
                log.warning(
                    "{}: left out: {} numbers a vector; {} has {}", file, vectors.shape[1], model.name, model.trunk_size
                )
                continue
            vectors = vectors[np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)].astype(TRUNK_TYPE)
            if not len(vectors) or not np.isfinite(vectors).all():
                result.unusable.append(name)
                continue
            try:
                key = recordings.get(ids[0]) or decoder.key(path)
            except AudioError as error:
                log.warning("{}: left out: {}", one_line(os.fspath(path)), error)
                continue
            if key in known:
                result.known += 1
            else:
                store.put(key, model.trunk_name, vectors)
                known.add(key)
                result.stored += 1
            for id_ in ids:
                library.keep_recording(id_, library.tracks([id_])[id_].path, key)
    return result


def _pickled(sources: Sequence[Path], log: BeetsLogger) -> Iterator[tuple[Path, str, np.ndarray]]:
    """Of every pickle that can be read: the pickle, a path in it, and its vectors (n, dimension)."""
    for source in sources:
        files = vector_files(source) if source.is_dir() or source.is_file() else []
        if not files:
            raise UserError(f"{one_line(os.fspath(source))}: no pickle (.p) is there")
        for file in files:
            try:
                yield from ((file, name, vectors) for name, vectors in read_vectors(file))
            except StoreError as error:
                log.warning("{}", error)


def _moved(name: str, moved: tuple[str, str] | None) -> Path:
    if moved:
        old, new = (os.path.join(part, "") for part in moved)  # noqa: PTH118 (with a separator at its end)
        if name.startswith(old):
            name = new + name[len(old) :]
    return Path(name)

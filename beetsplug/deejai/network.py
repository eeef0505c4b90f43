"""Training a whole network on a library: its files become spectrograms, and those with the history a model."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.embedding.analysis import Heard, Unheard, default_threads
from deejai_core.errors import TrainingError
from deejai_core.formats.entries import one_line
from deejai_core.models.deejai.folder import save_speccy, write_notes
from deejai_core.models.folders import replacing_model
from deejai_core.models.registry import CHECKPOINT
from deejai_core.training.network import Course, Material, train_network
from deejai_core.training.spectrograms import Spectrograms, make_spectrograms
from deejai_core.training.validation import Epoch, check_enough, split
from deejai_core.training.validation import Progress as Validation
from deejai_core.words import counted

from .library.items import file_path, items_by_id
from .progress import Progress
from .settings import Settings
from .training import Songs, validation_text

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from .library.beets_library import BeetsLibrary


def gather_material(library: BeetsLibrary, songs: Songs, settings: Settings, seed: int, log: BeetsLogger) -> Material:
    """The songs that are in the library, as pictures of their slices; what is not there yet is decoded first.

    Raises TrainingError if there are too few.
    """
    keys = library.recordings()
    chosen = [(row, next((id_ for id_ in items if id_ in keys), None)) for row, items in enumerate(songs.items)]
    row_of = {id_: row for row, id_ in chosen if id_ is not None}
    paths = {file_path(item): keys[item.id] for item in items_by_id(library, row_of)}
    kept = Spectrograms(library.folder / "spectrograms")
    progress = Progress(sum(kept.read(key) is None for key in paths.values()), log)

    def note(result: Heard | Unheard) -> None:
        if isinstance(result, Unheard):
            progress.warn("{}: left out: {}", one_line(os.fspath(result.path)), result.reason)
        progress.step()

    with progress:
        make_spectrograms(
            kept,
            paths,
            windows=settings.windows,
            threads=settings.threads or default_threads(),
            limits=settings.analysis.limits,
            on_result=note,
        )
    slices = {id_: found for id_ in row_of if (found := kept.read(keys[id_])) is not None}
    ids = sorted(slices, key=lambda id_: keys[id_])
    artists, _ = library.columns(ids).artist_codes
    check_enough(artists, songs.lists)
    held_out = split(artists, np.random.default_rng(seed))
    return Material([slices[id_] for id_ in ids], songs.vectors[[row_of[id_] for id_ in ids]], held_out)


def teach_network(material: Material, course: Course, folder: Path, log: BeetsLogger) -> dict[str, str]:
    """Train a network, or go on with one, into `folder`; returns what there is to say of it, by label.

    Raises TrainingError if it learned nothing; its checkpoint stays, so that it can go on with more epochs.
    """
    with Progress(None, log, "batches", at_most=True) as shown:

        def on_epoch(epoch: Epoch) -> None:
            shown.say("loss {:.4f}, validation cosine {:.4f}", epoch.loss, epoch.validation)

        weights, progress = train_network(material, course, folder / CHECKPOINT, on_epoch=on_epoch, on_step=shown.reach)
    if not progress.learned_something:
        raise TrainingError(
            f"the network learned nothing: on artists held out it reaches a cosine of {progress.validation:.3f}, and a "
            f"constant vector {progress.constant:.3f}. No model was written. More lists may help (--force begins again), "
            "or more --epochs (the same command goes on)"
        )
    trained = report(material, course, progress)
    with replacing_model(folder) as temporary:  # which leaves the checkpoint behind
        save_speccy(weights, temporary, kind=course.kind, scaling="decibels")
        write_notes(temporary, {"trained": trained})
    return trained


def report(material: Material, course: Course, progress: Validation) -> dict[str, str]:
    tracks = counted(len(material.slices), "track")
    return {
        "learned": f"the {course.kind} network from {tracks}, seed {course.seed}, on {date.today().isoformat()}",
        "validation": validation_text(progress),
    }

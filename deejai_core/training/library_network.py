"""Training a whole network on a library: its files become spectrograms, and those with the history a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import numpy as np

from deejai_core.audio.limits import Limits
from deejai_core.data_folder import spectrograms_path
from deejai_core.embedding.analysis import Embedded, NotEmbedded
from deejai_core.errors import TrainingError
from deejai_core.library import Library
from deejai_core.models.deejai.folder import save_speccy, write_notes
from deejai_core.models.folders import replacing_model
from deejai_core.models.registry import CHECKPOINT
from deejai_core.training.library_training import Songs, validation_text
from deejai_core.training.network import Course, TrainingData, train_network, untrained
from deejai_core.training.spectrograms import Spectrograms, make_spectrograms
from deejai_core.training.validation import Epoch, Progress, check_enough, split
from deejai_core.words import counted


def tracks_to_decode(library: Library, songs: Songs) -> dict[int, int]:
    """One track of each song whose file is known: id to row of `songs`. Raises TrainingError if they are too few."""
    keys = library.recordings()
    chosen = ((row, next((id_ for id_ in ids if id_ in keys), None)) for row, ids in enumerate(songs.tracks))
    row_of = {id_: row for row, id_ in chosen if id_ is not None}
    check_enough(library.columns(list(row_of)).artist_codes[0], songs.lists)
    return row_of


def gather_training_data(
    library: Library,
    songs: Songs,
    row_of: Mapping[int, int],
    *,
    windows: int,
    threads: int,
    limits: Limits,
    seed: int,
    on_planned: Callable[[int], None] = lambda files: None,
    on_result: Callable[[Embedded | NotEmbedded], None] = lambda result: None,
) -> TrainingData:
    """The songs that are in the library, as pictures of their slices; what is not there yet is decoded first.

    row_of: as `tracks_to_decode` has it. on_planned: told how many files are to be decoded; on_result: what came of each.
    Raises TrainingError if too few of the songs can be decoded.
    """
    keys = library.recordings()
    paths = {track.path: keys[id_] for id_, track in library.tracks(row_of).items()}
    kept = Spectrograms(spectrograms_path(library))
    on_planned(sum(kept.read(key) is None for key in paths.values()))
    make_spectrograms(kept, paths, windows=windows, threads=threads, limits=limits, on_result=on_result)
    slices = {id_: found for id_ in row_of if (found := kept.read(keys[id_])) is not None}
    ids = sorted(slices, key=lambda id_: keys[id_])
    artists, _ = library.columns(ids).artist_codes
    check_enough(artists, songs.lists)
    held_out = split(artists, np.random.default_rng(seed))
    return TrainingData([slices[id_] for id_ in ids], songs.vectors[[row_of[id_] for id_ in ids]], held_out)


def train_into(
    folder: Path,
    data: TrainingData,
    course: Course,
    *,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, str]:
    """Train a network, or go on with one, into the folder of a model; returns what there is to say of it, by label.

    on_epoch, on_step: as of `train_network`. Raises TrainingError if it learned nothing; its checkpoint stays, so that it
    can go on with more epochs.
    """
    weights, progress = train_network(data, course, folder / CHECKPOINT, on_epoch=on_epoch, on_step=on_step)
    if not progress.learned_something:
        raise TrainingError(
            f"the network learned nothing: on artists held out it reaches a cosine of {progress.validation:.3f}, and a "
            f"constant vector {progress.constant:.3f}. No model was written.",
            hint="more lists or epochs",
        )
    trained = report(data, course, progress)
    with replacing_model(folder) as temporary:  # which leaves the checkpoint behind
        save_speccy(weights, temporary, kind=course.kind, scaling="decibels")
        write_notes(temporary, {"trained": trained})
    return trained


def keep_untrained(folder: Path, course: Course) -> dict[str, str]:
    """Write the network with random weights into the folder of a model: what a trained one is to be compared with.

    Returns what there is to say of it, by label. Raises ModelError if it cannot be written.
    """
    told = {"learned": f"nothing: random weights of the {course.kind} network, seed {course.seed}"}
    with replacing_model(folder) as temporary:
        save_speccy(untrained(course).state_dict(), temporary, kind=course.kind, scaling="decibels")
        write_notes(temporary, {"trained": told, "untrained": True})
    return told


def report(data: TrainingData, course: Course, progress: Progress) -> dict[str, str]:
    tracks = counted(len(data.slices), "track")
    return {
        "learned": f"the {course.kind} network from {tracks}, seed {course.seed}, on {date.today().isoformat()}",
        "validation": validation_text(progress),
    }

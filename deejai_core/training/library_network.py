"""Trains a whole network on a library, from spectrograms of its files, with or without the history."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from deejai_core.audio.limits import Limits
from deejai_core.data_folder import spectrograms_path
from deejai_core.embedding.analysis import Embedded, NotEmbedded
from deejai_core.errors import TrainingError
from deejai_core.files import replacing
from deejai_core.library import Library
from deejai_core.models.deejai.folder import save_speccy, write_notes
from deejai_core.models.folders import replacing_model
from deejai_core.models.registry import CHECKPOINT
from deejai_core.training.library_training import Company, Songs
from deejai_core.training.network import train_network, untrained
from deejai_core.training.objectives import Autoencoder, Course, TrainingData, task_of
from deejai_core.training.pairs import Pairs
from deejai_core.training.reconstruction import reconstruction_picture
from deejai_core.training.spectrograms import Spectrograms, make_spectrograms
from deejai_core.training.validation import Epoch, check_enough, epoch_text, split
from deejai_core.words import counted

PICTURE = "reconstructed.png"  # in the folder of an autoencoder: spectrograms and their reconstructions


@dataclass(frozen=True, eq=False)
class Curriculum:
    """Tracks of a library that a network is trained on, and what is known about them besides their sound.

    targets: by id, Track2Vec's directions, float32 of unit length; empty if no objective needs them. lists: of each list,
    ids. listed: how many lists the tracks had to be in, for messages; None if they did not.
    """

    ids: Collection[int]
    targets: Mapping[int, np.ndarray]
    lists: Collection[Collection[int]] = ()
    listed: int | None = None


def songs_to_predict(library: Library, songs: Songs) -> Curriculum:
    """Return one track of each song whose file is known, and its direction. Raises TrainingError if they are too few."""
    keys = library.recordings()
    chosen = ((row, next((id_ for id_ in ids if id_ in keys), None)) for row, ids in enumerate(songs.tracks))
    row_of = {id_: row for row, id_ in chosen if id_ is not None}
    check_enough(library.columns(list(row_of)).artist_codes[0], songs.lists)
    return Curriculum(list(row_of), {id_: songs.vectors[row] for id_, row in row_of.items()}, listed=songs.lists)


def tracks_to_hear(library: Library, company: Company) -> Curriculum:
    """Return the tracks to learn from by sound, with their lists if any. Raises TrainingError if they are too few."""
    check_enough(library.columns(company.ids).artist_codes[0])
    return Curriculum(company.ids, {}, [[company.ids[place] for place in listing.tolist()] for listing in company.lists])


def gather_training_data(
    library: Library,
    curriculum: Curriculum,
    *,
    windows: int,
    threads: int,
    limits: Limits,
    seed: int,
    paired: bool = False,
    on_planned: Callable[[int], None] = lambda files: None,
    on_result: Callable[[Embedded | NotEmbedded], None] = lambda result: None,
) -> TrainingData:
    """Return the tracks as pictures of their slices; missing ones are decoded first.

    paired: leave out tracks of a single slice that are in no list, which cannot be paired. on_planned: receives how many
    files must be decoded; on_result: each result. Raises TrainingError if too few can be decoded.
    """
    keys = library.recordings()
    paths = {track.path: keys[id_] for id_, track in library.tracks(curriculum.ids).items()}
    kept = Spectrograms(spectrograms_path(library))
    on_planned(sum(kept.read(key) is None for key in paths.values()))
    make_spectrograms(kept, paths, windows=windows, threads=threads, limits=limits, on_result=on_result)
    slices = {id_: found for id_ in curriculum.ids if (found := kept.read(keys[id_])) is not None}
    if paired:
        listed = {id_ for listing in curriculum.lists for id_ in listing}
        slices = {id_: found for id_, found in slices.items() if len(found) > 1 or id_ in listed}
    ids = sorted(slices, key=lambda id_: keys[id_])
    artists, _ = library.columns(ids).artist_codes
    check_enough(artists, curriculum.listed)
    place = {id_: number for number, id_ in enumerate(ids)}
    lists = [np.array([place[id_] for id_ in listing if id_ in place], np.int64) for listing in curriculum.lists]
    return TrainingData(
        [slices[id_] for id_ in ids],
        np.array([curriculum.targets[id_] for id_ in ids]) if curriculum.targets else None,
        split(artists, np.random.default_rng(seed)),
        lists,
    )


def train_into(
    folder: Path,
    data: TrainingData,
    course: Course,
    *,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, str]:
    """Train a network, or continue, into the folder of a model; return facts about it, by label.

    on_epoch, on_step: as in `train_network`. Raises TrainingError if it learned nothing; its checkpoint stays, so that more
    epochs can continue.
    """
    weights, progress = train_network(data, course, folder / CHECKPOINT, on_epoch=on_epoch, on_step=on_step)
    task = task_of(data, course)
    judged = task.judged(progress)
    if not progress.learned_something:
        hint = "more lists or epochs" if course.objective == "lists" else "more music or epochs"
        raise TrainingError(f"the network learned nothing: {judged}. No model was written.", hint=hint)
    trained = {
        "learned": f"{_taught(data, course)}, seed {course.seed}, on {date.today().isoformat()}",
        "validation": f"{judged} {epoch_text(progress)}",
    }
    picture = None
    if isinstance(task, Autoencoder):
        if course.objective == "variational":
            trained["KL"] = task.divergence(weights)
        picture = reconstruction_picture(*task.reconstructions(weights))
        trained["picture"] = f"{PICTURE} in its folder: spectrograms of held-out tracks and their reconstructions"
    with replacing_model(folder) as temporary:  # which leaves the checkpoint in place
        save_speccy(task.network(weights), temporary, kind=course.kind, scaling="decibels")
        write_notes(temporary, {"trained": trained, "objective": course.objective})
        if picture:
            with replacing(temporary / PICTURE) as file:
                file.write_bytes(picture)
    return trained


def keep_untrained(folder: Path, course: Course) -> dict[str, str]:
    """Write a network with random weights into the folder of a model, to compare trained ones with it.

    Returns facts about it, by label. Raises ModelError if it cannot be written.
    """
    told = {"learned": f"nothing: random weights of the {course.kind} network, seed {course.seed}"}
    with replacing_model(folder) as temporary:
        save_speccy(untrained(course).state_dict(), temporary, kind=course.kind, scaling="decibels")
        write_notes(temporary, {"trained": told, "untrained": True})
    return told


def _taught(data: TrainingData, course: Course) -> str:
    """Return what a network was trained on, in words."""
    taught = f"the {course.kind} network from {counted(len(data.slices), 'track')}"
    if course.objective == "lists":
        return taught
    taught = f"{taught}, objective {course.objective}"
    return f"{taught}, {Pairs(data.lists, data.held_out).text}" if course.objective == "siamese" else taught

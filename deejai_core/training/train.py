"""A whole training: from the lists of a library's history to songs, and from these to a head or a network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from deejai_core.embedding.analysis import Embedded, NotEmbedded, default_threads
from deejai_core.errors import TrainingError
from deejai_core.extras import extra
from deejai_core.history.library_history import History, read_history
from deejai_core.library import Library
from deejai_core.models.device import pick_device
from deejai_core.models.folders import check_replaceable
from deejai_core.models.objectives import Objective
from deejai_core.models.protocol import Model
from deejai_core.models.registry import BUNDLED, CHECKPOINT, load_model, trunk_of
from deejai_core.options.analysis import Analysis
from deejai_core.training.head import EPOCHS as EPOCHS_OF_HEAD
from deejai_core.training.head import Examples
from deejai_core.training.library_network import (
    Curriculum,
    gather_training_data,
    keep_untrained,
    songs_to_predict,
    tracks_to_hear,
    train_into,
)
from deejai_core.training.library_training import (
    Songs,
    coverage,
    gather_all_examples,
    gather_examples,
    keep_head,
    keep_songs,
    learn_songs,
    read_company,
    report,
    songs_as_kept,
    train_on,
)
from deejai_core.training.objectives import Course
from deejai_core.training.reconstruction import check_pictures
from deejai_core.training.validation import Epoch
from deejai_core.words import counted

EPOCHS_OF_NETWORK = 100
BY_SOUND: tuple[Objective, ...] = ("autoencoder", "variational")  # objectives that learn from spectrograms alone

Stage = Literal["entries of lists", "files", "epochs", "batches"]


@dataclass(frozen=True)
class Training:
    """How a model is trained."""

    network: Literal["2d", "1d"] | None = None  # the whole network of Deej-A.I.; None for a head on a trunk
    objective: Objective = "lists"  # what is learned; for a head, lists or siamese
    alone: bool = False  # whether a head's space becomes the whole space, without the trunk's own
    vectors: Path | None = None  # vectors that Track2Vec has learned elsewhere, see `learn_songs`
    epochs: int = EPOCHS_OF_NETWORK  # of a network, at most; 0 keeps its random weights, for comparison
    device: str = "auto"  # where a network is computed, one of `DEVICES`
    seed: int = 1
    afresh: bool = False  # whether a half-trained network begins again


class TrainingObserver:
    """Follows the progress of a training. Its methods do nothing; override those that you need."""

    def told(self, label: str, text: str) -> None:
        """Called with facts about the history, the result, and its evaluation."""

    def began(self, stage: Stage, total: int | None, text: str = "") -> None:
        """Called at the start of a stage. total: of what it counts; None if the first `reached` has it."""

    def reached(self, done: int, total: int) -> None:
        """Called with the progress of a stage."""

    def decoded(self, result: Embedded | NotEmbedded) -> None:
        """Called when a file was decoded."""

    def epoch(self, epoch: Epoch) -> None:
        """Called when a head or a network has processed all tracks once more."""

    def learned_nothing(self) -> None:
        """Called if a head predicts no better than a constant vector; it is kept, because it was requested alone."""

    def saved(self, folder: Path) -> None:
        """Called when the model is in its folder."""


def train(
    library: Library,
    training: Training,
    analysis: Analysis,
    folder: Path | None,
    *,
    base: str = BUNDLED,
    observer: TrainingObserver | None = None,
) -> None:
    """Learn from the history of a library, or from its sound alone, and train a model.

    folder: of the new model, see `new_model_folder`; None: only the songs are learned, for the space track2vec. base: the
    model whose trunk a head uses. Songs are only learned for the objective "lists". They are stored beside the library as
    soon as it is clear that there is enough to learn from, before the hours that a network may take. Raises HistoryError if
    there is no history, TrainingError if nothing can be learned, ModelError, and MissingError if a library is not
    installed.
    """
    observer = observer or TrainingObserver()
    if training.objective in BY_SOUND and not training.network:
        raise TrainingError(f"objective {training.objective}: only a whole network learns that, not a head")
    if folder:
        check_replaceable(folder)
        with extra("train"):
            import torch  # noqa: F401  # now, and not after hours in which songs are learned and files decoded
    if folder and training.network and not training.epochs:
        told = keep_untrained(folder, Course(kind=training.network, seed=training.seed))
        _finish(folder, told, observer)
        return
    if training.network:
        training = replace(training, device=pick_device(training.device))
    if folder and training.objective != "lists":
        _finish(folder, _train_without_directions(library, training, analysis, folder, base, observer), observer)
        return
    with read_history(library) as history:
        observer.told("history", coverage(history).text)
        songs = _learn(library, history, training, observer)
        if not folder:
            keep_songs(library, songs)
            return
        if training.network:
            curriculum = songs_to_predict(library, songs)
            keep_songs(library, songs)
            told = _train_network(library, curriculum, training, training.network, analysis, folder, observer)
        else:
            told = _train_on_lists(library, history, songs, training, folder, base, observer)
    _finish(folder, told, observer)


def _finish(folder: Path, told: dict[str, str], observer: TrainingObserver) -> None:
    for label, text in told.items():
        observer.told(label, text)
    observer.saved(folder)


def _learn(library: Library, history: History, training: Training, observer: TrainingObserver) -> Songs:
    if not training.vectors:
        if kept := songs_as_kept(library, history, seed=training.seed):
            what = f"{counted(kept.known, 'song')}, {len(kept.words):,} of them in the library"
            observer.told("track2vec", f"{what}, learned before from the same lists")
            return kept
        observer.began("entries of lists", None, "learning which songs appear together...")
    songs = learn_songs(history, seed=training.seed, vectors=training.vectors, progress=observer.reached)
    observer.told("track2vec", f"{counted(songs.known, 'song')} learned, {len(songs.words):,} of them in the library")
    return songs


def _train_without_directions(
    library: Library, training: Training, analysis: Analysis, folder: Path, base: str, observer: TrainingObserver
) -> dict[str, str]:
    """Train an objective that needs no song's direction, though it may use lists."""
    if training.objective in BY_SOUND:
        check_pictures()
    company = read_company(library, lists=training.objective == "siamese")
    if company.lists:
        observer.told("history", f"{counted(len(company.lists), 'list')}; two songs of one list are a pair")
    if training.network:
        heard = tracks_to_hear(library, company)
        return _train_network(library, heard, training, training.network, analysis, folder, observer)
    trunk = trunk_of(base, folder.parent)
    model = load_model(trunk, folder.parent)
    return _train_head(gather_all_examples(library, company, model), trunk, model, training, folder, observer)


def _train_on_lists(
    library: Library,
    history: History,
    songs: Songs,
    training: Training,
    folder: Path,
    base: str,
    observer: TrainingObserver,
) -> dict[str, str]:
    trunk = trunk_of(base, folder.parent)  # without loading a head, which may be damaged
    model = load_model(trunk, folder.parent)
    examples = gather_examples(library, history, songs, model)
    keep_songs(library, songs)
    return _train_head(examples, trunk, model, training, folder, observer)


def _train_head(
    examples: Examples, trunk: str, model: Model, training: Training, folder: Path, observer: TrainingObserver
) -> dict[str, str]:
    observer.began("epochs", None, f"training on {counted(len(examples.trunks), 'track')}...")
    observer.reached(0, EPOCHS_OF_HEAD)
    trained = train_on(
        examples,
        model,
        alone=training.alone,
        seed=training.seed,
        objective=training.objective,
        on_epoch=observer.epoch,
    )
    if not trained.progress.learned_something:
        observer.learned_nothing()
    told = report(examples, trained, seed=training.seed)
    keep_head(folder, trained, trunk, model, told)
    return told


def _train_network(
    library: Library,
    curriculum: Curriculum,
    training: Training,
    network: Literal["2d", "1d"],
    analysis: Analysis,
    folder: Path,
    observer: TrainingObserver,
) -> dict[str, str]:
    if training.afresh:
        (folder / CHECKPOINT).unlink(missing_ok=True)
    data = gather_training_data(
        library,
        curriculum,
        windows=analysis.windows,
        threads=analysis.threads or default_threads(),
        limits=analysis.limits,
        seed=training.seed,
        paired=training.objective == "siamese",
        on_planned=lambda files: observer.began("files", files),
        on_result=observer.decoded,
    )
    course = Course(
        kind=network, epochs=training.epochs, seed=training.seed, device=training.device, objective=training.objective
    )
    observer.began("batches", None, f"training on {counted(len(data.slices), 'track')}, by {course.device}...")
    return train_into(folder, data, course, on_epoch=observer.epoch, on_step=observer.reached)

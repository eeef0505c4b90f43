"""Training on a library: its history becomes Track2Vec, and Track2Vec with what was heard becomes a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.embedding.slices import open_slices
from deejai_core.errors import TrainingError
from deejai_core.models.folders import replacing_model
from deejai_core.models.head import HeadWeights, beside, save_head, unit
from deejai_core.models.protocol import Model
from deejai_core.models.registry import load_model, trunk_of
from deejai_core.training.head import (
    Choice,
    Examples,
    choose_weight,
    directions,
    matching_epsilon,
    train_head,
)
from deejai_core.training.kept import save_track2vec, word_of
from deejai_core.training.spark import export_lists, import_vectors
from deejai_core.training.track2vec import Track2Vec, learn
from deejai_core.training.validation import Epoch, Progress, check_enough, split
from deejai_core.words import counted

from .models import models_folder, name_in_use

if TYPE_CHECKING:
    from deejai_core.history.library_history import History

    from .library.beets_library import BeetsLibrary
    from .settings import Settings


@dataclass(frozen=True, eq=False)
class Songs:
    """The songs of the library that Track2Vec knows."""

    words: list[int]  # of the history
    vectors: np.ndarray  # (n, 100) float32 of unit length
    items: list[list[int]]  # ids of the tracks of each
    known: int  # songs that have a vector, in the library or not
    lists: int  # that they were learned from


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a head was taught, and how well it learned."""

    weights: HeadWeights
    progress: Progress
    choice: Choice
    weight: float
    epsilon: float


def coverage(history: History) -> str:
    """How much of the lists is in the library, in words."""
    matched = history.counts[: history.matched_songs]
    songs, found = (int(np.count_nonzero(counts)) for counts in (history.counts, matched))
    share = matched.sum() / max(1, history.counts.sum())
    lists = counted(history.list_count, "list")
    return f"{lists} of {counted(songs, 'song')}; your library has {found:,} of them, {share:.0%} of all entries"


def learn_songs(
    library: BeetsLibrary,
    history: History,
    *,
    seed: int,
    vectors: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Songs:
    """Track2Vec over the history. Raises TrainingError if there is nothing to learn from.

    vectors: a Parquet file of vectors that were learned elsewhere, from lists as `export_sentences` writes them. progress:
    as of `learn`.
    """
    if vectors:
        number_of = {name: word for word, name in enumerate(history.names())}
        learned = import_vectors(vectors)
        words = [(row, number_of[name]) for row, name in enumerate(learned.words) if name in number_of]
    else:
        learned = learn(_sentences(history), seed=seed, progress=progress)
        words = [(row, int(word)) for row, word in enumerate(learned.words)]
    found = [(row, word, items) for row, word in words if (items := history.tracks_of(word))]
    if not found:
        raise TrainingError(
            f"none of the {counted(len(words), 'song')} in {counted(history.list_count, 'list')} is in the library; "
            "`beet deejai history report` shows why"
        )
    return Songs(
        [word for _, word, _ in found],
        learned.vectors[[row for row, _, _ in found]],
        [items for _, _, items in found],
        len(words),
        history.list_count,
    )


def keep_songs(library: BeetsLibrary, songs: Songs) -> None:
    """Keep the songs' vectors beside the library, for `--space track2vec`. Raises StoreError if that cannot be done."""
    ids = [id_ for items in songs.items for id_ in items]
    catalogue = library.columns(ids)
    names, place = [], 0
    for items in songs.items:
        names.append(word_of(frozenset().union(*(catalogue.names(place + number) for number in range(len(items))))))
        place += len(items)
    save_track2vec(library, Track2Vec(tuple(names), songs.vectors))


def export_sentences(history: History, path: Path) -> int:
    """Write the lists as Parquet, songs by artist and title, for Spark; returns how many lists there are."""
    names = history.names()
    return export_lists(([names[word] for word in words.tolist()] for words in history.lists()), path)


def _sentences(history: History) -> Iterator[list[str]]:
    for words in history.lists():
        yield [str(word) for word in words.tolist()]


def trunk_in_use(library: BeetsLibrary, settings: Settings) -> tuple[str, Model]:
    """The model whose trunk is the one in use, under a learned head or not, with what loads it."""
    name = trunk_of(name_in_use(library, settings), models_folder())  # without loading the head, which may be damaged
    return name, load_model(name, models_folder())


def gather_examples(library: BeetsLibrary, history: History, songs: Songs, model: Model) -> Examples:
    """The songs that `model` has heard: one track of each, where it stands in lists, and who plays it."""
    keys = library.recordings()
    with open_slices(library) as store:
        heard = store.keys(model.trunk_name)
        chosen = []
        for row, items in enumerate(songs.items):
            item = next((id_ for id_ in items if keys.get(id_) in heard), None)
            if item is not None:
                chosen.append((row, item))
        trunks = dict(store.get({keys[item] for _, item in chosen}, model.trunk_name, model.trunk_size))
    artists, _ = library.columns([item for _, item in chosen]).artist_codes
    place = {songs.words[row]: number for number, (row, _) in enumerate(chosen)}
    lists = []
    for words in history.lists():
        members = [place[word] for word in dict.fromkeys(words.tolist()) if word in place]
        if len(members) > 1:
            lists.append(np.array(members))
    rows = [row for row, _ in chosen]
    in_order = [trunks[keys[item]] for _, item in chosen]
    own = [unit(model.project(trunk)).sum(axis=0) for trunk in in_order]
    return Examples(in_order, unit(np.array(own).reshape(-1, model.dimension)), songs.vectors[rows], artists, lists)


def teach(
    examples: Examples, model: Model, *, alone: bool, seed: int, on_epoch: Callable[[Epoch], None] = lambda epoch: None
) -> Lesson:
    """Train a head on what `model` has heard, and decide how much it counts beside the trunk's own space.

    alone: it is to be the whole space. Raises TrainingError if there is too little to learn from, or if no weight of the
    learned space brings together what is listed together better than the trunk's own does.
    """
    rng = np.random.default_rng(seed)
    check_enough(examples.artists, len(examples.lists))
    held_out = split(examples.artists, rng)
    weights, progress = train_head(examples, held_out, seed=seed, on_epoch=on_epoch)
    choice = choose_weight(examples, directions(weights, examples), held_out, seed=seed)
    weight = 1.0 if alone else choice.best if progress.learned_something else 0.0
    if not weight:
        raise TrainingError(
            f"nothing learned that helps: of the 10 nearest to a track held out, {choice.share(0.0):.1%} share a list with "
            f"it in the trunk's own space, {choice.share(1.0):.1%} in the learned one, {choice.chance:.1%} by chance "
            f"(validation cosine {progress.validation:.2f}, constant vector {progress.constant:.2f}); more lists may help, "
            "--alone keeps it"
        )
    own = [model.project(trunk) for trunk in examples.trunks]
    learned = [weights.direct(trunk) for trunk in examples.trunks]
    if weight < 1:
        learned = [beside(unit(one), unit(other), weight) for one, other in zip(own, learned, strict=True)]
    return Lesson(weights, progress, choice, weight, matching_epsilon(own, learned, model.epsilon, rng))


def report(examples: Examples, lesson: Lesson, *, seed: int) -> dict[str, str]:
    """What there is to say of a lesson, by label."""
    progress, choice = lesson.progress, lesson.choice
    entries = sum(map(len, examples.lists))
    shares = [f"{choice.share(0.0):.1%} by the trunk's own space", f"{choice.share(1.0):.1%} by the learned one alone"]
    if 0 < lesson.weight < 1:
        shares.append(f"{choice.share(lesson.weight):.1%} by both, the learned one weighing {lesson.weight:.0%}")
    return {
        "learned": f"from {counted(len(examples.trunks), 'track')} in {counted(len(examples.lists), 'list')} with "
        f"{entries:,} entries, seed {seed}, on {date.today().isoformat()}",
        "validation": validation_text(progress),
        "together": f"of the 10 nearest to a track held out, in a list with it: {', '.join(shares)}; by chance "
        f"{choice.chance:.1%}",
    }


def validation_text(progress: Progress) -> str:
    return (
        f"cosine {progress.validation:.3f} on {counted(progress.held_out, 'track')} by artists held out; the constant "
        f"vector {progress.constant:.3f}, random weights {progress.random:.3f} "
        f"(epoch {progress.best + 1} of {len(progress.epochs)})"
    )


def save_lesson(folder: Path, lesson: Lesson, trunk: str, model: Model, trained: dict[str, str]) -> None:
    """Write the model to its folder, in place of what was there. Raises ModelError if that cannot be done."""
    with replacing_model(folder) as temporary:
        save_head(
            temporary,
            lesson.weights,
            trunk=trunk,
            trunk_name=model.trunk_name,
            weight=lesson.weight,
            epsilon=lesson.epsilon,
            trained=trained,
        )

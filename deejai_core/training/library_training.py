"""Training on a library: its history becomes Track2Vec, and Track2Vec with what was embedded a head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from deejai_core.embedding.slices import open_slices
from deejai_core.errors import TrainingError
from deejai_core.history.library_history import History
from deejai_core.library import Library
from deejai_core.models.folders import replacing_model
from deejai_core.models.head import HeadWeights, beside, save_head, unit
from deejai_core.models.protocol import Model
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


class Coverage(NamedTuple):
    """How much of the lists of a history is in the library."""

    lists: int
    songs: int  # in them
    found: int  # of these
    share: float  # of all entries, from 0 to 1

    @property
    def text(self) -> str:
        what = f"{counted(self.lists, 'list')} of {counted(self.songs, 'song')}"
        return f"{what}; your library has {self.found:,} of them, {self.share:.0%} of all entries"


@dataclass(frozen=True, eq=False)
class Songs:
    """The songs of the library that Track2Vec knows."""

    words: list[int]  # of the history
    vectors: np.ndarray  # (n, 100) float32 of unit length
    tracks: list[list[int]]  # ids of the tracks of each
    known: int  # songs that have a vector, in the library or not
    lists: int  # that they were learned from


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """A head that was trained, and how well it learned."""

    weights: HeadWeights
    progress: Progress
    choice: Choice
    weight: float
    epsilon: float


def coverage(history: History) -> Coverage:
    matched = history.counts[: history.matched_songs]
    songs, found = (int(np.count_nonzero(counts)) for counts in (history.counts, matched))
    return Coverage(history.list_count, songs, found, float(matched.sum() / max(1, history.counts.sum())))


def learn_songs(
    history: History,
    *,
    seed: int,
    vectors: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Songs:
    """Track2Vec over the history. Raises TrainingError if there is nothing to learn from.

    vectors: a Parquet file of vectors that were learned elsewhere, from lists as `export_history` writes them. progress: as
    of `learn`.
    """
    if vectors:
        number_of = {name: word for word, name in enumerate(history.names())}
        learned = import_vectors(vectors)
        words = [(row, number_of[name]) for row, name in enumerate(learned.words) if name in number_of]
    else:
        learned = learn(_sentences(history), seed=seed, progress=progress)
        words = [(row, int(word)) for row, word in enumerate(learned.words)]
    found = [(row, word, ids) for row, word in words if (ids := history.tracks_of(word))]
    if not found:
        raise TrainingError(
            f"none of the {counted(len(words), 'song')} in {counted(history.list_count, 'list')} is in the library",
            hint="history report",
        )
    return Songs(
        [word for _, word, _ in found],
        learned.vectors[[row for row, _, _ in found]],
        [ids for _, _, ids in found],
        len(words),
        history.list_count,
    )


def keep_songs(library: Library, songs: Songs) -> None:
    """Keep the songs' vectors beside the library, as a space of its own. Raises StoreError if that cannot be done."""
    catalogue = library.columns([id_ for ids in songs.tracks for id_ in ids])
    names, place = [], 0
    for ids in songs.tracks:
        names.append(word_of(frozenset().union(*(catalogue.names(place + number) for number in range(len(ids))))))
        place += len(ids)
    save_track2vec(library, Track2Vec(tuple(names), songs.vectors))


def export_history(history: History, path: Path) -> int:
    """Write the lists as Parquet, songs by artist and title, for Spark; returns how many lists there are."""
    names = history.names()
    return export_lists(([names[word] for word in words.tolist()] for words in history.lists()), path)


def _sentences(history: History) -> Iterator[list[str]]:
    for words in history.lists():
        yield [str(word) for word in words.tolist()]


def gather_examples(library: Library, history: History, songs: Songs, model: Model) -> Examples:
    """The songs that `model` has embedded: one track of each, where it stands in lists, and who plays it."""
    keys = library.recordings()
    with open_slices(library) as store:
        embedded = store.keys(model.trunk_name)
        chosen = []
        for row, ids in enumerate(songs.tracks):
            track = next((id_ for id_ in ids if keys.get(id_) in embedded), None)
            if track is not None:
                chosen.append((row, track))
        trunks = dict(store.get({keys[track] for _, track in chosen}, model.trunk_name, model.trunk_size))
    artists, _ = library.columns([track for _, track in chosen]).artist_codes
    place = {songs.words[row]: number for number, (row, _) in enumerate(chosen)}
    lists = []
    for words in history.lists():
        members = [place[word] for word in dict.fromkeys(words.tolist()) if word in place]
        if len(members) > 1:
            lists.append(np.array(members))
    rows = [row for row, _ in chosen]
    in_order = [trunks[keys[track]] for _, track in chosen]
    own = [unit(model.project(trunk)).sum(axis=0) for trunk in in_order]
    return Examples(in_order, unit(np.array(own).reshape(-1, model.dimension)), songs.vectors[rows], artists, lists)


def train_on(
    examples: Examples, model: Model, *, alone: bool, seed: int, on_epoch: Callable[[Epoch], None] = lambda epoch: None
) -> TrainedHead:
    """Train a head on what `model` has embedded, and decide how much it counts beside the trunk's own space.

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
            f"(validation cosine {progress.validation:.2f}, constant vector {progress.constant:.2f})",
            hint="more lists or alone",
        )
    own = [model.project(trunk) for trunk in examples.trunks]
    learned = [weights.direct(trunk) for trunk in examples.trunks]
    if weight < 1:
        learned = [beside(unit(one), unit(other), weight) for one, other in zip(own, learned, strict=True)]
    return TrainedHead(weights, progress, choice, weight, matching_epsilon(own, learned, model.epsilon, rng))


def report(examples: Examples, trained: TrainedHead, *, seed: int) -> dict[str, str]:
    """What there is to say of a training, by label."""
    progress, choice = trained.progress, trained.choice
    entries = sum(map(len, examples.lists))
    shares = [f"{choice.share(0.0):.1%} by the trunk's own space", f"{choice.share(1.0):.1%} by the learned one alone"]
    if 0 < trained.weight < 1:
        shares.append(f"{choice.share(trained.weight):.1%} by both, the learned one weighing {trained.weight:.0%}")
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


def keep_head(folder: Path, trained: TrainedHead, trunk: str, model: Model, told: dict[str, str]) -> None:
    """Write a head to its folder, in place of what was there. Raises ModelError if that cannot be done.

    trunk: what loads `model`, on whose trunk it stands. told: as `report` has it.
    """
    with replacing_model(folder) as temporary:
        save_head(
            temporary,
            trained.weights,
            trunk=trunk,
            trunk_name=model.trunk_name,
            weight=trained.weight,
            epsilon=trained.epsilon,
            trained=told,
        )

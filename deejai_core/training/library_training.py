"""Trains on a library: Track2Vec learns from its history, and a head from Track2Vec and the embedded recordings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from deejai_core.embedding.slices import open_slices
from deejai_core.errors import HistoryError, TrainingError
from deejai_core.files import check_folder, make_folder
from deejai_core.history.library_history import History, has_history, read_history
from deejai_core.library import Library
from deejai_core.models.folders import replacing_model
from deejai_core.models.head import HeadWeights, beside, save_head, unit
from deejai_core.models.objectives import Objective
from deejai_core.models.protocol import Model
from deejai_core.refusals import WRITING, refusal
from deejai_core.training.head import (
    Choice,
    Examples,
    choose_weight,
    directions,
    halves,
    matching_epsilon,
    train_head,
    train_siamese_head,
)
from deejai_core.training.kept import Lesson, read_lesson, save_track2vec, word_of
from deejai_core.training.pairs import Pairs
from deejai_core.training.spark import export_lists, import_vectors
from deejai_core.training.track2vec import FORMAT, Track2Vec, learn, recipe_for
from deejai_core.training.validation import (
    Epoch,
    Progress,
    check_enough,
    epoch_text,
    judged_by_directions,
    judged_by_pairs,
    split,
)
from deejai_core.words import counted


class Coverage(NamedTuple):
    """How much of the lists of a history is in the library."""

    lists: int
    songs: int  # in them
    found: int  # of these, in the library
    share: float  # of all entries, from 0 to 1

    @property
    def text(self) -> str:
        what = f"{counted(self.lists, 'list')} of {counted(self.songs, 'song')}"
        return f"{what}; your library has {self.found:,} of them, {self.share:.0%} of all entries"


@dataclass(frozen=True, eq=False)
class Songs:
    """The songs of the library that Track2Vec has learned."""

    words: list[int]  # words of the history
    vectors: np.ndarray  # (n, 100) float32 of unit length
    tracks: list[list[int]]  # ids of the tracks of each
    known: int  # songs that have a vector, in the library or not
    lists: int  # lists that they were learned from
    lesson: Lesson | None = None  # for the next training; None if they were learned elsewhere


@dataclass(frozen=True, eq=False)
class Company:
    """The recordings of a library, and which of them are in lists together."""

    ids: list[int]  # one track of each recording
    lists: list[np.ndarray]  # for each list of two or more, places in `ids`


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """A trained head, and its evaluation."""

    weights: HeadWeights
    progress: Progress
    choice: Choice
    weight: float
    epsilon: float
    objective: Objective


def coverage(history: History) -> Coverage:
    matched = history.counts[: history.matched_songs]
    songs, found = (int(np.count_nonzero(counts)) for counts in (history.counts, matched))
    return Coverage(history.list_count, songs, found, float(matched.sum() / max(1, history.counts.sum())))


def read_company(library: Library, *, lists: bool) -> Company:
    """Return all recordings of a library, and, if requested, the lists of its history that have at least two of them."""
    keys = library.recordings()
    number_of = {key: number for number, key in enumerate(dict.fromkeys(keys.values()))}
    first = {key: id_ for id_, key in reversed(keys.items())}
    company = Company([first[key] for key in number_of], [])
    if not lists or not has_history(library):
        return company
    place = {id_: number_of[key] for id_, key in keys.items()}
    with read_history(library) as history:
        for words in history.lists():
            songs = (history.tracks_of(word) for word in dict.fromkeys(words.tolist()))
            members = [next((place[id_] for id_ in ids if id_ in place), None) for ids in songs]
            found = np.array([member for member in members if member is not None], np.int64)
            if len(found) > 1:
                company.lists.append(found)
    return company


def learn_songs(
    history: History,
    *,
    seed: int,
    vectors: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Songs:
    """Learn Track2Vec from the history. Raises TrainingError if there is nothing to learn from.

    vectors: a Parquet file of vectors that were learned elsewhere, from lists as `export_history` writes them. progress: as
    in `learn`.
    """
    if vectors:
        number_of = {name: word for word, name in enumerate(history.names())}
        learned = import_vectors(vectors)
        words = [(row, number_of[name]) for row, name in enumerate(learned.words) if name in number_of]
    else:
        learned = learn(_sentences(history), seed=seed, progress=progress)
        words = [(row, int(word)) for row, word in enumerate(learned.words)]
    songs = _of_library(history, words, learned.vectors)
    if vectors:
        return songs
    return _with_lesson(songs, history, *_digest(history, seed))


def songs_as_kept(library: Library, history: History, *, seed: int) -> Songs | None:
    """Return what `learn_songs` would give, from its last stored result; None if lists, recipe or seed have changed."""
    if not (kept := read_lesson(library)):
        return None
    (lesson, vectors), (digest, numbers) = kept, _digest(history, seed)
    listed = np.flatnonzero(numbers[: history.matched_songs] >= 0)
    row_of = dict(zip(lesson.songs.tolist(), lesson.rows.tolist(), strict=True))
    found = numbers[listed].tolist()
    if lesson.digest != digest or not row_of.keys() >= set(
        found
    ):  # the vector of a song that is new in the library was not stored
        return None
    # In the order of the stored vectors: what is trained on them comes out the same.
    words = sorted(
        (row_of[number], word) for number, word in zip(found, listed.tolist(), strict=True) if row_of[number] >= 0
    )
    if not words:
        return None
    songs = replace(_of_library(history, words, vectors), known=lesson.known)
    return _with_lesson(songs, history, digest, numbers)


def _with_lesson(songs: Songs, history: History, digest: str, numbers: np.ndarray) -> Songs:
    row_of = {word: row for row, word in enumerate(songs.words)}
    listed = np.flatnonzero(numbers[: history.matched_songs] >= 0)
    rows = np.array([row_of.get(word, -1) for word in listed.tolist()], np.int64)
    return replace(songs, lesson=Lesson(digest, songs.known, numbers[listed], rows))


def _digest(history: History, seed: int) -> tuple[str, np.ndarray]:
    """Return a digest of everything that determines the result, and (words,) each one's number by first appearance, or -1.

    With these numbers, a list does not change when one of its songs is added to the library.
    """
    numbers, known = np.full(len(history), -1, np.int64), 0
    digest = hashlib.blake2b(digest_size=16)
    for words in history.lists():
        new = list(dict.fromkeys(words[numbers[words] < 0].tolist()))
        numbers[new] = np.arange(known, known + len(new))
        known += len(new)
        digest.update(len(words).to_bytes(8, "little") + numbers[words].astype("<i8").tobytes())
    digest.update(repr((FORMAT, seed, recipe_for(int(history.counts.sum()), known))).encode())
    return digest.hexdigest(), numbers


def _of_library(history: History, words: list[tuple[int, int]], vectors: np.ndarray) -> Songs:
    """Return the library's songs among learned words.

    words: row of the vector, and number. Raises TrainingError if there are none.
    """
    found = [(row, word, ids) for row, word in words if (ids := history.tracks_of(word))]
    if not found:
        raise TrainingError(
            f"none of the {counted(len(words), 'song')} in {counted(history.list_count, 'list')} is in the library",
            hint="history report",
        )
    return Songs(
        [word for _, word, _ in found],
        vectors[[row for row, _, _ in found]],
        [ids for _, _, ids in found],
        len(words),
        history.list_count,
    )


def keep_songs(library: Library, songs: Songs) -> None:
    """Store the songs' vectors beside the library, as a space of its own. Raises StoreError if this fails."""
    catalogue = library.columns([id_ for ids in songs.tracks for id_ in ids])
    names, place = [], 0
    for ids in songs.tracks:
        names.append(word_of(frozenset().union(*(catalogue.names(place + number) for number in range(len(ids))))))
        place += len(ids)
    save_track2vec(library, Track2Vec(tuple(names), songs.vectors), songs.lesson)


def export_history(history: History, path: Path) -> int:
    """Write the lists as Parquet, with songs by artist and title, for Spark; return the number of lists.

    Its folder is created if `make_folder` allows it. Raises HistoryError if the file cannot be written.
    """
    names = history.names()
    try:
        make_folder(path.parent)
        return export_lists(([names[word] for word in words.tolist()] for words in history.lists()), path)
    except OSError as error:
        raise HistoryError(refusal(path, "cannot be written", error, WRITING)) from error


def check_export(path: Path) -> None:
    """Raise HistoryError if lists cannot be written to a file of this name."""
    if path.suffix.lower() != ".parquet":
        raise HistoryError(f"{path}: name a .parquet file")
    try:
        check_folder(path.parent)
    except OSError as error:
        raise HistoryError(refusal(path, "cannot be written", error, WRITING)) from error


def _sentences(history: History) -> Iterator[list[str]]:
    for words in history.lists():
        yield [str(word) for word in words.tolist()]


def gather_examples(library: Library, history: History, songs: Songs, model: Model) -> Examples:
    """Return the songs that `model` has embedded: one track of each, its lists, and its artist.

    Raises TrainingError if they are too few to learn from.
    """
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
    check_enough(artists, len(lists))
    rows = [row for row, _ in chosen]
    in_order = [trunks[keys[track]] for _, track in chosen]
    return Examples(in_order, _own(in_order, model), songs.vectors[rows], artists, lists)


def gather_all_examples(library: Library, company: Company, model: Model) -> Examples:
    """Return the recordings that `model` has embedded, for a Siamese head: which share lists, and their artists.

    Recordings of a single slice that are in no list are left out. Raises TrainingError if they are too few to learn from.
    """
    keys = library.recordings()
    with open_slices(library) as store:
        trunks = dict(store.get({keys[id_] for id_ in company.ids}, model.trunk_name, model.trunk_size))
    listed = {place for listing in company.lists for place in listing.tolist()}
    chosen = [
        place
        for place, id_ in enumerate(company.ids)
        if (trunk := trunks.get(keys[id_])) is not None and (len(trunk) > 1 or place in listed)
    ]
    artists, _ = library.columns([company.ids[place] for place in chosen]).artist_codes
    check_enough(artists)
    number = {place: row for row, place in enumerate(chosen)}
    found = [np.array([number[place] for place in listing.tolist() if place in number]) for listing in company.lists]
    in_order = [trunks[keys[company.ids[place]]] for place in chosen]
    return Examples(in_order, _own(in_order, model), None, artists, [listing for listing in found if len(listing) > 1])


def _own(trunks: Sequence[np.ndarray], model: Model) -> np.ndarray:
    """Return (tracks, dimension) unit vectors: the tracks in a model's space."""
    return unit(np.array([unit(model.project(trunk)).sum(axis=0) for trunk in trunks]).reshape(-1, model.dimension))


def train_on(
    examples: Examples,
    model: Model,
    *,
    alone: bool,
    seed: int,
    objective: Objective = "lists",
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> TrainedHead:
    """Train a head on the output of `model`, and decide how much it counts beside the trunk's own space.

    alone: it becomes the whole space. objective: "lists" or "siamese". Raises TrainingError if no weight of the learned
    space brings together what belongs together better than the trunk's own space does.
    """
    rng = np.random.default_rng(seed)
    held_out = split(examples.artists, rng)
    fit = train_siamese_head if objective == "siamese" else train_head
    weights, progress = fit(examples, held_out, seed=seed, on_epoch=on_epoch)
    choice = _choose(examples, weights, held_out, model, seed, objective)
    weight = 1.0 if alone else choice.best if progress.learned_something else 0.0
    trained = TrainedHead(weights, progress, choice, weight, model.epsilon, objective)
    if not weight:
        raise TrainingError(
            f"nothing useful was learned: {_together(trained)} ({_judged(trained)})", hint="more lists or alone"
        )
    own = [model.project(trunk) for trunk in examples.trunks]
    learned = [weights.direct(trunk) for trunk in examples.trunks]
    if weight < 1:
        learned = [beside(unit(one), unit(other), weight) for one, other in zip(own, learned, strict=True)]
    return replace(trained, epsilon=matching_epsilon(own, learned, model.epsilon, rng))


def _choose(
    examples: Examples, weights: HeadWeights, held_out: np.ndarray, model: Model, seed: int, objective: Objective
) -> Choice:
    """Return how good each weight is: by lists, or, if a Siamese head's held-out tracks are in none, by halves."""
    if objective == "lists" or _pairs(examples).listed[held_out].any():
        return choose_weight(examples, directions(weights, examples), held_out, seed=seed)
    halved, held_out = halves(examples, held_out)
    halved = replace(halved, own=_own(halved.trunks, model))
    choice = choose_weight(halved, directions(weights, halved), held_out, seed=seed, neighbours=1)
    return replace(choice, by_halves=True)


def _pairs(examples: Examples) -> Pairs:
    """Return which tracks the lists pair, whether held out or not."""
    return Pairs(examples.lists, np.zeros(len(examples.trunks), bool))


def report(examples: Examples, trained: TrainedHead, *, seed: int) -> dict[str, str]:
    """Return facts about a training, by label."""
    tracks, entries = counted(len(examples.trunks), "track"), sum(map(len, examples.lists))
    within = f" in {counted(len(examples.lists), 'list')} with {entries:,} entries" if examples.lists else ""
    if trained.objective == "siamese":
        within = f", objective siamese, {_pairs(examples).text}"
    return {
        "learned": f"from {tracks}{within}, seed {seed}, on {date.today().isoformat()}",
        "validation": f"{_judged(trained)} {epoch_text(trained.progress)}",
        "together": _together(trained),
    }


def _judged(trained: TrainedHead) -> str:
    judged = judged_by_pairs if trained.objective == "siamese" else judged_by_directions
    return judged(trained.progress)


def _together(trained: TrainedHead) -> str:
    """Return what the weight was chosen by, in words."""
    choice = trained.choice
    shares = [f"{choice.share(0.0):.1%} by the trunk's own space", f"{choice.share(1.0):.1%} by the learned one alone"]
    if 0 < trained.weight < 1:
        shares.append(
            f"{choice.share(trained.weight):.1%} by both, with {trained.weight:.0%} of the weight on the learned one"
        )
    what = "share of the 10 nearest tracks that are in a list with a held-out track"
    if choice.by_halves:
        what = "share of half tracks whose nearest is their other half"
    return f"{what}: {', '.join(shares)}; by chance {choice.chance:.1%}"


def keep_head(folder: Path, trained: TrainedHead, trunk: str, model: Model, told: dict[str, str]) -> None:
    """Write a head to its folder, in place of an existing one. Raises ModelError if this fails.

    trunk: how to load `model`, whose trunk it uses. told: from `report`.
    """
    with replacing_model(folder) as temporary:
        save_head(
            temporary,
            trained.weights,
            trunk=trunk,
            trunk_name=model.trunk_name,
            weight=trained.weight,
            epsilon=trained.epsilon,
            objective=trained.objective,
            trained=told,
        )

"""The sides of a blind test: two ways to make lists, each a space of directions over the same tracks.

The baselines are such spaces, too. A random list is a walk among random directions, so it follows all rules that other
lists follow.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from deejai_core.data_folder import slices_path
from deejai_core.embedding.library_vectors import used_epsilon
from deejai_core.embedding.slices import open_slices
from deejai_core.embedding.weighting import weight_only
from deejai_core.errors import EmptyError, LibraryError, NotAnalysedError, QueryError
from deejai_core.features.blind.bliss import bliss_directions
from deejai_core.features.labels import genres
from deejai_core.index.neighbours import Index
from deejai_core.index.vectors import Vectors
from deejai_core.library import Library
from deejai_core.lists.request import Request
from deejai_core.lists.space import Space
from deejai_core.models.protocol import Model
from deejai_core.options.values import Epsilon
from deejai_core.progress import Teller
from deejai_core.tracks.songs import Catalogue
from deejai_core.training.kept import read_track2vec
from deejai_core.words import counted

SideName = Literal["sound", "track2vec", "random", "genre", "bliss", "model", "epsilon"]
PLAIN: tuple[SideName, ...] = ("sound", "track2vec", "random", "genre", "bliss")
WITH_VALUE: tuple[SideName, ...] = ("model", "epsilon")
DIMENSION = 32  # of random directions: enough to spread them in all directions

LoadModel = Callable[[str], Model]


@dataclass(frozen=True)
class Side:
    """A way to make lists, as a user names it. value: the name of a model, or an epsilon."""

    name: SideName
    value: str = ""


@dataclass(frozen=True, eq=False)
class Known:
    """The tracks that a side can use.

    label: its name in votes. ids, vectors: (n,) int64 its tracks, in order, and (n, dimension) float32 of unit length; None
    if it uses all tracks, without vectors. model: of the vectors; None if they are of no model.
    """

    label: str
    ids: np.ndarray | None = None
    vectors: np.ndarray | None = None
    model: Model | None = None

    def vectors_of(self, ids: np.ndarray) -> np.ndarray | None:
        """Return (n, dimension), the vectors of some of its tracks; None if it has no vectors."""
        if self.ids is None or self.vectors is None:
            return None
        return np.asarray(self.vectors[np.searchsorted(self.ids, ids)])


@dataclass(frozen=True, eq=False)
class Pair:
    """Two sides over the tracks that both know.

    ids: (n,) int64 of these. model: the one in use. vectors: of each side, (n, dimension); None for random ones. by_genre:
    whether a side stays within the genres of the seed; then `genres` are those of each track.
    """

    library: Library
    request: Request
    model: Model
    labels: tuple[str, str]
    models: tuple[Model | None, Model | None]
    ids: np.ndarray
    vectors: tuple[np.ndarray | None, np.ndarray | None]
    by_genre: tuple[bool, bool]
    genres: Sequence[Set[Hashable]]
    catalogue: Catalogue

    def space(self, side: int, rng: np.random.Generator) -> Space:
        """Return a side's space; with random directions, a new one each time."""
        return self._spaces[side] or self._space(side, random_directions(len(self.ids), rng))

    @cached_property
    def _spaces(self) -> list[Space | None]:
        return [None if vectors is None else self._space(side, vectors) for side, vectors in enumerate(self.vectors)]

    def _space(self, side: int, vectors: np.ndarray) -> Space:
        rows = Vectors(self.ids, np.ones(len(self.ids), np.int64), vectors, written=len(self.ids))
        model = self.models[side]
        return Space(
            self.library,
            model or self.model,
            self.request.analysis,
            "track",
            self.labels[side],
            model is None,
            rows,
            Index(vectors),
            self.catalogue,
            None,
        )


def parse_side(text: str) -> Side:
    """Parse the name of a side. Raises QueryError if it is not one."""
    if plain := next((side for side in PLAIN if side == text), None):
        return Side(plain)
    before, _, value = text.partition(":")
    name = next((side for side in WITH_VALUE if side == before), None)
    if not name or not value:
        known = f"{', '.join(PLAIN)}, model:NAME and epsilon:NUMBER"
        raise QueryError(f"{text!r} is not a way to make lists; choose two of {known}")
    if name == "epsilon":
        try:
            Epsilon().read(value)
        except ValueError as error:
            raise QueryError(f"{text}: {error}") from error
    return Side(name, value)


def open_pair(
    library: Library, model: Model, load: LoadModel, texts: Sequence[str], request: Request, teller: Teller
) -> Pair:
    """Open two sides, ready to make lists, without changing the library's stored data.

    texts: the names of the sides. model: the one in use. load: loads a model by its name. teller: reports work that takes
    long. Raises QueryError if a side is unknown, or named twice; NotAnalysedError, LibraryError, ModelError, MissingError
    for one that cannot make lists from this library.
    """
    if len(texts) != 2:
        raise QueryError(f"a blind test compares two ways to make lists, not {len(texts)}", hint="name two sides")
    if library.is_empty():
        raise EmptyError("the library is empty", hint="import")
    sides = parse_side(texts[0]), parse_side(texts[1])
    one, other = (_known(library, model, load, side, request, teller) for side in sides)
    if one.label == other.label:
        raise QueryError(f"{texts[0]} and {texts[1]} are the same here, {one.label}; compare two that differ")
    every = np.array(library.ids(), np.int64)
    ours, theirs = (every if each.ids is None else each.ids for each in (one, other))
    ids = np.intersect1d(ours, theirs)
    if not len(ids):
        raise NotAnalysedError(f"no track is known to both {one.label} and {other.label}", hint="analyse")
    if unknown := len(np.union1d(ours, theirs)) - len(ids):
        teller.tell(f"leaving out {counted(unknown, 'track')} that only one of the two knows")
    by_genre = sides[0].name == "genre", sides[1].name == "genre"
    return Pair(
        library,
        request,
        model,
        (one.label, other.label),
        (one.model, other.model),
        ids,
        (one.vectors_of(ids), other.vectors_of(ids)),
        by_genre,
        genres(library, ids.tolist()).of if any(by_genre) else [],
        library.columns(ids.tolist(), plays=request.rules.ask_for_plays),
    )


def random_directions(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return (count, dimension) float32 unit vectors in random directions."""
    vectors = rng.standard_normal((count, DIMENSION)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _known(library: Library, model: Model, load: LoadModel, side: Side, request: Request, teller: Teller) -> Known:
    match side.name:
        case "random" | "genre":
            return Known(side.name)
        case "track2vec":
            return Known("track2vec", *_learned(library))
        case "bliss":
            return Known("bliss", *bliss_directions(library, request.analysis.limits, teller))
        case "sound":
            return _in_use(library, model, request.analysis.epsilon_for(model))
        case "epsilon":
            return _weighted(library, model, float(side.value), teller, hint="analyse")
    other = load(side.value)
    return _weighted(
        library, other, request.analysis.epsilon_for(other), teller, hint="analyse with the model", about=side.value
    )


def _learned(library: Library) -> tuple[np.ndarray, np.ndarray]:
    _, ids, vectors = read_track2vec(library)
    if not ids:
        raise LibraryError("Track2Vec has learned no track of this library", hint="train track2vec")
    order = np.argsort(ids)
    return np.array(ids, np.int64)[order], vectors[order]


def _in_use(library: Library, model: Model, epsilon: float) -> Known:
    """Return the vectors that lists are made from. epsilon: assumed if the weighting is unknown."""
    kept = library.vectors(model.name, model.dimension)
    if not len(kept.ids):
        raise NotAnalysedError(f"nothing analysed yet with {model.name}", hint="analyse")
    if slices_path(library).exists():
        with open_slices(library) as store:
            epsilon = used_epsilon(store, model) or epsilon
    return Known(_label(model, epsilon), kept.ids, kept.vectors, model)


def _weighted(library: Library, model: Model, epsilon: float, teller: Teller, *, hint: str, about: str = "") -> Known:
    """Return a model's vectors: the stored ones if they have this epsilon, otherwise new ones from the stored slices.

    hint, about: what to do if nothing is stored.
    """
    recordings = library.recordings()
    keys: list[str] = []
    if slices_path(library).exists():
        with open_slices(library) as store:
            if used_epsilon(store, model) == epsilon:
                return _in_use(library, model, epsilon)
            teller.tell(f"weighting the stored slices of {_label(model, epsilon)}; the library stays as it is")
            keys, vectors = weight_only(store, model, epsilon, set(recordings.values()))
    row_of = {key: row for row, key in enumerate(keys)}
    rows = {id_: row_of[key] for id_, key in sorted(recordings.items()) if key in row_of}
    if not rows:
        raise NotAnalysedError(f"no track was analysed with {model.name}", hint=hint, about=about)
    return Known(_label(model, epsilon), np.array(list(rows), np.int64), vectors[list(rows.values())], model)


def _label(model: Model, epsilon: float) -> str:
    return model.name if epsilon == model.epsilon else f"{model.name} epsilon {epsilon:g}"

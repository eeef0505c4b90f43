"""Measures how good the space of a library's tracks is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from deejai_core.data_folder import slices_path
from deejai_core.embedding.slices import open_slices
from deejai_core.embedding.weighting import weight_only
from deejai_core.errors import LibraryError, MissingError, NotAnalysedError
from deejai_core.features.labels import field_labels, genres, lists, who_and_where
from deejai_core.index.evaluation import (
    Agreement,
    Labels,
    Quality,
    Rates,
    choose_queries,
    measure,
    recall,
    shuffled,
)
from deejai_core.index.hubs import densities, hub_penalties
from deejai_core.index.neighbours import Index
from deejai_core.library import Library
from deejai_core.lists.space import Space
from deejai_core.models.protocol import Model

SEED = 0  # of the sample and the shuffling: the same library gives the same figures
NEIGHBOURS = 10
NEIGHBOURS_OF_INDEX = 20  # of each, as many as a list has tracks
ASKED_OF_INDEX = 500  # tracks whose neighbours the index should find: each costs a comparison with all others

FEW = 30  # tracks: with fewer, a rate may be off by 18 percentage points
BETTER = 3  # times chance: what any music reaches whose artists have a sound of their own
FOUND = 0.99  # of the share of tracks that random lists contain, 1 - exp(-k): lists should contain this much
MUCH = 0.25  # of the library: so many neighbours are right by chance alone
RECALL = 0.99  # of the neighbours that the index should find

Concern = Literal["few tracks", "artists", "too many neighbours", "hubs", "index", "few tracks of some fields"]


@dataclass(frozen=True)
class Report:
    """The result of an evaluation."""

    model: str
    tracks: int  # analysed
    queries: int  # tracks whose neighbours were examined
    k: int
    labels: Sequence[Labels]
    quality: Quality
    shuffled: Sequence[Rates]  # one for each of the labels
    recall: float | None  # of the index; None if it compares all tracks
    no_lists: MissingError | None = None  # why the lists of the history were not measured

    def figures(self) -> dict[str, Any]:
        """Return the figures, ready for JSON. One that could not be measured is None."""
        return {
            "model": self.model,
            "tracks": self.tracks,
            "queries": self.queries,
            "seed": SEED,
            "k": self.k,
            "fields": [
                {
                    "field": kind.name,
                    "artist_filter": kind.by_others,
                    "tracks": found.tracks,
                    **{
                        name: {
                            "vectors": _figure(getattr(found.found, figure)),
                            "chance": _figure(getattr(found.chance, figure)),
                            "shuffled": _figure(getattr(dealt, figure)),
                        }
                        for name, figure in (("hit_rate", "hit"), ("precision", "precision"))
                    },
                }
                for kind, found, dealt in zip(self.labels, self.quality.agreements, self.shuffled, strict=True)
            ],
            "hubs": {
                name: {"reachable": hubs.reachable, "largest": hubs.largest, "skewness": hubs.skewness}
                for name, hubs in (("uncorrected", self.quality.plain), ("corrected", self.quality.corrected))
            },
            "index": {
                "exact": self.recall is None,
                "k": NEIGHBOURS_OF_INDEX,
                "recall": 1.0 if self.recall is None else _figure(self.recall),
            },
        }

    @property
    def fields_of_few(self) -> list[str]:
        """The fields for which too few tracks count for meaningful figures."""
        found = zip(self.labels, self.quality.agreements, strict=True)
        return [kind.name for kind, result in found if result.tracks < FEW]

    @property
    def concerns(self) -> list[Concern]:
        """Problems that the figures show, the most serious first."""
        found: list[Concern] = []
        few = self.fields_of_few
        artists = next(
            result for kind, result in zip(self.labels, self.quality.agreements, strict=True) if kind.name == "artist"
        )
        if len(few) == len(self.labels):
            found.append("few tracks")
        elif "artist" not in few and not _recognised(artists):
            found.append("artists")
        if self.k > MUCH * self.tracks:
            found.append("too many neighbours")
        plain, corrected = self.quality.plain.reachable, self.quality.corrected.reachable
        if plain < FOUND * -math.expm1(-min(self.k, self.tracks)) and corrected > plain:
            found.append("hubs")
        if self.recall is not None and self.recall < RECALL:
            found.append("index")
        if few and len(few) < len(self.labels):
            found.append("few tracks of some fields")
        return found


@dataclass(frozen=True)
class Sweep:
    """The results with several epsilons."""

    qualities: dict[float, Quality]  # by epsilon
    current: float  # the epsilon of the library
    labels: Sequence[Labels]
    queries: int  # tracks whose neighbours were examined
    tracks: int
    left_out: int  # further tracks, whose slices are not stored


def evaluate(
    space: Space,
    fields: Iterable[str] = (),
    k: int = NEIGHBOURS,
    *,
    on_queries: Callable[[int, int], None] = lambda queries, tracks: None,
) -> Report:
    """Measure the vectors of a library's tracks.

    space: opened as a whole. fields: names of fields, besides artist, album and genres. k: neighbours of each track.
    on_queries: receives for how many tracks, of all, neighbours are found. Raises OptionError for a field that no track
    has.
    """
    vectors, catalogue = space.index.vectors, space.catalogue
    labels, no_lists = [*who_and_where(catalogue), genres(space.library, space.ids)], None
    try:
        labels += filter(None, [lists(space.library, space.ids)])
    except MissingError as error:
        no_lists = error
    for name in fields:
        if name not in [known.name for known in labels]:
            labels.append(field_labels(space.library, space.ids, name))
    rng = np.random.default_rng(SEED)
    queries = choose_queries(len(vectors), rng)
    on_queries(len(queries), len(vectors))
    artists, _ = catalogue.artist_codes
    penalty = hub_penalties(space.densities)
    return Report(
        space.name,
        len(vectors),
        len(queries),
        k,
        labels,
        measure(vectors, labels, artists, penalty, k, queries),
        shuffled(vectors, labels, artists, k, queries, rng),
        _recall(space.index, rng.permutation(queries)[:ASKED_OF_INDEX]),
        no_lists,
    )


def _recall(index: Index, queries: np.ndarray) -> float | None:
    return None if index.is_exact else recall(index, NEIGHBOURS_OF_INDEX, queries)


def _recognised(artists: Agreement) -> bool:
    """Return whether neighbours are by the same artist far more often than by chance; if that exceeds 1, half-way to it."""
    chance = artists.chance.hit
    return artists.found.hit > min(BETTER * chance, (1 + chance) / 2) or chance > 1 - MUCH


def _figure(number: float) -> float | None:
    return None if math.isnan(number) else number


def sweep(
    library: Library,
    model: Model,
    epsilons: Sequence[float],
    current: float,
    *,
    on_epsilon: Callable[[float], None] = lambda epsilon: None,
) -> Sweep:
    """Measure a library weighted with each of these epsilons, and with the current one. Nothing changes.

    on_epsilon: receives each before its turn. Raises NotAnalysedError, or LibraryError if no slices are stored.
    """
    keys = library.recordings()
    if not keys:
        raise NotAnalysedError("nothing analysed yet", hint="analyse")
    embedded: set[str] = set()
    if slices_path(library).exists():
        with open_slices(library) as store:
            embedded = {*store.keys(model.trunk_name)} & {*keys.values()}
    ids = [id_ for id_, key in keys.items() if key in embedded]
    if not ids:
        raise LibraryError(f"no analysis by {model.trunk_name} is stored", hint="analyse again")
    catalogue = library.columns(ids)
    labels = [*who_and_where(catalogue), genres(library, ids)]
    artists, _ = catalogue.artist_codes
    queries = choose_queries(len(ids), np.random.default_rng(SEED))
    qualities = {}
    for epsilon in epsilons if current in epsilons else [*epsilons, current]:
        on_epsilon(epsilon)
        with open_slices(library) as store:
            recordings, vectors = weight_only(store, model, epsilon, embedded)
        row = {key: number for number, key in enumerate(recordings)}
        vectors = vectors[[row[keys[id_]] for id_ in ids]]  # copies of a recording have the same vector
        qualities[epsilon] = measure(vectors, labels, artists, hub_penalties(densities(vectors)), NEIGHBOURS, queries)
    return Sweep(qualities, current, labels, len(queries), len(ids), len(keys) - len(ids))

"""How long a list keeps the genre of its seed, and whether it still moves: by keep-on, stay and artist separation.

python -m benchmarks.walk SLICES.npz [walk|separation|floor]     all three tables by default

SLICES.npz: trunk outputs `slices`, with `track`, and per track `genre`, `artist` (-1: unknown) and `collection`.

Imports internals: the walk of `similar`, on vectors that are in no library.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from deejai_core.embedding.mp3tovec import mp3tovec
from deejai_core.index.hubs import densities, hub_penalties
from deejai_core.index.neighbours import Index
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.playlists.candidates import Candidates, Pick
from deejai_core.playlists.playlist import similar
from deejai_core.playlists.rules import RuleSet
from deejai_core.playlists.rules.separation import MILD_SEPARATION, ArtistPenalty, ArtistSeparation
from deejai_core.playlists.rules.versions import Versions
from deejai_core.tracks.songs import Catalogue

COUNT = 20  # tracks of a list, as by default
PARTS = {"1-5": slice(0, 5), "6-10": slice(5, 10), "11-20": slice(10, 20), "1-20": slice(0, 20)}
LAST = list(PARTS).index("11-20")
WALKS = [
    *((3, stay) for stay in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)),
    *((keep_on, stay) for keep_on in (1, 2, 5, 8) for stay in (0.0, 0.3, 0.4, 0.5)),
    (0, 0.0),
]
COPIES = Versions(duplicate_epsilon=MusiCNN.duplicate_epsilon)  # come only once, whatever else is asked
SEPARATIONS = {
    "none": RuleSet((COPIES,)),
    **{f"{number}": RuleSet((ArtistSeparation(number), COPIES)) for number in (1, 2, 3, 5)},
    **{
        f"{number}, loss {loss:g}": RuleSet((COPIES,), (ArtistPenalty(number, loss),))
        for number in (1, 2, 3)
        for loss in (0.05, 0.1, 0.15, 0.2)
    },
}
CHOSEN = (3, 0.4)  # keep on and stay, of the tables that do not vary them
SMALL, SMALL_LIBRARIES = 40, 40  # tracks of a small library; how many are drawn
STEPS = (-1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1)


@dataclass(frozen=True)
class Collection:
    """Tracks that are a library by themselves."""

    name: str
    vectors: np.ndarray  # (n, dimension) float32 of unit length
    genre: np.ndarray  # (n,)
    artist: np.ndarray  # (n,) of text; "" if unknown

    def candidates(self, rules: RuleSet) -> Candidates:
        numbers = [str(number) for number in range(len(self.genre))]
        catalogue = Catalogue(self.artist.tolist(), numbers, numbers, np.full(len(numbers), 240.0))
        return Candidates(Index(self.vectors), catalogue, rules, penalty=hub_penalties(densities(self.vectors)))

    def among(self, tracks: np.ndarray) -> Collection:
        return Collection(self.name, self.vectors[tracks], self.genre[tracks], self.artist[tracks])

    @cached_property
    def neighbour(self) -> np.ndarray:
        """(n,) the nearest track of each, by another artist where artists are known."""
        similarities = self.vectors @ self.vectors.T
        similarities[(self.artist[:, None] == self.artist) & (self.artist != "")] = -2
        np.fill_diagonal(similarities, -2)
        return similarities.argmax(axis=1)

    def lists(self, keep_on: int, stay: float, rules: RuleSet = SEPARATIONS["none"]) -> list[list[Pick]]:
        """A list for each track as the seed."""
        candidates = self.candidates(rules)
        seeds = [candidates.song(position) for position in range(len(self.genre))]
        return [similar(candidates, [seed], count=COUNT, keep_on=keep_on, stay=stay) for seed in seeds]

    def counted(self, seed: int, positions: np.ndarray) -> np.ndarray:
        """Which picks count for a seed's genre: not those by its own artist, which are no news."""
        return (self.artist[positions] != self.artist[seed]) | (self.artist[seed] == "")


def collections(path: Path) -> Iterator[Collection]:
    model = MusiCNN()
    with np.load(path) as data:
        slices = [model.project(data["slices"][data["track"] == track]) for track in range(len(data["artist"]))]
        artist = np.where(data["artist"] == -1, "", data["artist"].astype(str))
        genre, collection = data["genre"], data["collection"]
    vectors = mp3tovec(slices, model.epsilon)
    for name in np.unique(collection).tolist():
        mine = collection == name
        yield Collection(name, vectors[mine], genre[mine], artist[mine])


def positions(lists: Sequence[Sequence[Pick]]) -> list[np.ndarray]:
    return [np.array([pick.position for pick in picks]) for picks in lists]


def shares(collection: Collection, lists: list[np.ndarray]) -> list[float]:
    """The share of picks with their seed's genre, by part of the list."""
    found = []
    for part in PARTS.values():
        hits = [
            collection.genre[picks[part]][collection.counted(seed, picks[part])] == collection.genre[seed]
            for seed, picks in enumerate(lists)
        ]
        found.append(float(np.concatenate(hits).mean()))
    return found


def in_common(one: np.ndarray, other: np.ndarray) -> float:
    return len(np.intersect1d(one, other)) / COUNT


def walks(collection: Collection) -> Iterator[str]:
    yield f"| keep on | stay | {' | '.join(PARTS)} | of keep on 0 | shared with it | with a neighbour's list | within |"
    yield "|---" * (6 + len(PARTS)) + "|"
    staying = positions(collection.lists(0, 0.0))
    kept = shares(collection, staying)
    for keep_on, stay in WALKS:
        lists = positions(collection.lists(keep_on, stay))
        found = shares(collection, lists)
        same = np.mean([in_common(*pair) for pair in zip(lists, staying, strict=True)])
        near = np.mean([in_common(picks, lists[collection.neighbour[seed]]) for seed, picks in enumerate(lists)])
        within = np.mean([mean_similarity(collection.vectors[picks]) for picks in lists])
        cells = [f"{share:.3f}" for share in found]
        cells += [f"{number:.2f}" for number in (found[LAST] / kept[LAST], same, near, within)]
        yield f"| {keep_on} | {stay:g} | {' | '.join(cells)} |"


def mean_similarity(vectors: np.ndarray) -> float:
    similarities = vectors @ vectors.T
    return float(similarities[np.triu_indices(len(vectors), 1)].mean())


def separations(collection: Collection) -> Iterator[str]:
    if len(np.unique(collection.artist)) == len(collection.artist):
        return  # nobody has two tracks
    yield f"| separation | {' | '.join(PARTS)} | artists | by the artist before | similarity | the lowest |"
    yield "|---" * (5 + len(PARTS)) + "|"
    for name, rules in SEPARATIONS.items():
        made = collection.lists(*CHOSEN, rules)
        lists = positions(made)
        artists = [collection.artist[np.concatenate([[seed], picks])] for seed, picks in enumerate(lists)]
        different = np.mean([len(np.unique(some)) for some in artists])
        again = np.mean([(some[1:] == some[:-1]).mean() for some in artists])
        similarities = np.array([[pick.similarity for pick in picks] for picks in made])
        cells = [f"{share:.3f}" for share in shares(collection, lists)]
        cells += [
            f"{different:.1f}",
            f"{again:.2f}",
            f"{similarities.mean():.3f}",
            f"{similarities.min(axis=1).mean():.3f}",
        ]
        yield f"| {name} | {' | '.join(cells)} |"


def floors(collection: Collection) -> Iterator[str]:
    """How often a pick has its seed's genre, by its similarity, in libraries too small for their lists; against chance."""
    rng = np.random.default_rng(0)
    similarities, same, chance = [], [], []
    for _ in range(SMALL_LIBRARIES):
        small = collection.among(rng.permutation(len(collection.genre))[:SMALL])
        for seed, picks in enumerate(small.lists(*CHOSEN, RuleSet((COPIES,), (ArtistPenalty(MILD_SEPARATION),)))):
            news = [pick for pick in picks if small.counted(seed, np.array([pick.position]))[0]]
            similarities += [pick.similarity for pick in news]
            same += [small.genre[pick.position] == small.genre[seed] for pick in news]
            others = np.flatnonzero(small.counted(seed, np.arange(SMALL)) & (np.arange(SMALL) != seed))
            chance.append((small.genre[others] == small.genre[seed]).mean())
    yield f"a track by chance: {np.mean(chance):.3f}"
    yield ""
    yield "| similarity | share of the picks | of the seed's genre |"
    yield "|---|---|---|"
    similarities, same = np.array(similarities), np.array(same)
    for low, high in pairwise(STEPS):
        there = (similarities >= low) & (similarities < high)
        yield f"| {low:g} to {high:g} | {there.mean():.3f} | {same[there].mean():.3f} |"


TABLES = {"walk": walks, "separation": separations, "floor": floors}


def main() -> None:
    for collection in collections(Path(sys.argv[1])):
        print(f"\n{len(collection.genre)} tracks of {collection.name}, {len(np.unique(collection.genre))} genres")
        for name in sys.argv[2:] or TABLES:
            print()
            for line in TABLES[name](collection):
                print(line, flush=True)


if __name__ == "__main__":
    main()

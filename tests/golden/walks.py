"""What the walks choose, place by place, in invented libraries and under options drawn by lot.

A case is a dict that JSON can hold: which walk, in which library, what its candidates are, and the walk's own options.
Songs are positions, or "outside N" for one that is not in the library. The cases, and what they choose, lie in
`data/walks.jsonl`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from inspect import signature
from itertools import chain, islice, zip_longest
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np

from deejai_core.features.radio.way import WayEntry, next_songs
from deejai_core.index.hubs import densities, hub_penalties
from deejai_core.index.neighbours import Index
from deejai_core.playlists.candidates import Candidates, Pick, play_penalties
from deejai_core.playlists.journey import journey
from deejai_core.playlists.playlist import similar
from deejai_core.playlists.queue import fill
from deejai_core.tracks.songs import Catalogue, CatalogueOnDemand, Song
from tests.golden.record import DATA
from tests.libraries import random_columns, random_vectors, rule_set

WALKS = DATA / "walks.jsonl"
LIBRARIES = {"small": 60, "large": 400}  # tracks
DIMENSION = 6
COUNTED = 30  # offers for each place
LEAST_STEPS = 3
CASES = {"similar": 30, "fill": 20, "next_songs": 20, "journey": 8}  # as many in each library
CHOICES: dict[str, Callable[[Iterator[Pick]], Pick | None]] = {
    "second": lambda offers: (next(offers, None), next(offers, None))[1],
    "near": lambda offers: next((pick for pick in offers if pick.similarity < 0.9), None),
}

Case = dict[str, Any]


@cache
def vectors_of(library: str) -> np.ndarray:
    """Unit vectors (tracks, DIMENSION), a tenth of them nearly the same as others."""
    tracks = LIBRARIES[library]
    vectors = random_vectors(tracks, tracks, DIMENSION).astype(float)
    few = tracks // 10
    vectors[-few:] = vectors[:few] + np.random.default_rng(tracks).normal(scale=0.02, size=(few, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@cache
def columns_of(library: str) -> dict:
    return random_columns(LIBRARIES[library], LIBRARIES[library])


def candidates_of(case: Case, vectors: np.ndarray) -> Candidates:
    columns = columns_of(case["library"])
    catalogue, positions = Catalogue(**columns), np.arange(len(vectors))
    penalty = np.zeros(len(vectors))
    for name in case.get("handicap", ()):
        if name == "plays":
            penalty += play_penalties(catalogue, prefer_played=0.2, avoid_skipped=0.3)
        else:
            penalty += hub_penalties(densities(vectors))
    return Candidates(
        Index(vectors),
        on_demand(columns) if case.get("on_demand") else catalogue,
        rule_set(**case["rules"]),
        allowed=positions % case["one_of"] == 0 if "one_of" in case else None,
        penalty=penalty.astype(np.float32) if "handicap" in case else None,
        segue=(lambda before, after: float(before.vector[0] * after.vector[1])) if case.get("segue") else None,
    )


def on_demand(columns: dict) -> CatalogueOnDemand:
    """The same columns, read position by position; without what was played."""
    known = {name: values for name, values in columns.items() if name not in ("plays", "skips", "played_at")}

    def read(positions: list[int]) -> tuple[Catalogue, np.ndarray]:
        some = {
            name: values[positions] if isinstance(values, np.ndarray) else [values[position] for position in positions]
            for name, values in known.items()
        }
        return Catalogue(**some), np.ones(len(positions), bool)

    return CatalogueOnDemand(len(known["artist"]), read)


def run_similar(candidates: Candidates, options: dict, song: Callable) -> list[Pick]:
    return similar(
        candidates,
        song(options.pop("seeds")),
        less=song(options.pop("less", [])),
        rng=np.random.default_rng(options.pop("rng", 0)),
        choose=CHOICES.get(options.pop("choose", None)),
        **options,
    )


def run_fill(candidates: Candidates, options: dict, song: Callable) -> list[Pick]:
    songs = {name: song(options.pop(name, [])) for name in ("seeds", "coming", "played", "pinned", "unwanted", "less")}
    return fill(candidates, **songs, **options)


def run_next_songs(candidates: Candidates, options: dict, song: Callable) -> list[Pick]:
    way = [WayEntry(*song([one]), fate, chosen) for one, fate, chosen in options.pop("way")]
    songs = {name: song(options.pop(name, [])) for name in ("seeds", "less")}
    return next_songs(candidates, way, **songs, rng=np.random.default_rng(options.pop("rng", 0)), **options)


def run_journey(candidates: Candidates, options: dict, song: Callable) -> list[Pick]:
    songs = song(options.pop("waypoints"))
    less, rng = song(options.pop("less", [])), np.random.default_rng(options.pop("rng", 0))
    return [pick for leg in journey(candidates, songs, less=less, rng=rng, **options) for pick in leg]


# What is called for each walk: the one place to change when the code has another shape.
RUN: dict[str, Callable[[Candidates, dict, Callable], list[Pick]]] = {
    "similar": run_similar,
    "fill": run_fill,
    "next_songs": run_next_songs,
    "journey": run_journey,
}


def steps_of(case: Case, vectors: np.ndarray | None = None) -> list[list]:
    """[offers, target, position, similarity, rules that gave way] of each place, in order.

    offers: how many of the first COUNTED tracks on offer need no rule to give way, one rule, two, ...; null in a journey,
    whose offers depend on what is chosen elsewhere meanwhile. The last step has nothing but offers if it led nowhere.
    vectors: other ones than the library's.
    """
    candidates = candidates_of(case, vectors_of(case["library"]) if vectors is None else vectors)
    columns = columns_of(case["library"])

    def songs(references: list) -> list[Song | None]:
        return [
            one and outside(one, columns) if isinstance(one, str | None) else candidates.song(one) for one in references
        ]

    with offers_counted(on=case["walk"] != "journey") as counts:
        picks = RUN[case["walk"]](candidates, dict(case["options"]), songs)
    found = [
        [[round(float(number), 6) for number in pick.target], pick.position, round(pick.similarity, 6), list(pick.broken)]
        for pick in picks
    ]
    return [[offers, *(step or [])] for offers, step in zip_longest(counts, found)]


def outside(reference: str, columns: dict) -> Song:
    """A song that the library lacks, by an artist whom it has."""
    number = int(reference.split()[1])
    (vector,) = random_vectors(1000 + number, 1, DIMENSION)
    return Song(vector, artist=f"artist {number}", names=frozenset({f"artist {number} / song {number}"}), length=200.0)


@contextmanager
def offers_counted(*, on: bool) -> Iterator[list[list[int]]]:
    """What each call of `Candidates.next_offers` offers first, while the context lasts: how many, by rules given up."""
    counts: list[list[int]] = []
    offer = Candidates.next_offers

    def counting(self: Candidates, *args: object) -> Iterator[Pick]:
        offers = offer(self, *args)
        first = list(islice(offers, COUNTED))
        levels = [self.level(pick) for pick in first]
        counts.append([levels.count(level) for level in range(max(levels, default=0) + 1)])
        return chain(first, offers)

    with patch.object(Candidates, "next_offers", counting if on else offer):
        yield counts


def read_cases() -> list[tuple[Case, list[list]]]:
    """All cases, each with its steps."""
    with WALKS.open() as file:
        return [(case, case.pop("steps")) for case in map(json.loads, file)]


def make() -> str:
    """The contents of `walks.jsonl`, drawn and recorded anew."""
    lines = []
    for walk, count in CASES.items():
        for library in LIBRARIES:
            for number in range(count):
                case = draw_until_clear(Random(f"{walk} {library} {number}"), walk, library)
                lines.append(json.dumps(case | {"steps": steps_of(case)}, separators=(",", ":")) + "\n")
    return "".join(lines)


def draw_until_clear(draw: Random, walk: str, library: str) -> Case:
    """A case of some steps, in which no choice hangs by what another machine might round differently."""
    vectors, tracks = vectors_of(library), LIBRARIES[library]
    noise = np.random.default_rng(0).normal(scale=1e-6, size=vectors.shape)
    while True:
        case = {"walk": walk, "library": library, **draw_candidates(draw, tracks), "options": DRAW[walk](draw, tracks)}
        steps, others = steps_of(case), steps_of(case, (vectors + noise).astype(np.float32))
        clear = [(step[0], step[2:3]) for step in steps] == [(step[0], step[2:3]) for step in others]
        if clear and len(steps) >= LEAST_STEPS:
            return case


def draw_candidates(draw: Random, tracks: int) -> Case:
    once = float("inf")
    rules = {
        "artist_separation": [0, 0, 0, 1, 3, once],
        "mild_separation": [0, 2],
        "album_separation": [0, 0, 0, 2, once],
        "min_length": [0, 0, 0, 90, 240],
        "max_length": [once, once, 300, 600],
        "fold_versions": [False, True],
        "duplicate_epsilon": [0, 0, 0.003, 0.02],
        "not_played_since": [None, None, 1.5e9],
        "mix_in_key": [False, False, True],
    }
    chosen = {name: draw.choice(values) for name, values in rules.items() if draw.random() < 0.6}
    off = {name: parameter.default for name, parameter in signature(rule_set).parameters.items()}
    case: Case = {"rules": {name: value for name, value in chosen.items() if value != off[name]}}
    if draw.random() < 0.5:
        case["one_of"] = draw.choice([2, tracks // 10, tracks // 7])  # so few that rules have to give way
    if draw.random() < 0.5:
        case["handicap"] = draw.choice([["plays"], ["hubs"], ["plays", "hubs"]])
    if draw.random() < 0.25:
        case["segue"] = True
    if draw.random() < 0.25 and "plays" not in case.get("handicap", ()):
        case["on_demand"] = True
    return case


def draw_songs(draw: Random, tracks: int, least: int, most: int) -> list[int | str]:
    songs: list[int | str] = draw.sample(range(tracks), draw.randint(least, most))
    return [f"outside {song % 9}" if draw.random() < 0.1 else song for song in songs]


def draw_direction(draw: Random) -> dict:
    options = {"keep_on": draw.choice([0, 1, 2, 3, 3, 5]), "stay": draw.choice([0.0, 0.4, 0.4, 0.7, 1.0])}
    return options | ({"drunk": draw.choice([0.1, 0.5, 1.0])} if draw.random() < 0.3 else {})


def draw_similar(draw: Random, tracks: int) -> dict:
    options = {"seeds": draw_songs(draw, tracks, 1, 4), **draw_direction(draw), "rng": draw.randrange(1000)}
    options |= {"seconds": draw.randint(600, 4000)} if draw.random() < 0.3 else {"count": draw.randint(3, 9)}
    options |= {"floor": draw.choice([0.3, 0.7, 0.95])} if draw.random() < 0.3 else {}
    options |= {"less": draw_songs(draw, tracks, 1, 3)} if draw.random() < 0.4 else {}
    options |= {"listed": False} if draw.random() < 0.3 else {}
    return options | ({"choose": draw.choice(sorted(CHOICES))} if draw.random() < 0.2 else {})


def draw_fill(draw: Random, tracks: int) -> dict:
    coming = [draw.choice([None, None, None, song]) for song in draw_songs(draw, tracks, 4, 10)]
    options = {"seeds": draw_songs(draw, tracks, 1, 3), "coming": [*coming, None], **draw_direction(draw)}
    for name, most in {"played": 6, "pinned": 2, "unwanted": 5, "less": 3}.items():
        if draw.random() < 0.5:
            options[name] = draw_songs(draw, tracks, 1, most)
    return options | {"seed": draw.randrange(1000)}


def draw_next_songs(draw: Random, tracks: int) -> dict:
    fates = ["played", "played", "skipped", "left", "refused", "queued"]
    embedded = draw_songs(draw, tracks, 0, draw.choice([3, 12, 50]))
    way = [[draw.choice([song] * 9 + [None]), draw.choice(fates), draw.random() < 0.3] for song in embedded]
    options = {"way": way, "count": draw.randint(3, 6), **draw_direction(draw), "rng": draw.randrange(1000)}
    options |= {"seeds": draw_songs(draw, tracks, 1, 2)} if draw.random() < 0.5 else {}
    options |= {"less": draw_songs(draw, tracks, 1, 3)} if draw.random() < 0.3 else {}
    return options | ({"never": draw.sample(range(tracks), 3)} if draw.random() < 0.3 else {})


def draw_journey(draw: Random, tracks: int) -> dict:
    options = {"waypoints": draw_songs(draw, tracks, 2, 4), "rng": draw.randrange(1000)}
    options |= {"seconds": draw.randint(2000, 6000)} if draw.random() < 0.3 else {"between": draw.randint(1, 5)}
    options |= {"drunk": draw.choice([0.1, 0.5])} if draw.random() < 0.3 else {}
    return options | ({"less": draw_songs(draw, tracks, 1, 3)} if draw.random() < 0.3 else {})


DRAW: dict[str, Callable[[Random, int], dict]] = {
    "similar": draw_similar,
    "fill": draw_fill,
    "next_songs": draw_next_songs,
    "journey": draw_journey,
}

"""With `stay` at 0 and no separation, every list is the one that the walk made before it had an anchor.

`python -m tests.core.test_original_walk` writes the lists anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deejai_core.features.radio.way import WayEntry, next_songs
from deejai_core.options.lists import ONCE
from deejai_core.playlists.candidates import Candidates, Pick
from deejai_core.playlists.journey import journey
from deejai_core.playlists.playlist import similar
from deejai_core.playlists.queue import fill
from deejai_core.playlists.rules import RuleSet
from tests.libraries import candidates, random_columns, random_vectors, rule_set

FILE = Path(__file__).parent.parent / "data" / "original-walk.json"
TRACKS = 150
VERSIONS = rule_set(fold_versions=True)
STRICT = rule_set(fold_versions=True, artist_separation=2, album_separation=ONCE, mix_in_key=True)
FATES = ("played", "skipped", "played", "left", "refused", "played", "queued")


def library(rules: RuleSet) -> Candidates:
    return candidates(random_vectors(12, TRACKS, dimension=8, copies=5), rules, random_columns(12, TRACKS + 5))


def songs(space: Candidates, *positions: int):
    return [space.song(position) for position in positions]


def walk(rules: RuleSet = VERSIONS, seeds: tuple[int, ...] = (4,), less: tuple[int, ...] = (), **options) -> list[Pick]:
    space = library(rules)
    options = {"count": 12, "keep_on": 3, "rng": np.random.default_rng(7), **options}
    return similar(space, songs(space, *seeds), less=songs(space, *less), **options)


def travel(rules: RuleSet = VERSIONS, stops: tuple[int, ...] = (4, 40, 99), **options) -> list[Pick]:
    space = library(rules)
    legs = journey(space, songs(space, *stops), rng=np.random.default_rng(7), **options)
    return [pick for leg in legs for pick in leg]


def queue(rules: RuleSet = VERSIONS, seeds: tuple[int, ...] = (4,), **options) -> list[Pick]:
    space = library(rules)
    given = {name: songs(space, *options.pop(name)) for name in ("played", "pinned", "unwanted") if name in options}
    coming = [None, None, space.song(77), None, None, None, space.song(8), None, None]
    return fill(space, songs(space, *seeds), coming, seed=7, **given, **{"keep_on": 3, **options})


def radio(rules: RuleSet = VERSIONS, seeds: tuple[int, ...] = (), **options) -> list[Pick]:
    space = library(rules)
    way = [WayEntry(space.song(10 * number), fate) for number, fate in enumerate(FATES)]
    options = {"keep_on": 3, "rng": np.random.default_rng(7), **options}
    return next_songs(space, way, count=8, seeds=songs(space, *seeds), **options)


CASES: dict[str, Callable[[], list[Pick]]] = {
    "similar": walk,
    "similar, no rules": lambda: walk(RuleSet()),
    "similar, strict": lambda: walk(STRICT),
    "similar, keep on 0": lambda: walk(keep_on=0),
    "similar, keep on 1": lambda: walk(keep_on=1),
    "similar, three seeds": lambda: walk(seeds=(4, 50, 60)),
    "similar, seeds not listed": lambda: walk(STRICT, seeds=(4, 50), listed=False),
    "similar, drunk": lambda: walk(drunk=0.3),
    "similar, minutes": lambda: walk(count=None, seconds=5400.0),
    "similar, minutes, drunk, less": lambda: walk(count=None, seconds=5400.0, drunk=0.2, less=(9, 30)),
    "similar, less": lambda: walk(less=(9, 30)),
    "journey": lambda: travel(between=5),
    "journey, strict": lambda: travel(STRICT, between=5),
    "journey, there and on": lambda: travel(stops=(99, 4), between=9),
    "journey, drunk": lambda: travel(between=5, drunk=0.3),
    "journey, minutes": lambda: travel(seconds=5400.0),
    "journey, minutes, drunk": lambda: travel(seconds=5400.0, drunk=0.3),
    "queue": queue,
    "queue, strict": lambda: queue(STRICT),
    "queue, keep on 0": lambda: queue(keep_on=0, played=(1, 2)),
    "queue, played and removed": lambda: queue(seeds=(4, 5), played=(1, 2), unwanted=(3, 60, 61)),
    "queue, pinned": lambda: queue(pinned=(90, 91)),
    "queue, drunk": lambda: queue(drunk=0.4, played=(1, 2)),
    "radio": radio,
    "radio, strict": lambda: radio(STRICT),
    "radio, keep on 0": lambda: radio(keep_on=0, seeds=(4, 5)),
    "radio, keep on 9": lambda: radio(seeds=(4, 5), keep_on=9),
    "radio, drunk": lambda: radio(seeds=(4,), drunk=0.3),
}


def made(name: str) -> list[list]:
    return [[pick.place, pick.position, *pick.broken] for pick in CASES[name]()]


@pytest.mark.parametrize("name", CASES)
def test_a_list_is_as_it_was(name):
    assert made(name) == json.loads(FILE.read_text())[name]


def test_the_lists_differ():
    """Each option that is recorded makes a difference."""
    lists = json.loads(FILE.read_text())
    assert lists.keys() == CASES.keys()
    assert len({json.dumps(one) for one in lists.values()}) == len(lists)


if __name__ == "__main__":
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(made(name))}" for name in CASES)
    FILE.write_text(f"{{\n{lines}\n}}\n")

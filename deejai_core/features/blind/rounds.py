"""The rounds of a blind test: two lists from one seed, in an order that is not revealed before the end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from deejai_core.errors import LibraryError, NotAnalysedError, QueryError
from deejai_core.features.blind.sides import Pair
from deejai_core.features.blind.votes import Vote, new_vote
from deejai_core.lists.lookup import find_matches
from deejai_core.lists.space import Member, Space
from deejai_core.playlists.playlist import similar

MOST_DRAWN = 1_000  # seeds that are tried to find a round in which the lists differ


@dataclass(frozen=True)
class Round:
    """Two lists of the same length to choose from.

    lists: in the shown order. sides: what made each of them.
    """

    seed: Member
    lists: tuple[list[Member], list[Member]]
    sides: tuple[str, str]

    def vote(self, chosen: int | None) -> Vote:
        """Return a vote on this round. chosen: 0 or 1, in the shown order; None if the listener cannot tell."""
        return new_vote(self.sides, self.sides[0], None if chosen is None else self.sides[chosen])


def find_seeds(pair: Pair, words: Sequence[str]) -> list[int]:
    """Return the positions of the tracks that words name, and that a test can begin with; all such tracks without words.

    Raises QueryError, NotAnalysedError, LibraryError if there are none.
    """
    if not words:
        return seeds_among(pair, None)
    ids = [match for match in find_matches(pair.library, words) if not isinstance(match, Path)]
    if not ids:
        raise QueryError("a blind test takes its seeds from the library, not from external files", hint="query")
    return seeds_among(pair, ids)


def seeds_among(pair: Pair, ids: Collection[int] | None) -> list[int]:
    """Return the positions of those tracks that a test can begin with. ids: of tracks; None for all.

    Raises NotAnalysedError, LibraryError if there are none.
    """
    positions = np.arange(len(pair.ids))
    if ids is not None:
        positions = positions[np.isin(pair.ids, list(ids))]
        if not len(positions):
            raise NotAnalysedError(f"none of these tracks is known to both {' and '.join(pair.labels)}", hint="analyse")
    if any(pair.by_genre):
        positions = np.array([position for position in positions.tolist() if pair.genres[position]], int)
        if not len(positions):
            raise LibraryError("none of these tracks has a genre, by which others could be chosen")
    return positions.tolist()


def rounds(pair: Pair, seeds: Sequence[int], tracks: int, rng: np.random.Generator) -> Iterator[Round]:
    """Yield a round for each seed, in random order, except where both sides make the same list, or one makes none.

    seeds: positions. tracks: in each list, at most.
    """
    drawn = rng.permutation(seeds)[:MOST_DRAWN].tolist()
    # Not a generator, which would end at an error: when a busy library can be read again, the next seed has its round.
    return filter(None, map(partial(_round, pair, tracks, rng), drawn))


def _round(pair: Pair, tracks: int, rng: np.random.Generator, position: int) -> Round | None:
    spaces = [pair.space(side, rng) for side in range(2)]
    picked = [_picked(pair, side, space, position, tracks) for side, space in enumerate(spaces)]
    length = min(map(len, picked))
    one, other = (some[:length] for some in picked)
    if one == other:
        return None
    members = spaces[0].members([position, *one, *other])
    if len(members) < len({position, *one, *other}):
        return None  # another program has removed some
    first, second = rng.permutation(2).tolist()
    lists = [[members[each] for each in some] for some in (one, other)]
    labels = pair.labels[first], pair.labels[second]
    return Round(members[position], (lists[first], lists[second]), labels)


def _picked(pair: Pair, side: int, space: Space, position: int, tracks: int) -> list[int]:
    """Return the positions that a side chooses after a seed, by the rules of both sides."""
    walk, rules = pair.request.walk, pair.request.rules
    if pair.vectors[side] is None:
        rules = replace(rules, correct_hubs=False)  # random directions have no hubs
    candidates = space.candidates(rules)
    if pair.by_genre[side]:
        own = pair.genres[position]
        alike = np.array([not own.isdisjoint(others) for others in pair.genres])
        candidates = replace(candidates, allowed=alike if candidates.allowed is None else alike & candidates.allowed)
    seed = candidates.song(position)
    return [
        pick.position
        for pick in similar(candidates, [seed], count=tracks, keep_on=walk.keep_on, stay=walk.stay, listed=False)
    ]

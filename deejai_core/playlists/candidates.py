"""The tracks of a library that a list may take, and the best ones for each place in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from heapq import heappop, heappush
from itertools import islice, takewhile

import numpy as np

from deejai_core.index.neighbours import Index
from deejai_core.playlists.rules import Lineup, Rule, RuleSet
from deejai_core.tracks.songs import Song, TrackColumns

EXPECTED = 64  # candidates requested at first; mostly, one of the first few is taken
NEAR_EQUAL = 0.05  # how much worse than the best a candidate may be if its segue is to decide
MOST_EQUALS = 12  # candidates whose segues are compared
LEAST_PROBABILITY = 0.00005  # the least probability of a tag: one that is stored as 0 may be as much


@dataclass(frozen=True, eq=False)
class Pick:
    """A track chosen for a place in a playlist."""

    position: int  # in the index
    similarity: float  # cosine to the target
    score: float  # the order of candidates: the similarity minus the track's penalty
    target: np.ndarray  # (dimension,) the direction that was looked for
    place: int
    broken: tuple[str, ...] = ()  # rules that gave way for it


@dataclass(frozen=True)
class PassedOver:
    """A track that would have been better for a place, and why it was not taken."""

    position: int
    similarity: float
    reason: str  # a rule; "outside" if it may not be picked; or "equal" if its segue, or the person who chose, decided


@dataclass(frozen=True, eq=False)
class Candidates:
    """What a list may take.

    index: the library's vectors. catalogue: the data that rules use. allowed: (n,) bool, the tracks that may be picked at
    all; None for any. penalty: (n,) 0 or more, subtracted from each track's similarity. segue: how well one song follows
    another, -1 to 1; it decides between candidates that are nearly equal. unwanted: songs that no list picks, and neither
    what counts as the same song.
    """

    index: Index
    catalogue: TrackColumns
    rules: RuleSet
    _: KW_ONLY
    allowed: np.ndarray | None = None
    penalty: np.ndarray | None = None
    segue: Callable[[Song, Song], float] | None = None
    unwanted: Sequence[Song] = ()
    _pools: dict[tuple[Rule, ...], Index] = field(default_factory=dict, repr=False)  # by the rules that they keep
    _songs: dict[int, Song] = field(default_factory=dict, repr=False)  # by position

    def lineup(self) -> Lineup:
        """Return an empty line-up, which only holds what is unwanted."""
        lineup = Lineup(self.catalogue, self.index.read)
        for song in self.unwanted:
            lineup.add(song, None)
        return lineup

    def song(self, position: int) -> Song:
        if position not in self._songs:
            self._songs[position] = self.catalogue.song(position, self.index.read(np.array([position]))[0])
        return self._songs[position]

    def offers(self, target: np.ndarray, place: int, lineup: Lineup) -> Iterator[Pick]:
        """Offer every track for a place, best first: those that keep all rules, then those that break the first, and so on.

        Each offer follows from the line-up as it is when the offer is requested. A song that is added meanwhile may rule
        out an earlier offer, which is then made again among those that break that rule.
        """
        active = self.rules.active
        for dropped in range(len(active) + 1):
            kept = active[dropped:]
            pooled = tuple(rule for rule in kept if rule.is_per_track) if self.catalogue.is_complete else ()
            others = [rule for rule in kept if rule not in pooled]
            for positions, similarities in self._ranked(self._pool(pooled), target):
                for rule in others:
                    fitting = ~rule.excluded(lineup, positions, place)
                    positions, similarities = positions[fitting], similarities[fitting]
                for position, similarity in zip(positions.tolist(), similarities.tolist(), strict=True):
                    if any(rule.refuses(lineup, position) for rule in others):
                        continue
                    song = self.song(position)
                    broken = self.rules.broken(lineup, position, place)
                    # Tracks that break fewer rules were offered before.
                    if lineup.repeats(song) or self.rules.dropped(broken) != dropped:
                        continue
                    yield Pick(position, similarity, similarity - self._off(position), target, place, broken)

    def next_offers(self, target: np.ndarray, place: int, lineup: Lineup) -> Iterator[Pick]:
        """Return the offers for the next place of a walk: those that lose by a preference come later."""
        offers = self.offers(target, place, lineup)
        if not self.rules.preferences:
            yield from offers
            return
        late: list[tuple[int, float, int, Pick]] = []
        for number, offer in enumerate(offers):
            while late and late[0][:2] < (self.level(offer), -offer.score):
                yield heappop(late)[-1]
            lost = self._lost(offer, lineup)
            if lost:
                pick = replace(offer, score=offer.score - sum(lost.values()))
                heappush(late, (self.level(pick), -pick.score, number, pick))
            else:
                yield offer
        yield from (pick for *_, pick in sorted(late))

    def _lost(self, pick: Pick, lineup: Lineup) -> dict[str, float]:
        """Return what a pick loses by preferences, by the name of each one that subtracts anything."""
        losses = {one.name: one.loss(lineup, pick.position, pick.place) for one in self.rules.preferences}
        return {name: loss for name, loss in losses.items() if loss}

    def still_fits(self, pick: Pick, lineup: Lineup) -> bool:
        """Return whether an offer would still be made, without breaking more rules."""
        song = self.song(pick.position)
        broken = self.rules.broken(lineup, pick.position, pick.place)
        return not lineup.repeats(song) and self.rules.dropped(broken) <= self.level(pick)

    def best(self, offers: Iterator[Pick], lineup: Lineup) -> Pick | None:
        """Return the first offer, or None; with segues, the one of those nearly as good that follows and leads on best."""
        first = next(offers, None)
        if first is None or self.segue is None:
            return first
        segue = self.segue
        before, after = lineup.songs.get(first.place - 1), lineup.songs.get(first.place + 1)
        near = takewhile(
            lambda pick: self.level(pick) == self.level(first) and pick.score >= first.score - NEAR_EQUAL, offers
        )

        def flow(pick: Pick) -> float:
            song = self.song(pick.position)
            return (segue(before, song) if before else 0) + (segue(song, after) if after else 0)

        return max([first, *islice(near, MOST_EQUALS - 1)], key=flow)

    def passed_over(self, pick: Pick, lineup: Lineup, count: int) -> list[PassedOver]:
        """Return up to `count` tracks that are better for a pick's place, best first, and why they were not taken.

        lineup: what the list held when the track was picked.
        """
        found: list[PassedOver] = []
        score = pick.similarity - self._off(pick.position)  # whatever was played before it
        positions, similarities = self.index.nearest(pick.target, EXPECTED, self.penalty)
        there = self.catalogue.load(positions)
        positions, similarities = positions[there], similarities[there]
        for position, similarity in zip(positions.tolist(), similarities.tolist(), strict=True):
            if len(found) == count or similarity - self._off(position) <= score:
                break
            song = self.song(position)
            if position == pick.position or lineup.repeats(song):
                continue
            if self.allowed is not None and not self.allowed[position]:
                reason = "outside"
            else:
                broken = self.rules.broken(lineup, position, pick.place)
                other = Pick(position, similarity, similarity - self._off(position), pick.target, pick.place)
                lost = self._lost(other, lineup)
                behind = lost and other.score - sum(lost.values()) <= pick.score
                reason = broken[-1] if broken else next(iter(lost)) if behind else "equal"
            found.append(PassedOver(position, similarity, reason))
        return found

    def of_known_length(self) -> Candidates:
        """Return these candidates without the tracks of unknown length."""
        known = self.catalogue.length > 0
        allowed = known if self.allowed is None else known & self.allowed
        return replace(self, allowed=allowed, _pools={})

    def without(self, songs: Sequence[Song]) -> Candidates:
        """Return these candidates, with these songs unwanted too."""
        return replace(self, unwanted=[*self.unwanted, *songs])

    def level(self, pick: Pick) -> int:
        """Return how many rules, in order, gave way for a pick."""
        return self.rules.dropped(pick.broken)

    def _off(self, position: int) -> float:
        return 0.0 if self.penalty is None else float(self.penalty[position])

    def _ranked(self, pool: Index, target: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Return a pool's tracks, best first, as blocks of positions and similarities, each fetched when needed."""
        seen = np.zeros(len(self.index.vectors), bool)
        count = EXPECTED
        while True:
            positions, similarities = pool.nearest(target, count, self.penalty)
            new = ~seen[positions]
            seen[positions] = True
            new[new] = self.catalogue.load(positions[new])  # without those that another program has removed
            yield positions[new], similarities[new]
            if len(positions) < count:
                return
            count *= 16

    def _pool(self, rules: tuple[Rule, ...]) -> Index:
        """Return the tracks that may be picked and that keep these rules, which look at single tracks only."""
        if rules not in self._pools:
            allowed = np.ones(len(self.index.vectors), bool) if self.allowed is None else self.allowed.copy()
            for rule in rules:
                allowed &= ~rule.excluded(self._empty, np.arange(len(allowed)), 0)
            self._pools[rules] = self.index if allowed.all() else self.index.among(allowed)
        return self._pools[rules]

    @cached_property
    def _empty(self) -> Lineup:
        return self.lineup()


def play_penalties(catalogue: TrackColumns, *, prefer_played: float = 0.0, avoid_skipped: float = 0.0) -> np.ndarray:
    """Return (n,) penalties of 0 or more, in units of similarity, from plays and skips.

    prefer_played: what a track that was never played loses; the most played one loses nothing, and between the two the
    logarithm of the plays decides. avoid_skipped: what a track loses that is always skipped; for its share of skips, each
    track counts as played twice more.
    """
    tracks = len(catalogue.length)
    plays = np.zeros(tracks) if catalogue.plays is None else catalogue.plays.astype(float)
    skips = np.zeros(tracks) if catalogue.skips is None else catalogue.skips.astype(float)
    most = np.log1p(plays.max(initial=0))
    unplayed = 1 - np.log1p(plays) / most if most > 0 else np.zeros(tracks)
    return np.asarray(prefer_played * unplayed + avoid_skipped * skips / (plays + skips + 2))


def mood_penalties(probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (n,) penalties of 0 or more, in units of similarity, that lean a list to some tags and away from others.

    probabilities: (n, tags), or levels; NaN for a track without tags, which loses the most. weights: (tags,) a positive one
    is what the lowest track loses, a negative one what the highest loses. In between, the rank decides: the probabilities
    of a rare tag are all small, but still show which tracks have more of it.
    """
    penalty = np.zeros(len(probabilities))
    for tag in np.flatnonzero(weights).tolist():
        column = probabilities[:, tag]
        known = np.sort(column[~np.isnan(column)])
        rank = np.searchsorted(known, column, side="right") / max(1, len(known))  # 1: the highest
        loss = 1 - rank if weights[tag] > 0 else rank
        penalty += abs(weights[tag]) * np.where(np.isnan(column), 1, loss)
    return penalty


def sound_scores(columns: np.ndarray, weights: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return (n,) how much tracks sound as requested; NaN for one without tags.

    columns: (n, k) probabilities of tags, and levels of axes where `levels` (k,) is true. weights: (k,), negative for what
    is not wanted. Probabilities are multiplied, each to the power of its weight: that of a rare tag is small, but still
    shows which tracks have more of it. Unknown values count like those in the middle.
    """
    scores = np.zeros(len(columns))
    for column, weight, is_level in zip(columns.T.astype(np.float64), weights.tolist(), levels.tolist(), strict=True):
        known = ~np.isnan(column)
        # Not quite 0 if it was rounded to that: one missing tag must not cancel all others.
        values = column[known] if is_level else np.log(np.maximum(column[known], LEAST_PROBABILITY))
        spread = values.std() if is_level and len(values) else 1.0
        scores[known] += weight * (values - (values.mean() if len(values) else 0.0)) / (spread or 1.0)
    return np.where(np.isnan(columns).all(axis=1), np.nan, scores)


def sounding_most(scores: np.ndarray, count: int, allowed: np.ndarray | None = None) -> np.ndarray:
    """Return the positions of up to `count` tracks with the highest scores, best first, without NaN.

    allowed: (n,) bool; None for any.
    """
    positions = np.flatnonzero(~np.isnan(scores) & (True if allowed is None else allowed))
    return positions[np.argsort(-scores[positions], kind="stable")[:count]]

"""What every rule promises, and what is made of what a user asks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deejai_core.options.lists import MILD, Rules
from deejai_core.playlists.rules import BY_NAME, ORDER, PREFERENCES, RuleContext, RuleSet
from deejai_core.playlists.rules.lineup import Lineup
from deejai_core.playlists.rules.rule import Rule
from deejai_core.tracks.songs import Catalogue
from tests.libraries import catalogue, compass, random_columns, random_vectors, rule_set

TRACKS = 40
HELD = (0, 1, 5)  # the last one has a tempo and a key
STRICT = rule_set(
    artist_separation=1,
    album_separation=1,
    min_length=300,
    fold_versions=True,
    duplicate_epsilon=0.1,
    not_played_since=1.5e9,
    mix_in_key=True,
)
NOW = 1e9


class Only:
    """A catalogue of which nothing can be read but some columns."""

    def __init__(self, whole: Catalogue, columns: tuple[str, ...]) -> None:
        self._names: dict[int, frozenset[str]] = {}
        for column in columns:
            setattr(self, column, getattr(whole, column))

    names = Catalogue.names

    def load(self, positions: np.ndarray) -> np.ndarray:
        return np.ones(len(positions), bool)


def lineup_of(columns: Catalogue | Only, *held: int) -> Lineup:
    vectors, whole = random_vectors(1, TRACKS), Catalogue(**random_columns(1, TRACKS))
    lineup = Lineup(columns, vectors.__getitem__)
    for place, position in enumerate(held):
        lineup.add(whole.song(position, vectors[position]), place)
    return lineup


def all_broken(rule: Rule, lineup: Lineup, place: int = 3) -> list[bool]:
    excluded = rule.excluded(lineup, np.arange(TRACKS), place).tolist()
    return [excluded[position] or rule.refuses(lineup, position) for position in range(TRACKS)]


@pytest.mark.parametrize("kind", ORDER)
class TestEveryRule:
    def test_it_is_off_unless_something_is_asked(self, kind):
        assert not kind().is_active
        assert STRICT.get(kind).is_active

    def test_it_reads_the_columns_that_it_names_and_no_others(self, kind):
        whole, rule = Catalogue(**random_columns(1, TRACKS)), STRICT.get(kind)
        found = all_broken(rule, lineup_of(whole, *HELD))
        assert 0 < sum(found) < TRACKS
        assert all_broken(rule, lineup_of(Only(whole, kind.columns), *HELD)) == found

    def test_a_rule_of_the_track_looks_at_no_other(self, kind):
        whole, rule = Catalogue(**random_columns(1, TRACKS)), STRICT.get(kind)
        alone = all_broken(rule, lineup_of(whole))
        assert (all_broken(rule, lineup_of(whole, *HELD)) == alone) is kind.is_per_track


def test_a_rule_is_found_by_its_name():
    assert [BY_NAME[kind.name] for kind in ORDER] == list(ORDER)


def test_where_nobody_knows_what_was_played_nothing_was():
    unplayed = catalogue(3, played_at=None)
    lineup = Lineup(unplayed, compass(0, 1, 2).__getitem__)
    assert not STRICT.get(BY_NAME["not_played"]).excluded(lineup, np.arange(3), 0).any()


@pytest.mark.parametrize(
    ("asked", "kind", "settings"),
    [
        (Rules(), "track", {"mild_separation": 2, "max_length": 600, "fold_versions": True, "duplicate_epsilon": 0.01}),
        (Rules(), "album", {"mild_separation": 2, "fold_versions": True}),
        (
            Rules(artist_separation=3, album_separation=4, min_length=30, max_length=math.inf, fold_versions=False),
            "track",
            {"artist_separation": 3, "album_separation": 4, "min_length": 30, "duplicate_epsilon": 0.01},
        ),
        (
            Rules(artist_separation=3, album_separation=4, min_length=30, mix_in_key=True, duplicate_epsilon=0.5),
            "album",
            {"artist_separation": 3, "fold_versions": True},
        ),
        (
            Rules(artist_separation=0, max_length=math.inf, duplicate_epsilon=0, not_played_days=2, mix_in_key=True),
            "track",
            {"fold_versions": True, "not_played_since": NOW - 2 * 86400, "mix_in_key": True},
        ),
    ],
)
def test_what_is_asked_becomes_rules(asked, kind, settings):
    assert RuleSet.of(asked, RuleContext(kind, 0.01, NOW)) == rule_set(**settings)


@pytest.mark.parametrize(("separation", "number"), [(MILD, 1), (0, 0), (2, 0)])
def test_a_mild_separation_is_a_preference(separation, number):
    made = RuleSet.of(Rules(artist_separation=separation), RuleContext("track", 0.01, NOW))
    assert [type(one) for one in made.preferences] == list(PREFERENCES[:number])

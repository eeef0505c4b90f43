"""What SQLite finds in stored tags is what Python reads out of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.embedding.tag_digits import SCALE, level, probability
from deejai_core.embedding.tag_sql import level_condition, probability_condition
from deejai_core.models.axes import STEPS
from deejai_core.models.musicnn.tags import MSD_TAGS
from deejai_core.models.tag_set import TagSet

COLOURS = TagSet("deejai_tags_colours", ("red", "green"))
JUNK = (None, "", "1234", "123456789", "12x45678", "1234567x", b"12345678")
HUNDREDTHS = st.integers(0, STEPS).map(lambda step: step / STEPS)


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


def holds(database: sqlite3.Connection, stored: object, condition: str, values: Sequence[float]) -> bool:
    statement = f"SELECT 1 FROM (SELECT ? AS value) WHERE {condition}"  # noqa: S608 (what is tested)
    return database.execute(statement, (stored, *values)).fetchone() is not None


@given(stored=st.integers(0, SCALE**2 - 1).map("{:08d}".format), low=HUNDREDTHS, high=HUNDREDTHS, place=st.integers(0, 1))
def test_a_range_of_probabilities(database, stored, low, high, place):
    value = probability(stored, place, COLOURS)
    assert value == int(stored[4 * place : 4 * place + 4]) / SCALE
    for bounds, expected in (
        ({"low": low, "high": high}, low <= value <= high),
        ({"low": low}, low <= value),
        ({"high": value}, True),
        ({"point": value}, True),
        ({"point": low}, value == low),
    ):
        assert holds(database, stored, *probability_condition(COLOURS, place, **bounds)) == expected


@pytest.mark.parametrize("stored", JUNK)
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_damaged_has_no_probability(database, stored, place):
    found = holds(database, stored, *probability_condition(COLOURS, place, low=0))
    assert found == (probability(stored, place, COLOURS) is not None)


@given(
    digits=st.lists(st.integers(0, SCALE - 1), min_size=50, max_size=50),
    low=HUNDREDTHS,
    high=HUNDREDTHS,
    axis=st.sampled_from(MSD_TAGS.axes),
)
def test_a_range_of_levels(database, digits, low, high, axis):
    stored = "".join(map("{:04d}".format, digits))
    for below, above in ((low, high), (low, 1), (0, high), (level(stored, axis, MSD_TAGS),) * 2):
        condition = level_condition(MSD_TAGS, axis, lambda value: below <= value <= above)  # noqa: B023
        assert holds(database, stored, *condition) == (below <= level(stored, axis, MSD_TAGS) <= above)


@pytest.mark.parametrize("stored", [None, "", "0" * 199, "0" * 201, "0" * 199 + "x", b"0" * 200, b"\0\xff" * 100, 0])
@pytest.mark.parametrize("axis", MSD_TAGS.axes, ids=lambda axis: axis.name)
def test_what_is_damaged_has_no_level(database, stored, axis):
    assert level(stored, axis, MSD_TAGS) is None
    assert not holds(database, stored, *level_condition(MSD_TAGS, axis, lambda value: True))

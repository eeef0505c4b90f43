"""The flexible attributes read the same through every command of beets, with the plugin on or off."""

from __future__ import annotations

import json
from base64 import b64encode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beetsplug.deejai.library.attributes import Vector

UNIT = np.ones(4, "<f4").tobytes()


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        (b64encode(UNIT).decode(), UNIT),
        ("not base64!", None),
        ("YWJj", None),  # three bytes are no float
        ("", None),
        ("é", None),
        (None, None),
        (b"\x00\x01", None),
        (7, None),
    ],
)
def test_what_the_database_holds(stored, value):
    assert Vector().from_sql(stored) == value


@given(st.binary(min_size=4, max_size=400).filter(lambda data: len(data) % 4 == 0))
def test_round_trips(data):
    kind = Vector()
    assert kind.from_sql(kind.to_sql(data)) == data
    assert kind.parse(kind.format(data)) == data
    assert kind.format(kind.null) == ""


@pytest.mark.parametrize("plugins", ["deejai export", "export"], ids=["on", "off"])
def test_beets_shows_text(analysed, plugins):
    analysed.configure(plugins=plugins)
    (listed,) = analysed.run("ls", "-f", "$deejai_vector", "title:Aisle").lines
    exported = json.loads(analysed.run("export", "-l", "-i", "deejai_vector", "title:Aisle").out)
    assert exported[0]["deejai_vector"] == listed
    vector = np.frombuffer(Vector().parse(listed), "<f4")
    assert vector.shape == (100,)
    assert np.linalg.norm(vector) == pytest.approx(1)


def test_modify_deletes_and_queries_find_it(analysed):
    analysed.run("modify", "-yMW", "title:Aisle", "deejai_vector!")
    assert analysed.field("title", "^deejai_vector::.") == ["Aisle"]

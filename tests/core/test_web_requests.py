"""What a request of the DJ page may ask of lists: the options that are declared for it, whatever JSON can hold."""

from __future__ import annotations

import math

import pytest

from deejai_core.features.web.library import RefusedError
from deejai_core.features.web.requests import read_rules, read_walk, write_options
from deejai_core.models.musicnn.tags import BUNDLED_TAGS
from deejai_core.options.lists import Rules, Walk


def test_what_a_request_lacks_is_as_configured():
    configured = Rules(max_length=300, artist_separation=4)
    asked = read_rules({"rules": {"mix_in_key": True}}, configured, BUNDLED_TAGS)
    assert (asked.mix_in_key, asked.max_length, asked.artist_separation) == (True, 300, 4)
    assert read_walk({"stay": 0}, Walk(keep_on=7)) == Walk(keep_on=7, stay=0)


def test_what_is_written_is_read_again():
    rules = Rules(artist_separation=math.inf, max_length=math.inf, not_played_days=30, mood=(("sad", -1.0), ("happy", 0.5)))
    assert read_rules({"rules": write_options(rules)}, Rules(), BUNDLED_TAGS) == rules


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("candidates", value) for value in ("x" * 501, "\0", "\ud800", ["\ud800"], ["x" * 300, "y" * 300], 5, None)),
        *(("artist_separation", value) for value in (-1, 1.5, True, None, [], {}, "many", "9" * 5000)),
        *(
            ("mood", value)
            for value in ({"happy": 10**400}, {"happy": math.nan}, {"happy": None}, {"\ud800": 1}, ["happy"], 5)
        ),
        *(("min_length", value) for value in (-1, True, "1:2:3:4", 10**400, math.inf, [], "\ud800")),
        *(("not_played_days", value) for value in (-1, math.nan, 10**400, True, "soon")),
        *(("mix_in_key", value) for value in (1, "yes", None)),
        ("segue", True),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(name, value):
    with pytest.raises(RefusedError) as refused:
        read_rules({"rules": {name: value}}, Rules(), BUNDLED_TAGS)
    message = str(refused.value)
    assert name in message
    assert len(message) < 700
    message.encode()  # and can be sent

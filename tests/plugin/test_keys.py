"""Keys as beets keeps them: in other cases, and with sharps for flats."""

from __future__ import annotations

import pytest
from beets.library import Item

from deejai_core.tracks.keys import parse_key
from tests.keys import OTHERS, WHEEL


@pytest.mark.parametrize(("text", "key"), [*WHEEL, *OTHERS])
def test_they_are_the_keys_that_the_file_named(text, key):
    assert parse_key(Item(initial_key=text).initial_key) == key

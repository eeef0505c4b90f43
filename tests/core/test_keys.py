"""What key a tag means, whoever wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.tracks.keys import parse_key
from tests.keys import OTHERS, WHEEL, C


@pytest.mark.parametrize(("text", "key"), WHEEL)
def test_the_wheel_in_every_notation(text, key):
    assert parse_key(text) == key


@pytest.mark.parametrize(("text", "key"), OTHERS)
def test_other_notations(text, key):
    assert parse_key(text) == key


def test_a_capital_m_alone_means_major():
    assert parse_key("CM") == C


@given(st.text("AaBbHhmMd018#♭ /-+(", max_size=8) | st.text())
def test_any_text_is_a_key_or_none(text):
    assert parse_key(text) is None or 0 <= parse_key(text).fifths < 12

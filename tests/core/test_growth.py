"""Texts that somebody made long on purpose take time in proportion to their length."""

from __future__ import annotations

import pytest

from deejai_core.playlists.m3u import parse_m3u, split_caption
from deejai_core.playlists.tracks import one_line
from tests.growth import LINEAR, growth


@pytest.mark.parametrize("unit", [" ", "\u3000", " \0", "\n", "a ", "- ", " -", "x"])
def test_text_made_one_line(unit):
    assert growth(one_line, lambda size: f"a{unit * size}b") < LINEAR


@pytest.mark.parametrize("unit", [" ", " -", "- ", "\u2013", "a "])
def test_captions(unit):
    assert growth(split_caption, lambda size: f"a{unit * size}b") < LINEAR


@pytest.mark.parametrize(
    "unit",
    [
        b" ",
        b"\t",
        b"1",
        b".",
        b' a="b"',
        b" a=",
        b"#",
        b",",
        b"- ",
        b"\n",
        b"\r",
        b"\xff",
        b"#EXTINF:1,a\n",
        b"#EXTALB:a\n",
        b"%",
    ],
)
def test_m3u(unit):
    assert growth(parse_m3u, lambda size: b"#EXTINF:1" + unit * size + b"x") < LINEAR

"""XSPF and JSPF: valid, and with everything that a player can use."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.formats.entries import Header, Style, Track
from deejai_core.formats.xspf import format_jspf, format_xspf

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names of POSIX file systems")

NAMES = {"x": "http://xspf.org/ns/0/"}
UUID = "0f7a2b1c-1111-2222-3333-444455556666"
HEADER = Header("Similar to Roxanne", ("beet deejai similar Roxanne", "model m"), "2026-11-22T12:00:00+00:00")
TRACK = Track(Path("/music/The Police/Röx & anne.mp3"), "The Police", "Roxanne <live>", 191.6, "Outlandos", UUID)


def test_an_xspf_playlist():
    root = fromstring(format_xspf([TRACK, Track(Path("/music/x.flac"), "", "", None)], Style(), HEADER))
    assert root.get("version") == "1"
    assert root.findtext("x:title", namespaces=NAMES) == "Similar to Roxanne"
    assert root.findtext("x:annotation", namespaces=NAMES) == "beet deejai similar Roxanne; model m"
    assert root.findtext("x:date", namespaces=NAMES) == "2026-11-22T12:00:00+00:00"
    first, second = root.findall("x:trackList/x:track", NAMES)
    assert {child.tag.split("}")[1]: child.text for child in first} == {
        "location": "file:///music/The%20Police/R%C3%B6x%20%26%20anne.mp3",
        "identifier": "https://musicbrainz.org/recording/" + UUID,
        "title": "Roxanne <live>",
        "creator": "The Police",
        "album": "Outlandos",
        "duration": "191600",
    }
    assert [child.text for child in second] == ["file:///music/x.flac"]


def test_a_jspf_playlist():
    playlist = json.loads(format_jspf([TRACK], Style(), HEADER))["playlist"]
    assert playlist["title"] == "Similar to Roxanne"
    (track,) = playlist["track"]
    assert track["location"] == ["file:///music/The%20Police/R%C3%B6x%20%26%20anne.mp3"]
    assert track["identifier"] == ["https://musicbrainz.org/recording/" + UUID]
    assert track["duration"] == 191600


def test_what_they_look_like():
    track = Track(Path("/music/a.mp3"), "Zoë", "", None)
    assert format_xspf([track], Style(), Header("One")).decode() == (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<playlist xmlns="http://xspf.org/ns/0/" version="1">\n  <title>One</title>\n  <trackList>\n    <track>\n'
        "      <location>file:///music/a.mp3</location>\n      <creator>Zoë</creator>\n"
        "    </track>\n  </trackList>\n</playlist>\n"
    )
    assert format_jspf([track], Style(), Header("One")).decode() == (
        '{\n "playlist": {\n  "title": "One",\n  "track": [\n   {\n    "location": [\n     "file:///music/a.mp3"\n    ],\n'
        '    "creator": "Zoë"\n   }\n  ]\n }\n}\n'
    )


@pytest.mark.parametrize(
    ("style", "location"),
    [
        ({"relative_to": Path("/music")}, "a%20b%23.mp3"),
        ({"relative_to": Path("/music/lists")}, "../a%20b%23.mp3"),
        ({"prefix": "http://box:8080"}, "http://box:8080/music/a%20b%23.mp3"),
    ],
)
def test_locations(style, location):
    track = Track(Path("/music/a b#.mp3"), "", "", None)
    playlist = json.loads(format_jspf([track], Style(**style), HEADER))["playlist"]
    assert playlist["track"][0]["location"] == [location]


@given(st.text(), st.text(), st.binary(min_size=1).filter(lambda name: not set(name) & set(b"\0/")))
def test_any_tag_and_any_file_name_makes_a_playlist_that_can_be_read(artist, title, name):
    track = Track(Path(os.fsdecode(b"/" + name)), artist, title, 1)
    fromstring(format_xspf([track], Style(), Header(title)))
    json.loads(format_jspf([track], Style(), Header(title)))

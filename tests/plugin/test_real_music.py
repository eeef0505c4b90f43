"""Real recordings, where there are some: set DEEJAI_TEST_MUSIC to a folder like the one described in CONTRIBUTING.md."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

from tests.plugin.conftest import Beets

MUSIC = os.environ.get("DEEJAI_TEST_MUSIC")

pytestmark = pytest.mark.skipif(not MUSIC, reason="no real music given")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """All recordings, copied into a library by `beet import`."""
    beets = Beets(tmp_path_factory.mktemp("real"))
    source = beets.folder / "source"
    shutil.copytree(MUSIC, source)
    beets.run("import", "-qA", "-c", source)
    return beets


def test_every_recording_has_a_vector(library):
    with (Path(MUSIC) / "tracks.csv").open(newline="") as file:
        tracks = len(list(csv.DictReader(file)))
    assert library.deejai("status").lines[:4] == [
        f"tracks    {tracks}",
        f"analysed  {tracks}",
        "pending   0",
        "failed    0",
    ]
    # An import weights its tracks against those that were there before them.
    assert "because the library changed" in library.deejai("analyze").err
    assert "nothing to do" in library.deejai("analyze").err


def test_a_singers_songs_are_nearest_to_each_other(library):
    lines = library.deejai("similar", "Code Monkey", "-n", "5").lines
    singers = library.field("title", "album:UltraStar")
    nearest = [line.split(" - ", 1)[1] for line in lines if line[:4].strip().isdigit()]
    assert len([title for title in nearest if title in singers]) >= 4
    assert len(nearest) == 5


def test_there_and_back(library):
    library.deejai("journey", "Code Monkey", "Silvan Sanctuary")
    library.deejai("journey", "Silvan Sanctuary", "Code Monkey")
    there = library.playlist("Journey from Code Monkey to Silvan Sanctuary.m3u")
    assert library.playlist("Journey from Silvan Sanctuary to Code Monkey.m3u") == there[::-1]
    assert len(set(there)) == 7

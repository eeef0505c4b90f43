"""`beet deejai discover`, as a user types it."""

from __future__ import annotations

import csv
import json

import pytest

from tests.plugin.test_history import write_m3u

pytest.importorskip("rapidfuzz")


@pytest.fixture
def listed(analysed, tmp_path):
    """A library with two lists, which name songs that it lacks."""
    write_m3u(tmp_path / "lists/a.m3u", "Nave - Aisle", "Radiohead - Creep", "Nave - Dust in Light (Live)")
    write_m3u(tmp_path / "lists/b.m3u", "Radiohead - Creep", "Nave - Aisle", "Nave - Not There")
    analysed.deejai("history", "add", tmp_path / "lists")
    return analysed


def test_songs_and_artists(listed):
    lines = [line.split(maxsplit=2) for line in listed.deejai("discover", "Aisle").lines]
    assert [(number, text) for number, _, text in lines] == [
        ("1", "Radiohead - Creep (2 lists)"),
        ("2", "Nave - Not There (1 list)"),
    ]
    assert 1 > float(lines[0][1]) > float(lines[1][1]) > 0
    assert len(listed.deejai("discover", "-n", "1").lines) == 1
    (artist,) = listed.deejai("discover", "--artists", "artist:Nave").lines
    assert artist.endswith(" Radiohead (2 lists, 1 song)")


def test_files_and_formats(listed, tmp_path):
    told = listed.deejai("discover", "Aisle", "-o", tmp_path / "new.csv")
    assert told.lines == [f"2 songs written to {tmp_path}/new.csv"]
    with (tmp_path / "new.csv").open() as file:
        assert [row["title"] for row in csv.DictReader(file)] == ["Creep", "Not There"]
    assert listed.deejai("discover", "Aisle", "--format", "csv").out == (tmp_path / "new.csv").read_text()
    shown = json.loads(listed.deejai("discover", "Aisle", "--format", "jspf").out)["playlist"]
    assert shown["title"] == "Discovered from Aisle"
    assert [(song["creator"], song["title"]) for song in shown["track"]] == [("Radiohead", "Creep"), ("Nave", "Not There")]
    listed.deejai("discover", "Aisle", "-o", tmp_path / "new.jspf")
    assert json.loads((tmp_path / "new.jspf").read_text())["playlist"]["track"] == shown["track"]


def test_a_playlist_that_it_wrote_is_a_source_of_the_history(listed, tmp_path):
    listed.deejai("discover", "Aisle", "-o", tmp_path / "new.jspf")
    assert listed.deejai("history", "add", "-p", tmp_path / "new.jspf").lines[0] == "  Discovered from Aisle: 2 songs"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["Aisle", "-o", "new.m3u"], "choose a name that ends in .csv or .jspf"),
        (["--artists", "--format", "jspf"], "--artists: a JSPF playlist holds songs; choose csv for artists"),
        (["Aisle", "-o", "new.csv", "--format", "jspf"], "--format: new.csv is not a name for JSPF"),
        (["Aisle", "-n", "0"], "--number: must be at least 1, not 0"),
        (
            ["title:Anvil"],
            "no list of the history contains this track together with another song; `beet deejai history add` adds lists",
        ),
        (["nothing such"], "no track matches 'nothing such'"),
    ],
)
def test_what_it_cannot_do(listed, words, problem):
    result = listed.deejai("discover", *words, status=1)
    assert problem in result.err
    assert len(result.err.splitlines()) == 1


def test_without_a_history(analysed):
    told = "the history is empty; add a source with `beet deejai history add SOURCE`"
    assert told in analysed.deejai("discover", "Aisle", status=1).err

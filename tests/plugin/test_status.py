"""`beet deejai status`, and what it says of the index."""

from __future__ import annotations

import re
import sqlite3
from base64 import b64encode

import numpy as np
import pytest

from deejai_core.playlists.export import is_same
from deejai_core.space.index import annoy_installed


def report(beets) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in beets.deejai("status").lines if not line.startswith("on disk"))


def test_of_an_empty_library(beets):
    assert report(beets) == {
        "tracks": "0",
        "analysed": "0",
        "pending": "0",
        "failed": "0",
        "model": "musicnn-msd-1, 100 dimensions, epsilon 0.2",
        "weights": "up to date",
        "index": "exact search: annoy is " + ("for 224000 tracks or more" if annoy_installed() else "not installed"),
    }
    assert not beets.data.exists()  # asking changes nothing


def test_of_an_analysed_library(analysed):
    found = report(analysed)
    assert (found["tracks"], found["analysed"], found["pending"], found["failed"]) == ("24", "24", "0", "0")
    (sizes,) = [line for line in analysed.deejai("status").lines if line.startswith("on disk")]
    assert re.search(r"slices [67]\d KB", sizes)  # 24 tracks of 3 windows of 400 bytes, and SQLite's own
    assert str(analysed.data) in sizes


def test_weights_are_those_of_the_library_as_it_is_or_was(analysed):
    """An import weighs the new tracks only, against what is there by then."""
    assert report(analysed)["weights"] == "those of the library as it was  (beet deejai analyze)"
    analysed.deejai("analyze")
    assert report(analysed)["weights"] == "up to date"
    analysed.run("remove", "-f", "title:Aisle")
    assert report(analysed)["weights"] == "those of the library as it was  (beet deejai analyze)"


@pytest.fixture
def large(analysed, tmp_path):
    """300 tracks more, with invented vectors, written into the library as beets does; enough for annoy, as set here."""
    (tmp_path / "early").mkdir()
    (tmp_path / "early/sitecustomize.py").write_text(
        "from beetsplug.deejai import vectors\nfrom deejai_core.space import index\n"
        "vectors.CACHED_FROM, index.FEWEST_INDEXED, index.SCAN_ADVANTAGE = 0, 200, 0\n"
    )
    analysed.env = {"PYTHONPATH": str(tmp_path / "early")}
    rng = np.random.default_rng(0)
    with sqlite3.connect(analysed.library) as connection:
        for number in range(300):
            vector = rng.normal(size=100)
            cursor = connection.execute(
                "INSERT INTO items (path, artist, title, length) VALUES (?, 'Noise', ?, 60)",
                (f"/noise/{number}.mp3".encode(), f"Noise {number}"),
            )
            values = {
                "deejai_vector": b64encode((vector / np.linalg.norm(vector)).astype("<f4").tobytes()).decode(),
                "deejai_model": "musicnn-msd-1",
            }
            connection.executemany(
                "INSERT INTO item_attributes (entity_id, key, value) VALUES (?, ?, ?)",
                [(cursor.lastrowid, key, value) for key, value in values.items()],
            )
    connection.close()
    return analysed


@pytest.mark.skipif(not annoy_installed(), reason="annoy is not installed")
def test_the_index_is_built_kept_and_renewed(large):
    assert report(large)["index"] == "annoy, to be built by the next playlist"
    first = large.deejai("similar", "Aisle", "-n", "3").lines
    assert report(large)["index"] == "annoy, up to date"
    built = (large.data / "index.ann").stat()
    assert large.deejai("similar", "Aisle", "-n", "3").lines == first
    assert (large.data / "index.ann").stat() == built

    large.run("remove", "-f", "title:=Noise 7")
    assert report(large)["index"] == "annoy, up to date"
    everything = large.deejai("similar", "Aisle", "-n", "400").out
    assert "Noise 71" in everything
    assert "Noise 7\n" not in everything  # though the index has it still
    assert (large.data / "index.ann").stat() == built

    large.run("modify", "-y", "title::Noise .*[89]$", "deejai_model=another")
    assert report(large)["index"] == "annoy, to be built by the next playlist"
    large.deejai("similar", "Aisle", "-n", "3")
    assert (large.data / "index.ann").stat() != built


@pytest.mark.skipif(not annoy_installed(), reason="annoy is not installed")
def test_analyze_builds_the_index(large):
    assert "building the index of 324 tracks" in large.deejai("analyze").err
    assert report(large)["index"] == "annoy, up to date"
    assert "index" not in large.deejai("analyze").err


@pytest.mark.skipif(not annoy_installed(), reason="annoy is not installed")
def test_without_annoy_the_answer_is_the_same_and_status_says_so(large, tmp_path):
    with_annoy = large.deejai("similar", "Aisle", "-n", "30", "-o", tmp_path / "with.m3u")
    (tmp_path / "none").mkdir()
    (tmp_path / "none/annoy.py").write_text("raise ImportError('no compiler, no annoy')")
    blocked = {"PYTHONPATH": str(tmp_path / "none")}
    without = large.deejai("similar", "Aisle", "-n", "30", "-o", tmp_path / "without.m3u", **blocked)
    assert without.lines[:-1] == with_annoy.lines[:-1]
    assert is_same(tmp_path / "without.m3u", (tmp_path / "with.m3u").read_bytes())
    assert "index     exact search: annoy is not installed" in large.deejai("status", **blocked).lines


def encoded(number: float) -> str:
    return b64encode(np.full(100, number, "<f4").tobytes()).decode()


@pytest.mark.parametrize(
    "damage",
    ["no vector", "!" + encoded(0.1)[1:], "\u00e9" + encoded(0.1)[1:], encoded(0), encoded(1), encoded(np.nan)],
    ids=["text", "no base64", "no ASCII", "zero", "not of unit length", "NaN"],
)
def test_a_damaged_vector_counts_as_none(analysed, damage):
    with sqlite3.connect(analysed.library) as connection:
        connection.execute(
            "UPDATE item_attributes SET value = ? WHERE key = 'deejai_vector' AND entity_id = "
            "(SELECT id FROM items WHERE title = 'Aisle')",
            (damage,),
        )
    connection.close()
    assert report(analysed)["analysed"] == "23"
    assert "Nave - Aisle: not analysed yet" in analysed.deejai("similar", "Aisle", status=1).err
    assert "1 track given a vector" in analysed.deejai("analyze").err
    assert report(analysed)["analysed"] == "24"


def test_a_locked_library_is_one_line(analysed):
    connection = sqlite3.connect(analysed.library)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        result = analysed.run("deejai", "reweigh", status=1)
    finally:
        connection.close()
    assert "database is locked" in result.err

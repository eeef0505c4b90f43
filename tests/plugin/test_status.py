"""`beet deejai status`, and what it says of the index."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
import pytest

from deejai_core.index.annoy_file import why_no_annoy

needs_annoy = pytest.mark.skipif(why_no_annoy() is not None, reason=str(why_no_annoy()))


def report(beets) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in beets.deejai("status").lines if not line.startswith("on disk"))


def test_of_an_empty_library(beets):
    assert report(beets) == {
        "tracks": "0; import music first: `beet import ~/Music`",
        "analysed": "0",
        "pending": "0",
        "failed": "0",
        "model": "musicnn-msd-1, 100 dimensions, epsilon 0.1",
        "vectors": "none yet",
        "index": f"exact search: {why_no_annoy()}" if why_no_annoy() else "not built yet; run `beet deejai analyze`",
    }
    assert not beets.data.exists()  # asking changes nothing


def test_of_an_analysed_library(analysed):
    found = report(analysed)
    assert (found["tracks"], found["analysed"], found["pending"], found["failed"]) == ("24", "24", "0", "0")
    (sizes,) = [line for line in analysed.deejai("status").lines if line.startswith("on disk")]
    assert re.search(r"slices [67]\d KB", sizes)  # 24 tracks of 3 windows of 400 bytes, and SQLite's own
    assert str(analysed.data) in sizes


def test_weights_are_those_of_the_library_as_it_is_or_was(analysed):
    """An import weights the new tracks only, against what is there by then."""
    assert report(analysed)["vectors"] == "weighted before the library changed; run `beet deejai analyze` to update them"
    analysed.deejai("analyze")
    assert report(analysed)["vectors"] == "up to date"
    analysed.run("remove", "-f", "title:Aisle")
    assert report(analysed)["vectors"] == "weighted before the library changed; run `beet deejai analyze` to update them"


def parts(beets) -> list[str]:
    """What it says of the index."""
    return re.split("[,;] ", report(beets)["index"])


@needs_annoy
def test_every_library_has_an_index(analysed):
    """Built by `analyze`, and out of date when music comes or goes until the next one."""
    assert report(analysed)["index"] == "not built yet; run `beet deejai analyze`"  # an import builds none
    analysed.deejai("analyze")
    annoy, tracks, size, age, state, asked = parts(analysed)
    assert (annoy, tracks, state, asked) == ("Annoy", "24 tracks", "up to date", "lists compare all tracks")
    assert re.fullmatch(r"\d+ KB", size)
    assert re.fullmatch(r"built \d+ (s|min) ago", age)
    built = (analysed.data / "index.ann").stat()
    analysed.deejai("analyze")
    assert (analysed.data / "index.ann").stat() == built
    analysed.run("remove", "-f", "title:Aisle")
    assert "out of date (run `beet deejai analyze`)" in parts(analysed)
    analysed.deejai("analyze")
    assert "up to date" in parts(analysed)
    assert "Annoy, 23 tracks" in report(analysed)["index"]


@pytest.fixture
def more(analysed):
    """300 tracks more, with invented vectors, written into the library as beets does."""
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


@needs_annoy
def test_lists_that_ask_the_index(more):
    """What comes and goes meanwhile is compared one by one; a list builds an index only where there is none."""
    more.configure(index="annoy")
    first = more.deejai("similar", "Aisle", "-n", "3").lines
    assert parts(more)[-2:] == ["up to date", "lists use it"]
    built = (more.data / "index.ann").stat()
    assert more.deejai("similar", "Aisle", "-n", "3").lines == first

    more.run("remove", "-f", "title:=Noise 7")
    everything = more.deejai("similar", "Aisle", "-n", "400").out
    assert "Noise 71" in everything
    assert "Noise 7\n" not in everything  # though the index still has it
    assert (more.data / "index.ann").stat() == built
    assert "out of date (run `beet deejai analyze`)" in parts(more)
    more.deejai("analyze")
    assert (more.data / "index.ann").stat() != built

    more.run("modify", "-y", "title::Noise .*[89]$", "deejai_model=another")
    built = (more.data / "index.ann").stat()
    more.deejai("similar", "Aisle", "-n", "3")  # a tenth is another: all is written anew
    assert (more.data / "index.ann").stat() != built


def test_with_or_without_annoy_and_the_index_the_answer_is_the_same(more, tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "none/sitecustomize.py").write_text("import sys\nsys.modules['annoy'] = None\n")
    without = {"PYTHONPATH": str(tmp_path / "none")}
    lists = []
    for search, env in (("auto", {}), ("exact", {}), ("annoy", {}), ("annoy", without)):
        more.configure(index=search)
        more.deejai("analyze", **env)
        lists.append(more.deejai("similar", "Aisle", "-n", "30", **env).lines)
    assert lists == lists[:1] * 4
    status = more.deejai("status", **without).lines
    assert "index     exact search: annoy is not installed; pip install 'beets-deejai[annoy]'" in status


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
    assert "Computed the vectors of 1 track" in analysed.deejai("analyze").err
    assert report(analysed)["analysed"] == "24"


def test_a_locked_library_is_one_line(analysed):
    connection = sqlite3.connect(analysed.library)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        result = analysed.run("deejai", "reweigh", status=1)
    finally:
        connection.close()
    assert "database is locked" in result.err


@needs_annoy
def test_any_program_can_ask_the_index(analysed):
    """As the documentation shows it."""
    analysed.deejai("analyze")
    page = (Path(__file__).parents[2] / "docs/storage.md").read_text()
    (program,) = [code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "index.load" in code]
    assert len(program.strip().splitlines()) <= 12
    out = subprocess.run(
        [sys.executable, "-c", program], cwd=analysed.folder, stdout=subprocess.PIPE, text=True, check=True
    )
    first, *others = out.stdout.splitlines()
    assert first == f"1.000 {analysed.field('title', 'id:1')[0]}"
    assert len(others) == 4
    library = sqlite3.connect(analysed.library)
    rows = library.execute("SELECT entity_id, value FROM item_attributes WHERE key = 'deejai_vector'")
    vectors = {id_: np.frombuffer(b64decode(value), "<f4") for id_, value in rows}
    similarities = sorted((vectors[id_] @ vectors[1] for id_ in vectors if id_ != 1), reverse=True)[:4]
    library.close()
    assert [float(line.split()[0]) for line in others] == pytest.approx(similarities, abs=0.001)

"""`beet import` gives new music its vectors, whatever way it is imported, and is never stopped by a file."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

HAZEL = "Hazel & Thorn/Kitchen Songs"


def vectors(beets, *query):
    """Vectors by title; the literal field name stands for none."""
    return dict(zip(beets.field("title", *query), beets.field("deejai_vector", *query), strict=True))


@pytest.mark.parametrize("threaded", [True, False], ids=["threaded", "unthreaded"])
@pytest.mark.parametrize("way", [["-c"], ["-C"], ["-m"], ["-s", "-C"]], ids=["copy", "in place", "move", "singletons"])
def test_imported_music_has_vectors(beets, collection, tmp_path, way, threaded):
    source = tmp_path / "new"
    shutil.copytree(collection / "Hazel & Thorn", source / "Hazel & Thorn")
    shutil.copytree(collection / "Iron Kettle", source / "Iron Kettle")
    result = beets.run("-c", threading(beets, threaded), "import", "-qA", *way, source)

    assert result.out == "deejai: 8 tracks analysed\n"
    assert len(set(vectors(beets).values())) == 8
    assert set(beets.field("deejai_model")) == {"musicnn-msd-1"}
    assert "pending   0" in beets.deejai("status").lines
    assert "Computed the vectors" not in beets.deejai("analyze").err
    assert "nothing to do" in beets.deejai("analyze").err


def test_an_import_leaves_the_vectors_of_older_tracks_to_the_next_analyze(analysed, collection, tmp_path):
    """Even in the smallest of libraries, where all tracks are the reference, it costs what the new ones cost."""
    analysed.deejai("analyze")
    before = vectors(analysed)
    analysed.run("remove", "-f", "artist:Hazel")
    source = tmp_path / "new"
    shutil.copytree(collection / HAZEL, source)
    analysed.run("import", "-qA", source)
    after = vectors(analysed)
    assert after == before  # that of each new track as well: the library is the same again

    analysed.run("remove", "-f", "artist:Hazel")
    lacking = analysed.deejai("analyze").err
    assert "because the library changed" in lacking
    shorter = vectors(analysed)
    analysed.run("import", "-qA", source)
    assert {title: vectors(analysed)[title] for title in shorter} == shorter
    assert "because the library changed" in analysed.deejai("analyze").err
    assert vectors(analysed) == before


def threading(beets, threaded):
    overlay = beets.folder / "overlay.yaml"
    overlay.write_text(f"threaded: {str(threaded).lower()}\n")
    return overlay


def test_an_import_leaves_a_core_to_whoever_answers_its_questions(beets, collection, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "from deejai_core.embedding import analysis\n"
        "os.sched_getaffinity = lambda process: set(range(int(os.environ['CORES'])))\n"
        "def embed_files(*args, threads, embed_files=analysis.embed_files, **options):\n"
        "    print('threads:', threads, file=sys.stderr)\n"
        "    return embed_files(*args, threads=threads, **options)\n"
        "analysis.embed_files = embed_files\n"
    )
    for song, cores, threads in (("01 Kettle.flac", "4", 3), ("04 Wren.flac", "1", 1)):
        result = beets.run("import", "-qsA", collection / HAZEL / song, PYTHONPATH=str(tmp_path), CORES=cores)
        assert f"threads: {threads}\n" in result.err


def test_a_file_that_cannot_be_analysed_is_a_warning_with_path_and_cause(beets, collection, tmp_path):
    source = tmp_path / "new"
    shutil.copytree(collection / HAZEL, source)
    cut_after_its_tags(source / "04 Wren.flac")

    result = beets.run("import", "-qA", source)

    found = vectors(beets)
    assert len(found) == 4  # the import went on
    assert [title for title, vector in found.items() if vector == "$deejai_vector"] == ["Wren"]
    (warning,) = [line for line in result.err.splitlines() if "not analysed" in line]
    assert f"{source}/04 Wren.flac: not analysed: no readable audio in it" in warning
    assert "deejai: 3 tracks analysed, 1 failed; `beet deejai analyze` tries again" in result.lines
    assert "04 Wren.flac: not analysed" in beets.deejai("analyze", status=1).err
    assert "failed    1" in beets.deejai("status").out


def cut_after_its_tags(flac: Path) -> None:
    data = flac.read_bytes()
    end, last = 4, False
    while not last:
        last = bool(data[end] & 0x80)
        end += 4 + int.from_bytes(data[end + 1 : end + 4], "big")
    flac.write_bytes(data[:end])


def test_auto_off_leaves_music_alone(beets, collection):
    beets.configure(auto=False)
    assert beets.run("import", "-qA", collection / HAZEL).out == ""
    assert set(vectors(beets).values()) == {"$deejai_vector"}
    assert not beets.data.exists()


def test_a_broken_configuration_does_not_stop_the_import(beets, collection):
    beets.configure(windows="many")
    result = beets.run("import", "-qA", collection / "Hazel & Thorn", collection / "Nave")
    assert len(beets.field("title")) == 8
    assert result.err.count("deejai.windows") == 1  # for two albums
    assert "deejai: 0 tracks analysed, 8 failed" in result.out


def test_a_data_folder_that_cannot_be_made_does_not_stop_the_import(beets, collection):
    beets.data.write_text("a file where the folder should be")
    result = beets.run("import", "-qA", collection / HAZEL)
    assert len(beets.field("title")) == 4
    assert "new music not analysed" in result.err
    assert "`beet deejai analyze` will try again" in result.err


def test_reimport_keeps_the_vectors(analysed, collection):
    before = vectors(analysed)
    assert "deejai:" not in analysed.run("import", "-qAL", "artist:Nave").out
    assert vectors(analysed) == before


def test_reimport_of_replaced_audio_renews_the_vector(analysed, collection, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(collection / HAZEL, own)
    analysed.run("import", "-qA", "-C", own)
    before = vectors(analysed, f"path:{own}")

    wren = own / "04 Wren.flac"
    shutil.copy(collection / "Iron Kettle/Boil/01 Anvil.flac", wren)
    analysed.run("import", "-qAL", f"path:{own}")

    (key,) = analysed.field("deejai_key", f"path:{wren}")
    assert [key] == analysed.field("deejai_key", "title:Anvil", f"^path:{own}")
    (vector,) = analysed.field("deejai_vector", f"path:{wren}")
    assert vector != before["Wren"]
    assert before["Kettle"] in vectors(analysed, f"path:{own}").values()


def slices(library) -> list[tuple]:
    """All that is stored of recordings; what is written anew has another rowid."""
    with contextlib.closing(sqlite3.connect(library.data / "slices.db")) as store:
        return store.execute("SELECT rowid, * FROM slices ORDER BY rowid").fetchall()


def test_removed_and_imported_again_needs_no_decoding(analysed, collection, tmp_path):
    """Slices are kept by what the audio is, not by id or path."""
    analysed.deejai("analyze")  # what was imported album by album is weighted against the whole library now
    before = vectors(analysed, "artist:Hazel")
    analysed.run("remove", "-f", "artist:Hazel")
    copy = tmp_path / "renamed"
    shutil.copytree(collection / HAZEL, copy)
    stored = slices(analysed)
    analysed.run("import", "-qA", copy)
    assert vectors(analysed, "artist:Hazel") == before
    assert slices(analysed) == stored


def test_the_processes_that_decode_live_as_long_as_the_import(beets, collection, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "from deejai_core.audio import sandbox\n"
        "os.sched_getaffinity = lambda process: {0}\n"
        "def start_child(module, *words, start=sandbox.start_child):\n"
        "    print('starts:', module, file=sys.stderr)\n"
        "    return start(module, *words)\n"
        "def end_child(process, end=sandbox.end_child):\n"
        "    print('ends', file=sys.stderr)\n"
        "    end(process)\n"
        "sandbox.start_child, sandbox.end_child = start_child, end_child\n"
    )
    result = beets.run("import", "-qA", collection, PYTHONPATH=str(tmp_path))
    told = [line for line in result.err.splitlines() if line.startswith(("starts:", "ends"))]
    assert told == ["starts: deejai_core.audio.worker", "ends"]
    assert len(beets.run("ls", "-a").lines) > 1

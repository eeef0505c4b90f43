"""Whatever happens to an analysis, nothing is lost, nothing is done twice, and the vectors are those of a quiet night.

DEEJAI_TEST_KILLS=50 kills it that often, over 60 tracks.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from demo.composer import compose
from tests.plugin.conftest import BEET, Beets

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals, mounts and permissions of POSIX")

KILLS = int(os.environ.get("DEEJAI_TEST_KILLS", "5"))
TRACKS = 60 if KILLS > 5 else 24


def start(beets: Beets, *args: str) -> subprocess.Popen:
    return subprocess.Popen(
        [BEET, "deejai", "analyze", "--threads", "2", *args],
        env=os.environ | {"BEETSDIR": str(beets.folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def stored(beets: Beets) -> tuple[dict, list]:
    """What is in the library (by path) and in the slice store."""
    with sqlite3.connect(beets.library) as connection:
        rows = connection.execute(
            "SELECT i.path, a.key, a.value FROM item_attributes a JOIN items i ON i.id = a.entity_id "
            "WHERE a.key LIKE 'deejai%' ORDER BY i.path, a.key"
        ).fetchall()
    connection.close()
    with sqlite3.connect(beets.data / "slices.db") as connection:
        slices = connection.execute("SELECT key, model, trunk FROM slices ORDER BY key").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    return {row[:2]: row[2] for row in rows}, slices


@pytest.fixture(scope="module")
def music(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("chaos")
    for seconds in (8, 9, 10)[: -(-TRACKS // 24)]:
        compose(folder / str(seconds), seconds=seconds)
    for song in sorted(folder.rglob("*.flac"))[TRACKS:]:
        song.unlink()
    return folder


@pytest.fixture
def unanalysed(beets, music) -> Beets:
    beets.configure(auto=False)
    beets.run("import", "-qA", music)
    return beets


@pytest.fixture(scope="module")
def quiet(tmp_path_factory, music) -> Beets:
    """The same library, analysed undisturbed."""
    library = Beets(tmp_path_factory.mktemp("quiet"), auto=False)
    library.run("import", "-qA", music)
    library.deejai("analyze")
    return library


@pytest.mark.parametrize("seed", [1] if KILLS <= 5 else [1, 2, 3])
def test_killed_again_and_again(unanalysed, quiet, seed):
    rng = random.Random(seed)
    embedded = 0
    for _ in range(KILLS):
        process = start(unanalysed)
        with contextlib.suppress(subprocess.TimeoutExpired):  # nobody waits where it has nothing left to do
            process.wait(rng.uniform(0.2, 5))
        process.kill()
        process.communicate()
        if (unanalysed.data / "slices.db").exists():
            slices = len(stored(unanalysed)[1])
            assert slices >= embedded
            embedded = slices
    rest = unanalysed.deejai("analyze")
    assert stored(unanalysed) == stored(quiet)
    assert f"{TRACKS - embedded}/{TRACKS - embedded} tracks" in rest.err or embedded == TRACKS
    names = {path.name for path in unanalysed.data.iterdir()}
    assert names <= {"slices.db", "analyze.lock", "index.ann", "index.ids", "index.json"}


def test_an_import_that_is_killed(beets, music):
    process = subprocess.Popen(
        [BEET, "import", "-qA", music], env=os.environ | {"BEETSDIR": str(beets.folder)}, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not beets.data.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(1)
    process.kill()
    process.wait()
    before = stored(beets)[1]
    beets.run("import", "-qA", music)  # duplicates are kept, as configured: what came in before is there twice
    beets.deejai("analyze")
    assert len(stored(beets)[1]) == TRACKS >= len(before)
    assert len(set(beets.field("deejai_vector"))) == TRACKS
    assert "pending   0" in beets.deejai("status").lines


def test_two_at_once(unanalysed, quiet):
    first = start(unanalysed)
    deadline = time.monotonic() + 60
    while not (unanalysed.data / "analyze.lock").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    second = unanalysed.deejai("analyze", status=1)
    assert second.err == ("error: this library is being analysed already; wait until that has finished\n")
    first.communicate()
    assert first.returncode == 0
    assert stored(unanalysed) == stored(quiet)


def test_a_library_that_another_program_holds(unanalysed, quiet):
    """beets waits for some seconds; then what was embedded is kept, and the vectors come next time."""
    process = start(unanalysed)
    deadline = time.monotonic() + 60
    while not (unanalysed.data / "slices.db").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    connection = sqlite3.connect(unanalysed.library)
    connection.execute("BEGIN EXCLUSIVE")
    _, err = process.communicate(timeout=120)
    connection.close()
    assert process.returncode == 1
    assert "library database: database is locked; if another program is using it, try again when it has finished" in err
    assert "Traceback" not in err
    unanalysed.deejai("analyze")
    assert stored(unanalysed) == stored(quiet)


def test_a_full_disk(unanalysed, quiet, small_disk):
    unanalysed.data.symlink_to(small_disk)
    (small_disk / "ballast").write_bytes(bytes(140_000))
    result = unanalysed.deejai("analyze", status=1)
    assert "slices.db: database or disk is full" in result.err
    assert len(stored(unanalysed)[1]) < TRACKS
    (small_disk / "ballast").unlink()
    unanalysed.deejai("analyze")
    assert stored(unanalysed) == stored(quiet)


def test_a_folder_that_may_not_be_written_to(unanalysed, small_disk):
    unanalysed.data.symlink_to(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    result = unanalysed.deejai("analyze", status=1)
    assert f"error: {unanalysed.data}/slices.db: " in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_a_disk_that_takes_nothing_is_one_line(analysed, small_disk, how):
    """Whatever is to be written; and nothing is lost by it."""
    analysed.deejai("analyze")
    (analysed.folder / "list.m3u").write_text("\n".join(analysed.run("ls", "-f", "$path").lines))
    analysed.deejai("history", "add", analysed.folder / "list.m3u")
    before = stored(analysed)
    shutil.copytree(analysed.data, small_disk, dirs_exist_ok=True)
    shutil.rmtree(analysed.data)
    analysed.data.symlink_to(small_disk)
    if how == "full":
        with contextlib.suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as file:
            while file.write(bytes(1000)):
                pass
    else:
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for args in (["analyze", "--force"], ["reweigh"], ["train", "--track2vec"], ["model", "use", "musicnn"]):
        result = analysed.deejai(*args, status=1)
        *_, error = result.err.splitlines()
        assert re.match(f"error: {analysed.data}.*: .*(full|No space left|Read-only|readonly)", error), result.err
    assert f"problem  disk          {analysed.data}: cannot be written" in analysed.deejai("doctor", status=1).out
    assert stored(analysed) == before
    if how == "read-only":
        assert "artist " in analysed.deejai("eval").out  # which changes nothing, and needs no room
        error = analysed.deejai("mix", "Aisle", "-o", small_disk / "mix.mp3", status=1).err  # before all are measured
        remedy = "choose another one, or change its permissions"
        assert error == f"error: {small_disk}/mix.mp3: its folder cannot be written to; {remedy}\n"


def test_a_library_that_may_not_be_written_to(analysed, small_disk):
    shutil.move(analysed.library, small_disk / "library.db")
    analysed.library.symlink_to(small_disk / "library.db")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    result = analysed.deejai("tag", status=1)
    assert re.fullmatch("error: library database: attempt to write a readonly database.*\n", result.err)


def test_a_data_folder_that_cannot_be_made(unanalysed):
    unanalysed.data.write_text("in its way")
    result = unanalysed.deejai("analyze", status=1)
    assert f"error: {unanalysed.data}/slices.db: " in result.err


def heard_so_far(beets: Beets) -> int:
    """Recordings in the slice store, which an analysis may just be making."""
    if not (beets.data / "slices.db").exists():
        return 0
    try:
        return len(stored(beets)[1])
    except sqlite3.OperationalError:  # it has no tables yet
        return 0


class TestAnUnmountedDrive:
    @pytest.fixture
    def drive(self, beets, music, tmp_path) -> tuple[Beets, Path]:
        mounted = tmp_path / "drive"
        shutil.copytree(music, mounted / "music")
        beets.configure(auto=False)
        beets.run("import", "-qA", mounted)
        return beets, mounted / "music"

    @pytest.mark.parametrize("left", ["an empty folder", "nothing"])
    def test_from_the_start(self, drive, left):
        beets, music = drive
        music.rename(music.with_name("elsewhere"))
        if left == "an empty folder":
            music.mkdir()
        result = beets.deejai("analyze", status=1)
        assert f"error: {music}" in result.err
        assert "this folder is missing or empty; is the drive mounted?" in result.err
        assert beets.deejai("failed").lines == []  # it is not the files' fault
        if music.exists():
            music.rmdir()
        music.with_name("elsewhere").rename(music)
        beets.deejai("analyze")
        assert "pending   0" in beets.deejai("status").lines

    def test_in_the_middle(self, drive):
        beets, music = drive
        process = start(beets)
        deadline = time.monotonic() + 60
        while heard_so_far(beets) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        music.rename(music.with_name("elsewhere"))
        _, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "this folder is missing or empty; is the drive mounted? Nothing is lost" in err
        kept = len(stored(beets)[1])
        assert 2 <= kept < TRACKS
        music.with_name("elsewhere").rename(music)
        assert f"{TRACKS - kept}/{TRACKS - kept} tracks" in beets.deejai("analyze").err

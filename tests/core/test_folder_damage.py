"""A folder's library whose file is damaged, or that cannot be written: one line that names it, and nothing is lost."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
from pathlib import Path

import numpy as np
import pytest

from deejai_core.errors import DamagedError, LibraryError, StoreError
from deejai_core.folder import FolderLibrary
from tests.songs import write_song

MODEL = "some-model"
EAST, NORTH = np.eye(2, dtype=np.float32)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("healthy") / "music"
    for number, title in enumerate(["Roxanne", "So Lonely", "Wren"]):
        write_song(folder / f"{title}.flac", number, title=title, artist="The Police", album="Outlandos d'Amour")
    library = FolderLibrary(folder)
    library.refresh()
    for id_, path in library.paths().items():
        library.keep_recording(id_, path, f"key {id_}")
    library.keep_vectors(MODEL, dict.fromkeys(library.ids(), EAST), library.recordings())
    library.keep_field("deejai_tags", dict.fromkeys(library.ids(), "0123"), library.recordings())
    return folder


@pytest.fixture
def library(healthy, tmp_path) -> FolderLibrary:
    return FolderLibrary(shutil.copytree(healthy, tmp_path / "music"))


def change(library: FolderLibrary, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(library.path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(statement)


def questions(library: FolderLibrary) -> dict:
    """All that can be asked."""
    ids = [1, 2, 3]
    return {
        "ids": library.ids,
        "albums": lambda: library.albums([1]),
        "albums_of": lambda: library.albums_of(ids),
        "tracks": lambda: library.tracks(ids),
        "find": lambda: library.find("roxanne"),
        "find albums": lambda: library.find("outlandos", "album"),
        "titled": lambda: library.titled("roxanne"),
        "titles": lambda: library.titles("track", 0, 99, 9),
        "at": lambda: library.at([library.music_folder / "Wren.flac"]),
        "paths": library.paths,
        "columns": lambda: library.columns(ids),
        "columns of albums": lambda: library.columns([1], "album"),
        "columns_with_marks": lambda: library.columns_with_marks(ids),
        "field": lambda: library.field("deejai_tags"),
        "year": lambda: library.field("year"),
        "recordings": library.recordings,
        "vectors": lambda: library.vectors(MODEL, 2),
        "keep_vectors": lambda: library.keep_vectors(MODEL, {1: NORTH}, {1: "key 1"}),
        "bookmark": library.bookmark,
        "changed_since": lambda: library.changed_since(library.bookmark()),
        "refresh": library.refresh,
    }


@pytest.mark.parametrize(
    ("damage", "noticed"),
    [
        ("UPDATE tracks SET path = 'text' WHERE id = 2", {"tracks", "paths", "refresh"}),
        ("UPDATE tracks SET path = x'2f6574632f706173737764' WHERE id = 2", {"tracks", "paths"}),
        ("UPDATE tracks SET path = x'612f2e2e2f2e2e2f62' WHERE id = 2", {"tracks", "paths"}),
        ("UPDATE tracks SET path = x'6100' WHERE id = 2", {"tracks", "paths"}),
        ("UPDATE tracks SET artist = x'ff' WHERE id = 2", {"tracks", "columns", "columns_with_marks"}),
        ("UPDATE tracks SET title = CAST(x'ff' AS TEXT) WHERE id = 2", {"tracks", "titled", "titles", "columns"}),
        ("UPDATE tracks SET length = 'long' WHERE id = 2", {"tracks", "columns", "columns_with_marks"}),
        ("UPDATE tracks SET length = 9e999 WHERE id = 2", {"tracks", "columns", "columns of albums"}),
        ("UPDATE tracks SET length = -1 WHERE id = 2", {"tracks", "columns", "columns_with_marks"}),
        ("UPDATE tracks SET tempo = 'fast' WHERE id = 2", {"columns", "columns_with_marks"}),
        ("UPDATE tracks SET year = 'MCM' WHERE id = 2", {"year"}),
        ("UPDATE tracks SET audio_key = x'00' WHERE id = 2", {"recordings"}),
        ("UPDATE tracks SET words = x'00' WHERE id = 2", {"find"}),
        ("UPDATE tracks SET mtime_ns = 'late' WHERE id = 2", {"refresh"}),
        ("UPDATE tracks SET album_id = 'x' WHERE id = 2", {"albums_of", "columns"}),
        ("UPDATE albums SET title = x'00'", {"albums", "find albums", "columns of albums"}),
        ("UPDATE albums SET folder = 7", {"find albums"}),
        ("UPDATE fields SET value = x'00' WHERE track_id = 2", {"field"}),
        ("UPDATE vectors SET model = x'00' WHERE track_id = 1", {"keep_vectors"}),
        ("UPDATE writes SET token = x'00'", {"bookmark", "changed_since"}),
        ("DROP TABLE fields", set("all")),
        ("PRAGMA user_version = 0", set("all")),
    ],
)
def test_values_that_cannot_be_are_damage(library, damage, noticed):
    change(library, damage)
    asked = questions(library)
    for name in asked if noticed == set("all") else noticed:
        with pytest.raises(DamagedError) as error:
            asked[name]()
        assert str(error.value).startswith(f"{library.path}: damaged (")
        assert str(error.value).isprintable()
    for name in asked.keys() - noticed:
        with contextlib.suppress(StoreError):  # nothing else is ever raised
            asked[name]()


def test_an_error_that_somebody_keeps_locks_nothing(library):
    change(library, "UPDATE tracks SET title = CAST(x'ff' AS TEXT) WHERE id = 2")
    with pytest.raises(DamagedError) as kept:
        library.titled("roxanne")
    with contextlib.closing(sqlite3.connect(library.path, timeout=0)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
    assert kept.value


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE vectors SET vector = 'text' WHERE track_id = 2",
        "UPDATE vectors SET vector = x'00' WHERE track_id = 2",
        "UPDATE vectors SET vector = 7 WHERE track_id = 2",
        "UPDATE vectors SET vector = x'0000c07f0000c07f' WHERE track_id = 2",
        "UPDATE vectors SET vector = NULL WHERE track_id = 2",
    ],
)
def test_a_damaged_vector_counts_as_none_and_can_be_written_again(library, damage):
    change(library, damage)
    assert library.vectors(MODEL, 2).ids.tolist() == [1, 3]
    assert library.keep_vectors(MODEL, {2: EAST}, library.recordings()) == ({2}, {2})
    assert library.vectors(MODEL, 2).ids.tolist() == [1, 2, 3]


def test_what_is_whole_is_repaired(library):
    change(library, "UPDATE tracks SET length = 'long' WHERE id = 2")
    change(library, "UPDATE vectors SET vector = 'text' WHERE track_id = 3")
    bookmark, damaged = library.bookmark(), library.path.read_bytes()
    assert library.damage() == "damaged rows of tracks: 1, damaged rows of vectors: 1"
    kept = library.repair()
    assert kept.read_bytes() == damaged
    assert library.damage() == ""
    assert library.ids() == [1, 3]
    assert library.vectors(MODEL, 2).ids.tolist() == [1]
    assert library.field("deejai_tags") == {1: "0123", 3: "0123"}
    assert library.changed_since(bookmark) is None
    assert library.refresh().added == 1  # the file of the one that was lost
    assert library.ids() == [1, 3, 4]


@pytest.mark.parametrize("content", [b"no database at all" * 999, b"\0" * 9000, "half"])
def test_a_file_that_is_no_database(library, content):
    data = library.path.read_bytes()
    library.path.write_bytes(data[: len(data) // 2] if content == "half" else content)
    with pytest.raises(DamagedError, match=r"library\.db: damaged \(.*\)$") as error:
        library.columns([1, 2, 3])
    assert error.value.hint == "repair the library"


def test_a_newer_version_is_left_alone(library):
    change(library, "PRAGMA user_version = 99")
    before = library.path.read_bytes()
    with pytest.raises(StoreError, match="made by a newer beets-deejai"):
        library.refresh()
    assert library.path.read_bytes() == before


@pytest.mark.parametrize("name", ["nowhere", "file", "~nobody-of-this-name/Music", "line\nbreak"])
def test_a_folder_that_is_none(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    with pytest.raises(LibraryError, match="there is no such folder; is its drive mounted") as error:
        FolderLibrary(name)
    assert str(error.value).isprintable()
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_goes_away(library, tmp_path):
    library.music_folder.rename(tmp_path / "unmounted")
    for ask in questions(library).values():
        with pytest.raises(LibraryError, match="there is no such folder"):
            ask()
    assert not library.music_folder.exists()


def test_data_in_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "file").write_text("")
    library = FolderLibrary(tmp_path / "music", data=tmp_path / "file/data")
    with pytest.raises(
        LibraryError, match=r"file/data: cannot be made \(Not a directory\); name another folder with `data`"
    ):
        library.refresh()


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("only root may mount, and not everywhere")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_costs_one_line_and_no_track(small_disk, healthy):
    library = FolderLibrary(shutil.copytree(healthy, small_disk / "music"))
    with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    vectors = {id_: np.ones(20_000, np.float32) for id_ in library.ids()}
    with pytest.raises(StoreError, match=r"library\.db: .*full") as error:
        library.keep_vectors(MODEL, vectors, library.recordings())
    assert "\n" not in str(error.value)
    assert library.vectors(MODEL, 2).ids.tolist() == library.ids() == [1, 2, 3]
    (small_disk / "filler").unlink()
    assert library.keep_vectors(MODEL, {1: NORTH}, library.recordings()).changed == {1}


def test_a_disk_that_cannot_be_written_can_be_read(small_disk, healthy):
    library = FolderLibrary(shutil.copytree(healthy, small_disk / "music"))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    try:
        assert library.refresh().added == 0
        assert len(library.find("police")) == len(library.vectors(MODEL, 2).ids) == 3
        with pytest.raises(StoreError, match=r"library\.db: attempt to write a readonly database"):
            library.keep_vectors(MODEL, {1: NORTH}, library.recordings())
    finally:
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)


def test_music_on_a_disk_that_cannot_be_written(small_disk, tmp_path):
    write_song(small_disk / "a.flac", 0, title="A")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    try:
        with pytest.raises(
            LibraryError, match=r"cannot be made \(Read-only file system\); name another folder with `data`"
        ):
            FolderLibrary(small_disk).refresh()
        library = FolderLibrary(small_disk, data=tmp_path / "data")
        assert library.refresh().added == 1
        assert library.titled("a") == [1]
    finally:
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)


def test_a_library_that_another_program_holds(library, monkeypatch):
    monkeypatch.setattr("deejai_core.database.LOCK_TIMEOUT", 0.1)
    with contextlib.closing(sqlite3.connect(library.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match=r"library\.db: database is locked"):
            library.ids()


def test_a_copy_that_went_another_way_does_not_know_the_bookmark(library, tmp_path):
    backup = shutil.copy(library.path, tmp_path / "backup.db")
    library.keep_vectors(MODEL, {1: NORTH}, library.recordings())
    bookmark = library.bookmark()
    shutil.copy(backup, library.path)
    assert library.changed_since(bookmark) is None
    library.keep_vectors(MODEL, {2: NORTH}, library.recordings())
    assert library.bookmark()["mark"] == bookmark["mark"]
    assert library.changed_since(bookmark) is None


def test_a_bookmark_that_is_too_old_tells_nothing(library, monkeypatch):
    monkeypatch.setattr("deejai_core.folder.tables.KEPT_WRITES", 3)
    bookmarks = [library.bookmark()]
    for vector in [NORTH, EAST] * 3:
        library.keep_vectors(MODEL, {1: vector}, library.recordings())
        bookmarks.append(library.bookmark())
    assert [library.changed_since(bookmark) for bookmark in bookmarks] == [None] * 4 + [[1], [1], []]

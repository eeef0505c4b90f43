"""A folder of files as a library."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from deejai_core import database
from deejai_core.errors import QueryError
from deejai_core.folder import FolderLibrary, Refreshed, rows
from tests.library_conformance import SONGS, LibraryConformance
from tests.songs import tag, write_song


class FolderFactory:
    """made: folders of libraries that were made before, by their tracks; copied, since to make one takes a second."""

    no_query = 'The "Police'

    def __init__(self, made: dict[str, Path]) -> None:
        self._made = made

    def make(self, folder: Path, tracks: list[dict]) -> FolderLibrary:
        if repr(tracks) in self._made:
            shutil.copytree(self._made[repr(tracks)], folder)
            self.library = FolderLibrary(folder)
            return self.library
        folder.mkdir()
        for number, track in enumerate(tracks):
            metadata = dict(track)
            name = os.fsdecode(metadata.pop("name"))
            write_song(folder / name, number, **metadata)
        self.library = FolderLibrary(folder)
        self.library.refresh()
        return self.library

    def remove(self, id_: int) -> None:
        self.library.paths()[id_].unlink()
        self.library.refresh()

    def move(self, id_: int, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.library.paths()[id_].rename(path)
        self.library.refresh()

    def retag(self, id_: int, **metadata: object) -> None:
        tag(self.library.paths()[id_], **metadata)
        self.library.refresh()


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Path]:
    songs = tmp_path_factory.mktemp("made") / "songs"
    FolderFactory({}).make(songs, SONGS)
    return {repr(SONGS): songs}


@pytest.fixture
def factory(made) -> FolderFactory:
    return FolderFactory(made)


class TestFolderLibrary(LibraryConformance):
    pass


@pytest.fixture(scope="module")
def searched(tmp_path_factory) -> FolderLibrary:
    folder = tmp_path_factory.mktemp("searched") / "music"
    write_song(folder / "a/1.flac", 0, artist="Björk", title="Jóga", album="Homogenic")
    write_song(folder / "a/2.flac", 1, artist="Guns N' Roses", title="Don't Cry", album="Use Your Illusion I")
    write_song(folder / "Straße/3.flac", 2, artist="Ångström", title="Night Current")
    write_song(folder / os.fsdecode(b"caf\xe9/4.flac"), 3, artist="Nave", title="Élan")
    library = FolderLibrary(folder)
    library.refresh()
    return library


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "1234"),
        ("   ", "1234"),
        ('""', "1234"),
        ("bjork", "1"),
        ("BJÖRK joga", "1"),
        ("joga BJÖRK", "1"),
        ("björk cry", ""),
        ("illusion", "2"),
        ("don't", "2"),
        ("n' roses", "2"),
        ("flac", "1234"),
        ("strasse", "3"),
        ("STRASSE", "3"),
        ("café", "4"),
        (os.fsdecode(b"caf\xe9"), "4"),
        ("night current", "3"),
        ("current night", "3"),
        ('"night current"', "3"),
        ('"current night"', ""),
        ('"night   CURRENT" angstrom', "3"),
        ('"joga homogenic"', ""),
        ("%", ""),
        ("_", ""),
        ("*", ""),
        ("'; DROP TABLE tracks; --", ""),
        ("x\0y", ""),
        (" ".join(["b"] * 5000), "1"),
    ],
)
def test_all_words_must_be_in_artist_title_album_or_path(searched, query, found):
    paths = searched.paths()
    assert sorted(paths[id_].stem for id_ in searched.find(query)) == list(found)
    assert searched.find(query) == sorted(searched.find(query))


def test_albums_are_found_by_artist_title_and_folder(searched):
    names = {album.name: id_ for id_, album in searched.albums(searched.ids("album")).items()}
    one, other = names["Björk - Homogenic"], names["Guns N' Roses - Use Your Illusion I"]
    assert searched.find("BJORK homogenic", "album") == [one]
    assert searched.find("", "album") == searched.find("a", "album") == sorted([one, other])
    assert searched.find("joga", "album") == []


@pytest.mark.parametrize("query", ['"', 'a "b', '"a" "', "\ud800"])
def test_what_is_no_query(searched, query):
    with pytest.raises(QueryError, match="is not a query: "):
        searched.find(query)


def test_fields_are_those_of_the_files_and_whatever_is_kept(made, tmp_path):
    library = FolderFactory(made).make(tmp_path / "music", SONGS)
    ids = {title: id_ for id_, title in library.field("title").items()}
    assert library.field("track") == {ids["So Lonely"]: 2, ids["Roxanne"]: 1}
    assert library.field("tempo") == {ids["Roxanne"]: 134.0}
    assert library.field("key") == {ids["Wren"]: "Am"}
    assert set(library.field("format").values()) == {"FLAC"}
    assert library.field("path") == library.paths()
    assert library.field("\ud800") == {}
    library.keep_recording(1, library.paths()[1], "key")
    for value in (7, 0.25, 0, ""):
        assert library.keep_field("plays", {1: value}, {1: "key"}) == 1
        assert library.field("plays") == {1: value}
    with pytest.raises(ValueError, match="title is read from the files"):
        library.keep_field("title", {1: "x"}, {1: "key"})


@pytest.mark.parametrize("many", [rows.MANY, 1], ids=["few", "many"])
def test_few_rows_and_many_are_the_same(made, tmp_path, monkeypatch, many):
    monkeypatch.setattr(rows, "MANY", many)
    monkeypatch.setattr(database, "CHUNK", 2)
    library = FolderFactory(made).make(tmp_path / "music", SONGS)
    for id_, path in library.paths().items():
        library.keep_recording(id_, path, "key")
    library.keep_vectors("model", dict.fromkeys([1, 2, 3], np.array([1, 0], np.float32)), dict.fromkeys([1, 2, 3], "key"))
    assert list(library.tracks([3, 9, 1, 3])) == [3, 1]
    assert list(library.tracks([3, 1, 2])) == [3, 1, 2]
    assert library.columns([3, 1, 3]).title == ["Roxanne", "Wren", "Roxanne"]
    marks = dict(zip([1, 2, 3], library.vectors("model", 2).marks.tolist(), strict=True))
    assert library.columns_with_marks([3, 2, 1])[1].tolist() == [marks[3], marks[2], marks[1]]
    assert library.vectors("model", 2, [3, 1]).ids.tolist() == [1, 3]
    assert library.albums([1, 2, 3])[1].tracks == (3, 2)


def test_a_file_in_another_case_is_found_where_that_makes_no_difference(made, tmp_path):
    library = FolderFactory(made).make(tmp_path / "music", SONGS)
    path = library.music_folder / "Hazel/wren.flac"
    other = path.with_name("WREN.flac")
    assert library.at([other]) == {}
    os.link(path, other)  # so it is as if the file system did not tell them apart
    assert library.at([other, path]) == dict.fromkeys([other, path], library.at([path])[path])


def test_the_root_of_all_files_is_a_folder_like_others(tmp_path):
    library = FolderLibrary("/", data=tmp_path)
    assert library._path(None, b"a/b.flac") == Path("/a/b.flac")
    assert str(library._path(None, b"a/b.flac")) == "/a/b.flac"
    assert library._name(Path("/a/b.flac")) == b"a/b.flac"


def test_composed_music(music):
    assert len(music.ids()) == 12
    assert len(music.find("Breaker")) == len(music.find("Ohm Voltage")) + 1 == 1
    assert music.refresh() == Refreshed()
    assert [len(album.tracks) for album in music.albums(music.ids("album")).values()] == [2] * 6


def test_files_that_come_and_go_leave_nothing_behind(factory, tmp_path):
    library = factory.make(tmp_path / "music", SONGS)
    for id_ in library.ids():
        factory.remove(id_)
    with contextlib.closing(sqlite3.connect(library.folder / "library.db")) as database:
        assert database.execute("SELECT COUNT(*) FROM tracks").fetchone() == (0,)
        assert database.execute("SELECT COUNT(*) FROM vectors").fetchone() == (0,)

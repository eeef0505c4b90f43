"""A beets library, as the core sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from beets import config
from beets.library import Item, Library

from beetsplug.deejai.library import sql
from beetsplug.deejai.library.attributes import ITEM_TYPES, MODEL, VECTOR
from beetsplug.deejai.library.beets_library import BeetsLibrary
from tests.library_conformance import SONGS, LibraryConformance, titles
from tests.songs import FIELDS, write_song


class BeetsFactory:
    no_query = "year:nineteen.."

    def __init__(self) -> None:
        self.opened: list[Library] = []

    def make(self, folder: Path, tracks: list[dict]) -> BeetsLibrary:
        folder.mkdir()
        library = Library(str(folder.with_name(f"{folder.name}.db")), str(folder))
        self.opened.append(library)
        with library.music_dir_context():
            items = []
            for number, track in enumerate(tracks):
                metadata = dict(track)
                path = folder / os.fsdecode(metadata.pop("name"))
                items.append(Item.from_path(os.fsencode(write_song(path, number, **metadata))))
            for album, some in groupby(items, lambda item: item.album):
                for item in (some := list(some)):
                    library.add(item)
                if album:
                    library.add_album(some)
        return BeetsLibrary(library)

    def item(self, id_: int) -> Item:
        return self.opened[-1].get_item(id_)

    def remove(self, id_: int) -> None:
        with self.opened[-1].music_dir_context():
            self.item(id_).remove(delete=True)

    def move(self, id_: int, path: Path) -> None:
        with self.opened[-1].music_dir_context():
            item = self.item(id_)
            path.parent.mkdir(parents=True, exist_ok=True)
            Path(os.fsdecode(item.path)).rename(path)
            item.path = os.fsencode(path)
            item.store()

    def retag(self, id_: int, **metadata: object) -> None:
        with self.opened[-1].music_dir_context():
            item = self.item(id_)
            item.update({FIELDS.get(name, name): value for name, value in metadata.items()})
            item.try_write()
            item.store()


@pytest.fixture
def factory(monkeypatch) -> Iterator[BeetsFactory]:
    config["create_backup_before_migrations"] = False
    monkeypatch.setattr(Item, "_types", Item._types | ITEM_TYPES, raising=False)
    factory = BeetsFactory()
    yield factory
    for library in factory.opened:
        library._close()


class TestBeetsLibrary(LibraryConformance):
    pass


def test_the_cover_is_that_of_the_album(factory, tmp_path):
    library = factory.make(tmp_path / "music", SONGS)
    ids, cover = titles(library), library.music_folder / "Police" / "cover.jpg"
    cover.touch()
    with library.lib.music_dir_context():
        album = factory.item(ids["Roxanne"]).get_album()
        album.artpath = os.fsencode(cover)
        album.store()
    assert library.cover(ids["So Lonely"]) == cover
    assert library.cover(ids["Wren"]) is None


@pytest.mark.parametrize("lost", [VECTOR, MODEL])
def test_a_track_that_loses_its_vector_or_its_model_has_changed(factory, tmp_path, lost):
    library = factory.make(tmp_path / "music", SONGS)
    first, second, *_ = library.ids()
    vectors = {id_: np.eye(4, dtype=np.float32)[0] for id_ in (first, second)}
    for id_, path in library.paths().items():
        library.keep_recording(id_, path, f"key {id_}")
    library.keep_vectors("model", vectors, library.recordings())
    bookmark = library.bookmark(removals=True)
    assert library.changed_since(bookmark, removals=True) == []
    item = factory.item(first)
    del item[lost]
    item.store()
    assert library.vectors("model", 4).ids.tolist() == [second]
    assert library.changed_since(bookmark, removals=True) != []


def test_paths_are_read_some_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(sql, "TOGETHER", 2)
    lib = Library(str(tmp_path / "library.db"), str(tmp_path))
    assert BeetsLibrary(lib).files() == {}
    for number in range(1, 7):
        lib.add(Item(path=f"/music/{number}.mp3".encode()))
    lib.get_item(3).remove()
    assert BeetsLibrary(lib).files() == {number: f"/music/{number}.mp3".encode() for number in (1, 2, 4, 5, 6)}

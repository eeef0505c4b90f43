"""A folder of files as a library."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from deejai_core.folder import FolderLibrary
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

"""A small library of music for whoever needs one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deejai_core.api import analyse
from deejai_core.folder import FolderLibrary
from demo.composer import compose
from tests.pictures import whole_png


@pytest.fixture(scope="session")
def composed(tmp_path_factory) -> Path:
    """The folder of a FolderLibrary with twelve composed songs of 8 seconds, two by each artist; not to be changed."""
    folder = tmp_path_factory.mktemp("composed") / "music"
    compose(folder, seconds=8, each=2)
    FolderLibrary(folder).refresh()
    return folder


@pytest.fixture(scope="session")
def analysed(composed, tmp_path_factory) -> Path:
    """The same with vectors, and a picture of 64 x 32 beside the song "Aisle"; not to be changed."""
    folder = shutil.copytree(composed, tmp_path_factory.mktemp("analysed") / "music")
    library = FolderLibrary(folder)
    (aisle,) = library.titled("Aisle")
    (library.paths()[aisle].parent / "Cover.PNG").write_bytes(whole_png(64, 32))
    analyse(library)
    return folder


@pytest.fixture
def music(composed, tmp_path) -> FolderLibrary:
    """A library of a test's own with these songs. Nothing is analysed."""
    return FolderLibrary(shutil.copytree(composed, tmp_path / "music"))

"""A small library of music for whoever needs one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deejai_core.folder import FolderLibrary
from demo.composer import compose


@pytest.fixture(scope="session")
def composed(tmp_path_factory) -> Path:
    """The folder of a FolderLibrary with twelve composed songs of 8 seconds, two by each artist; not to be changed."""
    folder = tmp_path_factory.mktemp("composed") / "music"
    for path in compose(folder, seconds=8):
        if path.name[:2] not in ("01", "02"):
            path.unlink()
    FolderLibrary(folder).refresh()
    return folder


@pytest.fixture
def music(composed, tmp_path) -> FolderLibrary:
    """A library of a test's own with these songs. Nothing is analysed."""
    return FolderLibrary(shutil.copytree(composed, tmp_path / "music"))

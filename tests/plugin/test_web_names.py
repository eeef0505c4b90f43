"""Names that somebody made long on purpose, on the page."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3

import mutagen.flac
import pytest

from tests.djpage import Page
from tests.plugin.conftest import Beets

GAP = 60_000  # blanks


@pytest.fixture(scope="module")
def library(tmp_path_factory, analysed_library):
    own = Beets(tmp_path_factory.mktemp("web"))
    shutil.copy(analysed_library.library, own.library)
    shutil.copytree(analysed_library.data, own.data)
    # Not by `beet modify`, which takes minutes to show the difference.
    with contextlib.closing(sqlite3.connect(own.library)) as database:
        database.execute(
            "UPDATE items SET title = ?, artist = ? WHERE id = 1", (f"One{' ' * GAP}two", f"No{' ' * GAP}body")
        )
        database.commit()
    return own


def test_a_song_with_a_gap_in_its_name(library, tmp_path):
    """Nothing takes longer than for other songs: a server that is busy for long is one that does not answer."""
    (path,) = library.run("ls", "-p", "id:2").lines
    copy = shutil.copy(path, tmp_path / "gap.flac")
    tags = mutagen.flac.FLAC(copy)
    tags["title"], tags["artist"] = f"One{' ' * GAP}two", f"No{' ' * GAP}body"
    tags.save()
    with Page(library.folder) as page:
        assert page.post("/api/save", {"title": "List", "ids": [1, 2]}).status == 200
        assert page.post("/api/similar", {"seeds": [1], "coming": [None] * 3}).status == 200
        uploaded = page.post("/api/upload?name=gap.flac", (tmp_path / "gap.flac").read_bytes())
        assert uploaded.status == 200
        assert page.get(f"/api/search?q={'+' * GAP}x").status == 400
    assert f"One{' ' * GAP}two" in (library.folder / "playlists/List.m3u").read_text()

"""A server of ours over an invented library."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.invented import write_library
from demo.composer import compose
from tests.djpage import Page

SECONDS = 60  # of the one song that all tracks are


@contextlib.contextmanager
def served(tracks: int, verb: str = "web", options: str = "") -> Iterator[tuple[Page, float]]:
    """A server, and the seconds until it can be asked the second time it is started, when all is cached.

    verb: what serves. options: of the plugin, as YAML of one line.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "beets"
        write_library(folder, tracks)
        if options:
            with (folder / "config.yaml").open("a") as config:
                config.write(f"deejai: {{{options}}}\n")  # of two, the last one counts
        shutil.copy(compose(Path(temporary) / "composed", seconds=SECONDS)[0], folder / "song.flac")
        with contextlib.closing(sqlite3.connect(folder / "library.db")) as connection, connection:
            connection.execute("UPDATE items SET path = ?, format = 'FLAC'", (bytes(folder / "song.flac"),))
        with Page(folder, verb=verb):
            pass
        start = time.perf_counter()
        with Page(folder, verb=verb) as server:
            yield server, time.perf_counter() - start

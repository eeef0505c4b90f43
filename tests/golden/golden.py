"""The golden recordings: which there are, and the libraries that they are made in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.plugin.conftest import Beets

from . import files, lists, page, radio, reports
from .library import dress, write_outside


@dataclass(frozen=True)
class Golden:
    make: Callable[[Beets, Path], dict[str, str]]  # a library, and where its music lies -> the texts of files in `data`
    plain: bool = False  # in the composed collection as it was analysed here, instead of in the golden library


def plain(imported: Beets, folder: Path) -> Beets:
    """The collection with the vectors that `analyze` gives it, and tags. imported: a library that holds it."""
    library = copied(imported, folder)
    library.deejai("analyze")
    library.deejai("tag")
    return library


def dressed(analysed: Beets, folder: Path, music: Path) -> Beets:
    """The golden library. analysed: one that holds the collection, analysed and tagged."""
    library = copied(analysed, folder)
    dress(library, music)
    write_outside(library, music)
    lists.write_list(library, music)
    return library


def copied(library: Beets, folder: Path) -> Beets:
    own = Beets(folder)
    shutil.copy(library.library, own.library)
    shutil.copytree(library.data, own.data)
    return own


RECORDINGS: dict[str, Golden] = {
    "similar": Golden(partial(lists.record, "similar", lists.SIMILAR)),
    "journeys": Golden(partial(lists.record, "journeys", lists.JOURNEYS)),
    "reordered": Golden(partial(lists.record, "reordered", lists.REORDERED)),
    "files": Golden(files.record_written),
    "named": Golden(files.record_named),
    "page": Golden(page.record),
    "radio": Golden(radio.record),
    "reports": Golden(partial(reports.record, "reports", reports.OF_A_LIBRARY), plain=True),
    "failures": Golden(reports.record_failures),
}

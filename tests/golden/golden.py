"""The golden recordings: which there are, and the libraries that they are made in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.plugin.conftest import Beets

from . import files, lists, page, radio, reports
from .library import dress, write_outside
from .record import Masks


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


def recording(module_record: Callable[..., dict[str, str]], *first: object) -> Callable[[Beets, Path], dict[str, str]]:
    return lambda beets, music: module_record(*first, beets, masks_of(beets, music))


def masks_of(beets: Beets, music: Path) -> Masks:
    return Masks(FOLDER=beets.folder, MUSIC=music)


RECORDINGS: dict[str, Golden] = {
    "similar": Golden(recording(lists.record, "similar", lists.SIMILAR)),
    "journeys": Golden(recording(lists.record, "journeys", lists.JOURNEYS)),
    "reordered": Golden(recording(lists.record, "reordered", lists.REORDERED)),
    "files": Golden(lambda beets, music: files.record_written(beets, music, masks_of(beets, music))),
    "named": Golden(recording(files.record_named)),
    "page": Golden(recording(page.record)),
    "radio": Golden(lambda beets, music: radio.record(beets, music, masks_of(beets, music))),
    "reports": Golden(recording(reports.record, "reports", reports.OF_A_LIBRARY), plain=True),
    "failures": Golden(recording(reports.record_failures)),
}

"""The libraries that are asked, what makes them, and what is looked up in them."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Protocol

import numpy as np

from deejai_core.audio.identity import audio_key
from deejai_core.library import Library

MODEL, DIMENSION = "some-model", 4
GONE = 987_654_321  # the id of no track
EAST, NORTH, WEST = (np.array(vector, np.float32) for vector in ([1, 0, 0, 0], [0, 1, 0, 0], [-1, 0, 0, 0]))

POLICE = {"artist": "The Police", "albumartist": "The Police", "album": "Outlandos d'Amour"}
SO_LONELY = {**POLICE, "title": "So Lonely", "track": 2, "disc": 1, "name": "Police/b.flac"}
ROXANNE = {**POLICE, "title": "Roxanne", "track": 1, "disc": 1, "name": "Police/z.flac", "recording": "r1", "tempo": 134}
WREN = {"artist": "Hazel & Thorn", "title": "Wren", "name": "Hazel/wren.flac", "key": "Am"}
SONGS = [SO_LONELY, ROXANNE, WREN]

ODD_NAMES = [
    unicodedata.normalize("NFD", "Élan/Ångström.flac").encode(),
    "Élan/Ångström.flac".encode(),
    b"caf\xe9/latin \xff one.flac",
    b'quotes/it\'s "so" `lonely`.flac',
    b"breaks/line\nbreak\ttab.flac",
    b"blanks/ two  blanks .flac",
    b"percent/100%25 _ %.flac",
    "emoji/\N{GUITAR}\N{ZERO WIDTH JOINER}.flac".encode(),
    b"n" * 200 + b"/" + b"n" * 200 + b".flac",
]


class Factory(Protocol):
    """Makes a library of real files, and does to it what its users do. To be had as a fixture of each test's own."""

    no_query: str  # text that is none

    def make(self, folder: Path, tracks: list[dict]) -> Library:
        """A library with `tests.songs` below `folder`: metadata as `Metadata` has them, and as `name` the relative path,
        text or bytes. Tracks with an album have one. Nothing is analysed."""

    def remove(self, id_: int) -> None:
        """Remove a track of the last library, and its file."""

    def move(self, id_: int, path: Path) -> None:
        """Move its file, as users of this library do."""

    def retag(self, id_: int, **metadata: object) -> None:
        """Change its metadata, in the file as well."""


def titles(library: Library) -> dict[str, int]:
    """Ids by title."""
    return {track.title: id_ for id_, track in library.tracks(library.ids()).items()}


def identify(library: Library) -> dict[int, str]:
    """Tell a library the recordings of its files; returns them."""
    for id_, path in library.paths().items():
        library.keep_recording(id_, path, audio_key(path))
    return library.recordings()


def stored(library: Library) -> dict[int, list[float]]:
    rows = library.vectors(MODEL, DIMENSION)
    return dict(zip(rows.ids.tolist(), rows.vectors.tolist(), strict=True))


def mark_of(library: Library, id_: int) -> int:
    return int(library.vectors(MODEL, DIMENSION, [id_]).marks[0])

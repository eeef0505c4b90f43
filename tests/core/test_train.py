"""A whole training on a library that is a folder, watched as a program would."""

from __future__ import annotations

import sys

import pytest

from deejai_core.errors import HistoryError, MissingError, TrainingError
from deejai_core.folder import FolderLibrary
from deejai_core.history.library_history import open_history
from deejai_core.history.mentions import Mention, SongList
from deejai_core.history.store import Source
from deejai_core.options.analysis import Analysis
from deejai_core.training.kept import read_track2vec
from deejai_core.training.train import Training, TrainingObserver, train
from tests.songs import write_song

pytest.importorskip("rapidfuzz")

WREN, OWL, RAVEN = ("Hazel", "Wren"), ("Thorn", "Owl"), ("Nobody", "Raven")


class Listening(TrainingObserver):
    """Remembers what it was told, and what began."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.stages: list[str] = []

    def told(self, label, text):
        self.labels[label] = text

    def began(self, stage, total, text=""):
        self.stages.append(stage)


@pytest.fixture
def library(tmp_path) -> FolderLibrary:
    for number, (artist, title) in enumerate([WREN, OWL]):
        write_song(tmp_path / "music" / f"{number}.flac", number, artist=artist, title=title)
    library = FolderLibrary(tmp_path / "music")
    library.refresh()
    return library


@pytest.fixture
def learned_elsewhere(library, tmp_path) -> Training:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    lists = [SongList("list", tuple(Mention(*song) for song in songs)) for songs in ([WREN, RAVEN], [RAVEN, OWL])]
    with open_history(library) as store:
        store.replace(Source("files", "lists"), lists)
    table = pyarrow.table({"word": ["Thorn - Owl", "Nobody - Raven"], "vector": [[0.0, 2], [1, 0]]})
    parquet.write_table(table, tmp_path / "vectors.parquet")
    return Training(vectors=tmp_path / "vectors.parquet")


def test_songs_alone_are_kept_beside_the_library(library, learned_elsewhere):
    watching = Listening()
    train(library, learned_elsewhere, Analysis(), None, observer=watching)
    assert watching.labels == {
        "history": "2 lists of 3 songs; your library has 2 of them, 50% of all entries",
        "track2vec": "2 songs learned, 1 of them in the library",
    }
    assert watching.stages == []  # nothing was learned here
    assert len(read_track2vec(library)[1]) == 1


def test_the_same_lists_are_not_learned_twice(library):
    pytest.importorskip("gensim")
    with open_history(library) as store:
        store.replace(Source("files", "lists"), [SongList("list", (Mention(*WREN), Mention(*OWL)))])
    for stages, told in [
        (["entries of lists"], "2 songs learned, 2 of them in the library"),
        ([], "2 songs, 2 of them in the library, learned before from the same lists"),
    ]:
        watching = Listening()
        train(library, Training(), Analysis(), None, observer=watching)
        assert (watching.stages, watching.labels["track2vec"]) == (stages, told)


def test_too_few_songs_leave_nothing(library, learned_elsewhere, tmp_path):
    pytest.importorskip("torch")
    watching = Listening()
    with pytest.raises(TrainingError, match="too few tracks to learn from"):
        train(library, learned_elsewhere, Analysis(), tmp_path / "models" / "taste", observer=watching)
    assert watching.stages == []
    assert read_track2vec(library)[1] == []
    assert not (tmp_path / "models").exists()


def test_a_history_there_must_be(library):
    with pytest.raises(HistoryError):
        train(library, Training(), Analysis(), None)


def test_what_is_not_installed_is_said_before_anything_is_learned(library, learned_elsewhere, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    watching = Listening()
    with pytest.raises(MissingError, match=r"torch is not installed; pip install 'beets-deejai\[train\]'"):
        train(library, learned_elsewhere, Analysis(), tmp_path / "models" / "taste", observer=watching)
    assert watching.labels == {}
    train(library, learned_elsewhere, Analysis(), None)  # the songs alone need no torch

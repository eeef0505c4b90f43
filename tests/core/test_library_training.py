"""What a library that is a folder can be trained on, and what is kept of it."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core.audio.limits import Limits
from deejai_core.data_folder import spectrograms_path, track2vec_path
from deejai_core.embedding.analysis import Embedded
from deejai_core.embedding.slices import open_slices
from deejai_core.errors import TrainingError
from deejai_core.folder import FolderLibrary
from deejai_core.history.library_history import open_history, read_history
from deejai_core.history.mentions import Mention, SongList
from deejai_core.history.store import Source
from deejai_core.training import library_training
from deejai_core.training.kept import read_track2vec
from deejai_core.training.library_network import Curriculum, gather_training_data, songs_to_predict
from deejai_core.training.library_training import (
    Coverage,
    Songs,
    coverage,
    export_history,
    gather_examples,
    keep_songs,
    learn_songs,
    songs_as_kept,
)
from tests.library_conformance import identify
from tests.songs import write_song

pytest.importorskip("rapidfuzz")

WREN, COPY, OWL, ROBIN = ("Hazel", "Wren"), ("Hazel", "Wren (2009 Remaster)"), ("Thorn", "Owl"), ("Hazel", "Robin")
RAVEN = ("Nobody", "Raven")
FROM = Source("files", "lists")


class Model:
    """Hears slice vectors as they are."""

    name = trunk_name = "model"
    trunk_size = dimension = 2

    def project(self, trunk: np.ndarray) -> np.ndarray:
        return trunk.astype(np.float32)


@pytest.fixture
def library(tmp_path) -> FolderLibrary:
    for number, (artist, title) in enumerate([WREN, COPY, OWL, ROBIN]):
        write_song(tmp_path / "music" / f"{number}.flac", number, artist=artist, title=title)
    library = FolderLibrary(tmp_path / "music")
    library.refresh()
    return library


def remember(library: FolderLibrary, *lists: list[tuple[str, str]]) -> None:
    with open_history(library) as store:
        store.replace(FROM, [SongList("list", tuple(Mention(*song) for song in songs)) for songs in lists])


def ids_of(library: FolderLibrary, *songs: tuple[str, str]) -> list[int]:
    ids = {(track.artist, track.title): id_ for id_, track in library.tracks(library.ids()).items()}
    return [ids[song] for song in songs]


def songs_of(library: FolderLibrary, history, *songs: tuple[tuple[str, str], ...]) -> Songs:
    """What was learned, as if it were: the first song is north, the second east, and so on."""
    words = [history.names().index(" - ".join(song)) for song in songs]
    return Songs(words, np.eye(len(songs), 100, dtype=np.float32), [history.tracks_of(word) for word in words], 9, 9)


def test_how_much_of_the_lists_is_in_the_library(library):
    remember(library, [WREN, RAVEN], [RAVEN, OWL, COPY])
    with read_history(library) as history:
        assert coverage(history) == Coverage(lists=2, songs=3, found=2, share=3 / 5)


class TestSongs:
    def test_they_are_learned_from_lists(self, library):
        pytest.importorskip("gensim")
        remember(library, [WREN, RAVEN], [RAVEN, OWL, COPY])
        with read_history(library) as history:
            songs = learn_songs(history, seed=1)
            assert {history.name_of(word) for word in songs.words} == {"Hazel - Wren", "Thorn - Owl"}
            assert sorted(map(sorted, songs.tracks)) == sorted([ids_of(library, WREN, COPY), ids_of(library, OWL)])
            assert (songs.known, songs.lists) == (3, 2)
            assert np.linalg.norm(songs.vectors, axis=1) == pytest.approx(1, abs=1e-5)

    def test_or_elsewhere(self, library, tmp_path):
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        remember(library, [WREN, RAVEN], [RAVEN, OWL])
        table = pyarrow.table(
            {"word": ["Thorn - Owl", "Nobody - Raven", "Some - Other"], "vector": [[0.0, 2], [1, 0], [1, 1]]}
        )
        parquet.write_table(table, tmp_path / "vectors.parquet")
        with read_history(library) as history:
            songs = learn_songs(history, seed=1, vectors=tmp_path / "vectors.parquet")
            assert export_history(history, tmp_path / "lists.parquet") == 2
        assert (songs.tracks, songs.vectors.tolist(), songs.known) == ([ids_of(library, OWL)], [[0, 1]], 2)
        lists = parquet.read_table(tmp_path / "lists.parquet")["songs"].to_pylist()
        assert lists == [["Hazel - Wren", "Nobody - Raven"], ["Nobody - Raven", "Thorn - Owl"]]

    def test_they_are_taken_as_they_were_kept_while_the_lists_are_the_same(self, library):
        pytest.importorskip("gensim")
        remember(library, [WREN, RAVEN], [RAVEN, OWL, COPY])
        with read_history(library) as history:
            assert songs_as_kept(library, history, seed=1) is None  # nothing is kept yet
            learned = learn_songs(history, seed=1)
            keep_songs(library, learned)
            kept = songs_as_kept(library, history, seed=1)
            assert (kept.words, kept.tracks, kept.known, kept.lists) == (learned.words, learned.tracks, 3, 2)
            assert np.array_equal(kept.vectors, learned.vectors)
            keep_songs(library, kept)
            assert np.array_equal(songs_as_kept(library, history, seed=1).vectors, learned.vectors)
            assert songs_as_kept(library, history, seed=2) is None
        remember(library, [WREN, RAVEN], [RAVEN, COPY, OWL])
        with read_history(library) as history:
            assert songs_as_kept(library, history, seed=1) is None

    def test_of_those_kept_none_is_missing(self, library, tmp_path):
        """A listed song that comes into the library has no kept vector; one that is in no list needs none."""
        pytest.importorskip("gensim")
        remember(library, [WREN, RAVEN], [RAVEN, OWL, COPY])
        with read_history(library) as history:
            learned = learn_songs(history, seed=1)
            keep_songs(library, learned)
        for number, (song, taken) in enumerate({("Some", "Heron"): True, RAVEN: False}.items(), 7):
            write_song(tmp_path / "music" / f"{number}.flac", number, artist=song[0], title=song[1])
            library.refresh()
            with read_history(library) as history:
                kept = songs_as_kept(library, history, seed=1)
            assert (kept is not None) == taken
            assert not taken or np.array_equal(kept.vectors, learned.vectors)

    def test_those_learned_elsewhere_are_not_taken_for_learned_here(self, library):
        remember(library, [WREN, OWL])
        with read_history(library) as history:
            keep_songs(library, songs_of(library, history, WREN, OWL))
            assert songs_as_kept(library, history, seed=1) is None

    @pytest.mark.parametrize("damage", [b"", b"no vectors"])
    def test_a_damaged_file_is_learned_anew(self, library, damage):
        remember(library, [WREN, OWL])
        track2vec_path(library).write_bytes(damage)
        with read_history(library) as history:
            assert songs_as_kept(library, history, seed=1) is None

    def test_of_which_the_library_must_have_some(self, library):
        pytest.importorskip("gensim")
        remember(library, [RAVEN, ("Nobody", "Crow")])
        with read_history(library) as history, pytest.raises(TrainingError) as caught:
            learn_songs(history, seed=1)
        assert str(caught.value) == "none of the 2 songs in 1 list is in the library"
        assert caught.value.hint == "history report"

    def test_what_is_kept_of_them_is_a_space_of_their_tracks(self, library):
        assert read_track2vec(library)[1] == []
        remember(library, [WREN, OWL])
        with read_history(library) as history:
            keep_songs(library, songs_of(library, history, WREN, OWL))
        name, ids, vectors = read_track2vec(library)
        assert name.startswith("track2vec-")
        assert ids == ids_of(library, WREN, COPY, OWL)
        assert vectors[:, :2].tolist() == [[1, 0], [1, 0], [0, 1]]


class TestExamples:
    def test_are_the_songs_that_the_model_has_heard(self, library, monkeypatch):
        remember(library, [WREN, OWL], [OWL, ROBIN, WREN, OWL], [WREN, ROBIN])
        recordings = identify(library)
        copy, owl = ids_of(library, COPY, OWL)
        with open_slices(library) as store:
            for id_, trunk in ((copy, [[3, 4], [0, 2]]), (owl, [[1, 0]])):
                store.put(recordings[id_], Model.trunk_name, np.array(trunk, np.float16))
        with read_history(library) as history:
            songs = songs_of(library, history, OWL, ROBIN, WREN)
            with pytest.raises(TrainingError, match="too few tracks to learn from") as caught:
                gather_examples(library, history, songs, Model())
            assert caught.value.hint == "see what is missing"
            monkeypatch.setattr(library_training, "check_enough", lambda artists, lists: None)
            examples = gather_examples(library, history, songs, Model())
        assert [trunk.tolist() for trunk in examples.trunks] == [[[1, 0]], [[3, 4], [0, 2]]]
        assert np.argmax(examples.targets, axis=1).tolist() == [0, 2]
        assert [listed.tolist() for listed in examples.lists] == [[1, 0], [0, 1]]
        assert examples.artists[0] != examples.artists[1]


def test_a_network_learns_from_pictures_of_the_files(library):
    remember(library, [WREN, OWL], [WREN, ROBIN])
    recordings = identify(library)
    (library.music_folder / "2.flac").unlink()  # the owl
    planned, results = [], []
    given = {"windows": 2, "threads": 1, "limits": Limits(), "seed": 1}
    with read_history(library) as history:
        songs = songs_of(library, history, OWL, WREN)
        with pytest.raises(TrainingError, match="too few tracks to learn from: in 9 lists, only 2 tracks"):
            songs_to_predict(library, songs)
        targets = {ids[0]: songs.vectors[row] for row, ids in enumerate(songs.tracks)}
        curriculum = Curriculum(list(targets), targets, listed=songs.lists)
        for _ in range(2):
            with pytest.raises(TrainingError, match="too few tracks to learn from"):
                gather_training_data(library, curriculum, **given, on_planned=planned.append, on_result=results.append)
    assert planned == [2, 1]
    assert sorted(isinstance(result, Embedded) for result in results) == [False, False, True]
    (wren,) = ids_of(library, WREN)
    assert [path.stem for path in spectrograms_path(library).rglob("*.npy")] == [recordings[wren]]

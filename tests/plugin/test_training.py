"""`train`, `model` and `--space`: lists teach a library what somebody likes, whatever the style."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from base64 import b64decode
from pathlib import Path

import mutagen
import numpy as np
import pyarrow.parquet
import pytest
import soundfile
import torch

from deejai_core.models.deejai.folder import save_speccy
from deejai_core.models.deejai.network import build_network
from deejai_core.models.registry import CHECKPOINT
from deejai_core.training.library_network import train_into
from deejai_core.training.objectives import Course
from demo.composer import ARTISTS, RATE, Tape
from tests.core.test_network_training import training_data
from tests.plugin.conftest import Beets

TRACKS = 12  # of each of the six styles
LISTED = 9  # of these, those that are in lists; the others are by artists of whom nobody has ever embedded


def compose_two_tastes(folder: Path) -> None:
    """Tracks of six styles; every other one sounds as if it came from the next room, which is what lists will go by."""
    for style, artist in enumerate(ARTISTS):
        for number in range(TRACKS):
            tape = Tape(6)
            artist.play(tape, 6, np.random.default_rng([style, number, 7]))
            samples = np.convolve(tape.samples, np.ones(24) / 24, "same") if number % 2 else tape.samples
            path = folder / f"{style} {number:02}.flac"
            soundfile.write(path, 0.9 * samples / np.abs(samples).max(), RATE)
            tags = mutagen.File(path, easy=True)
            taste = "muffled" if number % 2 else "bright"
            tags.update(artist=f"{artist.name} {number // 3}", title=f"{taste} {style} {number:02}", genre=artist.genre)
            tags.save()


def write_lists(folder: Path, music: Path) -> None:
    """Forty lists of ten tracks, all muffled or all bright."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    tracks = [path for path in sorted(music.iterdir()) if number_of(path.stem) < LISTED]
    for number in range(40):
        alike = [path for path in tracks if number_of(path.stem) % 2 == number % 2]
        chosen = rng.choice(alike, 10, replace=False)
        (folder / f"list {number}.m3u").write_text("".join(f"{path}\n" for path in chosen))


def number_of(name: str) -> int:
    return int(name.rsplit(maxsplit=1)[-1])


@pytest.fixture(scope="module")
def tasteful_library(tmp_path_factory) -> Beets:
    """A library of two tastes, with lists in its history; not to be changed."""
    music = tmp_path_factory.mktemp("two tastes")
    compose_two_tastes(music)
    library = Beets(tmp_path_factory.mktemp("tasteful"))
    library.configure(windows=2)
    library.run("import", "-qA", music)
    write_lists(library.folder / "lists", music)
    assert "40 lists, 54 songs" in library.deejai("history", "add", library.folder / "lists").out
    return library


def copy_of(library: Beets, folder: Path) -> Beets:
    """One's own copy, its models included."""
    own = Beets(folder)
    shutil.copy(library.library, own.library)
    shutil.copytree(library.data, own.data)
    if (library.folder / "deejai").exists():
        shutil.copytree(library.folder / "deejai", own.folder / "deejai")
    own.configure(windows=2)
    return own


@pytest.fixture
def library(tasteful_library, tmp_path) -> Beets:
    return copy_of(tasteful_library, tmp_path / "beets")


@pytest.fixture(scope="module")
def taught_library(tasteful_library, tmp_path_factory) -> Beets:
    """The same after `train taste --use`; not to be changed."""
    library = copy_of(tasteful_library, tmp_path_factory.mktemp("taught") / "beets")
    library.deejai("train", "taste", "--use")
    return library


@pytest.fixture
def taught(taught_library, tmp_path) -> Beets:
    return copy_of(taught_library, tmp_path / "taught")


@pytest.fixture(scope="module")
def listed_library(tasteful_library, tmp_path_factory) -> Beets:
    """The same after `train --track2vec`; not to be changed."""
    library = copy_of(tasteful_library, tmp_path_factory.mktemp("listed") / "beets")
    library.deejai("train", "--track2vec")
    return library


@pytest.fixture
def listed(listed_library, tmp_path) -> Beets:
    return copy_of(listed_library, tmp_path / "listed")


def vectors(library: Beets) -> dict[str, np.ndarray]:
    """The tracks' vectors, by title."""
    connection = sqlite3.connect(library.library)
    rows = connection.execute(
        "SELECT title, value FROM items JOIN item_attributes ON entity_id = items.id WHERE key = 'deejai_vector'"
    ).fetchall()
    connection.close()
    return {title: np.frombuffer(b64decode(value), "<f4") for title, value in rows}


def share_of_own_taste(library: Beets) -> np.ndarray:
    """Of the ten nearest to each track that is in no list, how many are of its taste."""
    found = vectors(library)
    titles = list(found)
    matrix = np.stack(list(found.values()))
    shares = []
    for row, title in enumerate(titles):
        if number_of(title) >= LISTED:
            nearest = [place for place in np.argsort(-matrix @ matrix[row]) if place != row][:10]
            shares.append(np.mean([titles[place].split()[0] == title.split()[0] for place in nearest]))
    return np.array(shares)


class TestTaste:
    def test_neighbours_follow_the_taste_of_tracks_that_are_in_no_list(self, library):
        before = share_of_own_taste(library)
        told = library.deejai("train", "taste", "--use")
        after = share_of_own_taste(library)

        gain = after - before
        assert len(gain) == 18
        assert gain.mean() > 4 * gain.std() / np.sqrt(len(gain))
        assert after.mean() > 0.85 > before.mean()

        assert "history    40 lists of 54 songs; your library has 54 of them, 100% of all entries" in told.out
        assert "track2vec  54 songs learned, 54 of them in the library" in told.out
        assert "learned    from 54 tracks in 40 lists with 400 entries, seed 1" in told.out
        constant, validation = (
            float(re.search(rf"{name} (-?\d\.\d+)", told.out)[1]) for name in ("constant vector", "cosine")
        )
        assert validation > constant + 0.05
        assert "together   share of the 10 nearest tracks that are in a list with a held-out track" in told.out
        assert "Computed the vectors of 72 tracks with taste-" in told.err

    def test_the_same_seed_is_the_same_model(self, taught):
        taught.deejai("train", "same", "--head", real=True)
        taught.deejai("train", "other", "--seed", "2")
        taste, same, other = (self.weights(taught, name) for name in ("taste", "same", "other"))
        assert taste == same != other

    def weights(self, library, name):
        return (library.folder / "deejai/models" / name / "model.safetensors").read_bytes()

    def test_it_is_a_model_like_any_other(self, library):
        library.deejai("train", "taste")
        assert set(library.field("deejai_model")) == {"musicnn-msd-1"}  # not before somebody says so
        original = vectors(library)

        library.deejai("model", "use", "taste")
        (name,) = set(library.field("deejai_model"))
        listed = library.deejai("model", "list").out
        assert "* taste" in listed
        assert "72 vectors, 72 recordings analysed" in listed
        assert name in library.deejai("status").out
        assert library.deejai("doctor").status == 0
        library.deejai("tag", "muffled 0 01")
        library.deejai("similar", "muffled 0 11", "-n", "5", "-o", "playlists/list.m3u")
        assert f"model {name}" in (library.folder / "playlists/list.m3u").read_text()

        info = library.deejai("model", "info").out
        assert "validation cosine" in info
        assert "on musicnn-msd-1" in info

        library.deejai("model", "use", "musicnn")
        again = vectors(library)
        assert all(np.array_equal(again[title], original[title]) for title in original)
        library.deejai("model", "remove", "taste", "-y")
        assert "taste" not in library.deejai("model", "list").out

    def test_a_disk_without_room_is_one_line_and_costs_nothing(self, library, small_disk):
        (library.folder / "deejai").symlink_to(small_disk)
        *_, error = library.deejai("train", "taste", status=1).err.splitlines()
        folder = library.folder / "deejai/models"
        assert error == f"error: {folder}/taste: cannot be written (No space left on device); free some space"
        assert list(folder.iterdir()) == []

    def test_eval_sees_it(self, library, taught):
        assert self.share_of_lists(taught) > self.share_of_lists(library) + 0.2

    def share_of_lists(self, library):
        (found,) = [
            field for field in json.loads(library.deejai("eval", "--json").out)["fields"] if field["field"] == "lists"
        ]
        return found["precision"]["vectors"]

    def test_alone_and_beside(self, library):
        library.deejai("train", "taste", "--alone", "--use")
        assert {len(vector) for vector in vectors(library).values()} == {100}
        config = library.folder / "deejai/models/taste/config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), "weight": 0.5}))
        library.deejai("model", "use", "taste")
        assert {len(vector) for vector in vectors(library).values()} == {200}

    def test_new_music_gets_its_place_at_import(self, taught, tmp_path):
        new = tmp_path / "new.flac"
        tape = Tape(6)
        ARTISTS[1].play(tape, 6, np.random.default_rng(99))
        soundfile.write(new, 0.9 * tape.samples / np.abs(tape.samples).max(), RATE)
        taught.run("import", "-qAs", new)
        assert len(set(taught.field("deejai_model"))) == 1

    def test_training_again_while_in_use_is_used_at_once(self, taught):
        (before,) = set(taught.field("deejai_model"))
        assert "a model taste already exists; --force replaces it" in taught.deejai("train", "taste", status=1).err
        taught.deejai("train", "taste", "--force", "--seed", "3")
        (after,) = set(taught.field("deejai_model"))
        assert before != after


class TestNothingIsLost:
    def test_a_lesson_that_fails_leaves_the_vectors_of_the_last(self, listed):
        learned = listed.data / "track2vec.safetensors"
        before = learned.read_bytes()
        listed.deejai("history", "remove", listed.folder.parent / "none", status=1)
        for source in listed.run("deejai", "history", "list").lines[1:]:
            listed.deejai("history", "remove", re.split(r"\s{2,}", source)[0], status=None)
        few = listed.folder / "few"
        few.mkdir()
        (few / "few.m3u").write_text("\n".join(listed.run("ls", "-p", "muffled").lines[:3]))
        listed.deejai("history", "add", few)
        assert "too few tracks to learn from" in listed.deejai("train", "taste", status=1).err
        assert learned.read_bytes() == before

    def test_an_unfinished_training_is_not_overwritten(self, library):
        folder = library.folder / "deejai/models/net"
        folder.mkdir(parents=True)
        (folder / "checkpoint.pt").write_bytes(b"hours of work")
        told = library.deejai("train", "net", status=1).err
        assert "the training of net is not finished; continue it with `beet deejai train net --network ...`" in told
        assert "net                  an unfinished training" in library.deejai("model", "list").out
        for verb in ("use", "info"):
            told = library.deejai("model", verb, "net", status=1).err
            assert "net: its training is not finished; continue it with `beet deejai train net --network ...`" in told
        assert (folder / "checkpoint.pt").read_bytes() == b"hours of work"

    def test_a_damaged_head_in_use_can_be_trained_again(self, taught):
        (taught.folder / "deejai/models/taste/model.safetensors").write_bytes(b"damaged")
        assert "damaged; train the model again" in taught.deejai("similar", "muffled", status=1).err
        assert "damaged" in taught.deejai("model", "list").out
        taught.deejai("train", "taste", "--force")
        taught.deejai("similar", "muffled 0 01", "-p")

    def test_what_a_head_stands_on_stays(self, taught):
        models = taught.folder / "deejai/models"
        save_speccy(build_network("1d", dimension=10, width=4).state_dict(), models / "net", kind="1d", scaling="minmax")
        config = models / "taste/config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), "trunk": "net"}))
        for words in (["model", "remove", "net", "-y"], ["train", "net", "--network", "1d", "--force"]):
            assert "taste needs net; remove taste first" in taught.deejai(*words, status=1).err


class TestSpace:
    def test_the_lists_alone(self, listed):
        assert not (listed.folder / "deejai").exists()
        listed.deejai("similar", "muffled 0 01", "--space", "track2vec", "-n", "6", "-o", "playlists/list.m3u")
        names = listed.playlist("list.m3u")
        assert len(names) == 7
        assert all(number_of(Path(name).stem) % 2 for name in names)
        header = (listed.folder / "playlists/list.m3u").read_text()
        assert "--space track2vec" in header
        assert "model track2vec-" in header

    def test_a_track_that_is_in_no_list(self, listed):
        told = listed.deejai("similar", "muffled 0 11", "--space", "track2vec", status=1).err
        assert "muffled 0 11: in no list that Track2Vec has learned from; `beet deejai history add` adds lists" in told

    def test_it_outlives_ids_and_paths(self, listed):
        """Tracks are known by their names, not by what beets calls them today."""
        music = sorted({Path(path).parent for path in listed.run("ls", "-p").lines})[0]
        listed.run("rm", "-f")
        listed.run("import", "-qAs", *sorted(music.iterdir(), reverse=True))
        listed.deejai("similar", "muffled 0 01", "--space", "track2vec", "-n", "6", "-o", "playlists/list.m3u")
        assert all(number_of(Path(name).stem) % 2 for name in listed.playlist("list.m3u"))

    def test_before_anything_was_learned(self, library):
        told = library.deejai("similar", "muffled", "--space", "track2vec", status=1).err
        assert "Track2Vec has learned no track of this library; run `beet deejai train --track2vec`" in told

    def test_a_file_outside_the_library(self, listed, tmp_path):
        path = tmp_path / "other.flac"
        soundfile.write(path, np.zeros(RATE), RATE)
        told = listed.deejai("similar", path, "--space", "track2vec", status=1).err
        assert f"{path}: not in the library, so Track2Vec does not know it" in told

    def test_damage_is_one_line(self, library):
        (library.data / "track2vec.safetensors").write_bytes(b"damaged")
        told = library.deejai("similar", "muffled", "--space", "track2vec", status=1).err
        assert "track2vec.safetensors: cannot read" in told
        assert "`beet deejai train --track2vec` learns them again" in told
        library.deejai("train", "--track2vec")
        library.deejai("similar", "muffled 0 01", "--space", "track2vec", "-p")


class TestElsewhere:
    def test_lists_go_out_and_vectors_come_back(self, library):
        """What is learned elsewhere: here, that muffled tracks point one way and bright ones another."""
        file = library.folder / "lists.parquet"
        assert f"40 lists written to {file}" in library.deejai("history", "export", file).out
        lists = pyarrow.parquet.read_table(file)["songs"].to_pylist()
        words = sorted({word for songs in lists for word in songs})
        assert len(words) == 54
        vectors = [[1.0, 0.01 * place, 3.0 * ("bright" in word)] for place, word in enumerate(words)]
        pyarrow.parquet.write_table(pyarrow.table({"word": words, "vector": vectors}), library.folder / "vectors.parquet")
        told = library.deejai("train", "--track2vec", "--vectors", library.folder / "vectors.parquet").out
        assert "54 songs learned, 54 of them in the library" in told
        library.deejai("similar", "muffled 0 01", "--space", "track2vec", "-n", "6", "-o", "playlists/list.m3u")
        assert all(number_of(Path(name).stem) % 2 for name in library.playlist("list.m3u"))

    def test_a_file_that_is_none_is_one_line(self, library):
        told = library.deejai("train", "--track2vec", "--vectors", library.folder / "config.yaml", status=1).err
        assert "config.yaml: not word vectors as Spark writes them" in told


class TestNetwork:
    def test_one_that_learned_nothing_is_refused_and_can_go_on(self, library):
        train = ["train", "net", "--network", "1d", "--device", "cpu", "--epochs"]
        told = library.deejai(*train, "2", status=1)
        assert "54/54 tracks" in told.err
        assert told.err.count("validation cosine") == 2
        assert "the network learned nothing: cosine " in told.err
        assert [path.name for path in (library.folder / "deejai/models/net").iterdir()] == [CHECKPOINT]
        assert library.deejai(*train, "3", status=1).err.count("validation cosine") == 1

    def test_random_weights_are_kept_and_called_what_they_are(self, analysed):
        train = ["train", "noise", "--network", "1d", "--epochs", "0"]
        told = analysed.deejai(*train)  # without any list
        assert told.lines[0] == "learned    nothing: random weights of the 1d network, seed 1"
        assert "`beet deejai model use noise` switches to it" in told.out
        assert "noise                network with random weights, 100 dimensions" in analysed.deejai("model", "list").out
        info = analysed.deejai("model", "info", "noise").out
        assert "kind       network with random weights" in info
        assert "nothing: random weights of the 1d network, seed 1" in info
        assert "a model noise already exists; --force replaces it" in analysed.deejai(*train, status=1).err

        def name() -> str:
            return re.search(r"speccy-1d-\w+", analysed.deejai("model", "info", "noise").out)[0]

        first = name()
        analysed.deejai(*train, "--force", "--seed", "2")
        assert name() != first
        analysed.deejai(*train, "--force")
        assert name() == first

    def test_random_weights_do_not_take_the_place_of_a_training_that_was_stopped(self, analysed):
        checkpoint = analysed.folder / "deejai/models/net" / CHECKPOINT
        checkpoint.parent.mkdir(parents=True)
        checkpoint.write_bytes(b"hours of work")
        told = analysed.deejai("train", "net", "--network", "1d", "--epochs", "0", status=1).err
        assert "the training of net is not finished" in told
        assert checkpoint.read_bytes() == b"hours of work"

    def test_one_that_learned_something_is_a_model(self, library):
        """On pictures that tell what it has to learn: to learn as much from the audio takes hours."""
        torch.set_num_threads(1)
        folder = library.folder / "deejai/models/net"
        course = Course(kind="1d", epochs=40, patience=40, batch=8, width=64, device="cpu")
        told = train_into(folder, training_data(), course)
        assert told["learned"].startswith("the 1d network from 40 tracks, seed 1")
        assert sorted(path.name for path in folder.iterdir()) == ["config.json", "deejai.json", "model.safetensors"]
        assert "the 1d network from 40 tracks" in library.deejai("model", "info", "net").out
        told = library.deejai("model", "use", "net").err
        assert "72 tracks not analysed with it yet; run `beet deejai analyze`" in told
        assert "nothing analysed yet with speccy-1d-" in library.deejai("similar", "muffled", status=1).err


class TestObjectives:
    def test_a_siamese_head_is_known_for_what_it_is(self, library):
        told = library.deejai("train", "twins", "--objective", "siamese", "--alone", "--use").out
        assert "history    40 lists; two songs of one list are a pair" in told
        assert re.search(
            r"learned    from 72 tracks, objective siamese, two songs of a list for 54 of them, two windows", told
        )
        assert "slices that belong together are nearer than others in" in told
        listed = library.deejai("model", "list").out
        assert "* twins                learned, objective siamese, on musicnn-msd-1, 100 dimensions" in listed
        assert re.search(
            r"^model     twins-\w+, 100 dimensions, .*, objective siamese$", library.deejai("status").out, re.M
        )
        assert "neighbours with the same" in library.deejai("eval").out
        assert "weights intact" in library.deejai("doctor").out
        library.deejai("similar", "muffled 0 01", "-p")

    def test_without_lists_it_pairs_windows(self, library):
        (library.data / "history.db").unlink()
        told = library.deejai("train", "twins", "--objective", "siamese", "--alone")
        assert "history " not in told.out
        assert "two windows of one track for each" in told.out
        assert "share of half tracks whose nearest is their other half" in told.out

    def test_an_autoencoder_needs_no_lists_and_can_go_on(self, library):
        (library.data / "history.db").unlink()
        train = ["train", "net", "--network", "1d", "--objective", "autoencoder", "--device", "cpu", "--epochs"]
        told = library.deejai(*train, "1", status=1).err
        assert "72/72 tracks" in told
        assert "validation explained variance" in told
        assert "the network learned nothing: spectrograms of " in told
        assert "Add more music and start again" in told
        other = library.deejai(*train[:4], "--objective", "variational", "--device", "cpu", status=1).err
        assert "checkpoint.pt: made with other options (objective autoencoder); give --force to start again" in other
        assert library.deejai(*train, "2", status=None).err.count("validation explained variance") == 1

    def test_without_matplotlib_it_says_so_at_once(self, library, tmp_path):
        (tmp_path / "matplotlib.py").write_text("raise ModuleNotFoundError(name='matplotlib')\n")
        paths = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
        train = ["train", "net", "--network", "1d", "--objective", "variational"]
        told = library.deejai(*train, status=1, PYTHONPATH=paths).err
        assert "matplotlib is not installed; pip install 'beets-deejai[map]'" in told
        assert "tracks" not in told  # nothing was decoded


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train"], "train what? Give the model a name"),
        (["train", "a", "b"], "train what? Give the model a name"),
        (["train", "../a"], "'../a' cannot be the name of a model"),
        (["train", "musicnn"], "'musicnn' cannot be the name of a model"),
        (["train", "a", "--seed", "-1"], "--seed: must be from 0 to 1000000000, not -1"),
        (["train", "a", "--seed", "4294967296"], "--seed: must be from 0 to 1000000000, not 4294967296"),
        (["train", "a", "--track2vec"], "--track2vec only learns the lists"),
        (["train", "a", "--network", "1d", "--alone"], "--alone does not apply to --network"),
        (["train", "a", "--network", "1d", "--head"], "--head and --network train different models"),
        (["train", "a", "--network", "1d", "--epochs", "-1"], "--epochs: must be at least 0"),
        (["train", "a", "--objective", "variational"], "--objective variational trains a whole network; say which"),
        (["train", "a", "--objective", "siamese", "--vectors", "x.parquet"], "--vectors are for --objective lists"),
        (["train", "a", "--network", "1d", "--objective", "siamese", "--epochs", "0"], "does not apply to --epochs 0"),
        (["train", "--track2vec", "--objective", "lists"], "--track2vec only learns the lists"),
        (["train", "a", "--objective", "autoencoder", "--network", "2d"], "only 24 tracks by 6 artists are in the library"),
        (["train", "a", "--objective", "siamese"], "only 24 tracks by 6 artists are in the library and analysed"),
        (["train", "a", "--epochs", "3"], "--epochs and --device need --network"),
        (["model", "info", ""], "a model needs a name"),
        (["model", "info", "owner/name"], "owner/name: not downloaded yet; run `beet deejai model use owner/name`"),
        (["train", "a", "--network", "1d", "--device", "cuda"], "torch finds no cuda here"),
        (["train", "a"], "the history is empty; add a source with `beet deejai history add SOURCE`"),
        (["train", "--track2vec"], "the history is empty"),
        (["model", "list", "a"], "model list takes no arguments"),
        (["history", "export", "nowhere/at/all.parquet"], "there is no folder"),
        (["model", "info", "a", "b"], "Give one name"),
        (["model", "info", "nothing"], "unknown model 'nothing'; choose one of: musicnn"),
        (["model", "use"], "use which model? Give one name"),
        (["model", "use", "nothing"], "unknown model 'nothing'; choose one of: musicnn"),
        (["model", "remove", "musicnn", "-y"], "musicnn is part of deejai"),
        (["model", "remove", "nothing", "-y"], "no model 'nothing' in"),
        (["model", "remove", "../x", "-y"], "no model '../x' in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line(analysed, words, told):
    err = analysed.deejai(*words, status=1).err
    assert told in err
    assert "Traceback" not in err


def test_too_few_tracks_are_named_with_their_number(analysed):
    """The composed collection has 24 tracks: too few to learn from, and nothing is left behind."""
    analysed.deejai("history", "add", "albums")
    told = analysed.deejai("train", "taste", status=1).err
    assert (
        "too few tracks to learn from: in 6 lists, only 24 tracks by 6 artists are in the library and analysed; training"
        in told
    )
    assert not (analysed.folder / "deejai").exists()


def test_tracks_that_this_trunk_has_not_heard_are_no_traceback(analysed):
    analysed.deejai("history", "add", "albums")
    (analysed.data / "slices.db").unlink()
    told = analysed.deejai("train", "taste", status=1).err
    assert "too few tracks to learn from: in 0 lists, only 0 tracks by 0 artists" in told
    assert "`beet deejai status`" in told


def test_the_configuration_counts_more(analysed):
    analysed.configure(model="musicnn")
    told = analysed.deejai("model", "use", "other", status=1).err
    assert "the configuration says `model: musicnn`, which takes precedence" in told


def test_a_model_in_use_is_not_removed(analysed):
    analysed.deejai("model", "use", "musicnn")
    (analysed.folder / "deejai/models/taste").mkdir(parents=True)
    analysed.configure(model="taste")
    told = analysed.deejai("model", "remove", "taste", status=1).err
    assert "taste is in use; switch to another one first, for example with `beet deejai model use musicnn`" in told

"""Songs are recognised through a room, and nothing is that is not there."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core.audio.decode import read_windows
from deejai_core.embedding.mp3tovec import mp3tovec
from deejai_core.features.listen.blocks import WINDOW, closest, directions
from deejai_core.features.listen.recognise import SURE, Recogniser, likeness, prints
from deejai_core.models.musicnn.model import MusiCNN
from demo.composer import compose
from demo.room import in_a_room

RATE = 16_000


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> list[np.ndarray]:
    files = compose(tmp_path_factory.mktemp("songs"), seconds=45)
    return [read_windows(file, sample_rate=RATE, length=45 * RATE, limit=2)[0] for file in files]


@pytest.fixture(scope="module")
def vectors(songs) -> np.ndarray:
    model = MusiCNN()
    windows = [[song[start : start + model.window] for start in range(0, 40 * RATE, 10 * RATE)] for song in songs]
    return mp3tovec([model.project(model.embed(np.stack(some))) for some in windows], model.epsilon)


@pytest.mark.parametrize("snr", [30, 20, 10])
def test_songs_in_a_room_are_named(songs, vectors, snr):
    """Ten of them, though four of each band differ in little but their notes: the nearest by sound are compared."""
    model, wanted = MusiCNN(), range(0, 20, 2)
    recogniser = Recogniser(lambda song: songs[song], RATE)
    named = 0
    for song in wanted:
        heard = in_a_room(songs[song][: 40 * RATE], RATE, snr=snr, seed=song)[-WINDOW * RATE :]
        nearest = np.argsort(-(vectors @ closest(directions(heard, model), vectors)))[:8]
        named += recogniser.recognise(heard, nearest.tolist()) == song
    assert named >= 9


def test_what_is_not_proposed_is_not_recognised(songs):
    recogniser = Recogniser(lambda song: songs[song], RATE)
    heard = in_a_room(songs[4][: 20 * RATE], RATE, snr=20)
    assert recogniser.recognise(heard, [0, 9, 13]) is None
    assert recogniser.recognise(heard, []) is None


def test_a_song_goes_on_until_another_one_does(songs):
    recogniser = Recogniser(lambda song: songs[song], RATE)
    assert recogniser.recognise(songs[4][: 20 * RATE], [4, 9]) == 4
    assert recogniser.recognise(songs[4][10 * RATE : 30 * RATE], [9]) == 4  # though no longer among the nearest
    assert recogniser.recognise(songs[9][: 20 * RATE], [9]) == 9


@pytest.mark.parametrize("seconds", [0, 0.1, 9])
def test_too_little_is_no_song(songs, seconds):
    assert Recogniser(lambda song: songs[song], RATE).recognise(songs[4][: round(seconds * RATE)], [4]) is None


@pytest.mark.parametrize("samples", [None, np.zeros(60 * RATE, np.float32), np.zeros(0, np.float32), np.ones(RATE)])
def test_files_that_cannot_be_compared(songs, samples):
    recogniser = Recogniser(lambda song: samples if song == 1 else songs[song], RATE)
    assert recogniser.recognise(songs[4][: 20 * RATE], [1]) is None
    assert recogniser.recognise(songs[4][: 20 * RATE], [1, 4]) == 4


def test_a_song_is_read_once(songs):
    read = []
    recogniser = Recogniser(lambda song: read.append(song) or songs[song], RATE)
    for _ in range(3):
        recogniser.recognise(songs[4][: 20 * RATE], [4, 9])
    assert read == [4, 9]


class TestLikeness:
    RNG = np.random.default_rng(0)
    SONG = RNG.normal(size=(900, 5)).astype(np.float32)

    def test_a_part_of_itself(self):
        assert likeness(self.SONG[300:450], self.SONG) == pytest.approx(1, abs=1e-4)

    def test_what_each_band_adds_does_not_count(self):
        assert likeness(self.SONG[300:450] + np.arange(5), self.SONG) == pytest.approx(1, abs=1e-4)

    def test_others_are_not(self):
        assert likeness(self.RNG.normal(size=(150, 5)), self.SONG) < SURE

    def test_a_song_that_is_shorter_than_what_is_heard(self):
        assert likeness(self.SONG, self.SONG[:10]) == likeness(self.SONG[:0], self.SONG) == 0

    def test_a_constant_one(self):
        assert abs(likeness(np.ones((150, 5)), self.SONG)) < 0.01
        assert abs(likeness(self.SONG[:150], np.ones((900, 5)))) < 0.01


def test_prints_do_not_know_how_loud_it_is(songs):
    assert prints(songs[4][:RATE] / 50, RATE) == pytest.approx(prints(songs[4][:RATE], RATE), abs=1e-2)


def test_the_room_of_the_tests_is_one(songs):
    """What is tested with is a noisy, echoing room: little of the song is left in the samples as they are."""
    song = songs[4][: 10 * RATE]
    heard = in_a_room(song, RATE, snr=20, gain=0)
    assert np.corrcoef(song, heard)[0, 1] < 0.9

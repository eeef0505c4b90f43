"""Training a whole network, on pictures of slices that tell what it has to learn; small networks, real kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from deejai_core.audio.limits import Limits
from deejai_core.audio.sandbox import Decoder
from deejai_core.embedding.analysis import Embedded
from deejai_core.errors import TrainingError
from deejai_core.models.deejai.folder import load_speccy, save_speccy
from deejai_core.models.deejai.model import WINDOW, mel_slices
from deejai_core.models.deejai.network import FRAMES, MELS, build_network
from deejai_core.training.network import _Run, train_network
from deejai_core.training.objectives import Course, TrainingData
from deejai_core.training.spectrograms import Spectrograms, make_spectrograms
from tests.sounds import chirp, write_audio

SMALL = Course(kind="1d", epochs=6, batch=8, width=8, device="cpu")


def training_data(tracks: int = 40) -> TrainingData:
    """Tracks with a bright band of mels, low or high; which one decides where they are to point."""
    rng = np.random.default_rng(0)
    high = np.arange(tracks) % 2 == 0
    slices = []
    for track in range(tracks):
        pictures = rng.integers(0, 50, (3, MELS, FRAMES), dtype=np.uint8)
        band = slice(60, 90) if high[track] else slice(10, 40)
        pictures[:, band] += 200
        slices.append(pictures)
    targets = np.where(high[:, None], [[1.0, 0, 0, 0]], [[0, 0.6, 0.8, 0]]).astype(np.float32)
    return TrainingData(slices, targets, np.arange(tracks) % 5 == 0)


@pytest.fixture(autouse=True)
def one_thread():
    """Such small networks are slower with more, and much slower where something else runs besides."""
    torch.set_num_threads(1)


def test_loss_falls_and_both_baselines_are_beaten(tmp_path):
    seen = []
    course = Course(kind="1d", epochs=40, patience=40, batch=8, width=64, device="cpu")
    steps = []
    weights, progress = train_network(
        training_data(), course, tmp_path / "checkpoint.pt", on_epoch=seen.append, on_step=lambda *step: steps.append(step)
    )
    assert seen == list(progress.epochs)
    assert steps == [(step, 160) for step in range(161)]
    assert progress.learned_something
    assert progress.epochs[-1].loss < progress.epochs[0].loss / 2
    assert progress.validation == max(epoch.validation for epoch in seen)
    assert progress.validation > progress.constant + 0.05
    assert progress.validation > progress.random + 0.3

    save_speccy(weights, tmp_path / "model", kind="1d", scaling="decibels")
    assert load_speccy(tmp_path / "model").dimension == 4


def test_the_published_kind_learns_too(tmp_path):
    course = Course(kind="2d", epochs=3, batch=4, width=32, device="cpu")
    _, progress = train_network(training_data(24), course, tmp_path / "checkpoint.pt")
    assert progress.epochs[-1].loss < progress.epochs[0].loss - 0.2


@pytest.mark.parametrize("batch", [1, 8, 64])
def test_validation_is_the_mean_of_what_each_track_comes_to_by_itself(tmp_path, batch):
    """However many go through the network at once, and though they have one to six slices, of which four count."""
    of = training_data()
    rng = np.random.default_rng(1)
    lengths = [1 + track // 5 % 6 for track in range(len(of.slices))]
    loud = np.array([255, 3, 100, 20, 200, 1])[:, None, None]  # the network's answers are of different lengths, too
    slices = [(rng.random((length, MELS, FRAMES)) * loud[:length]).astype(np.uint8) for length in lengths]
    course = Course(**{**vars(SMALL), "epochs": 0, "batch": batch})
    torch.manual_seed(course.seed)
    network = build_network(course.kind, dimension=4, width=course.width).eval()
    counted = {1: [0], 2: [0, 1], 3: [0, 1, 2], 4: [0, 1, 2, 3], 5: [0, 1, 3, 4], 6: [0, 2, 3, 5]}
    cosines = []
    for track in np.flatnonzero(of.held_out):
        with torch.no_grad():
            embedded = network(torch.from_numpy(slices[track][counted[lengths[track]]] / np.float32(255))).numpy()
        direction = (embedded / np.linalg.norm(embedded, axis=1, keepdims=True)).sum(axis=0)
        cosines.append(direction @ of.targets[track] / np.linalg.norm(direction))
    run = _Run(TrainingData(slices, of.targets, of.held_out), course, tmp_path / "checkpoint.pt")
    assert run._validate() == pytest.approx(np.mean(cosines), abs=1e-6)


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_a_killed_training_resumes_to_the_same_weights(tmp_path):
    """Killed twice, in the middle of an epoch and between two, against a run that nothing disturbs."""
    undisturbed, progress = train_network(training_data(), SMALL, tmp_path / "whole.pt")
    for step in (7, 10):
        program = (
            "from tests.core.test_network_training import train_until_killed\n"
            f"train_until_killed({os.fspath(tmp_path / 'killed.pt')!r}, {step})"
        )
        done = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], check=False)
        assert done.returncode == -signal.SIGKILL
    seen = []
    resumed, again = train_network(training_data(), SMALL, tmp_path / "killed.pt", on_epoch=seen.append)
    assert len(seen) < len(again.epochs)  # it did go on
    assert again == progress
    assert resumed.keys() == undisturbed.keys()
    assert all(torch.equal(resumed[name], undisturbed[name]) for name in resumed)


def train_until_killed(checkpoint: str, steps: int) -> None:
    """For another process: a checkpoint after every step, until it kills itself after so many."""
    torch.set_num_threads(1)
    done = 0

    def step(*_: int) -> None:
        nonlocal done
        done += 1
        if done > steps:
            os.kill(os.getpid(), signal.SIGKILL)

    often = Course(**{**vars(SMALL), "checkpoint_seconds": 0})
    train_network(training_data(), often, Path(checkpoint), on_step=step)


class TestCheckpoint:
    @pytest.fixture
    def checkpoint(self, tmp_path):
        path = tmp_path / "checkpoint.pt"
        train_network(training_data(), Course(**{**vars(SMALL), "epochs": 1}), path)
        return path

    def test_of_other_material_is_refused(self, checkpoint):
        other = training_data()
        other.targets[0] = [0, 0, 0, 1]
        with pytest.raises(TrainingError, match=r"checkpoint\.pt: made with other lists, music or options$"):
            train_network(other, SMALL, checkpoint)

    def test_of_another_course_is_refused(self, checkpoint):
        with pytest.raises(TrainingError, match=r"made with other options \(seed 1\)$"):
            train_network(training_data(), Course(**{**vars(SMALL), "seed": 2}), checkpoint)
        with pytest.raises(TrainingError, match=r"made with other options \(network 1d, objective lists\)$"):
            train_network(training_data(), replace(SMALL, kind="2d", objective="siamese"), checkpoint)

    @pytest.mark.parametrize("content", [b"", b"nonsense", b"\x80\x04N."])
    def test_damaged_is_one_line(self, checkpoint, content):
        checkpoint.write_bytes(content)
        with pytest.raises(TrainingError, match=r"checkpoint\.pt: cannot be read"):
            train_network(training_data(), SMALL, checkpoint)

    def test_more_epochs_go_on(self, checkpoint):
        seen = []
        train_network(training_data(), Course(**{**vars(SMALL), "epochs": 3}), checkpoint, on_epoch=seen.append)
        assert len(seen) == 2


class TestSpectrograms:
    def test_decoded_once(self, tmp_path):
        path = write_audio(tmp_path / "tone.flac", chirp(12, 22_050), 22_050)
        with Decoder(seconds=60, memory=2_000_000_000) as decoder:
            paths = {path: decoder.key(path)}
        kept = Spectrograms(tmp_path / "kept")
        assert [type(result) for result in self.make(kept, paths)] == [Embedded]
        slices = kept.read(paths[path])
        assert (slices.dtype, slices.shape) == (np.uint8, (2, MELS, FRAMES))
        assert self.make(kept, paths) == []

    def test_they_are_what_the_network_hears(self, tmp_path):
        path = write_audio(tmp_path / "tone.flac", chirp(12, 22_050), 22_050)
        with Decoder(seconds=60, memory=2_000_000_000) as decoder:
            key, windows = decoder.key(path), decoder.windows(path, sample_rate=22_050, length=WINDOW, limit=2)
        kept = Spectrograms(tmp_path / "kept")
        self.make(kept, {path: key})
        assert kept.read(key) / 255 == pytest.approx(mel_slices(windows, "decibels"), abs=1e-6)

    def test_a_file_that_became_another_is_left_out(self, tmp_path):
        path = write_audio(tmp_path / "tone.flac", chirp(6, 22_050), 22_050)
        kept = Spectrograms(tmp_path / "kept")
        self.make(kept, {path: "0" * 32})
        assert kept.read("0" * 32) is None

    @pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"x" * 1000])
    def test_damage_is_as_good_as_nothing(self, tmp_path, damage):
        kept = Spectrograms(tmp_path)
        kept.put("abc", np.zeros((1, MELS, FRAMES), np.uint8))
        assert kept.read("abc") is not None
        kept.path("abc").write_bytes(damage)
        assert kept.read("abc") is None

    def make(self, kept, paths):
        results = []
        make_spectrograms(kept, paths, windows=2, threads=1, limits=Limits(), on_result=results.append)
        return results

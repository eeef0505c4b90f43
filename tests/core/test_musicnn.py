"""The bundled network is the published one, and its mel slices are librosa's."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from deejai_core.audio.spectrogram import log_mel
from deejai_core.errors import ModelError
from deejai_core.models import musicnn
from deejai_core.models.musicnn import MusiCNN
from deejai_core.models.registry import load_model

REFERENCE = Path(__file__).parent.parent / "data/musicnn-reference.npz"  # made by tools/reference_musicnn.py
PARITY = os.environ.get("DEEJAI_TEST_PARITY")  # the original's outputs for real music, where somebody has them


@pytest.fixture(scope="module")
def model():
    return MusiCNN()


@pytest.mark.parametrize(
    "file", [REFERENCE, pytest.param(PARITY, marks=pytest.mark.skipif(not PARITY, reason="not given"))]
)
def test_pruned_network_equals_the_published_one(model, file):
    with np.load(file) as reference:
        trunk = model.trunk(reference["mel"].astype(np.float32))
        assert np.abs(trunk - reference["penultimate"]).max() < 1e-4
        assert np.abs(model.tags(trunk) - reference["tags"]).max() < 1e-4


def test_mel_slices_are_librosas(model):
    import librosa

    rng = np.random.default_rng(0)
    track = rng.normal(0, 0.1, 3 * model.span).astype(np.float32)
    start = 10 * 256
    mel = log_mel(track[None, start : start + model.span], model._weights["mel.filters"], n_fft=512, hop_length=256)
    power = librosa.feature.melspectrogram(y=track, sr=16_000, n_fft=512, hop_length=256, n_mels=96)
    expected = np.log10(10_000 * power + 1).T
    # librosa's frames are centred: its frame 11 begins where our span does.
    assert mel.shape == (1, 187, 96)
    assert np.abs(mel[0] - expected[11 : 11 + 187]).max() < 1e-5


def test_a_slice_does_not_depend_on_its_company(model):
    spans = np.random.default_rng(0).normal(0, 0.1, (musicnn.BATCH * 2, model.span)).astype(np.float32)
    together = model.hear(spans)
    assert np.array_equal(together[musicnn.BATCH :], model.hear(spans[musicnn.BATCH :]))
    assert together.shape == (len(spans), model.trunk_size)


def test_projection_centres_and_rotates(model):
    mean, matrix = model._weights["projection.mean"], model._weights["projection.matrix"]
    assert model.project(mean[None]) == pytest.approx(np.zeros((1, 100)))
    assert model.project((mean + np.eye(200, dtype=np.float32)[3])[None])[0] == pytest.approx(matrix[3], abs=1e-5)


def test_silence_has_an_embedding(model):
    trunk = model.hear(np.zeros((1, model.span), np.float32))
    assert np.isfinite(trunk).all()
    assert np.linalg.norm(model.project(trunk)) > 0.1


def test_damaged_weights_are_named(tmp_path, monkeypatch):
    (tmp_path / "musicnn-msd-1.safetensors").write_bytes(b"damaged")
    monkeypatch.setattr(musicnn, "WEIGHTS", tmp_path)
    with pytest.raises(ModelError, match=r"musicnn-msd-1\.safetensors: .* reinstall"):
        MusiCNN().project(np.zeros((1, 200)))


def test_an_unknown_model_is_named_with_those_there_are(tmp_path):
    with pytest.raises(ModelError, match="unknown model 'musicn'; there is: musicnn"):
        load_model("musicn", tmp_path)

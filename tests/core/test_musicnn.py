"""The bundled network is the published one, and its mel slices are librosa's."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from deejai_core.audio.spectrogram import log_mel
from deejai_core.embedding.analysis import TOGETHER, Read, embed_files, embed_together
from deejai_core.errors import MissingError, ModelError
from deejai_core.models import device
from deejai_core.models.device import AT_ONCE, pick_device
from deejai_core.models.musicnn import network as musicnn
from deejai_core.models.musicnn import torch_layers
from deejai_core.models.musicnn.magnatagatune import MagnaTagATune
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.musicnn.tags import MTT_LABELS, MTT_TAGS
from deejai_core.models.registry import load_model
from tests.sounds import chirp, write_audio

DATA = Path(__file__).parent.parent / "data"
REFERENCE = DATA / "musicnn-reference.npz"  # made by tools/reference_musicnn.py
MTT_REFERENCE = DATA / "musicnn-mtt-reference.npz"  # likewise, for the same slices
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


def test_the_second_network_is_pruned_to_nearly_the_published_one():
    companion = MagnaTagATune()
    with np.load(REFERENCE) as slices, np.load(MTT_REFERENCE) as reference:
        trunk = companion.trunk(slices["mel"].astype(np.float32))
        assert np.abs(trunk - reference["penultimate"]).max() < 1e-4
        assert np.abs(companion.probabilities(trunk) - reference["tags"]).max() < 2e-5
        spellings = [MTT_LABELS.index(label) for label in ("no vocals", "no vocal", "no voice")]
        no_vocals = companion.tags(trunk)[:, MTT_TAGS.names.index("no vocals")]
        assert np.abs(no_vocals - reference["tags"][:, spellings].max(axis=1)).max() < 2e-5
    assert companion.is_intact()


def test_both_networks_see_the_same(model):
    (companion,) = model.more
    windows = np.random.default_rng(0).normal(0, 0.1, (5, model.window)).astype(np.float32)
    assert np.array_equal(companion.mel(windows), model.mel(windows)[::2])


def test_mel_slices_are_librosas(model):
    import librosa

    rng = np.random.default_rng(0)
    track = rng.normal(0, 0.1, 3 * model.window).astype(np.float32)
    start = 10 * 256
    mel = log_mel(track[start : start + model.window], model._weights["mel.filters"], n_fft=512, hop_length=256)
    power = librosa.feature.melspectrogram(y=track, sr=16_000, n_fft=512, hop_length=256, n_mels=96)
    expected = np.log10(10_000 * power + 1).T
    # librosa's frames are centred: its frame 11 begins where our window does.
    assert mel.shape == (187, 96)
    assert np.abs(mel - expected[11 : 11 + 187]).max() < 1e-5


def test_a_slice_does_not_depend_on_its_company(model):
    windows = np.random.default_rng(0).normal(0, 0.1, (9, model.window)).astype(np.float32)
    together = model.embed(windows)
    assert together.shape == (9, model.trunk_size)
    assert np.array_equal(together[4:5], model.embed(windows[4:5]))


def test_numpy_and_torch_put_out_the_same(model, monkeypatch):
    """Batches for a graphics processor are small: cuDNN takes gigabytes for large ones and five times as long."""
    windows = np.random.default_rng(0).normal(0, 0.1, (AT_ONCE + 8, model.window)).astype(np.float32)
    windows[3] = 0
    sizes, trunk = [], torch_layers.trunk
    monkeypatch.setattr(torch_layers, "trunk", lambda mel, weights: sizes.append(len(mel)) or trunk(mel, weights))
    # What torch calls the first CPU is its own way here, as a graphics processor would be.
    assert np.abs(model.embed(windows, device="cpu:0") - model.embed(windows)).max() < 2e-5
    assert sizes == [AT_ONCE, 8]
    (companion,) = model.more
    mel = companion.mel(windows)
    assert np.abs(companion.trunk(mel, device="cpu:0") - companion.trunk(mel)).max() < 1e-4


def test_hearing_needs_no_torch_and_no_second_thread():
    code = (
        "import sys, threading, numpy as np; sys.modules['torch'] = None\n"
        "from deejai_core.models.musicnn.model import MusiCNN; from threadpoolctl import threadpool_info\n"
        "def embed():\n"
        "    print(MusiCNN().embed(np.zeros((1, 48128), np.float32)).shape)\n"
        "    print({library['num_threads'] for library in threadpool_info() if library['user_api'] == 'blas'} - {1})\n"
        "embed()\n"
        "threading.Thread(target=embed).start()"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == ["(1, 200)", "set()"] * 2


@pytest.mark.parametrize("missing", ["threadpoolctl", "safetensors"])
def test_a_library_that_is_missing_is_named(monkeypatch, missing):
    monkeypatch.setattr(device, "_told", threading.local())
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModelError, match=rf"cannot analyse audio: .*{missing}.*; reinstall beets-deejai"):
        MusiCNN().load()


def test_files_heard_together_have_the_numbers_of_each_alone(model, tmp_path):
    paths = [write_audio(tmp_path / f"{seconds}.flac", chirp(seconds, 16_000), 16_000) for seconds in (4, 10, 25, 31)]
    paths.append(tmp_path / "text.flac")
    paths[-1].write_text("no music")
    alone = {result.path: result for result in embed_files(paths, model, windows=8, threads=1)}
    for together in (1, 12, 1000):
        results = {result.path: result for result in embed_files(paths, model, windows=8, threads=2, together=together)}
        assert results.keys() == alone.keys()
        assert results[paths[-1]] == alone[paths[-1]]
        for path in paths[:-1]:
            assert results[path].key == alone[path].key
            # What is kept has ten bits.
            assert results[path].trunk.astype(float) == pytest.approx(alone[path].trunk.astype(float), abs=1e-5, rel=2e-3)


def test_threads_decode_and_see_what_the_caller_has_a_graphics_processor_hear(tmp_path):
    class Two:
        """A model of two numbers, which says who did what."""

        sample_rate, window = 100, 100
        seen, embedded = set(), []

        def load(self):
            pass

        def mel(self, windows):
            self.seen.add(threading.current_thread().name.rpartition("_")[0])
            return windows[:, :2]

        def trunk(self, mel, *, device):
            self.embedded.append((threading.current_thread(), device, len(mel)))
            return mel

    paths = [write_audio(tmp_path / f"{n}.flac", chirp(20 + n, 8000), 8000) for n in range(8)]
    model = Two()
    results = list(embed_files(paths, model, windows=20, threads=1, device="cpu:0"))
    assert [result.trunk.shape for result in results] == [(20, 2)] * 8
    assert model.seen == {"deejai"}
    callers, devices, sizes = zip(*model.embedded, strict=True)
    assert set(callers) == {threading.current_thread()}
    assert set(devices) == {"cpu:0"}
    assert sum(sizes) == 160
    assert all(size >= TOGETHER for size in sizes[:-1])


def test_a_batch_that_fails_fails_no_file(model, tmp_path):
    class Small:
        """A model on a device without room for two files."""

        def trunk(self, mel, *, device):
            if len(mel) > 2:
                raise MemoryError("too much")
            return model.trunk(mel, device=device)

    mel = model.mel(np.zeros((2, model.window), np.float32))
    batch = [Read(tmp_path / name, name, mel) for name in ("a", "b")]
    results = list(embed_together(batch, Small(), "cpu", model.more))
    assert [(result.trunk.shape, result.more[0].shape) for result in results] == [((2, 200), (1, 200))] * 2


def test_a_companion_hears_every_other_window_of_each_file(model, tmp_path):
    rng = np.random.default_rng(0)
    mels = [model.mel(rng.normal(0, 0.1, (n, model.window)).astype(np.float32)) for n in (3, 1, 4)]
    batch = [Read(tmp_path, str(n), mel) for n, mel in enumerate(mels)]
    (companion,) = model.more
    for mel, result in zip(mels, embed_together(batch, model, "cpu", model.more), strict=True):
        assert np.array_equal(result.trunk, model.trunk(mel).astype(np.float16))
        assert np.array_equal(result.more[0], companion.trunk(mel[::2]).astype(np.float16))


@pytest.mark.parametrize(
    ("name", "error"),
    [("cuda", "device: torch finds no cuda here"), ("tpu", "unknown device 'tpu'; choose one of auto, cpu, cuda, mps")],
)
def test_a_device_that_is_not_there_is_named(monkeypatch, name, error):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ModelError, match=error):
        pick_device(name)
    assert pick_device("auto") == pick_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_a_card_computes_with_all_bits_of_float32(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    assert pick_device(name) == "cuda"
    assert not torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize("name", ["auto", "cuda"])
def test_other_devices_need_torch(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingError, match=r"torch is not installed; pip install 'beets-deejai\[gpu\]'"):
        pick_device(name)


def test_projection_centres_and_rotates(model):
    mean, matrix = model._weights["projection.mean"], model._weights["projection.matrix"]
    assert model.project(mean[None]) == pytest.approx(np.zeros((1, 100)))
    assert model.project((mean + np.eye(200, dtype=np.float32)[3])[None])[0] == pytest.approx(matrix[3], abs=1e-5)


def test_silence_has_an_embedding(model):
    trunk = model.embed(np.zeros((1, model.window), np.float32))
    assert np.isfinite(trunk).all()
    assert np.linalg.norm(model.project(trunk)) > 0.1


def test_damaged_weights_are_named(tmp_path, monkeypatch):
    (tmp_path / "musicnn-msd-1.safetensors").write_bytes(b"damaged")
    monkeypatch.setattr(musicnn, "WEIGHTS", tmp_path)
    with pytest.raises(ModelError, match=r"musicnn-msd-1\.safetensors: .* reinstall"):
        MusiCNN().project(np.zeros((1, 200)))


def test_an_unknown_model_is_named_with_those_there_are(tmp_path):
    with pytest.raises(ModelError, match="unknown model 'musicn'; choose one of: musicnn"):
        load_model("musicn", tmp_path)

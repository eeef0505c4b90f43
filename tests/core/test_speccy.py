"""The network of Deej-A.I.: what it sees is what librosa computes, and what it says is what Keras would say."""

from __future__ import annotations

import io
import json
import os
import pickle
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from deejai_core.audio.limits import Limits
from deejai_core.audio.spectrogram import mel_filters, power_mel
from deejai_core.embedding.analysis import Read, embed_file, embed_together
from deejai_core.errors import MissingError, ModelError
from deejai_core.models.deejai.folder import load_speccy, read_notes, save_speccy
from deejai_core.models.deejai.keras import convert_keras
from deejai_core.models.deejai.model import BATCH, SAMPLE_RATE, WINDOW, mel_slices
from deejai_core.models.deejai.network import FRAMES, MELS, build_network
from tests.networks import plain_output, random_layers, write_keras
from tests.sounds import chirp, write_audio

START = 10 * 512  # of a window in a track, at a frame of librosa's


def music(rng: np.random.Generator, seconds: float = 8) -> np.ndarray:
    """Chords that decay, over noise that falls by 6 dB an octave, with a second of silence."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    chord = sum(np.sin(2 * np.pi * pitch * t) / pitch for pitch in (110, 220, 277.2, 329.6, 1760)) * 40
    noise = np.fft.rfft(rng.normal(0, 0.1, len(t)))
    noise = np.fft.irfft(noise / np.arange(1, len(noise) + 1), len(t))
    track = chord * np.exp(-3 * (t % 0.5)) + noise
    track[3 * SAMPLE_RATE : 4 * SAMPLE_RATE] = 0
    return (0.5 * track / np.abs(track).max()).astype(np.float32)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# What it sees


def test_the_mel_filters_are_librosas():
    import librosa

    for rate, n_fft, mels in ((22_050, 2048, 96), (16_000, 512, 96), (44_100, 4096, 128)):
        theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=mels).T
        assert np.abs(mel_filters(rate, n_fft=n_fft, mels=mels) - theirs).max() < 1e-6


@pytest.mark.parametrize("sound", [music, lambda rng: rng.normal(0, 0.1, 8 * SAMPLE_RATE).astype(np.float32)])
def test_the_slices_are_librosas(rng, sound):
    import librosa

    track = sound(rng)
    window = track[None, START : START + WINDOW]
    theirs = librosa.feature.melspectrogram(
        y=track.astype(float), sr=22_050, n_fft=2048, hop_length=512, n_mels=96, fmax=11_025
    )
    theirs = theirs[:, 12 : 12 + FRAMES]  # its frames are centred: the twelfth begins where the window does
    ours = power_mel(window[0].astype(np.float64), mel_filters(22_050, n_fft=2048, mels=96), n_fft=2048, hop_length=512).T
    assert ours.shape == (MELS, FRAMES)
    loud = theirs > 1e-12
    assert np.abs(ours / np.where(loud, theirs, 1) - 1)[loud].max() < 1e-5

    decibels = librosa.power_to_db(theirs, ref=np.max)
    minmax = (decibels - decibels.min()) / (decibels.max() - decibels.min())
    assert np.abs(mel_slices(window, "minmax")[0] - minmax).max() < 1e-5
    image = (((decibels + 80) * 255 / 80).clip(0, 255) + 0.5).astype(np.uint8) / 255  # as the published encoder's Mel
    steps = np.abs(mel_slices(window, "decibels")[0] - image) * 255
    assert steps.max() < 1.001
    assert (steps > 0.001).mean() < 1e-3  # where rounding falls the other way


def test_silence_stays_as_it_is():
    silence = np.zeros((1, WINDOW), np.float32)
    assert (mel_slices(silence, "minmax") == 0).all()
    assert (mel_slices(silence, "decibels") == 1).all()  # all of it as loud as its loudest


# What it says


@pytest.mark.parametrize(
    ("kind", "whole_model", "width", "least_gain"),
    [("2d", True, 1024, 0.5), ("2d", False, 8, -1.5), ("1d", True, 1024, 0.5), ("1d", False, 8, -1.5)],
)
def test_a_network_from_keras_says_what_plain_arithmetic_says(tmp_path, rng, kind, whole_model, width, least_gain):
    layers = random_layers(kind, rng, width=width, dimension=100, least_gain=least_gain)
    convert_keras(write_keras(tmp_path / "speccy_model", layers, whole_model=whole_model), tmp_path / "model")
    model = load_speccy(tmp_path / "model")
    window = music(rng)[None, START : START + WINDOW]
    said = model.embed(window)
    expected = plain_output(kind, layers, mel_slices(window, "minmax"))
    assert said.shape == (1, 100)
    assert said.dtype == np.float32
    assert np.abs(expected).max() > 0.5
    assert np.abs(said - expected).max() < 1e-4
    assert model.name.startswith(f"speccy-{kind}-")
    assert model.scaling == "minmax"


@pytest.mark.parametrize(("kind", "count"), [("2d", 42_584_717), ("1d", 10_828_484)])
def test_the_sizes_are_the_originals(kind, count):
    with torch.device("meta"):
        network = build_network(kind)
    assert sum(values.numel() for values in network.parameters()) == count


def test_a_network_can_be_trained(rng):
    torch.manual_seed(0)
    network = build_network("1d", dimension=3, width=64)
    slices, targets = torch.from_numpy(rng.random((8, MELS, FRAMES), np.float32)), torch.randn(8, 3)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    losses = []
    for _ in range(30):
        loss = 1 - torch.cosine_similarity(network(slices), targets).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) / 2


def small(folder: Path, *, kind: str = "2d", scaling: str = "minmax", seed: int = 0) -> Path:
    """A folder with a small network."""
    torch.manual_seed(seed)
    save_speccy(build_network(kind, dimension=10, width=4).state_dict(), folder, kind=kind, scaling=scaling)
    return folder


def test_it_needs_torch(tmp_path, monkeypatch):
    model = load_speccy(small(tmp_path / "model"))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingError, match=r"torch is not installed; pip install 'beets-deejai\[network\]'"):
        model.load()


def test_a_slice_does_not_depend_on_its_company(tmp_path, rng):
    model = load_speccy(small(tmp_path))
    windows = rng.normal(0, 0.1, (2 * BATCH, WINDOW)).astype(np.float32)
    together = model.embed(windows)
    assert np.array_equal(together[BATCH:], model.embed(windows[BATCH:]))
    assert together.shape == (len(windows), model.trunk_size)
    assert np.array_equal(model.project(together.astype(np.float16)), together.astype(np.float16).astype(np.float32))


def test_files_heard_together_have_the_numbers_of_each_alone(tmp_path, rng):
    model = load_speccy(small(tmp_path))
    mels = {str(n): model.mel(rng.normal(0, 0.1, (n, WINDOW)).astype(np.float32)) for n in (1, 5, 9)}
    batch = [Read(tmp_path / key, key, mel) for key, mel in mels.items()]
    for read, embedded in zip(batch, embed_together(batch, model, "cpu"), strict=True):
        assert (embedded.path, embedded.key) == (read.path, read.key)
        assert embedded.trunk.astype(float) == pytest.approx(model.trunk(read.mel), abs=1e-4, rel=2e-3)  # ten bits are kept


@pytest.mark.parametrize("seconds", [0.5, 6, 30])
def test_a_file_is_heard(tmp_path, seconds):
    model = load_speccy(small(tmp_path / "model"))
    path = write_audio(tmp_path / "tone.flac", chirp(seconds, 44_100, 2), 44_100)
    decoder = Limits().decoder()
    embedded = embed_file(path, model, decoder, windows=4)
    decoder.close()
    assert embedded.trunk.shape == (min(4, -(-round(seconds * SAMPLE_RATE) // WINDOW)), 10)
    assert np.isfinite(embedded.trunk).all()


# The folder


def test_the_name_changes_with_every_number(tmp_path):
    names = {
        load_speccy(small(tmp_path / "a")).name,
        load_speccy(small(tmp_path / "b", seed=1)).name,
        load_speccy(small(tmp_path / "c", scaling="decibels")).name,
        load_speccy(small(tmp_path / "d", kind="1d")).name,
    }
    assert len(names) == 4
    assert load_speccy(small(tmp_path / "e")).name in names  # the same weights elsewhere

    weights = load_file(tmp_path / "a/model.safetensors")
    weights["embedding.bias"][0] += 1e-6
    save_speccy(weights, tmp_path / "a", kind="2d", scaling="minmax")
    assert load_speccy(tmp_path / "a").name not in names


@pytest.mark.parametrize("file", ["diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"])
def test_the_layout_of_the_published_network(tmp_path, file):
    """Its `config.json` says nothing of scaling: it is the published encoder's. The file's format makes no difference."""
    ours = small(tmp_path / "ours", scaling="decibels")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    torch.manual_seed(0)
    weights = build_network("2d", dimension=10, width=4).state_dict()
    if file.endswith(".bin"):
        torch.save(weights, theirs / file)
    else:
        save_file(weights, theirs / file)
    config = {"_class_name": "AudioEncoder", "_diffusers_version": "0.12.0.dev0", "dimension": 10, "width": 4}
    (theirs / "config.json").write_text(json.dumps(config))
    assert load_speccy(theirs).name == load_speccy(ours).name


def test_weights_are_read_only_once_for_their_name(tmp_path):
    name = load_speccy(small(tmp_path)).name
    path = tmp_path / "model.safetensors"
    data, status = path.read_bytes(), path.stat()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    remembered = load_speccy(tmp_path)
    assert remembered.name == name
    assert not remembered.is_intact()
    path.touch()
    assert load_speccy(tmp_path).name != name
    assert load_speccy(tmp_path).is_intact()


@pytest.mark.parametrize(
    "damage",
    [{"digest": "0" * 32}, {"digest": 5}, {"check": None}, {"file": []}, {"trained": 5}, {"repo": 7}],
)
def test_notes_that_a_disk_has_changed_name_no_other_model(tmp_path, damage):
    name = load_speccy(small(tmp_path)).name
    path = tmp_path / "deejai.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"repo": "a/b", "revision": "1", "trained": {}} | damage))
    assert load_speccy(tmp_path).name == name
    notes = read_notes(tmp_path)
    assert isinstance(notes.get("trained", {}), dict)
    assert all(isinstance(notes.get(key, ""), str) for key in ("repo", "revision"))


def test_weights_that_rot_are_not_intact(tmp_path):
    model = load_speccy(small(tmp_path))
    content = bytearray((tmp_path / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(content)
    assert not model.is_intact()
    (tmp_path / "model.safetensors").unlink()
    assert not model.is_intact()


class Trap:
    """What a pickle must never be allowed to make."""

    def __reduce__(self):
        return open, ("sprung", "w")


def without(name: str):
    return lambda weights: weights.pop(name)


def spoilt(name: str, values: torch.Tensor):
    return lambda weights: weights.update({name: values})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without("embedding.bias"), "model.safetensors: lacks embedding.bias, which the 2d network of Deej-A.I. has"),
        (spoilt("embedding.bias", torch.zeros(9)), r"embedding.bias has the shape \(9,\) instead of \(10,\)"),
        (spoilt("embedding.bias", torch.full((10,), torch.nan)), "embedding.bias contains NaN or infinity"),
        (spoilt("embedding.bias", torch.zeros(10, dtype=torch.int64)), "embedding.bias contains NaN or infinity"),
        (spoilt("more", torch.zeros(9)), "contains more, which the 2d network of Deej-A.I. lacks"),
    ],
)
def test_weights_of_another_network_are_refused(tmp_path, spoil, message):
    path = small(tmp_path) / "model.safetensors"
    weights = load_file(path)
    spoil(weights)
    save_file(weights, path)
    with pytest.raises(ModelError, match=message):
        load_speccy(tmp_path)


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", None, "no model in it; it should have config.json and the weights"),
        ("config.json", b"{", "config.json: cannot be read"),
        ("config.json", b"[]", "config.json: not the configuration of a network of Deej-A.I."),
        ("config.json", b'{"_class_name": "UNet2DModel"}', "config.json: not the configuration of a network of Deej-A.I."),
        ("config.json", b'{"scaling": "mel"}', "scaling is 'mel'; it should be minmax or decibels"),
        ("config.json", b'{"network": "3d"}', "network is '3d'; it should be 2d or 1d"),
        ("config.json", b'{"dimension": true}', "dimension is True; it should be a number from 1 to 8192"),
        ("config.json", b'{"width": -1}', "width is -1; it should be a number from 1 to 8192"),
        ("model.safetensors", None, "no weights in it; it should have model.safetensors or diffusion_pytorch_model"),
        ("model.safetensors", b"", "model.safetensors: cannot read the weights"),
        ("diffusion_pytorch_model.bin", b"", "model.bin: damaged, or contains more"),
        (
            "diffusion_pytorch_model.bin",
            pickle.dumps(Trap(), protocol=2),
            "model.bin: damaged, or contains more",
        ),
        (
            "diffusion_pytorch_model.bin",
            pickle.dumps([1, 2], protocol=2),
            "model.bin: damaged, or contains more",
        ),
        ("diffusion_pytorch_model.bin", saved([torch.zeros(9)]), "model.bin: does not contain weights with names"),
        ("diffusion_pytorch_model.bin", saved({"embedding.bias": torch.zeros(9)})[:-99], "model.bin: damaged, or contains"),
    ],
)
def test_broken_folders_are_one_line(tmp_path, monkeypatch, file, content, message):
    monkeypatch.chdir(tmp_path)
    folder = small(tmp_path / "model")
    if file.endswith(".bin"):
        (folder / "model.safetensors").unlink()
    (folder / file).unlink(missing_ok=True)
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(ModelError, match=message) as raised:
        load_speccy(folder)
    assert "\n" not in str(raised.value)
    assert str(folder) in str(raised.value)
    assert not Path("sprung").exists()


# Files of Keras


def test_layers_of_keras_may_have_any_numbers(tmp_path, rng):
    """Keras counts layers through a session: a second model's first convolution is the fourth."""
    layers = random_layers("2d", rng, width=4, dimension=10)
    convert_keras(write_keras(tmp_path / "first.h5", layers), tmp_path / "first")
    renamed = [(f"layer_{100 - number}", weights) for number, (_, weights) in enumerate(layers)]
    convert_keras(write_keras(tmp_path / "second.h5", renamed), tmp_path / "second")
    assert load_speccy(tmp_path / "first").name == load_speccy(tmp_path / "second").name


def test_other_files_are_refused(tmp_path, rng, monkeypatch):
    path = tmp_path / "speccy_model"
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="speccy_model: not a model that Keras 2 saved as HDF5"):
        convert_keras(path, tmp_path / "model")
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.zeros(3)  # as Keras 3 saves weights
    with pytest.raises(ModelError, match="speccy_model: not a model that Keras 2 saved as HDF5"):
        convert_keras(path, tmp_path / "model")
    layers = random_layers("2d", rng, width=4, dimension=10)
    write_keras(path, layers[:-1])
    with pytest.raises(ModelError, match=r"speccy_model: not the network of Deej-A.I.: \(3, 4, 1\) separable"):
        convert_keras(path, tmp_path / "model")
    layers[1][1]["bias"] = np.zeros(31, np.float32)
    write_keras(path, layers)
    with pytest.raises(ModelError, match=r"speccy_model: .*pointwise.bias has the shape \(31,\) instead of \(32,\)"):
        convert_keras(path, tmp_path / "model")
    del layers[1][1]["bias"]
    write_keras(path, layers)
    with pytest.raises(ModelError, match=r"speccy_model: .* a layer lacks 'bias'"):
        convert_keras(path, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_keras_files_need_h5py(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingError, match=r"pip install 'beets-deejai\[keras\]'"):
        convert_keras(tmp_path / "speccy_model", tmp_path / "model")


def test_a_converted_model_replaces_another(tmp_path, rng):
    folder = small(tmp_path / "model")
    before = load_speccy(folder).name
    convert_keras(write_keras(tmp_path / "m.h5", random_layers("1d", rng, width=4, dimension=10)), folder)
    assert load_speccy(folder).name != before

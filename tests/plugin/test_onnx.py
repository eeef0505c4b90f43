"""A library that listens with a network that its user brought."""

from __future__ import annotations

import json

import pytest
from onnx import TensorProto, helper

from tests.onnx_networks import by_hand, mel_network, waveform_network, write_config

WINDOW = 800  # samples, so short that the collection has windows enough for a projection


@pytest.fixture
def ear(analysed, tmp_path):
    """A library with a network beside it, imported as `ear`, that is in use; nothing is analysed with it."""
    network, config = waveform_network(tmp_path, window=WINDOW)
    told = analysed.deejai("model", "import", network, "ear", "--config", config).out
    assert "`beet deejai model use ear` switches to it" in told
    told = analysed.deejai("model", "use", "ear").err
    assert "24 tracks not analysed with it yet" in told
    return analysed


def test_from_the_file_to_a_playlist(ear):
    info = ear.deejai("model", "info").out
    assert "input      waveform, 800 samples, at 16,000 Hz" in info
    assert "projection none yet; `beet deejai analyze` fits it" in info
    assert "ONNX network, 100 dimensions; here 0 vectors, 0 recordings analysed" in ear.deejai("model", "list").out

    few = ear.deejai("analyze", status=1).err
    assert "ear: its projection takes 2,000 slices to fit, but only 384 are stored; analyse more music, or more" in few
    assert set(ear.field("deejai_model")) == {"musicnn-msd-1"}  # nothing is lost
    assert "24 recordings analysed" in ear.deejai("model", "list").out

    ear.configure(windows=100)
    told = ear.deejai("analyze", "--force").err
    assert "Fitted the projection to 2,400 slices; it no longer changes." in told
    (name,) = set(ear.field("deejai_model"))
    assert name.startswith("onnx-")
    assert f"Computed the vectors of 24 tracks with {name}." in told
    assert "nothing to do" in ear.deejai("analyze").err
    assert "projection 128 numbers to 100, fitted to 2,400 slices" in ear.deejai("model", "info").out

    ear.deejai("similar", "Aisle", "-n", "4", "-o", "playlists/like.m3u", "--duplicate-epsilon", "0")
    assert len(ear.playlist("like.m3u")) == 5
    assert "24 tracks" in ear.deejai("status").out
    assert "artist" in ear.deejai("eval").out
    assert f"{name}, weights intact" in ear.deejai("doctor").out

    vectors = ear.field("deejai_vector")
    assert "ear: fitted to 2,400 slices" in ear.deejai("model", "refit", "ear").out
    assert ear.field("deejai_vector") == vectors  # of the same slices

    ear.deejai("model", "use", "musicnn")
    assert set(ear.field("deejai_model")) == {"musicnn-msd-1"}
    ear.deejai("model", "use", "ear")
    assert ear.field("deejai_vector") == vectors  # from what was stored
    ear.deejai("model", "use", "musicnn")
    ear.deejai("model", "remove", "-y", "ear")
    assert "ear" not in ear.deejai("model", "list").out


def test_music_that_is_imported_before_waits_for_the_projection(beets, collection, tmp_path):
    beets.configure(windows=100)
    network, config = waveform_network(tmp_path, window=WINDOW)
    beets.deejai("model", "import", network, "ear", "--config", config)
    beets.deejai("model", "use", "ear")
    beets.run("import", "-qA", collection)
    assert beets.field("deejai_vector") == ["$deejai_vector"] * 24
    assert "here 0 vectors, 24 recordings analysed" in beets.deejai("model", "list").out
    told = beets.deejai("analyze").err
    assert "Fitted the projection to 2,400 slices" in told
    assert "tracks analysed" not in told  # nothing was decoded again
    (name,) = set(beets.field("deejai_model"))
    assert name.startswith("onnx-")


def test_what_a_network_fails_at_is_not_held_against_the_files(beets, collection, tmp_path):
    """The network puts out as many numbers as a window has positive samples."""
    beets.configure(auto=False)
    beets.run("import", "-qA", collection)
    assert beets.field("deejai_vector") == ["$deejai_vector"] * 24
    nodes = [("Relu", "audio", "positive"), ("NonZero", "positive", "places")]
    nodes = [helper.make_node(kind, [from_], [to]) for kind, from_, to in nodes]
    network = by_hand(tmp_path / "n.onnx", [*nodes, helper.make_node("Cast", ["places"], ["row"], to=TensorProto.FLOAT)])
    audio = {"kind": "waveform", "rate": 16_000, "window": 1_000}
    config = write_config(tmp_path / "n.json", audio, projection="none", output={"axes": ["pool", "feature"]})
    beets.deejai("model", "import", network, "ear", "--config", config)
    beets.deejai("model", "use", "ear")
    assert "as when it was imported" in beets.deejai("analyze", status=1).err
    beets.deejai("model", "use", "musicnn")
    beets.deejai("analyze")
    assert set(beets.field("deejai_model")) == {"musicnn-msd-1"}


def test_a_network_that_is_another_one_now(ear):
    network = ear.folder / "deejai/models/ear/network.onnx"
    data = network.read_bytes()
    network.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    told = ear.deejai("doctor", status=1).out
    assert f"{network.parent}: not the network that was imported; import it again" in told
    network.unlink()
    assert f"{network}: No such file or directory; import the network again" in ear.deejai("analyze", status=1).err
    assert "import the network again" in ear.deejai("doctor", status=1).out


def test_what_a_configuration_lacks_is_one_line(analysed, tmp_path):
    network, config, _ = mel_network(tmp_path)
    told = analysed.deejai("model", "import", network, "ear", status=1).err
    assert "mel.onnx: it needs a configuration that describes its input and output; give one with --config" in told
    config.write_text(json.dumps({"input": {"kind": "mel", "rate": 16_000, "windows": 3}}))
    told = analysed.deejai("model", "import", network, "ear", "--config", config, status=1).err
    assert f"{config}: unknown key input.windows; the known keys are kind, rate, window, name" in told
    assert "refit which model?" in analysed.deejai("model", "refit", status=1).err
    told = analysed.deejai("model", "refit", "musicnn", status=1).err
    assert "musicnn-msd-1: its projection was not fitted here" in told
    assert not (analysed.folder / "deejai/models/ear").exists()


def test_tags_of_a_network_that_has_some(analysed, tmp_path):
    network, config, _ = mel_network(tmp_path, projection="none")
    analysed.deejai("model", "import", network, "ear", "--config", config)
    analysed.deejai("model", "use", "ear")
    analysed.deejai("analyze")
    analysed.deejai("tag")
    shown = analysed.deejai("tag", "--pretend", "Aisle").out
    assert any(f"{tag} 0." in shown for tag in ("calm", "loud", "Hip-Hop"))

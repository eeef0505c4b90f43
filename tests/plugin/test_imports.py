"""`model import` and `model import-vectors`: what an existing Deej-A.I. has learned and analysed is taken over."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from tests.networks import random_layers, write_keras


@pytest.fixture
def network(analysed):
    """A library with a network of Deej-A.I. that was a Keras file."""
    layers = random_layers("1d", np.random.default_rng(0), width=8, dimension=100)
    source = write_keras(analysed.folder / "speccy_model", layers)
    told = analysed.deejai("model", "import", source, "speccy").out
    assert f"saved to {analysed.folder}/deejai/models/speccy; `beet deejai model use speccy` switches to it" in told
    return analysed


def dump(folder, name, content):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(pickle.dumps(content))


def slices(seed, count=3):
    return np.random.default_rng(seed).normal(size=(count, 100)).astype(np.float32)


def test_what_was_analysed_is_not_heard_again(network):
    tracks = dict(
        zip(network.run("ls", "-f", "$title", "title+").lines, network.run("ls", "-p", "title+").lines, strict=True)
    )
    folder = network.folder / "Pickles"
    for number, path in enumerate(list(tracks.values())[:20]):
        dump(folder, f"{number}.p", (path, slices(number)))
    dump(folder, "20.p", ("/gone/elsewhere.mp3", slices(20)))
    dump(folder, "21.p", (list(tracks.values())[21], np.zeros((2, 100), np.float32)))
    dump(folder, "cut.p", (list(tracks.values())[22], slices(22)))
    (folder / "cut.p").write_bytes((folder / "cut.p").read_bytes()[:-40])

    told = network.deejai("model", "import-vectors", "speccy", folder)
    assert "20 recordings imported, 0 already known" in told.out
    assert "cut.p: cut off; analyse its tracks again" in told.err
    assert (
        "Left out 1 recording because the files are not in the library (if they were moved, give --moved OLD NEW)"
        in told.err
    )
    assert "the first is /gone/elsewhere.mp3" in told.err
    assert "Left out 1 recording because the vectors are zero or contain NaN" in told.err
    assert "0 recordings imported, 20 already known" in network.deejai("model", "import-vectors", "speccy", folder).out

    told = network.deejai("model", "use", "speccy").err
    assert "Computed the vectors of 20 tracks with speccy-1d-" in told
    assert "4 tracks not analysed with it yet" in told
    network.deejai("analyze")
    assert len(network.field("deejai_vector", "deejai_model:speccy")) == 24


def test_whole_vectors_of_music_that_has_moved(network):
    paths = network.run("ls", "-p").lines
    old = {
        path.replace(paths[0].split("/collection")[0], "/old/place"): slices(number, 1)[0]
        for number, path in enumerate(paths)
    }
    dump(network.folder / "mp3tovecs", "mp3tovec.p", old)
    new = paths[0].split("/collection")[0]
    file = network.folder / "mp3tovecs/mp3tovec.p"
    assert "0 recordings imported" in network.deejai("model", "import-vectors", "speccy", file).out
    told = network.deejai("model", "import-vectors", "speccy", file, "--moved", "/old/place", new).out
    assert "24 recordings imported" in told


def test_a_malicious_pickle_is_never_run(network):
    class Trap:
        def __reduce__(self):
            return (exec, (f"open({str(network.folder / 'sprung')!r}, 'w')",))

    dump(network.folder / "Pickles", "trap.p", Trap())
    told = network.deejai("model", "import-vectors", "speccy", network.folder / "Pickles").err
    assert "trap.p: not vectors of Deej-A.I." in told
    assert not (network.folder / "sprung").exists()


def test_a_model_is_replaced_only_when_asked_to(network):
    told = network.deejai("model", "import", network.folder / "speccy_model", "speccy", status=1).err
    assert "a model speccy already exists; --force replaces it" in told
    before = (network.folder / "deejai/models/speccy/model.safetensors").read_bytes()
    (network.folder / "nonsense.h5").write_bytes(b"nonsense")
    network.deejai("model", "import", network.folder / "nonsense.h5", "speccy", "--force", status=1)
    assert (network.folder / "deejai/models/speccy/model.safetensors").read_bytes() == before
    assert sorted(path.name for path in (network.folder / "deejai/models").iterdir()) == ["speccy"]
    network.deejai("model", "import", network.folder / "deejai/models/speccy", "copy")
    assert "copy" in network.deejai("model", "list").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["import", "x.h5"], "import what? Give an ONNX or Keras file or a model's folder, and a name"),
        (["import", "missing.h5", "name"], "missing.h5: no such file or folder"),
        (["import", "config.yaml", "name"], "config.yaml"),
        (["import", ".", "name"], "no model in it; it should have config.json"),
        (["import", "/dev/null", "name"], "/dev/null: no such file or folder"),
        (["import-vectors", "speccy"], "import vectors of which model, from where?"),
        (["import-vectors", "musicnn", "."], "musicnn-msd-1 is not a network of Deej-A.I."),
        (["import-vectors", "nothing", "."], "unknown model 'nothing'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line(analysed, words, told):
    assert told in analysed.deejai("model", *words, status=1).err

"""Small files that would take gigabytes are refused in one line, and take little memory and time."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.exports import zipped
from tests.memory import memory_taken

MOST = 300  # MB


def packed(beginning: bytes, block: bytes, times: int) -> bytes:
    """By gzip what begins like this, and goes on with a block so many times."""
    return gzip.compress(beginning, mtime=0) + times * gzip.compress(block, mtime=0)


PLAYLIST = b"<plist><dict><key>Playlists</key><array><dict><key>Playlist Items</key><array>"
TOO_FAR, TOO_MUCH = (
    "it unpacks to more than 100 times its size; unpack it and add its folder",
    "one of its entries has more than 2,000,000 values or 32 MB",
)
TOO_LONG = "one of its texts is longer than 2 MB"


def exports() -> dict[str, tuple[str, bytes, str]]:
    """Of each the file in the archive, what is in it, and why it is refused."""
    return {
        "blank": ("a.jsonl.gz", packed(b"{}\n", (b" " * 1_000_000 + b"\n") * 20, 150), TOO_FAR),
        "blank-json": ("a.json.gz", packed(b"[\n", b" " * 20_000_000, 150), TOO_LONG),
        "a-line": ("a.jsonl.gz", packed(b"[", b"[]," * 5_000_000, 200), "one of its lines is longer than 32 MB"),
        "values": ("a.json.gz", packed(b"[\n[", b"[]," * 5_000_000, 200), TOO_MUCH),
        "a-text": ("a.json.gz", packed(b'[\n"', b"a" * 20_000_000, 150), TOO_LONG),
        "deep": ("a.json.gz", packed(b"[\n", b"[" * 20_000_000, 150), "its JSON is nested too deeply"),
        "table": ("a.csv.gz", packed(b"A,,B,01 Jan 2024 10:00\n", b"A" * 20_000_000, 150), TOO_FAR),
        "log": ("scrobbler.log", b"#AUDIOSCROBBLER/1.1\n" + b"\t" * 30_000_000, "left out, without artist and title"),
        "items": ("Library.xml", PLAYLIST + b"<dict/>" * 3_000_000, "one of its entries has more than 2,000,000 values"),
        "item": (
            "Library.xml",
            PLAYLIST + b"<string>" + b"a" * 30_000_000,
            "one of its values is longer than 1,000,000 characters",
        ),
        "tag": (
            "Library.xml",
            PLAYLIST + b"<" + b"a" * 30_000_000,
            "one of its XML tags is longer than 1,000,000 characters",
        ),
        "nest": ("Library.xml", PLAYLIST + b"<array>" * 5_000_000, "it is nested too deeply"),
    }


def test_exports(tmp_path):
    bombs = exports()
    paths = [zipped(tmp_path / f"{name}.zip", {inner: data}) for name, (inner, data, _) in bombs.items()]
    assert max(path.stat().st_size for path in paths) < 100_000
    setup = (
        "import ijson\nfrom deejai_core.history.sources import read_path\n"
        "from deejai_core.errors import HistoryError\n"
        "def read(path):\n"
        "    embedded = []\n"
        "    try:\n"
        "        list(read_path(path, on_warning=embedded.append))\n"
        "    except HistoryError as error:\n"
        "        embedded.append(str(error))\n"
        "    return embedded[0]\n"
    )
    outcomes = memory_taken("read(path)", paths, setup)
    for path, (inner, _, why), (outcome, megabytes) in zip(paths, bombs.values(), outcomes, strict=True):
        assert outcome.startswith(f"{path}: {inner}: ")
        assert why in outcome
        assert megabytes < MOST, path.name


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_is_packed_so_that_a_little_is_a_lot(tmp_path, method):
    """Python unpacks these without a limit: 4 KB may be gigabytes."""
    path = zipped(tmp_path / "a.zip", {"a.json": b" " * 10_000_000, "b.json": b"[]"}, method)
    warnings = []
    from deejai_core.errors import HistoryError
    from deejai_core.history.sources import read_path

    with pytest.raises(HistoryError):
        list(read_path(path, on_warning=warnings.append))
    assert len(warnings) == 2
    assert warnings[0].startswith(f"{path}: a.json: left out, it is packed in an unusual way; unpack the archive")


def test_pickles_of_vectors(tmp_path):
    array = np.zeros((1000, 1000), np.uint8)
    (tmp_path / "shared.p").write_bytes(pickle.dumps({str(number): array for number in range(1000)}, protocol=4))
    (tmp_path / "lists.p").write_bytes(b"\x80\x04(" + b"]" * 20_000_000 + b"t.")
    paths = [tmp_path / "shared.p", tmp_path / "lists.p"]
    outcomes = memory_taken("list(read_vectors(path))", paths, "from deejai_core.embedding.pickles import read_vectors")
    reasons = ["more numbers than it has bytes", "more objects in it than vectors have"]
    for path, reason, (outcome, megabytes) in zip(paths, reasons, outcomes, strict=True):
        assert outcome == f"StoreError: {path}: not vectors of Deej-A.I. ({reason})"
        assert megabytes < MOST


def keras(path: Path, **dataset: object) -> Path:
    """A file of Keras' with one layer in it."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"dense"] * dataset.pop("layers", 1)
        layer = file.create_group("dense")
        layer.attrs["weight_names"] = [b"kernel:0"]
        layer.create_dataset("kernel:0", **dataset)
    return path


def test_weights_of_keras(tmp_path):
    shape = (1 << 16, 1 << 14)  # 4 GiB
    elsewhere, again = "weights that are packed, or elsewhere", "more weights than it has bytes"
    files = {
        keras(tmp_path / "claimed.h5", shape=shape, dtype="f4"): elsewhere,
        keras(tmp_path / "packed.h5", shape=shape, dtype="f4", chunks=(1 << 10, 1 << 10), compression="gzip"): elsewhere,
        keras(tmp_path / "again.h5", data=np.zeros((500, 1000), np.float32), layers=2000): again,
        keras(tmp_path / "text.h5", data=[b"a"]): "no numbers where weights should be",
    }
    setup = (
        "import h5py, torch\n"
        "import deejai_core.models.deejai.network\n"
        "from deejai_core.models.deejai.keras import convert_keras"
    )
    outcomes = memory_taken(f"convert_keras(path, Path({str(tmp_path / 'model')!r}))", list(files), setup)
    for (path, why), (outcome, megabytes) in zip(files.items(), outcomes, strict=True):
        assert outcome == f"ModelError: {path}: not a model that Keras 2 saved as HDF5 ({why})"
        assert megabytes < MOST


def torch_folder(path: Path, weights: bytes | dict, **config: object) -> Path:
    """A model's folder. weights: a file, or tensors that torch is to save."""
    import torch

    path.mkdir()
    (path / "config.json").write_text(json.dumps({"network": "1d", "dimension": 2, "width": 4} | config))
    if isinstance(weights, dict):
        torch.save(weights, path / "diffusion_pytorch_model.bin")
    else:
        (path / "diffusion_pytorch_model.bin").write_bytes(weights)
    return path


def repacked(weights: dict, method: int, pickled: bytes | None = None) -> bytes:
    """What torch saves, packed by a method, with another pickle in it."""
    import torch

    saved, data = io.BytesIO(), io.BytesIO()
    torch.save(weights, saved)
    with zipfile.ZipFile(saved) as archive, zipfile.ZipFile(data, "w", method) as other:
        for name in archive.namelist():
            other.writestr(name, pickled if pickled and name.endswith(".pkl") else archive.read(name))
    return data.getvalue()


def test_weights_of_torch(tmp_path):
    import torch

    from deejai_core.models.deejai.network import build_network

    zeros = {"x": torch.zeros(100_000_000)}
    with torch.device("meta"):
        network = build_network("2d", dimension=100, width=8192).state_dict()
    repeated = {name: torch.zeros(()).expand(values.shape) for name, values in network.items()}
    zeros_of_python = b"\x80\x02c__builtin__\nbytearray\nJ\x00\x94\x35\x77\x85R."  # two billion
    unusual, more = "not weights as torch saves them", "damaged, or contains more than weights"
    folders = {
        torch_folder(tmp_path / "packed", repacked(zeros, zipfile.ZIP_DEFLATED)): unusual,
        torch_folder(tmp_path / "pickle", repacked({}, zipfile.ZIP_STORED, b"\x80\x02(" + b"]" * 20_000_000)): unusual,
        torch_folder(tmp_path / "zeros", repacked({}, zipfile.ZIP_STORED, zeros_of_python)): more,
        torch_folder(tmp_path / "one", repeated, network="2d", dimension=100, width=8192): "bytes do not fit the 340,",
        torch_folder(tmp_path / "wide", repeated, width=1 << 40): "width is 1099511627776; it should be a number from 1",
    }
    setup = (
        "import torch\nimport deejai_core.models.deejai.network\nfrom deejai_core.models.deejai.folder import load_speccy"
    )
    for (path, why), (outcome, megabytes) in zip(
        folders.items(), memory_taken("load_speccy(path)", list(folders), setup), strict=True
    ):
        assert outcome.startswith(f"ModelError: {path}/")
        assert why in outcome
        assert megabytes < MOST


@pytest.mark.parametrize(("content", "why"), [(b" " * 2_000_000, "more than 1,000,000 bytes"), (b"[" * 500_000, "nested")])
def test_a_models_configuration(tmp_path, content, why):
    from deejai_core.errors import ModelError
    from deejai_core.models.registry import open_model_folder

    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=why):
        open_model_folder(tmp_path)

"""A folder with a Deej-A.I. network: `config.json` and the weights.

Its layout is that of the published encoder (diffusers' `diffusion_pytorch_model.*`), or our own (`model.safetensors`),
whose `config.json` describes the network. `deejai.json` stores what was computed from the weights, and where they come
from.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import pickle
import pickletools
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deejai_core.errors import ModelError
from deejai_core.extras import extra
from deejai_core.files import as_os_error, read_json, replacing
from deejai_core.models.deejai.model import SCALINGS, Speccy, weights_digest
from deejai_core.models.objectives import OBJECTIVES
from deejai_core.refusals import reason_of

if TYPE_CHECKING:
    import torch

CONFIG = "config.json"
OURS = "model.safetensors"
WEIGHTS = (OURS, "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")  # the first that exists counts
NOTES = "deejai.json"

WIDEST = 8192  # outputs of a layer, at most; the original's has 1,024
TENSORS = re.compile(r"collections OrderedDict|torch\._utils _rebuild_(tensor_v2|parameter)|torch \w+Storage")
PICKLE = 1_000_000  # bytes of the pickle in a .bin, which only names the weights

UNUSED = "num_batches_tracked"  # how the names of numbers end that training counts and embedding does not need


@dataclass(frozen=True)
class _Config:
    """The description of the network: from `config.json`, or the default for the published encoder."""

    network: str = "2d"
    scaling: str = "decibels"
    dimension: int = 100
    width: int = 1024


def load_speccy(folder: Path) -> Speccy:
    """Return the model in `folder`. Its weights are read only if they are new, and when something is embedded.

    Raises ModelError if a file is missing or damaged, or does not belong to such a network.
    """
    config = _read_config(folder / CONFIG)
    path = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if path is None:
        raise ModelError(f"{folder}: no weights in it; it should have {' or '.join(WEIGHTS)}")

    def load() -> dict[str, torch.Tensor]:
        return _read_weights(path, config)

    status = path.stat()
    file = {"file": path.name, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    notes = read_notes(folder)
    if any(notes.get(key) != value for key, value in file.items()) or notes.get("check") != _check_of(notes):
        notes |= {**file, "digest": weights_digest(load())}
        notes["check"] = _check_of(notes)
        with contextlib.suppress(OSError):  # if the folder is not writable, the weights are read each time
            write_notes(folder, notes)
    return Speccy(
        kind=config.network,
        scaling=config.scaling,
        dimension=config.dimension,
        width=config.width,
        digest=notes["digest"],
        read=load,
        untrained=notes.get("untrained") is True,
        objective=next((known for known in OBJECTIVES if notes.get("objective") == known), None),
    )


def save_speccy(weights: Mapping[str, torch.Tensor], folder: Path, *, kind: str, scaling: str) -> None:
    """Write weights to `folder`, which is created if necessary: `model.safetensors` and `config.json`.

    weights: the `state_dict` of a network that `network.build_network(kind, …)` made; scaling: of `speccy.SCALINGS` the one
    that it was trained with. Raises ModelError if the weights are not those of such a network, OSError as the file system
    does.
    """
    from safetensors.torch import save_file

    try:
        width, dimension = weights["dense_block.dense.weight"].shape[0], weights["embedding.weight"].shape[0]
    except (KeyError, IndexError):
        raise ModelError(f"{folder}: not the weights of a network of Deej-A.I.") from None
    config = _Config(kind, scaling, dimension, width)
    checked = _checked(weights, folder / OURS, config)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / OURS) as temporary, as_os_error():
        save_file({name: values.detach().contiguous() for name, values in checked.items()}, temporary)
    _write_json(folder / CONFIG, vars(config))


def read_notes(folder: Path) -> dict[str, Any]:
    """Return the notes about the weights in `folder`, and their origin; empty if there are none."""
    try:
        notes = read_json(folder / NOTES)
    except (OSError, ValueError):
        return {}
    if not isinstance(notes, dict):
        return {}
    kinds = {"repo": str, "revision": str, "trained": dict}
    return {key: value for key, value in notes.items() if isinstance(value, kinds.get(key, object))}


def _check_of(notes: dict[str, Any]) -> str:
    """Return a digest that shows whether a note is intact: a digit that a disk has changed would name another model."""
    noted = [notes.get(key) for key in ("file", "size", "mtime_ns", "digest")]
    return hashlib.blake2b(json.dumps(noted).encode(), digest_size=8).hexdigest()


def write_notes(folder: Path, notes: dict[str, Any]) -> None:
    _write_json(folder / NOTES, notes)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _read_config(path: Path) -> _Config:
    try:
        content = read_json(path)
    except FileNotFoundError:
        raise ModelError(f"{path.parent}: no model in it; it should have {CONFIG} and the weights") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({reason_of(error)})") from error
    if not isinstance(content, dict) or content.get("_class_name", "AudioEncoder") != "AudioEncoder":
        raise ModelError(f"{path}: not the configuration of a network of Deej-A.I.")
    config = _Config(**{key: content[key] for key in vars(_Config()) if key in content})
    if config.network not in ("2d", "1d"):
        raise ModelError(f"{path}: network is {config.network!r}; it should be 2d or 1d")
    if config.scaling not in SCALINGS:
        raise ModelError(f"{path}: scaling is {config.scaling!r}; it should be {' or '.join(SCALINGS)}")
    for key in ("dimension", "width"):
        number = getattr(config, key)
        if type(number) is not int or not 0 < number <= WIDEST:
            raise ModelError(f"{path}: {key} is {number!r}; it should be a number from 1 to {WIDEST}")
    return config


def _read_weights(path: Path, config: _Config) -> dict[str, torch.Tensor]:
    with extra("network"):
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load_file

    try:
        pickled = path.suffix == ".bin"
        weights = _load_pickled(path) if pickled else load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: cannot read the weights ({reason_of(error)}); download it again") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        # torch's own message advises loading it nevertheless
        raise ModelError(f"{path}: damaged, or contains more than weights; download it again") from error
    if not isinstance(weights, dict) or not all(isinstance(values, torch.Tensor) for values in weights.values()):
        raise ModelError(f"{path}: does not contain weights with names")
    _check_size(path, config)
    checked = _checked(weights, path, config)
    # A .bin is only mapped until here, and may be replaced while the model is in use.
    return {name: values.clone() for name, values in checked.items()} if pickled else checked


def _check_size(path: Path, config: _Config) -> None:
    """Raise ModelError for a file that is too small for its weights, or much larger: it could fill the memory.

    It has not been loaded yet. Numbers have 2 to 8 bytes, and are not compressed.
    """
    numbers = sum(math.prod(shape) for shape in _shapes(config).values())
    size = path.stat().st_size
    if not 2 * numbers <= size <= 8 * numbers + 2 * PICKLE:
        raise ModelError(f"{path}: its {size:,} bytes do not fit the {numbers:,} weights that {CONFIG} describes")


def _load_pickled(path: Path) -> object:
    """Return the content of a .bin: a zip file with a pickle, which could run anything without `weights_only`.

    Raises ModelError if it is compressed, since torch would unpack it, however large the result, and for a pickle that
    contains more than tensors by name: torch would also make a gigabyte of zeros.
    """
    import torch

    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            is_pickle = info.filename.endswith(".pkl")
            if info.compress_type != zipfile.ZIP_STORED or (is_pickle and info.file_size > PICKLE):
                raise ModelError(f"{path}: not weights as torch saves them; download it again")
            if is_pickle:
                _check_pickle(archive.read(info))
    return torch.load(path, map_location="cpu", weights_only=True, mmap=True)


def _check_pickle(data: bytes) -> None:
    for code, argument, _ in pickletools.genops(data):
        if code.name == "STACK_GLOBAL" or (code.name in ("GLOBAL", "INST") and not TENSORS.fullmatch(str(argument))):
            raise pickle.UnpicklingError(f"{argument} in it, which is not a tensor")


def _shapes(config: _Config) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of a network's weights."""
    import torch

    from deejai_core.models.deejai.network import build_network

    with torch.device("meta"):
        network = build_network(config.network, dimension=config.dimension, width=config.width)
    return {name: tuple(values.shape) for name, values in network.state_dict().items() if not name.endswith(UNUSED)}


def _checked(weights: Mapping[str, torch.Tensor], path: Path, config: _Config) -> dict[str, torch.Tensor]:
    """Return the weights as float32.

    Raises ModelError unless names and shapes are the network's and all values are finite.
    """
    import torch

    shapes = _shapes(config)
    weights = {name: values for name, values in weights.items() if not name.endswith(UNUSED)}
    for name, shape in shapes.items():
        if name not in weights:
            raise ModelError(f"{path}: lacks {name}, which the {config.network} network of Deej-A.I. has")
        if tuple(weights[name].shape) != shape:
            raise ModelError(f"{path}: {name} has the shape {tuple(weights[name].shape)} instead of {shape}")
        if not weights[name].is_floating_point() or not torch.isfinite(weights[name]).all():
            raise ModelError(f"{path}: {name} contains NaN or infinity")
    for name in weights:
        if name not in shapes:
            raise ModelError(f"{path}: contains {name}, which the {config.network} network of Deej-A.I. lacks")
    return {name: weights[name].to(torch.float32) for name in shapes}

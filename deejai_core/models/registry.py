"""The list of models: the bundled one, and those in folders, which were trained, imported or downloaded from the hub."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deejai_core.errors import ModelError
from deejai_core.files import read_json
from deejai_core.models.head import CONFIG, KIND, load_head, read_head_config
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.onnx.folder import KIND as ONNX
from deejai_core.models.protocol import Model, TaggingModel, knows_tags
from deejai_core.models.tag_set import Vocabulary
from deejai_core.refusals import reason_of

BUNDLED = "musicnn"
CHECKPOINT = "checkpoint.pt"  # in the folder of a network whose training is not finished
NAME = re.compile(r"\w[\w.@-]*")  # the name of a model in the folder of models
HUB = re.compile(r"(?P<repository>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>[\w.-]+))?")


def load_model(name: str, folder: Path, *, download: bool = True) -> Model:
    """Return the model of this name. Raises ModelError if there is none, or if it cannot be loaded.

    name: "musicnn"; that of a model in `folder`, the folder of models; the path of a model's own folder; or owner/name on
    the Hugging Face hub, with @revision if not the newest, which is downloaded to `folder` the first time. download:
    whether it may be downloaded.
    """
    if name == BUNDLED:
        return MusiCNN()
    if not name:
        raise ModelError("a model needs a name")
    path = model_folder(name, folder)
    hub = HUB.fullmatch(name)
    if not (path / CONFIG).is_file() and hub and not download:
        raise ModelError(f"{name}: not downloaded yet", hint="download", about=name)
    if not (path / CONFIG).is_file() and hub:
        from deejai_core.models.deejai.hub import fetch

        fetch(hub["repository"], path, revision=hub["revision"])
    if not path.is_dir():
        known = ", ".join([BUNDLED, *(found.name for found in model_folders(folder))])
        raise ModelError(f"unknown model {name!r}; choose one of: {known}")
    if (path / CHECKPOINT).is_file() and not (path / CONFIG).is_file():
        raise ModelError(f"{name}: its training is not finished", hint="finish training", about=name)
    return open_model_folder(path)


def model_folder(name: str, folder: Path) -> Path:
    """Return the folder of a model, or that to which it would be downloaded."""
    path = Path(os.path.expanduser(name))  # noqa: PTH111 (pathlib's raises an error where there is no such home)
    if NAME.fullmatch(name):
        return folder / name
    if HUB.fullmatch(name) and not path.is_dir():
        return folder / name.replace("/", "--")
    return path


def is_path(name: str) -> bool:
    """Return whether a text is the path of a folder, and not the name of a model."""
    return not NAME.fullmatch(name) and not HUB.fullmatch(name)


def same_model(name: str, other: str, folder: Path) -> bool:
    """Return whether two names mean the same model."""
    return name == other or model_folder(name, folder) == model_folder(other, folder)


def kept_name(text: str, folder: Path) -> str:
    """Return a model's name as it is stored: the path of a folder is made absolute."""
    path = model_folder(text, folder)
    if not path.is_dir() or path.parent == folder:
        return text
    path = path.resolve()
    return path.name if path.parent == folder.resolve() else str(path)


def model_folders(folder: Path) -> Iterator[Path]:
    """Return the folders of the models in a folder of models, by name."""
    return (path.parent for path in sorted(folder.glob(f"*/{CONFIG}")))


def open_model_folder(folder: Path) -> Model:
    """Return the model in a folder: a trained head, an imported network, or one in the hub's layout. Raises ModelError."""
    values = read_config(folder)
    if values.get("kind") == KIND:
        config = read_head_config(folder, values)
        below = model_folder(config.trunk, folder.parent)
        if (below / CONFIG).is_file() and read_config(below).get("kind") == KIND:
            raise ModelError(f"{folder / CONFIG}: is based on {config.trunk}, which is based on another; train it again")
        return load_head(folder, load_model(config.trunk, folder.parent), config)
    if values.get("kind") == ONNX:
        from deejai_core.models.onnx.model import load_onnx

        return load_onnx(folder, values)
    from deejai_core.models.deejai.folder import load_speccy

    return load_speccy(folder)


def trunk_of(name: str, folder: Path) -> str:
    """Return the name of the model whose trunk a model uses: its own, except for a head.

    Raises ModelError if it is unknown.
    """
    path = model_folder(name, folder)
    if name == BUNDLED or not path.is_dir():
        return name
    values = read_config(path)
    return read_head_config(path, values).trunk if values.get("kind") == KIND else name


def trunk_source(name: str, folder: Path) -> str:
    """Return how to load the model whose trunk a model uses, on any machine with the same folders of models."""
    trunk = trunk_of(name, folder)
    return trunk if trunk == BUNDLED else str(model_folder(trunk, folder).absolute())


def tagging_model(model: Model) -> TaggingModel:
    """Return the model itself if it has tags, otherwise the bundled one, whose slices may still be stored."""
    return model if knows_tags(model) else MusiCNN()


def vocabulary(model: Model) -> Vocabulary:
    """Return all tags that tracks can get: those of the model that tags, and of its companions."""
    tagger = tagging_model(model)
    return Vocabulary((tagger.tag_set, *(companion.tag_set for companion in tagger.more)))


def read_config(folder: Path) -> dict[str, Any]:
    """Read a model's `config.json`. Raises ModelError if it cannot be read."""
    path = folder / CONFIG
    try:
        values = read_json(path)
    except FileNotFoundError as error:
        raise ModelError(f"{folder}: no model in it; it should have {CONFIG} and the weights") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: cannot be read ({reason_of(error)}); is this a model's folder?") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path}: not a model's configuration")
    return values

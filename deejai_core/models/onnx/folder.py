"""A folder with a network that a user brought: `config.json`, `network.onnx`, and its projection once there is one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from deejai_core.errors import ModelError
from deejai_core.files import replacing
from deejai_core.models.onnx.config import Config, parse_config

CONFIG, NETWORK, PROJECTION = "config.json", "network.onnx", "projection.safetensors"
KIND = "onnx"
WIDEST = 16_384  # numbers of a pooled output


@dataclass(frozen=True)
class Kept:
    """What was computed when a network was imported, and the state of its projection."""

    sha256: str  # of the network's file
    size: int  # bytes of it
    input: str  # the name of the input that gets the audio
    outputs: tuple[str, ...]  # the names of the used outputs: the output, and that of the tags if there is one
    numbers: int  # of its pooled output
    projection: str | None  # sha256 of the projection's file; None if there is none, or none yet
    slices: int  # the number of slices that the projection was fitted to; 0 if the user supplied it
    configuration: dict[str, Any]  # as its user wrote it

    def config(self, folder: Path) -> Config:
        """Return the configuration. Raises ModelError."""
        return parse_config(self.configuration, folder / CONFIG)


def read_kept(folder: Path, values: dict[str, Any]) -> Kept:
    """Read a network's `config.json`. Raises ModelError if it is not that of an imported network."""
    rules: dict[str, Callable[[Any], bool]] = {
        "sha256": lambda value: isinstance(value, str),
        "size": lambda value: type(value) is int and value > 0,
        "input": lambda value: isinstance(value, str),
        "outputs": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
        "numbers": lambda value: type(value) is int and 0 < value <= WIDEST,
        "projection": lambda value: value is None or isinstance(value, str),
        "slices": lambda value: type(value) is int and 0 <= value < 1 << 63,
        "configuration": lambda value: isinstance(value, dict),
    }
    if not all(name in values and holds(values[name]) for name, holds in rules.items()):
        raise ModelError(f"{folder / CONFIG}: not the configuration of an imported network; import it again")
    return Kept(**{field.name: values[field.name] for field in fields(Kept)} | {"outputs": tuple(values["outputs"])})


def write_kept(folder: Path, kept: Kept) -> None:
    """Write a network's `config.json`. Raises OSError as the file system does."""
    with replacing(folder / CONFIG) as temporary:
        # Without indentation, which would make constants many times as long as the user wrote them.
        text = json.dumps({"kind": KIND, **asdict(kept)}, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")

"""A learned head on another model's trunk: where your own lists place songs, computed from their stored slices.

The head is a small network from the trunk's output to the direction that Track2Vec gives the song. Its space may stand
alone or beside the trunk's own: then a slice vector is both, side by side, and a cosine similarity is the weighted mean of
theirs. `deejai_core.training.head` trains it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from deejai_core.errors import ModelError
from deejai_core.files import replacing
from deejai_core.models.device import CPU
from deejai_core.models.objectives import OBJECTIVES, Objective
from deejai_core.models.protocol import Model
from deejai_core.refusals import reason_of

CONFIG, WEIGHTS = "config.json", "model.safetensors"
KIND = "head"
LEAST = 1e-5  # a smaller cosine distance means equality except for rounding
LARGEST = 200_000_000  # bytes of a head's weights, which are some two million numbers
SLOPE = 0.2  # of the leaky rectifier below zero, as in the networks of Deej-A.I.


@dataclass(frozen=True, eq=False)
class HeadWeights:
    """Two dense layers after a standardised input, float32."""

    mean: np.ndarray  # (trunk_size,) of the trunk's output
    scale: np.ndarray  # (trunk_size,) what it is multiplied by after the mean is subtracted
    hidden_weight: np.ndarray  # (trunk_size, hidden)
    hidden_bias: np.ndarray  # (hidden,)
    output_weight: np.ndarray  # (hidden, dimension)
    output_bias: np.ndarray  # (dimension,)

    def direct(self, trunk: np.ndarray) -> np.ndarray:
        """(..., trunk_size) -> (..., dimension) float32: directions, not normalised."""
        x = (trunk.astype(np.float32) - self.mean) * self.scale
        x = x @ self.hidden_weight + self.hidden_bias
        return np.asarray(np.where(x > 0, x, SLOPE * x) @ self.output_weight + self.output_bias)


@dataclass(frozen=True)
class HeadConfig:
    """What a head's folder states about it besides its weights."""

    trunk: str  # how to load the model whose trunk it uses
    trunk_name: str  # the name of that trunk; the output of another one would mean nothing to it
    weight: float  # of the learned space beside the trunk's own, above 0; 1: alone
    epsilon: float
    sha256: str  # of the weights' file
    trained: dict[str, Any]  # what it was trained on and its evaluation, for display
    objective: Objective = "lists"


class Head:
    """A model with the trunk of another one, see `deejai_core.models.protocol`."""

    def __init__(self, trunk_model: Model, weights: HeadWeights, config: HeadConfig, name: str) -> None:
        self._trunk_model = trunk_model
        self._weights = weights
        self.config = config
        self.name = name
        self.trunk_name = trunk_model.trunk_name
        self.sample_rate = trunk_model.sample_rate
        self.window = trunk_model.window
        self.trunk_size = trunk_model.trunk_size
        self.tag_set = trunk_model.tag_set
        self.more = trunk_model.more
        self.epsilon = config.epsilon
        # The learned space makes different songs alike: the distance in the trunk's own space identifies copies.
        self.duplicate_epsilon = max((1 - config.weight) * trunk_model.duplicate_epsilon, LEAST)
        self.alike = None  # not measured: similarities in a learned space are spread differently
        self.dimension = len(weights.output_bias) + (trunk_model.dimension if config.weight < 1 else 0)

    def is_intact(self) -> bool:
        return self._trunk_model.is_intact()  # its own weights were checked when they were read

    def pick_device(self, name: str) -> str:
        return self._trunk_model.pick_device(name)

    def load(self) -> None:
        self._trunk_model.load()

    def embed(self, windows: np.ndarray, *, device: str = CPU) -> np.ndarray:
        return self._trunk_model.embed(windows, device=device)

    def mel(self, windows: np.ndarray) -> np.ndarray:
        return self._trunk_model.mel(windows)

    def trunk(self, mel: np.ndarray, *, device: str = CPU) -> np.ndarray:
        return self._trunk_model.trunk(mel, device=device)

    def project(self, trunk: np.ndarray) -> np.ndarray:
        learned = unit(self._weights.direct(trunk))
        if self.config.weight == 1:
            return learned
        return beside(unit(self._trunk_model.project(trunk)), learned, self.config.weight)

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        return self._trunk_model.tags(trunk)


def beside(own: np.ndarray, learned: np.ndarray, weight: float) -> np.ndarray:
    """Join unit vectors (..., d) and (..., e) to unit vectors (..., d + e): similarities become weighted means."""
    return np.concatenate([np.sqrt(1 - weight) * own, np.sqrt(weight) * learned], axis=-1).astype(np.float32)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of unit length along the last axis, float32; zeros are unchanged."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)


def save_head(
    folder: Path,
    weights: HeadWeights,
    *,
    trunk: str,
    trunk_name: str,
    weight: float,
    epsilon: float,
    trained: dict[str, Any],
    objective: Objective = "lists",
) -> None:
    """Write a head to its folder. Raises OSError as the file system does."""
    from safetensors.numpy import save

    data = save({field.name: np.ascontiguousarray(getattr(weights, field.name)) for field in fields(weights)})
    config = HeadConfig(trunk, trunk_name, weight, epsilon, hashlib.sha256(data).hexdigest(), trained, objective)
    text = json.dumps({"kind": KIND, **asdict(config)}, indent=2, ensure_ascii=False)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / WEIGHTS) as temporary:
        temporary.write_bytes(data)
    with replacing(folder / CONFIG) as temporary:  # last, because it confirms the weights
        temporary.write_text(text, encoding="utf-8")


def load_head(folder: Path, trunk_model: Model, config: HeadConfig) -> Head:
    """Return the head in a folder. Raises ModelError if its weights are damaged or belong to another trunk."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = folder / WEIGHTS
    if config.trunk_name != trunk_model.trunk_name:
        raise ModelError(f"{folder}: made for {config.trunk_name}, not for {trunk_model.trunk_name}; train it again")
    try:
        if path.stat().st_size > LARGEST:
            raise ModelError(f"{path}: too large for the weights of a trained model; train it again")
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != config.sha256:
            raise ModelError(f"{path}: damaged; train the model again")
        weights = HeadWeights(**load(data))
        _check(weights, trunk_model.trunk_size)
    except (OSError, SafetensorError, TypeError, KeyError, ValueError) as error:
        raise ModelError(f"{path}: cannot read the model's weights ({reason_of(error)}); train the model again") from error
    # What changes a vector changes the name; epsilon, which users change at will, does not.
    said = f"{config.sha256} {config.weight}"
    if config.weight < 1 and trunk_model.name != trunk_model.trunk_name:  # its projection is not part of the trunk
        said += f" {trunk_model.name}"
    digest = hashlib.sha256(said.encode()).hexdigest()
    return Head(trunk_model, weights, config, f"{folder.name}-{digest[:8]}")


def _check(weights: HeadWeights, trunk_size: int) -> None:
    """Raise ValueError unless shapes and numbers are those of `HeadWeights`: numpy would broadcast them to fit."""
    hidden, dimension = weights.hidden_bias.size, weights.output_bias.size
    shapes = [(trunk_size,), (trunk_size,), (trunk_size, hidden), (hidden,), (hidden, dimension), (dimension,)]
    for field, shape in zip(fields(HeadWeights), shapes, strict=True):
        values = getattr(weights, field.name)
        if values.shape != shape or values.dtype != np.float32 or not np.isfinite(values).all():
            raise ValueError(f"{field.name} is not {shape} numbers")


def read_head_config(folder: Path, values: dict[str, Any]) -> HeadConfig:
    """Read a head's `config.json`. Raises ModelError if it lacks what a head needs."""
    try:
        # Heads from before there were other objectives do not name theirs.
        config = HeadConfig(**{field.name: values[field.name] for field in fields(HeadConfig) if field.name != "objective"})
        config = replace(config, objective=values.get("objective", config.objective))
        numbers = [type(number) in (int, float) for number in (config.weight, config.epsilon)]
        told = isinstance(config.trunk, str) and config.trunk and isinstance(config.trained, dict)
        told = told and config.objective in OBJECTIVES
        if all(numbers) and 0 < config.weight <= 1 and 0 < config.epsilon < 2 and told:
            return config
    except (KeyError, TypeError):
        pass
    raise ModelError(f"{folder / CONFIG}: not the configuration of a trained model; train it again")

"""A network that a user brings, as a model: its configuration describes inputs and outputs."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from deejai_core.errors import ModelError, UnavailableError
from deejai_core.extras import extra
from deejai_core.files import read_json, replacing
from deejai_core.models.device import CPU, use_one_thread
from deejai_core.models.onnx.config import FIT, Config, Input, Output, constant_array
from deejai_core.models.onnx.folder import CONFIG, NETWORK, PROJECTION, Kept, read_kept, write_kept
from deejai_core.models.onnx.input import laid_out, shown
from deejai_core.models.onnx.network import PROVIDERS, Network
from deejai_core.models.onnx.output import check_numbers, pooled, probabilities
from deejai_core.models.onnx.projection import DIMENSION, Projection, projection_bytes, read_projection
from deejai_core.models.tag_set import FIELDS, TagSet
from deejai_core.refusals import OWN, reason_of, refusal

VERSION = 1  # of how input is computed: another version gives all these models other names
UNFITTED = "unfitted"
BLOCK = 65_536  # bytes read at once


class OnnxModel:
    """A network in its folder, see `deejai_core.models.protocol`.

    Its output for a window is stored, followed by the probabilities of its tags. A projection that must be fitted is added
    when there are enough slices; until then there are no vectors, and the name shows it.
    """

    more = ()
    duplicate_epsilon = 0.01
    alike = None  # unknown

    def __init__(self, folder: Path, kept: Kept, config: Config, projection: Projection | None) -> None:
        self.folder = folder
        self.config = config
        self.kept = kept
        self.projection = projection
        digest = _trunk_digest(kept, config)
        self.trunk_name = f"onnx-{digest}"
        self.sample_rate = config.input.rate
        self.window = config.input.window
        self.epsilon = config.epsilon
        self.tag_set = TagSet(f"{FIELDS}_onnx_{digest}", config.tags.names) if config.tags else None
        self.trunk_size = kept.numbers + (len(config.tags.names) if config.tags else 0)
        constants = {name: constant_array(name, value, folder / CONFIG) for name, value in config.constants.items()}
        outputs = tuple(dict.fromkeys(kept.outputs))
        self._network = Network(
            folder / NETWORK, kept.sha256, config.limits, input=kept.input, outputs=outputs, constants=constants
        )
        self._places = [outputs.index(name) for name in kept.outputs]

    @property
    def is_unfitted(self) -> bool:
        """Whether the model has no vectors yet, because its projection must still be fitted."""
        if self.config.projection != FIT or self.projection:
            return False
        if (self.folder / PROJECTION).is_file():  # for a server that runs while another process analyses
            self._take_over()
        return self.projection is None

    @property
    def name(self) -> str:
        if self.is_unfitted:
            return f"{self.trunk_name}-{UNFITTED}"
        if self.projection is None:
            return self.trunk_name
        said = f"{self.trunk_name} {self.projection.digest}"
        return f"onnx-{hashlib.blake2b(said.encode(), digest_size=4).hexdigest()}"

    @property
    def dimension(self) -> int:
        if self.is_unfitted:
            return min(DIMENSION, self.kept.numbers)
        return self.projection.dimension if self.projection else self.kept.numbers

    def is_intact(self) -> bool:
        try:
            return _sha256(self.folder / NETWORK) == self.kept.sha256
        except OSError:
            return False

    def pick_device(self, name: str) -> str:
        """Return the device, see `models.device.pick_device`, among those that onnxruntime supports here."""
        if name == CPU:
            return CPU
        with extra("onnx"):
            import onnxruntime
        there = PROVIDERS["cuda"] in onnxruntime.get_available_providers()
        if name == "auto":
            return "cuda" if there else CPU
        if name != "cuda" or not there:
            raise ModelError(f"device: onnxruntime finds no {name} here; choose auto or cpu")
        return name

    def load(self) -> None:
        use_one_thread()
        self._network.load()

    def embed(self, windows: np.ndarray, *, device: str = CPU) -> np.ndarray:
        return self.trunk(self.mel(windows), device=device)

    def mel(self, windows: np.ndarray) -> np.ndarray:
        """Return the network's input for windows, (n, samples) or (n, frames, bands) float32."""
        use_one_thread()
        return shown(windows, self.config.input)

    def trunk(self, mel: np.ndarray, *, device: str = CPU) -> np.ndarray:
        """Return (n, trunk_size) float32: output and tags, one window at a time, so that none affects another."""
        return np.stack([self._row(self._network.run(laid_out(slice_, self.config.input), device)) for slice_ in mel])

    def _row(self, outputs: list[np.ndarray]) -> np.ndarray:
        """Return (trunk_size,), the network's output for a window.

        Raises UnavailableError, since the file is not at fault.
        """
        try:
            row = pooled(outputs[self._places[0]], self.config.output)
            if tags := self.config.tags:
                row = np.concatenate([row, probabilities(pooled(outputs[self._places[1]], tags), tags)])
            check_numbers(row)
        except ValueError as error:
            raise UnavailableError(f"the network's output {error}") from error
        if len(row) != self.trunk_size:
            raise UnavailableError(
                f"the network gave {len(row)} numbers instead of {self.trunk_size} as when it was imported"
            )
        return row

    def project(self, trunk: np.ndarray) -> np.ndarray:
        if self.is_unfitted:
            raise ModelError(f"{self.folder.name}: its projection is not fitted yet", hint="analyse")
        output = trunk[..., : self.kept.numbers]
        return self.projection(output) if self.projection else output.astype(np.float32)

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        return trunk[:, self.kept.numbers :].astype(np.float32)

    def _take_over(self) -> None:
        """Use the projection that another process has fitted, if it belongs to this network."""
        with contextlib.suppress(OSError, ValueError, ModelError):
            values = read_json(self.folder / CONFIG)
            fitted = load_onnx(self.folder, values if isinstance(values, dict) else {})
            if fitted.trunk_name == self.trunk_name:
                self.kept, self.projection = fitted.kept, fitted.projection

    def freeze(self, mean: np.ndarray, matrix: np.ndarray, slices: int) -> None:
        """Store a projection that was fitted to this many slices, here and in its folder. Raises ModelError."""
        path, data = self.folder / PROJECTION, projection_bytes(mean, matrix)
        kept = replace(self.kept, projection=hashlib.sha256(data).hexdigest(), slices=slices)
        try:
            with replacing(path) as temporary:
                temporary.write_bytes(data)
            write_kept(self.folder, kept)  # last, because it confirms the other file
        except OSError as error:
            raise ModelError(refusal(path, "cannot be written", error, OWN)) from error
        self.kept, self.projection = kept, read_projection(path, kept.numbers)


def load_onnx(folder: Path, values: dict[str, Any]) -> OnnxModel:
    """Return the network in a folder; values: of its `config.json`.

    Raises ModelError if a file is missing or a different one.
    """
    kept = read_kept(folder, values)
    config = kept.config(folder)
    if len(kept.outputs) != 1 + bool(config.tags):
        raise ModelError(f"{folder / CONFIG}: its outputs are not those of its configuration; import the network again")
    path = folder / NETWORK
    try:
        if path.stat().st_size != kept.size:
            raise ModelError(f"{path}: not the network that was imported; import it again")
    except OSError as error:
        raise ModelError(f"{path}: {reason_of(error)}; import the network again") from error
    projection = None
    if kept.projection:
        projection = read_projection(folder / PROJECTION, kept.numbers)
        if projection.digest != kept.projection:
            raise ModelError(f"{folder / PROJECTION}: not the projection that was fitted; import the network again")
    return OnnxModel(folder, kept, config, projection)


def _trunk_digest(kept: Kept, config: Config) -> str:
    """Return 8 digits of all that determines what is stored: the network, its input, and the used outputs."""
    said: list[Any] = [VERSION, kept.sha256, kept.input, kept.outputs, config.constants]
    sections: list[Input | Output] = [config.input, config.output, *([config.tags] if config.tags else [])]
    for section in sections:
        # Without defaults: a key that a later version adds does not change names.
        given = {
            key.name: getattr(section, key.name) for key in fields(section) if getattr(section, key.name) != key.default
        }
        said.append({name: value for name, value in given.items() if name != "name"})
    return hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=4).hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()

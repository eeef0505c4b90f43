"""Imports a network and its configuration into the folder of a model, and checks both by running it once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deejai_core.errors import ModelError, UnavailableError
from deejai_core.files import open_regular
from deejai_core.models.onnx.config import AS_IT_IS, FIT, Config, Output, constant_array, read_config
from deejai_core.models.onnx.folder import NETWORK, PROJECTION, WIDEST, Kept, write_kept
from deejai_core.models.onnx.input import laid_out, layout_shape, shown
from deejai_core.models.onnx.network import Network, Put
from deejai_core.models.onnx.output import check_numbers, pooled
from deejai_core.models.onnx.projection import WIDEST as MOST_FITTED
from deejai_core.models.onnx.projection import read_projection
from deejai_core.refusals import READING, refusal

LARGEST = 2_147_483_647  # bytes of a network: the most that its format allows
BLOCK = 1 << 20  # bytes copied at once


def import_onnx(source: Path, configuration: Path, folder: Path) -> None:
    """Put a network into `folder`, which exists and is empty. Raises ModelError, MissingError; OSError for `folder`.

    configuration: the JSON file that describes inputs and outputs. The network is run on a window of noise, and its inputs
    and outputs are compared with the configuration.
    """
    config, values = read_config(configuration)
    own = os.path.expanduser(config.projection)  # noqa: PTH111 (pathlib's raises an error where there is no such home)
    brought = None if config.projection in (FIT, AS_IT_IS) else configuration.parent / own
    sha256, size = _copy(source, folder / NETWORK)
    outputs = [config.output, *filter(None, [config.tags])]
    try:
        inputs, puts = Network(folder / NETWORK, sha256, config.limits).puts()
        audio = _audio_input(config, inputs, source, configuration)
        names = [_output_name(output, puts, source, configuration) for output in outputs]
        constants = {name: constant_array(name, value, configuration) for name, value in config.constants.items()}
        network = Network(folder / NETWORK, sha256, config.limits, input=audio, outputs=names, constants=constants)
        noise = np.random.default_rng(0).normal(0, 0.1, (1, config.input.window)).astype(np.float32)
        found = network.run(laid_out(shown(noise, config.input)[0], config.input))
        network.close()
    except UnavailableError as error:
        raise ModelError(f"{source}: {error}") from error
    except ModelError as error:
        raise ModelError(str(error).replace(str(folder / NETWORK), str(source)), hint=error.hint) from error
    rows = [_row(*each, source, configuration) for each in zip(found, outputs, names, strict=True)]
    if config.tags and len(rows[1]) != len(config.tags.names):
        told = f"tags.names has {len(config.tags.names)} names, and {names[1]} of {source.name} {len(rows[1])} numbers"
        raise ModelError(f"{configuration}: {told}")
    if config.projection == FIT and len(rows[0]) > MOST_FITTED:
        told = (
            f"is {FIT}, but {names[0]} of {source.name} has {len(rows[0]):,} numbers, and it takes {MOST_FITTED:,} at most"
        )
        raise ModelError(f"{configuration}: projection {told}; choose another output, or the projection {AS_IT_IS}")
    projection = None
    if brought:
        projection = read_projection(brought, len(rows[0])).digest
        (folder / PROJECTION).write_bytes(brought.read_bytes())
    write_kept(folder, Kept(sha256, size, audio, tuple(names), len(rows[0]), projection, 0, values))


def _copy(source: Path, path: Path) -> tuple[str, int]:
    """Copy a network; return its sha256 and its size in bytes. Raises ModelError if it cannot be read, or is too large."""
    digest, size = hashlib.sha256(), 0
    try:
        with open_regular(source) as file, path.open("wb") as copy:
            while block := file.read(BLOCK):
                size += len(block)
                if size > LARGEST:
                    raise ModelError(f"{source}: too large for an ONNX file (2 GB at most)")
                digest.update(block)
                copy.write(block)
    except OSError as error:
        raise ModelError(refusal(source, "cannot be copied", error, READING)) from error
    if not size:
        raise ModelError(f"{source}: empty")
    return digest.hexdigest(), size


def _audio_input(config: Config, inputs: Sequence[Put], source: Path, configuration: Path) -> str:
    """Return the name of the audio input. Raises ModelError if that is not clear, or its shape is different."""
    names = [put.name for put in inputs]
    for name in config.constants:
        if name not in names:
            raise ModelError(f"{configuration}: constants.{name}: {source.name} has no such input, only {', '.join(names)}")
    free = [put for put in inputs if put.name not in config.constants]
    wanted = [put for put in free if put.name == config.input.name] if config.input.name else free
    if config.input.name and not wanted:
        raise ModelError(f"{configuration}: input.name is {config.input.name!r}, and {source.name} has {', '.join(names)}")
    others = ", ".join(put.name for put in free if put is not wanted[0]) if wanted else ""
    if len(wanted) != 1 or others:
        told = f"{source.name} also takes {others}" if wanted else f"{source.name} has no input left for the audio"
        raise ModelError(f"{configuration}: constants: {told}; give every input but the audio a value there")
    (put,), shape = wanted, layout_shape(config.input)
    fixed = [size if isinstance(size, int) else None for size in put.shape]
    if put.shape and (len(fixed) != len(shape) or any(a not in (None, b) for a, b in zip(fixed, shape, strict=True))):
        takes = ", ".join("any" if size is None else str(size) for size in fixed)
        raise ModelError(
            f"{configuration}: input turns a window into {shape}, but {put.name} of {source.name} takes ({takes}); "
            "look at window, hop, bands and axes"
        )
    return put.name


def _output_name(output: Output, puts: Sequence[Put], source: Path, configuration: Path) -> str:
    names = [put.name for put in puts]
    if output.name in names:
        return output.name
    where = "tags" if hasattr(output, "names") else "output"
    if output.name:
        raise ModelError(f"{configuration}: {where}.name is {output.name!r}, and {source.name} has {', '.join(names)}")
    if len(names) > 1:
        raise ModelError(f"{configuration}: {where}.name is missing; {source.name} has {', '.join(names)}")
    return names[0]


def _row(found: np.ndarray, output: Output, name: str, source: Path, configuration: Path) -> np.ndarray:
    """Return the row of numbers of an output.

    Raises ModelError if it contradicts the configuration, or cannot be stored.
    """
    try:
        row = pooled(found, output)
        check_numbers(row)
    except ValueError as error:
        where = "tags" if hasattr(output, "names") else "output"
        raise ModelError(f"{configuration}: {where}: {name} of {source.name} {error}") from error
    if len(row) > WIDEST:
        raise ModelError(f"{source}: {name} has {len(row):,} numbers; at most {WIDEST:,} can be stored for a window")
    return row

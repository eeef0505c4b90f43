"""Converts the weights of the original Deej-A.I., as Keras 2 saved them, to a model folder, without Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.errors import ModelError
from deejai_core.extras import extra
from deejai_core.models.deejai.folder import save_speccy
from deejai_core.refusals import READING, refusal

if TYPE_CHECKING:
    import h5py

Layer = Mapping[str, np.ndarray]  # values by short name, such as `depthwise_kernel`

BATCH_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def convert_keras(h5: Path, folder: Path) -> None:
    """Write the Keras model `h5` (`speccy_model`, written by `save` or `save_weights`) as a model to `folder`.

    Layers are recognised by what they contain, in the order of the network: their names do not matter. Both of the
    original's networks are supported, and slices are scaled as in the original. Raises ModelError if `h5` is not such a
    file, MissingError if h5py is not installed, OSError if `folder` cannot be written.
    """
    with extra("keras"):
        import h5py
        import torch

    try:
        with h5py.File(h5, "r") as file:
            layers = list(_layers(file, h5.stat().st_size))
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, OSError) and error.errno:  # of the system; those about the content have none
            raise ModelError(refusal(h5, "cannot be read", error, READING)) from error
        raise ModelError(f"{h5}: not a model that Keras 2 saved as HDF5 ({error})") from error

    convolutions = [layer for layer in layers if "depthwise_kernel" in layer]
    norms = [layer for layer in layers if "gamma" in layer]
    dense = [layer for layer in layers if "kernel" in layer]
    found = (len(convolutions), len(norms), len(dense))
    if found != (3, 4, 2):
        kinds = "separable convolutions, batch normalisations and dense layers"
        raise ModelError(f"{h5}: not the network of Deej-A.I.: {found} {kinds} instead of (3, 4, 2)")
    kind = "2d" if convolutions[0]["depthwise_kernel"].ndim == 4 else "1d"
    try:
        weights = dict(_named(convolutions, norms, dense))
    except KeyError as error:
        raise ModelError(f"{h5}: not the network of Deej-A.I.: a layer lacks {error}") from error
    tensors = {name: torch.from_numpy(np.ascontiguousarray(values, np.float32)) for name, values in weights.items()}
    try:
        save_speccy(tensors, folder, kind=kind, scaling="minmax")
    except ModelError as error:
        raise ModelError(f"{h5}: not the network of Deej-A.I.: {error}") from error


def _layers(file: h5py.File, size: int) -> Iterator[Layer]:
    """Return the content of each layer, in the order of the network. size: bytes of the file, which limits its weights."""
    group = file.get("model_weights", file)  # `save` writes more than the weights
    left = size
    for layer in group.attrs["layer_names"]:
        values = {}
        for name in group[layer].attrs["weight_names"]:
            found = group[layer][name]
            _check(found)
            left -= found.nbytes
            if left < 0:
                raise ValueError("more weights than it has bytes")
            values[_text(name).split("/")[-1].split(":")[0]] = found[()]
        yield values


def _check(found: h5py.Dataset) -> None:
    """Raise ValueError for data without their numbers, or compressed ones: reading them could fill the memory."""
    import h5py

    if not isinstance(found, h5py.Dataset) or found.dtype.kind != "f":
        raise ValueError("no numbers where weights should be")
    is_plain = found.chunks is None and not found.external and not found.is_virtual
    if not is_plain or found.id.get_storage_size() != found.nbytes:
        raise ValueError("weights that are packed, or elsewhere")


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _named(convolutions: list[Layer], norms: list[Layer], dense: list[Layer]) -> Iterator[tuple[str, np.ndarray]]:
    """Return names and values as torch has them.

    Kernels are (axes that they move along…, in, out) in Keras, (out, in, axes…) in torch; depthwise ones, with one output
    for each input, (axes…, in, 1) and (in, 1, axes…). The dense layer has the same order, see `network.py`.
    """
    for number, layer in enumerate(convolutions):
        name = f"conv_blocks.{number}.sep_conv"
        yield f"{name}.depthwise.weight", np.moveaxis(layer["depthwise_kernel"], (-2, -1), (0, 1))
        yield f"{name}.pointwise.weight", np.moveaxis(layer["pointwise_kernel"], (-1, -2), (0, 1))
        yield f"{name}.pointwise.bias", layer["bias"]
    for name, layer in zip(["conv_blocks.0", "conv_blocks.1", "conv_blocks.2", "dense_block"], norms, strict=True):
        for theirs, ours in BATCH_NORM.items():
            yield f"{name}.batch_norm.{ours}", layer[theirs]
    for name, layer in zip(["dense_block.dense", "embedding"], dense, strict=True):
        yield f"{name}.weight", layer["kernel"].T
        yield f"{name}.bias", layer["bias"]

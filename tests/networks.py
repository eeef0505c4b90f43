"""Networks of Deej-A.I. with random weights, and what they put out by an implementation that owes nothing to torch."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

MELS, FRAMES = 96, 216
CHANNELS = {"2d": [1, 32, 64, 128], "1d": [96, 96, 192, 384]}
FLATTENED = {"2d": 12 * 27 * 128, "1d": 384 * 27}

Layers = list[tuple[str, dict[str, np.ndarray]]]


def random_layers(kind: str, rng: np.random.Generator, *, width: int, dimension: int, least_gain: float = 0.5) -> Layers:
    """Names and weights of the original's layers in Keras, in their order; those without weights are there too."""

    def numbers(*shape: int, fan: int = 1) -> np.ndarray:
        return rng.standard_normal(shape, np.float32) / np.float32(np.sqrt(fan))

    def norm(size: int) -> dict[str, np.ndarray]:
        gain, variance = rng.uniform(least_gain, 1.5, size), rng.uniform(0.5, 1.5, size)
        return {
            "gamma": gain.astype(np.float32),
            "beta": numbers(size),
            "moving_mean": numbers(size),
            "moving_variance": variance.astype(np.float32),
        }

    layers: Layers = [("input", {})]
    for number, (before, after) in enumerate(zip(CHANNELS[kind], CHANNELS[kind][1:], strict=False), 1):
        depthwise = (3, 3, before, 1) if kind == "2d" else (7, before, 1)
        pointwise = (1, 1, before, after) if kind == "2d" else (1, before, after)
        convolution = {
            "depthwise_kernel": numbers(*depthwise, fan=7),
            "pointwise_kernel": numbers(*pointwise, fan=before),
            "bias": numbers(after),
        }
        layers += [(f"separable_conv{kind}_{number}", convolution), (f"leaky_re_lu_{number}", {})]
        layers += [(f"batch_normalization_{number}", norm(after)), (f"dropout_{number}", {})]
    fan = FLATTENED[kind]
    layers += [("dense_1", {"kernel": numbers(fan, width, fan=fan), "bias": numbers(width)})]
    layers += [("batch_normalization_4", norm(width))]
    layers += [("dense_2", {"kernel": numbers(width, dimension, fan=width), "bias": numbers(dimension)})]
    return layers


def write_keras(path: Path, layers: Layers, *, whole_model: bool = True) -> Path:
    """The file that Keras 2 writes: by `save` (whole_model) or by `save_weights`."""
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights") if whole_model else file
        group.attrs["layer_names"] = [name.encode() for name, _ in layers]
        group.attrs["backend"] = b"tensorflow"
        for name, weights in layers:
            layer = group.create_group(name)
            layer.attrs["weight_names"] = [f"{name}/{key}:0".encode() for key in weights]
            for key, values in weights.items():
                layer[f"{name}/{key}:0"] = values
    return path


def plain_output(kind: str, layers: Layers, slices: np.ndarray) -> np.ndarray:
    """What the network makes of slices (n, 96, 216): (n, dimension)."""
    held = [weights for _, weights in layers if weights]
    convolutions, norms, dense = held[0:6:2], [*held[1:6:2], held[7]], [held[6], held[8]]
    x = slices[..., None] if kind == "2d" else slices.transpose(0, 2, 1)[:, None]  # (n, mels or 1, frames, channels)
    for convolution, norm in zip(convolutions, norms, strict=False):
        kernel = convolution["depthwise_kernel"][..., 0]
        kernel = kernel if kind == "2d" else kernel[None]  # (height, 3 or 7, channels)
        high, wide = kernel.shape[0] // 2, kernel.shape[1] // 2
        padded = np.pad(x, ((0, 0), (high, high), (wide, wide), (0, 0)))
        x = sum(
            padded[:, i : i + x.shape[1], j : j + x.shape[2]] * kernel[i, j]
            for i in range(kernel.shape[0])
            for j in range(kernel.shape[1])
        )
        pointwise = convolution["pointwise_kernel"].reshape(x.shape[-1], -1)
        x = _norm(_leaky(x @ pointwise + convolution["bias"]), norm)
        x = np.maximum(x[:, :, ::2], x[:, :, 1::2])
        x = np.maximum(x[:, ::2], x[:, 1::2]) if kind == "2d" else x
    flat = x if kind == "2d" else x[:, 0].transpose(0, 2, 1)  # (mel, frame, channel); (channel, frame)
    x = _norm(_leaky(flat.reshape(len(x), -1) @ dense[0]["kernel"] + dense[0]["bias"]), norms[3])
    return x @ dense[1]["kernel"] + dense[1]["bias"]


def _leaky(x: np.ndarray) -> np.ndarray:
    return np.where(x < 0, np.float32(0.2) * x, x)


def _norm(x: np.ndarray, norm: dict[str, np.ndarray]) -> np.ndarray:
    return (x - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + np.float32(1e-3)) * norm["gamma"] + norm["beta"]

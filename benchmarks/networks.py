"""The two networks on a device: how exact their numbers are there, and how many windows a second they get through.

Imports internals: the networks, taken apart.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from deejai_core.embedding.mp3tovec import mp3tovec
from deejai_core.models.deejai.folder import load_speccy, save_speccy
from deejai_core.models.deejai.model import mel_slices
from deejai_core.models.deejai.network import build_network
from deejai_core.models.device import AT_ONCE, CPU
from deejai_core.models.musicnn import torch_layers as musicnn_torch
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.protocol import Model

SCALING = "decibels"


@dataclass(frozen=True, eq=False)
class Network:
    """A model taken apart, for its stages to be measured."""

    name: str
    model: Model
    start: str  # the statements that make the model
    on: Callable[[str], Callable[[torch.Tensor], torch.Tensor]]  # its trunk in torch on a device, many windows at once


def musicnn() -> Network:
    model = MusiCNN()

    def on(device: str) -> Callable[[torch.Tensor], torch.Tensor]:
        weights = {name: torch.from_numpy(values).to(device) for name, values in model._weights.items()}
        return lambda mel: musicnn_torch.trunk(mel, weights)

    start = f"from {MusiCNN.__module__} import MusiCNN; model = MusiCNN()"
    return Network("MusiCNN", model, start, on)


def speccy(folder: Path, windows: np.ndarray, width: int) -> Network:
    """The network of Deej-A.I. with random weights, but for batch norm, which knows the windows: else all is alike."""
    torch.manual_seed(1)
    network = build_network("2d", width=width)
    for layer in network.modules():
        if hasattr(layer, "momentum"):
            layer.momentum = None  # the mean of what it has seen
    with torch.no_grad():
        network(torch.from_numpy(mel_slices(windows, SCALING)))
    save_speccy(network.state_dict(), folder, kind="2d", scaling=SCALING)

    def on(device: str) -> Callable[[torch.Tensor], torch.Tensor]:
        return load_speccy(folder)._network.to(device)

    start = f"from {load_speccy.__module__} import Path, load_speccy; model = load_speccy(Path({os.fspath(folder)!r}))"
    return Network("Deej-A.I.", load_speccy(folder), start, on)


def precisions(device: str) -> tuple[str, ...]:
    """TF32 is what torch takes by default for convolutions in float32, where a card has it; `pick_device` forbids it."""
    return ("float32", "TF32", "bfloat16", "float16") if device == "cuda" else ("float32", "bfloat16")


@contextlib.contextmanager
def computed_in(precision: str, device: str) -> Iterator[None]:
    mixed = precision.endswith("float16")
    torch.backends.cudnn.allow_tf32 = precision == "TF32"
    try:
        with torch.inference_mode(), torch.autocast(device, getattr(torch, precision) if mixed else None, enabled=mixed):
            yield
    finally:
        torch.backends.cudnn.allow_tf32 = False


def per_second(work: Callable[[], object], count: int, device: str, seconds: float) -> float:
    """How many windows a second it gets through that does `count` of them at once."""

    def wait() -> None:
        if device != CPU:
            getattr(torch, device).synchronize()

    work()
    wait()
    started, rounds = time.perf_counter(), 0
    while not rounds or time.perf_counter() - started < seconds:
        work()
        rounds += 1
    wait()
    return rounds * count / (time.perf_counter() - started)


def there_and_back(network: Callable[[torch.Tensor], torch.Tensor], windows: np.ndarray, device: str) -> np.ndarray:
    """As the models do it."""
    batches = torch.from_numpy(windows).split(AT_ONCE)
    return np.concatenate([network(batch.to(device)).float().cpu().numpy() for batch in batches])


def agreement(network: Network, windows: Sequence[np.ndarray], device: str) -> Iterator[dict]:
    """How far the device's numbers are from the CPU's, by precision; windows: those of each track."""
    mel = network.model.mel(np.concatenate(windows))
    expected = network.model.trunk(mel)
    on_device = network.on(device)

    def vectors(trunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of slices and of tracks."""
        slices = network.model.project(trunk.astype(np.float16))  # as the store keeps it
        tracks = np.split(slices, np.cumsum([len(track) for track in windows[:-1]]))
        return slices, mp3tovec(tracks, network.model.epsilon)

    for precision in precisions(device):
        with computed_in(precision, device):
            found = there_and_back(on_device, mel, device)
        difference = np.abs(found - expected).max()
        slices, tracks = (cosine_distance(*pair).max() for pair in zip(vectors(expected), vectors(found), strict=True))
        yield {
            "network": network.name,
            "computed in": precision,
            "windows": len(mel),
            "largest difference": float(difference),
            "of the standard deviation": float(difference / expected.std(axis=0).mean()),
            "1 - cosine, slices": float(slices),
            "1 - cosine, tracks": float(tracks),
        }


def cosine_distance(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """1 - cosine, row by row, also where it is tiny: half the squared distance of unit vectors.

    >>> float(cosine_distance(np.array([[3.0, 0]]), np.array([[0, 0.5]]))[0])
    1.0
    """
    some, others = (
        rows.astype(float) / np.linalg.norm(rows.astype(float), axis=1, keepdims=True) for rows in (some, others)
    )
    return np.square(some - others).sum(axis=1) / 2


def speed(network: Network, mel: np.ndarray, batches: Sequence[int], device: str, seconds: float) -> Iterator[dict]:
    """Windows a second of the network alone, by how many go through it at once and by precision."""
    on_device = network.on(device)
    for batch, precision in itertools.product(batches, precisions(device)):
        there = torch.from_numpy(np.resize(mel, (batch, *mel.shape[1:]))).to(device)
        with computed_in(precision, device):
            measured = rate(lambda there=there: on_device(there), batch, device, seconds)
        yield {"network": network.name, "at once": batch, "computed in": precision} | measured


def speed_of_model(network: Network, mel: np.ndarray, counts: Sequence[int], device: str, seconds: float) -> Iterator[dict]:
    """Windows a second of the model, given so many: in batches of its own, in float32, and copied there and back."""
    for count in counts:
        windows = np.resize(mel, (count, *mel.shape[1:]))
        measured = rate(lambda windows=windows: network.model.trunk(windows, device=device), count, device, seconds)
        yield {"network": network.name, "windows": count} | measured


def rate(work: Callable[[], object], count: int, device: str, seconds: float) -> dict:
    """As `per_second`, and the MB of a card's memory that it takes."""
    if device != "cuda":
        return {"a second": per_second(work, count, device, seconds)}
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return {"a second": per_second(work, count, device, seconds), "MB": torch.cuda.max_memory_allocated() / 1e6}


def speed_of_cpu(network: Network, windows: np.ndarray, threads: int, seconds: float) -> dict:
    """Windows a second of so many threads, each with these of one file at a time, as by default; spectrograms apart."""
    model = network.model
    mel = model.mel(windows)
    with ThreadPoolExecutor(threads) as pool:

        def all_at(work: Callable[[np.ndarray], object], windows: np.ndarray) -> float:
            return per_second(lambda: list(pool.map(work, [windows] * threads)), threads * len(windows), CPU, seconds)

        spectrograms, network_alone = all_at(model.mel, windows), all_at(model.trunk, mel)
    return {"network": network.name, "threads": threads, "spectrograms": spectrograms, "network alone": network_alone}

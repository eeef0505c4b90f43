"""An epoch of training the network of Deej-A.I. on a device.

Imports internals: training is no part of the public API, and its steps are timed one by one.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
import torch

from deejai_core.models.deejai.network import FRAMES, MELS
from deejai_core.training import network as training
from deejai_core.training.network import train_network
from deejai_core.training.objectives import Course, TrainingData
from deejai_core.training.validation import HELD_OUT

WINDOWS = 16  # of a track, as by default
FEW = 256  # tracks that it is trained on without dropout


def made_up(tracks: int) -> TrainingData:
    """Spectrograms of the size that the training of real tracks has; they share their memory."""
    rng = np.random.default_rng(1)
    pool = rng.integers(0, 256, (1000 + WINDOWS, MELS, FRAMES), np.uint8)
    targets = rng.normal(size=(tracks, 100)).astype(np.float32)
    targets /= np.linalg.norm(targets, axis=1, keepdims=True)
    slices = [pool[start : start + WINDOWS] for start in rng.integers(0, 1000, tracks)]
    return TrainingData(slices, targets, np.arange(tracks) < HELD_OUT * tracks)


def epoch(device: str, *, threads: int, tracks: int, width: int) -> dict:
    """An epoch as `beet deejai train NAME --network 2d` does it, and a short one without dropout, whose numbers are random.

    threads: of torch on the CPU. Seconds are of wall time.
    """
    torch.set_num_threads(threads)
    course = Course(kind="2d", epochs=1, width=width, device=device)
    spent: defaultdict[str, list[float]] = defaultdict(list)
    steps: list[float] = []

    def timed(method: Callable) -> Callable:
        def call(*args: object) -> object:
            started = time.perf_counter()
            result = method(*args)
            spent[method.__name__].append(time.perf_counter() - started)
            return result

        return call

    run, without_dropout = training._Run, mock.patch.object(torch.nn.Dropout, "forward", lambda self, x: x)
    with TemporaryDirectory() as folder:
        with mock.patch.multiple(run, _validate=timed(run._validate), _save=timed(run._save)):
            checkpoint = Path(folder, "epoch.pt")
            data = made_up(tracks)
            _, progress = train_network(data, course, checkpoint, on_step=lambda *_: steps.append(time.perf_counter()))
        with without_dropout:
            _, same = train_network(made_up(min(FEW, tracks)), course, Path(folder, "short.pt"))
    return {
        "computed by": device,
        "tracks": tracks,
        "seconds of training": steps[-1] - steps[0],
        "validation": spent["_validate"][-1],
        "checkpoint": spent["_save"][-1],
        "loss": progress.epochs[-1].loss,
        "before: validation": progress.random,
        "no dropout: loss": same.epochs[-1].loss,
        "no dropout: validation": same.epochs[-1].validation,
    }

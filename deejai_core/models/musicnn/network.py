"""The network of MusiCNN, with weights of either training: from three seconds of music to 200 numbers and 50 tags.

Pons and Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging" (2019). The bundled weights are
pruned: filters with a constant output are removed, and what the constant adds to later layers is stored instead
(`tools/build_musicnn.py`).
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.audio.spectrogram import log_mel
from deejai_core.errors import ModelError
from deejai_core.models.device import AT_ONCE, CPU, pick_device, use_one_thread
from deejai_core.models.musicnn.convolutions import (
    TEMPORAL,
    TIMBRAL,
    TimbralFilters,
    convolve,
    temporal_maxima,
    temporal_table,
    timbral_maxima,
)

if TYPE_CHECKING:
    import torch

WEIGHTS = Path(__file__).parent / "weights"


class Network:
    """The network with its weights, which a subclass names.

    On the CPU it is numpy's: importing torch takes two seconds and 200 MB, more than embedding a few songs.
    """

    trunk_name: str  # of the weights, and of their file
    sha256: str  # of that file
    sample_rate = 16_000  # Hz, mono
    window = 48_128  # samples: 187 frames of 512 at a hop of 256, 3.008 s
    trunk_size = 200
    pick_device = staticmethod(pick_device)

    def __init__(self) -> None:
        self._on_device: dict[str, dict[str, torch.Tensor]] = {}  # the weights on torch's devices

    def is_intact(self) -> bool:
        """Return whether the weights' file is the one that this package was built with."""
        try:
            return hashlib.sha256(self._file.read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False

    @property
    def _file(self) -> Path:
        return WEIGHTS / f"{self.trunk_name}.safetensors"

    @cached_property
    def _weights(self) -> dict[str, np.ndarray]:
        try:
            from safetensors import SafetensorError
            from safetensors.numpy import load_file
        except (ImportError, OSError) as error:  # OSError: one of its shared libraries is missing
            raise ModelError(f"cannot analyse audio: {error}; reinstall beets-deejai") from error

        try:
            return load_file(self._file)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{self._file}: cannot read the model's weights ({error}); reinstall beets-deejai") from error

    @cached_property
    def _timbral(self) -> TimbralFilters:
        return TimbralFilters.of([self._weights[name] for name in TIMBRAL], self._weights["mel.filters"].shape[1])

    @cached_property
    def _temporal(self) -> list[np.ndarray]:
        return [temporal_table(self._weights[name]) for name in TEMPORAL]

    def load(self) -> None:
        use_one_thread()
        _ = self._timbral, self._temporal

    def embed(self, windows: np.ndarray, *, device: str = CPU) -> np.ndarray:
        """Return the trunk's output for windows of audio.

        windows: (n, `window`) float32 samples at `sample_rate`. device: as `pick_device` returns it. Returns (n, 200)
        float32, the penultimate layer.
        """
        return self.trunk(self.mel(windows), device=device)

    def mel(self, windows: np.ndarray) -> np.ndarray:
        """Return the trunk's input for windows of audio: (n, `window`) -> (n, 187 frames, 96 mels) float32."""
        self.load()
        return np.stack([log_mel(window, self._weights["mel.filters"], n_fft=512, hop_length=256) for window in windows])

    def probabilities(self, trunk: np.ndarray) -> np.ndarray:
        """Return the probabilities (n, 50) float32 of its tags, in order, from the trunk's output (n, 200)."""
        logits = trunk.astype(np.float32) @ self._weights["tags.weight"] + self._weights["tags.bias"]
        return np.asarray(1 / (1 + np.exp(-logits)))

    def trunk(self, mel: np.ndarray, *, device: str = CPU) -> np.ndarray:
        """Return the penultimate layer (n, 200) float32 for log-mel slices (n, 187 frames, 96 mels) float32."""
        if device == CPU:
            self.load()
            return np.stack([self._trunk_of(slice_) for slice_ in mel])

        import torch

        from deejai_core.models.musicnn import torch_layers as musicnn_torch

        if device not in self._on_device:
            weights = {name: torch.from_numpy(values).to(device) for name, values in self._weights.items()}
            self._on_device[device] = weights
        batches = torch.from_numpy(mel).split(AT_ONCE)
        return np.concatenate(
            [musicnn_torch.trunk(batch.to(device), self._on_device[device]).cpu().numpy() for batch in batches]
        )

    def _trunk_of(self, mel: np.ndarray) -> np.ndarray:
        """Return the penultimate layer (200,) for one log-mel slice (187 frames, 96 mels)."""
        w = self._weights
        x = mel * w["input.scale"] + w["input.shift"]
        front = np.concatenate([timbral_maxima(x, self._timbral), *(temporal_maxima(x, table) for table in self._temporal)])
        # Maxima were taken before bias, ReLU and batch norm, which are all monotone; `sign` marks filters of negative gain,
        # whose maximum is the negated maximum of the negated filter.
        front *= w["front.sign"][:, None]
        front = self._activated(front, "front")  # (64, 187)
        mid1 = np.repeat(w["mid1.constant"][:, None], len(x), axis=1)  # (64, 187)
        mid1[w["mid1.channels"]] = self._activated(convolve(front, w["mid1.weight"]), "mid1")
        mid2 = self._activated(convolve(mid1, w["mid2.weight"]), "mid2") + mid1
        mid3 = self._activated(convolve(mid2, w["mid3.weight"]), "mid3") + mid2
        back = np.concatenate([front, mid1, mid2, mid3])  # (256, 187)
        dense = back.max(axis=1) @ w["dense.max"] + back.mean(axis=1) @ w["dense.mean"]
        return self._activated(dense, "dense")

    def _activated(self, x: np.ndarray, layer: str) -> np.ndarray:
        """Apply bias, ReLU and batch norm of a layer: (filters, frames) or (filters,) -> the same shape."""
        w = self._weights
        bias, scale, shift = (
            w[f"{layer}.{part}"].reshape(len(x), *[-1] * (x.ndim - 1)) for part in ("bias", "scale", "shift")
        )
        activated: np.ndarray = np.maximum(x + bias, 0) * scale + shift  # mid1's bias differs from frame to frame
        return activated

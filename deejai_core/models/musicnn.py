"""MusiCNN: three seconds of music in, an embedding out.

The network of Pons and Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging" (2019), trained
on the Million Song Dataset. The bundled weights are pruned exactly: filters that put out a constant are gone, and what the
constant adds to later layers is stored instead (`tools/build_musicnn.py`).
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.audio.spectrogram import log_mel
from deejai_core.errors import ModelError
from deejai_core.models.device import CPU

if TYPE_CHECKING:
    import torch

WEIGHTS = Path(__file__).parent / "weights"
SHA256 = "571766d0786122f6ec2ce1f172f5e2e5aae9568ea70406256972a008d6391990"  # of the weights' file

BATCH = 8  # slices through the network at once: fits the cache, and the same file always gets the same batches
PHASES = 8  # neighbouring frames that are channels of one, see `_convolve_time`


class MusiCNN:
    """The network with its weights. The trunk runs in torch, which is imported on the first use of it."""

    name = "musicnn-msd-1"  # changes with every number it puts out: vectors of different names are not comparable
    trunk_name = name
    has_tags = True
    sample_rate = 16_000  # Hz, mono
    span = 48_128  # samples: 187 frames of 512 at a hop of 256, 3.008 s
    trunk_size = 200
    dimension = 100
    epsilon = 0.2  # cosine distance below which two slices are the same word in Mp3ToVec
    duplicate_epsilon = 0.01  # measured, see docs/benchmarks.md

    def is_intact(self) -> bool:
        """Whether the weights' file is the one that this package was made with."""
        try:
            return hashlib.sha256((WEIGHTS / f"{self.name}.safetensors").read_bytes()).hexdigest() == SHA256
        except OSError:
            return False

    @cached_property
    def _weights(self) -> dict[str, np.ndarray]:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = WEIGHTS / f"{self.name}.safetensors"
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{path}: cannot read the model's weights ({error}); reinstall beets-deejai") from error

    @cached_property
    def _tensors(self) -> dict[str, torch.Tensor]:
        import torch  # two seconds and 200 MB: only what analyses audio pays for it

        # A file's numbers must not depend on how many cores there are, and files analysed at once would fight over them.
        torch.set_num_threads(1)
        return {name: torch.from_numpy(values) for name, values in self._weights.items()}

    @cached_property
    def _on_device(self) -> dict[str, dict[str, torch.Tensor]]:
        return {CPU: self._tensors}

    def hear(self, spans: np.ndarray, *, device: str = CPU) -> np.ndarray:
        """The trunk's output for spans of audio.

        spans: (n, `span`) float32 samples at `sample_rate`. device: of torch; on another one than the CPU all spans go
        through the network at once. Returns (n, 200) float32, the penultimate layer.
        """
        _ = self._tensors  # before torch does anything else
        size = BATCH if device == CPU else len(spans)
        batches = [spans[start : start + size] for start in range(0, len(spans), size)]
        return np.concatenate([self.trunk(self.mel(batch), device=device) for batch in batches])

    def mel(self, spans: np.ndarray) -> np.ndarray:
        """What the trunk sees of spans of audio: (n, `span`) -> (n, 187 frames, 96 mels) float32."""
        filters = self._weights["mel.filters"]
        # One at a time fits the cache: 60 % of the time.
        return np.concatenate([log_mel(span[None], filters, n_fft=512, hop_length=256) for span in spans])

    def project(self, trunk: np.ndarray) -> np.ndarray:
        """Slice vectors (..., 100) float32, not normalised, from the trunk's output (..., 200)."""
        centred = trunk.astype(np.float32) - self._weights["projection.mean"]
        return centred @ self._weights["projection.matrix"]

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        """Probabilities (n, 50) float32 of `vocabulary.TAGS`, from the trunk's output (n, 200)."""
        logits = trunk.astype(np.float32) @ self._weights["tags.weight"] + self._weights["tags.bias"]
        return 1 / (1 + np.exp(-logits))

    def trunk(self, mel: np.ndarray, *, device: str = CPU) -> np.ndarray:
        """The penultimate layer (n, 200) float32 for log-mel slices (n, 187 frames, 96 mels) float32."""
        import torch
        from torch.nn import functional as F

        if device not in self._on_device:
            self._on_device[device] = {name: values.to(device) for name, values in self._tensors.items()}
        w = self._on_device[device]

        def middle(x: torch.Tensor, layer: str) -> torch.Tensor:
            """Convolution over 7 frames, ReLU, batch norm: (n, channels, 187) -> (n, filters, 187)."""
            bias = w[f"{layer}.bias"].reshape(len(w[f"{layer}.scale"]), -1)  # mid1's differs from frame to frame
            x = F.relu(F.conv1d(x, w[f"{layer}.weight"], padding=3) + bias)
            return x * w[f"{layer}.scale"][:, None] + w[f"{layer}.shift"][:, None]

        with torch.inference_mode():
            x = torch.from_numpy(mel).to(device) * w["input.scale"] + w["input.shift"]  # (n, 187, 96)

            padded = F.pad(x, (0, 0, 3, 3))[:, None]  # (n, 1, 193, 96)
            front = [
                # (n, filters, 187, frequencies) -> the maximum over frequency
                F.conv2d(padded, w[f"front.{name}"][:, None]).amax(dim=3)
                for name in ("timbral38", "timbral67")
            ]
            front += [_convolve_time(x, w[f"front.temporal{length}"]) for length in (128, 64, 32)]
            # Maxima were taken before bias, ReLU and batch norm, all monotone; `sign` marks filters of negative gain,
            # whose maximum is the negated maximum of the negated filter.
            front = torch.cat(front, dim=1) * w["front.sign"][:, None] + w["front.bias"][:, None]  # (n, 64, 187)
            front = F.relu(front) * w["front.scale"][:, None] + w["front.shift"][:, None]

            mid1 = w["mid1.constant"][:, None].repeat(len(x), 1, x.shape[1])  # (n, 64, 187)
            mid1[:, w["mid1.channels"]] = middle(front, "mid1")
            mid2 = middle(mid1, "mid2") + mid1
            mid3 = middle(mid2, "mid3") + mid2

            back = torch.cat([front, mid1, mid2, mid3], dim=1)  # (n, 256, 187)
            dense = back.amax(dim=2) @ w["dense.max"] + back.mean(dim=2) @ w["dense.mean"] + w["dense.bias"]
            return (F.relu(dense) * w["dense.scale"] + w["dense.shift"]).cpu().numpy()  # (n, 200)


def _convolve_time(x, filters):
    """Each mel band convolved with `filters` (f, length) over time, "same" padding; the maximum over the bands.

    (n, frames, mels) -> (n, f, frames). `PHASES` frames are taken as channels of one, of input and output: on long filters
    with one input channel that is three to four times as fast as torch's convolution, although it multiplies zeros too.
    """
    import torch
    from torch.nn import functional as F

    count, length = filters.shape
    n, frames, mels = x.shape
    taps = -(-(length + PHASES - 1) // PHASES)
    kernel = torch.zeros(count, PHASES, taps * PHASES, device=filters.device)
    for phase in range(PHASES):
        kernel[:, phase, phase : phase + length] = filters
    kernel = kernel.reshape(count * PHASES, taps, PHASES).transpose(1, 2)[..., None]  # (f * phases, phases, taps, 1)

    blocks = -(-frames // PHASES)
    before = (length - 1) // 2
    after = (blocks + taps - 1) * PHASES - before - frames
    rows = F.pad(x, (0, 0, before, after)).reshape(n, blocks + taps - 1, PHASES, mels).transpose(1, 2)
    y = F.conv2d(rows.contiguous(), kernel).amax(dim=3)  # (n, f * phases, blocks)
    y = y.reshape(n, count, PHASES, blocks).transpose(2, 3)  # (n, f, blocks, phases)
    return y.reshape(n, count, blocks * PHASES)[:, :, :frames]

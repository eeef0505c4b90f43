"""MusiCNN in torch, for graphics processors: its layers as they are published, many mel slices at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from deejai_core.models.musicnn.convolutions import TEMPORAL, TIMBRAL

if TYPE_CHECKING:
    import torch


def trunk(mel: torch.Tensor, w: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return the penultimate layer (n, 200) for log-mel slices (n, frames, mels); w: weights by name, on that device."""
    import torch
    from torch.nn import functional as F

    with torch.inference_mode():
        x = (mel * w["input.scale"] + w["input.shift"])[:, None]  # (n, 1, frames, mels)
        maxima = [F.conv2d(x, w[name][:, None], padding=(3, 0)).amax(dim=3) for name in TIMBRAL]
        for name in TEMPORAL:
            before = (w[name].shape[1] - 1) // 2
            padded = F.pad(x, (0, 0, before, w[name].shape[1] - 1 - before))
            maxima.append(F.conv2d(padded, w[name][:, None, :, None]).amax(dim=3))
        front = torch.cat(maxima, dim=1)  # (n, 64, frames)
        front = front * w["front.sign"][:, None] + w["front.bias"][:, None]
        front = F.relu(front) * w["front.scale"][:, None] + w["front.shift"][:, None]

        def middle(x: torch.Tensor, layer: str) -> torch.Tensor:
            scale, shift = w[f"{layer}.scale"][:, None], w[f"{layer}.shift"][:, None]
            bias = w[f"{layer}.bias"].reshape(len(scale), -1)
            return F.relu(F.conv1d(x, w[f"{layer}.weight"], padding=3) + bias) * scale + shift

        mid1 = w["mid1.constant"][:, None].repeat(len(x), 1, front.shape[2])  # (n, 64, frames)
        mid1[:, w["mid1.channels"]] = middle(front, "mid1")
        mid2 = middle(mid1, "mid2") + mid1
        mid3 = middle(mid2, "mid3") + mid2
        back = torch.cat([front, mid1, mid2, mid3], dim=1)  # (n, 256, frames)
        dense = back.amax(dim=2) @ w["dense.max"] + back.mean(dim=2) @ w["dense.mean"] + w["dense.bias"]
        return F.relu(dense) * w["dense.scale"] + w["dense.shift"]

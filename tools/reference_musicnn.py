"""The published MusiCNN, unpruned and as plainly as it can be written: what the bundled weights are tested against.

    python tools/reference_musicnn.py path/to/musicnn/MSD_musicnn
    python tools/reference_musicnn.py path/to/musicnn/MTT_musicnn --network mtt

takes the same weights as `build_musicnn.py` and writes the outputs for `random_slices` to tests/data/: with these slices to
musicnn-reference.npz, or without them to musicnn-mtt-reference.npz.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from build_musicnn import BATCH_NORM_EPSILON, read_variables
from torch.nn import functional as F

DATA = Path(__file__).parent.parent / "tests/data"
OUTPUTS = {"msd": DATA / "musicnn-reference.npz", "mtt": DATA / "musicnn-mtt-reference.npz"}


def random_slices(count: int = 4) -> np.ndarray:
    """(count, 187, 96) float32 in the range of log-mel slices, with something going on in time and frequency."""
    rng = np.random.default_rng(20190801)
    walk = rng.normal(0, 0.1, (count, 187, 96)).cumsum(axis=1)
    beat = np.sin(np.linspace(0, 60, 187))[:, None] * rng.uniform(0, 1, (count, 1, 96))
    mel = np.clip(1.5 + walk + beat + rng.normal(0, 0.3, walk.shape), 0, 5)
    return mel.astype(np.float16).astype(np.float32)  # two bytes a number, without loss, in the file


def forward(variables: dict[str, np.ndarray], mel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Penultimate layer (n, 200) and tag probabilities (n, 50) of log-mel slices (n, 187, 96), in float64."""
    v = {name: torch.from_numpy(values) for name, values in variables.items()}

    def batch_norm(x: torch.Tensor, name: str) -> torch.Tensor:
        """Over the second axis."""
        gamma, beta, mean, variance = (
            v[f"{name}/{part}"].reshape(-1, *[1] * (x.ndim - 2))
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (x - mean) / torch.sqrt(variance + BATCH_NORM_EPSILON) + beta

    def layer(x: torch.Tensor, convolution: str, norm: str) -> torch.Tensor:
        kernel = v[f"{convolution}/kernel"].permute(3, 2, 0, 1)  # (time, frequency, in, out) -> torch's order
        return batch_norm(F.relu(F.conv2d(x, kernel, v[f"{convolution}/bias"])), norm)

    x = batch_norm(torch.from_numpy(mel.astype(np.float64))[:, None], "batch_normalization")  # (n, 1, 187, 96)
    padded = F.pad(x, (0, 0, 3, 3))
    front = [
        layer(padded, "conv2d", "batch_normalization_1"),
        layer(padded, "conv2d_1", "batch_normalization_2"),
    ]
    for number, length in ((2, 128), (3, 64), (4, 32)):
        same = F.pad(x, (0, 0, (length - 1) // 2, length // 2))
        front.append(layer(same, f"conv2d_{number}", f"batch_normalization_{number + 1}"))
    front = torch.cat([branch.amax(dim=3) for branch in front], dim=1)  # (n, 561, 187)

    def middle(x: torch.Tensor, number: int) -> torch.Tensor:
        image = F.pad(x, (3, 3)).transpose(1, 2)[:, None]  # (n, 1, 193, channels)
        return layer(image, f"conv2d_{number}", f"batch_normalization_{number + 1}")[..., 0]  # (n, 64, 187)

    mid1 = middle(front, 5)
    mid2 = middle(mid1, 6) + mid1
    mid3 = middle(mid2, 7) + mid2
    back = torch.cat([front, mid1, mid2, mid3], dim=1)  # (n, 753, 187)
    pooled = torch.stack([back.amax(dim=2), back.mean(dim=2)], dim=2).flatten(1)  # (n, 1506): max0, mean0, max1...
    dense = F.relu(batch_norm(pooled, "batch_normalization_9") @ v["dense/kernel"] + v["dense/bias"])
    penultimate = batch_norm(dense, "batch_normalization_10")
    tags = torch.sigmoid(penultimate @ v["dense_1/kernel"] + v["dense_1/bias"])
    return penultimate.numpy(), tags.numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help=".npz file or TensorFlow checkpoint folder")
    parser.add_argument("--network", choices=list(OUTPUTS), default="msd", help="which of the two it is (default: msd)")
    options = parser.parse_args()
    mel, output = random_slices(), OUTPUTS[options.network]
    penultimate, tags = forward(read_variables(options.weights), mel)
    slices = {"mel": mel.astype(np.float16)} if options.network == "msd" else {}
    np.savez_compressed(output, **slices, penultimate=penultimate.astype(np.float32), tags=tags.astype(np.float32))
    print(f"{output}: {len(mel)} slices")


if __name__ == "__main__":
    main()

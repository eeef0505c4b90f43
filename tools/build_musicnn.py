"""Builds the bundled MusiCNN weights: the published networks, pruned, and the projection of the first.

    python tools/build_musicnn.py path/to/musicnn/MSD_musicnn
    python tools/build_musicnn.py path/to/musicnn/MTT_musicnn --network mtt
    python tools/build_musicnn.py musicnn-msd.npz --projection musicnn-projection.npz

There are two networks: `msd`, trained on the Million Song Dataset, and `mtt`, trained on MagnaTagATune. Their weights come
from the checkpoint folders inside the `musicnn` 0.1.0 distribution on PyPI (`pip download --no-deps musicnn`, unpack;
reading them needs `pip install tensorflow-cpu`), or from an .npz with the variables of a checkpoint, `/` in names written
as `|`. The projection, which only `msd` has, was fitted on recordings, not derived from the weights: without --projection
it is taken over from the existing output file.

Many convolution filters of the published networks have no weight left. Such a filter puts out the same number at every
frame, so it is replaced by what that constant adds to the layers behind it. All constants are computed in float64.

In MSD_musicnn a filter has weights or it has none. In MTT_musicnn many have some that are next to nothing, of which later
layers make nothing either. There a filter's reach decides, too: the product of its norm, its gain, and the norm of all that
later layers take of it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import librosa
import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

WEIGHTS = Path(__file__).parent.parent / "deejai_core/models/musicnn/weights"
OUTPUTS = {"msd": WEIGHTS / "musicnn-msd-1.safetensors", "mtt": WEIGHTS / "musicnn-mtt-1.safetensors"}

FRAMES = 187  # of a window: 3 s at 16 kHz and hop 256
BATCH_NORM_EPSILON = 1e-3
DEAD = 1e-5  # the norm of a filter below which it has no weight left; those of MSD_musicnn leave a wide gap here
REACH = {"msd": 0.0, "mtt": 3e-5}  # a filter with less is dead, too; what that costs, tests/core/test_musicnn.py says


def read_variables(source: Path) -> dict[str, np.ndarray]:
    """The checkpoint's variables by name, as float64, from an .npz file or a TensorFlow checkpoint folder."""
    if source.suffix == ".npz":
        with np.load(source) as archive:
            return {name.replace("|", "/"): archive[name].astype(np.float64) for name in archive.files}
    from tensorflow.compat.v1 import train  # only this road needs it, and it is large

    # The checkpoint has no name: its files are called ".index" and ".data-00000-of-00001".
    reader = train.NewCheckpointReader(f"{source}{os.sep}")
    names = [name for name in reader.get_variable_to_shape_map() if "Adam" not in name and "_power" not in name]
    return {name: reader.get_tensor(name).astype(np.float64) for name in names}


def read_projection(source: Path | None) -> dict[str, np.ndarray]:
    """`mean` (200) and `matrix` (200 x 100), from an .npz file or the weights built before."""
    if source is None:
        with safe_open(OUTPUTS["msd"], framework="numpy") as built:
            return {name: built.get_tensor(f"projection.{name}") for name in ("mean", "matrix")}
    with np.load(source) as archive:
        return {name: archive[name] for name in ("mean", "matrix")}


def prune(variables: dict[str, np.ndarray], least_reach: float) -> dict[str, np.ndarray]:
    """The tensors of `deejai_core.models.musicnn.network`, which documents their use, from the checkpoint's variables."""

    def numbered(name: str, number: int) -> str:
        return name if number == 0 else f"{name}_{number}"

    def batch_norm(number: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch norm at inference as a scale and a shift per channel."""
        gamma, beta, mean, variance = (
            variables[f"{numbered('batch_normalization', number)}/{part}"]
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        scale = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
        return scale, beta - mean * scale

    def convolution(number: int) -> tuple[np.ndarray, np.ndarray]:
        """Kernel (time, frequency or channel, filter) and bias (filter)."""
        name = numbered("conv2d", number)
        return variables[f"{name}/kernel"][:, :, 0, :], variables[f"{name}/bias"]

    tensors = dict(zip(("input.scale", "input.shift"), batch_norm(0), strict=True))

    # The norm of all that later layers make of each channel of the front end.
    taken = (convolution(5)[0] ** 2).sum(axis=(0, 2))
    dense = (variables["dense/kernel"] * batch_norm(9)[0][:, None]).reshape(753, 2, -1)  # channel, (maximum, mean), unit
    taken = np.sqrt(taken + (dense[: len(taken)] ** 2).sum(axis=(1, 2)))

    # Front end: five branches of convolution, ReLU, batch norm.
    alive, constant, affine = [], [], []
    for number, name in enumerate(("timbral38", "timbral67", "temporal128", "temporal64", "temporal32")):
        kernel, bias = convolution(number)
        scale, shift = batch_norm(number + 1)
        norm = np.sqrt((kernel**2).sum(axis=(0, 1)))
        first = sum(map(len, alive))
        reach = norm * np.abs(scale) * taken[first : first + len(norm)]
        living = (norm > DEAD) & (reach > least_reach)
        # The maximum over frequency comes before ReLU and batch norm. Where the gain is negative that would have to be
        # the minimum, which is the negated maximum of the negated filter.
        sign = np.where(scale < 0, -1.0, 1.0)
        filters = (kernel * sign)[:, :, living].transpose(2, 0, 1)  # filter, time, frequency
        tensors[f"front.{name}"] = filters if "timbral" in name else filters[:, :, 0]
        affine.append(np.stack([bias, sign, scale, shift])[:, living])
        alive.append(living)
        constant.append(scale * np.maximum(bias, 0) + shift)
    alive, constant = np.concatenate(alive), np.concatenate(constant)  # 561 channels
    for name, values in zip(("bias", "sign", "scale", "shift"), np.concatenate(affine, axis=1), strict=True):
        tensors[f"front.{name}"] = values

    # Middle: three convolutions over time. What the dead channels add to the first differs at the borders, where the
    # zero padding takes their place.
    kernel, bias = convolution(5)
    padded = np.pad(np.where(alive, 0, constant)[None].repeat(FRAMES, axis=0), ((3, 3), (0, 0)))
    fixed = bias + sum(padded[tap : tap + FRAMES] @ kernel[tap] for tap in range(7))  # frame, filter
    living = np.sqrt((kernel**2).sum(axis=(0, 1))) > DEAD
    scale, shift = batch_norm(6)
    tensors |= {
        "mid1.weight": kernel[:, alive][:, :, living].transpose(2, 1, 0),
        "mid1.bias": fixed[:, living].T,
        "mid1.scale": scale[living],
        "mid1.shift": shift[living],
        "mid1.channels": np.flatnonzero(living),
        "mid1.constant": scale * np.maximum(bias, 0) + shift,
    }
    for number, name in ((6, "mid2"), (7, "mid3")):
        kernel, bias = convolution(number)
        scale, shift = batch_norm(number + 1)
        tensors |= {
            f"{name}.weight": kernel.transpose(2, 1, 0),
            f"{name}.bias": bias,
            f"{name}.scale": scale,
            f"{name}.shift": shift,
        }

    # Back end: (maximum, mean) per channel, batch norm, dense. The batch norm is linear, so it joins the dense layer,
    # and a dead channel's maximum and mean are its constant, so they join the bias.
    scale, shift = batch_norm(9)
    kernel = variables["dense/kernel"]
    bias = variables["dense/bias"] + shift @ kernel
    kernel = (kernel * scale[:, None]).reshape(753, 2, -1)  # channel, (maximum, mean), unit
    bias = bias + np.where(alive, 0, constant) @ kernel[: len(alive)].sum(axis=1)
    kept = np.append(alive, np.ones(3 * 64, bool))
    tensors |= {"dense.max": kernel[kept, 0], "dense.mean": kernel[kept, 1], "dense.bias": bias}
    tensors |= dict(zip(("dense.scale", "dense.shift"), batch_norm(10), strict=True))
    tensors |= {"tags.weight": variables["dense_1/kernel"], "tags.bias": variables["dense_1/bias"]}
    return tensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help=".npz file or TensorFlow checkpoint folder")
    parser.add_argument("--network", choices=list(OUTPUTS), default="msd", help="which of the two it is (default: msd)")
    parser.add_argument("--projection", type=Path, help=".npz file with mean and matrix")
    parser.add_argument("-o", "--output", type=Path, help="by default the bundled file")
    options = parser.parse_args()

    bundled = OUTPUTS[options.network]
    output = options.output or bundled
    tensors = prune(read_variables(options.weights), REACH[options.network])
    if options.network == "msd":
        tensors |= {f"projection.{name}": values for name, values in read_projection(options.projection).items()}
    # The filter bank belongs to the model: with it inside, no other version of librosa can change a vector.
    tensors["mel.filters"] = librosa.filters.mel(sr=16_000, n_fft=512, n_mels=96).T
    tensors = {
        name: np.ascontiguousarray(values, np.int64 if name == "mid1.channels" else np.float32)
        for name, values in sorted(tensors.items())
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(save(tensors, metadata={"model": bundled.stem}))
    print(f"{output}: {sum(values.size for values in tensors.values()):,} numbers")


if __name__ == "__main__":
    main()

"""Projects a network's output onto the directions in which music differs: whitened principal components, frozen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from deejai_core.errors import ModelError
from deejai_core.files import open_regular
from deejai_core.models.device import use_one_thread
from deejai_core.refusals import READING, refusal

DIMENSION = 100  # of vectors, at most
LEAST = 2_000  # slices needed to compute components
WIDEST = 8_192  # numbers of an output; the time for components grows with the cube of this, to minutes here
POWER = 0.5  # of the deviations by which components are divided: that of the bundled projection
NEGLIGIBLE = 1e-4  # of the largest deviation: smaller ones are rounding
LEAST_DEVIATION = 1e-8  # stored numbers that differ at all differ by 6e-8 at least
LARGEST = 200_000_000  # bytes of a file


@dataclass(frozen=True, eq=False)
class Projection:
    """A projection: a slice vector is `(output - mean) @ matrix`."""

    mean: np.ndarray  # (outputs,) float32
    matrix: np.ndarray  # (outputs, dimension) float32
    digest: str  # sha256 of its file

    @property
    def dimension(self) -> int:
        return int(self.matrix.shape[1])

    def __call__(self, output: np.ndarray) -> np.ndarray:
        """Project (..., outputs) -> (..., dimension) float32."""
        return np.asarray((output.astype(np.float32) - self.mean) @ self.matrix)


class Moments(NamedTuple):
    """The number of slices, and the mean (outputs,) and covariance (outputs, outputs) of their output."""

    slices: int
    mean: np.ndarray
    covariance: np.ndarray


def moments_of(blocks: Iterable[np.ndarray], outputs: int) -> Moments:
    """Return the moments of slices from blocks (n, outputs), each of which is read once; zeros if there are none."""
    use_one_thread()
    slices, shift = 0, np.zeros(outputs)
    total, products = np.zeros(outputs), np.zeros((outputs, outputs))
    for block in blocks:
        if not slices:
            shift = block.mean(axis=0, dtype=np.float64)  # close to the mean: so little precision is lost if that is large
        shifted = block - shift
        slices += len(block)
        total += shifted.sum(axis=0)
        products += shifted.T @ shifted
    offset = total / max(1, slices)
    products /= max(1, slices)
    products -= np.outer(offset, offset)
    return Moments(slices, shift + offset, products)


def fit_projection(moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (outputs,) and matrix (outputs, dimension), float32.

    The matrix has the components of largest variance, at most `DIMENSION`, each divided by its standard deviation to the
    power `POWER`. Directions that do not vary become zeros. Raises ValueError if none varies.
    """
    use_one_thread()
    variances, vectors = np.linalg.eigh(moments.covariance)
    variances, vectors = variances[::-1][:DIMENSION], vectors[:, ::-1][:, :DIMENSION]
    deviations = np.sqrt(np.maximum(variances, 0))
    if deviations[0] < LEAST_DEVIATION:
        raise ValueError("its output is the same for all music")
    varies = deviations > NEGLIGIBLE * deviations[0]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), range(vectors.shape[1])])  # either sign would do
    matrix = (vectors * np.where(varies, deviations, np.inf) ** -POWER).astype(np.float32)
    return moments.mean.astype(np.float32), matrix


def projection_bytes(mean: np.ndarray, matrix: np.ndarray) -> bytes:
    """Return the content of a projection's file."""
    from safetensors.numpy import save

    return save({"mean": np.ascontiguousarray(mean), "matrix": np.ascontiguousarray(matrix)})


def read_projection(path: Path, outputs: int) -> Projection:
    """Read the projection in a file. Raises ModelError if it is not one for this many outputs."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        with open_regular(path) as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ModelError(f"{path}: more than {LARGEST:,} bytes, too large for a projection")
        tensors = load(data)
        if tensors.keys() != {"mean", "matrix"}:
            raise ModelError(f"{path}: no projection; it should have mean and matrix, and has {', '.join(sorted(tensors))}")
        mean, matrix = tensors["mean"], tensors["matrix"]
    except OSError as error:
        raise ModelError(refusal(path, "cannot read the projection", error, READING)) from error
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: cannot read the projection ({error})") from error
    if mean.shape != (outputs,) or matrix.ndim != 2 or len(matrix) != outputs or not matrix.size:
        shapes = f"mean {mean.shape} and matrix {matrix.shape}"
        raise ModelError(f"{path}: {shapes} do not fit a network with {outputs} outputs")
    if any(values.dtype != np.float32 or not np.isfinite(values).all() for values in (mean, matrix)):
        raise ModelError(f"{path}: its values should be finite numbers of the type float32")
    return Projection(mean, matrix, hashlib.sha256(data).hexdigest())

"""MusiCNN: from three seconds of music to an embedding. It is the default model."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from deejai_core.models.musicnn.magnatagatune import MagnaTagATune
from deejai_core.models.musicnn.network import Network
from deejai_core.models.musicnn.tags import MSD_TAGS


class MusiCNN(Network):
    """The network as it was trained on the Million Song Dataset, and a projection to vectors."""

    name = "musicnn-msd-1"  # changes with every number it computes: vectors of different names are not comparable
    trunk_name = name
    sha256 = "571766d0786122f6ec2ce1f172f5e2e5aae9568ea70406256972a008d6391990"
    tag_set = MSD_TAGS
    dimension = 100
    epsilon = 0.1  # cosine distance below which two slices are the same word in Mp3ToVec; measured, see docs/benchmarks.md
    duplicate_epsilon = 0.01  # measured, see docs/benchmarks.md
    alike = 0.3  # likewise

    @cached_property
    def more(self) -> tuple[MagnaTagATune, ...]:
        return (MagnaTagATune(),)

    def project(self, trunk: np.ndarray) -> np.ndarray:
        """Return slice vectors (..., 100) float32, not normalised, from the trunk's output (..., 200)."""
        centred = trunk.astype(np.float32) - self._weights["projection.mean"]
        return np.asarray(centred @ self._weights["projection.matrix"])

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        """Return the probabilities (n, 50) float32 of `MSD_TAGS`, from the trunk's output (n, 200)."""
        return self.probabilities(trunk)

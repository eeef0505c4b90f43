"""The same network, trained on MagnaTagATune: instruments, voices, tempo, and classical music."""

from __future__ import annotations

import numpy as np

from deejai_core.models.musicnn.network import Network
from deejai_core.models.musicnn.tags import MTT_OUTPUTS, MTT_TAGS


class MagnaTagATune(Network):
    """A second vocabulary from MusiCNN's mel slices; see `deejai_core.models.protocol.Tagger`.

    It has no vectors: they would add nothing to MusiCNN's.
    """

    trunk_name = "musicnn-mtt-1"
    sha256 = "2ab1f8bcc0289d7648631cc63950683f149ac0967b8286cfe62cb4121a80d51e"
    tag_set = MTT_TAGS
    every = 2  # it is twice as large as MusiCNN, and half the windows give the same tags: see docs/benchmarks.md

    def mel(self, windows: np.ndarray) -> np.ndarray:
        return super().mel(windows[:: self.every])

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        """Return the probabilities (n, tags) float32 of `MTT_TAGS`, each that of its most probable spelling."""
        probabilities = self.probabilities(trunk)
        return np.stack([probabilities[:, outputs].max(axis=1) for outputs in MTT_OUTPUTS], axis=1)

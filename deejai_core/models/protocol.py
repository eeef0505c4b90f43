"""What every model offers."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from deejai_core.models.tag_set import TagSet


class Model(Protocol):
    """Windows of audio in, slice vectors out.

    The trunk's output is what is kept on disk: everything behind it can be computed again without decoding a file.
    """

    name: str  # kept beside every vector; changes with every number the model puts out
    trunk_name: str  # kept beside the trunk's output; models with the same trunk need no file to be embedded again
    sample_rate: int  # Hz
    window: int  # samples of one slice
    trunk_size: int
    dimension: int  # of slice vectors and of a track's vector
    epsilon: float  # cosine distance below which two slices are the same word in Mp3ToVec
    duplicate_epsilon: float  # cosine distance below which two tracks are most likely copies of one recording
    alike: float | None  # similarity below which two tracks no longer sound alike; None: not known
    tag_set: TagSet | None  # what it can say that something sounds like; None: nothing

    def is_intact(self) -> bool:
        """Whether its weights are what they should be."""

    def load(self) -> None:
        """Have in memory what `embed` needs on the CPU. Raises ModelError if a library or the weights cannot be loaded."""

    def embed(self, windows: np.ndarray, *, device: str = "cpu") -> np.ndarray:
        """(n, window) float32 samples -> (n, trunk_size) float32: the trunk's output for their mel slices."""

    def mel(self, windows: np.ndarray) -> np.ndarray:
        """(n, window) float32 samples -> (n, ...) float32, the mel slices that the trunk sees; computed on the CPU."""

    def trunk(self, mel: np.ndarray, *, device: str = "cpu") -> np.ndarray:
        """Mel slices -> (n, trunk_size) float32; device: as `pick_device` returns it."""

    def project(self, trunk: np.ndarray) -> np.ndarray:
        """(n, trunk_size) -> (n, dimension) float32, not normalised.

        Or (tracks, n, trunk_size) -> (tracks, n, dimension), each track as it would be by itself, bit by bit.
        """

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        """(n, trunk_size) -> (n, tags) float32, the probabilities of those of `tag_set`; only of a model that has one."""

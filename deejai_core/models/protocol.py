"""The interface of every model, and of every network that predicts tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeGuard

import numpy as np

from deejai_core.models.tag_set import TagSet


class Trunk(Protocol):
    """From windows of audio to the output that is stored for them."""

    sample_rate: int  # Hz
    window: int  # samples of one window

    def load(self) -> None:
        """Load into memory what `trunk` needs on the CPU.

        Raises ModelError if a library or the weights cannot be loaded.
        """

    def mel(self, windows: np.ndarray) -> np.ndarray:
        """Compute the trunk's mel slices: (n, window) float32 samples -> (n, ...) float32, on the CPU."""

    def trunk(self, mel: np.ndarray, *, device: str = "cpu") -> np.ndarray:
        """Compute the output: mel slices -> (n, trunk_size) float32; device: as `pick_device` returns it."""


class Tagger(Trunk, Protocol):
    """From windows of audio to probabilities of tags. A model with a tag set is one, too."""

    trunk_name: str  # stored beside the trunk's output; changes with every number that the network computes
    trunk_size: int

    @property
    def tag_set(self) -> TagSet: ...

    def is_intact(self) -> bool:
        """Like `Model.is_intact`, and so are the other methods."""

    def pick_device(self, name: str) -> str: ...

    def tags(self, trunk: np.ndarray) -> np.ndarray: ...


class Companion(Tagger, Protocol):
    """A network with other tags for a model's music: it processes the same mel slices, and needs only some of a track's."""

    every: int  # it processes every such window of a track, from the first on; `mel` leaves out the others


class Model(Trunk, Protocol):
    """From windows of audio to slice vectors.

    The trunk's output is stored: everything after it can be computed again without decoding a file.
    """

    trunk_name: str  # stored beside the trunk's output; for models with the same trunk, no file must be embedded again
    trunk_size: int
    epsilon: float  # cosine distance below which two slices are the same word in Mp3ToVec
    duplicate_epsilon: float  # cosine distance below which two tracks are most likely copies of one recording

    @property
    def name(self) -> str:
        """Stored beside every vector; changes with every number that the model computes."""

    @property
    def dimension(self) -> int:
        """The number of components of slice vectors, and of a track's vector."""

    @property
    def alike(self) -> float | None:
        """The similarity below which two tracks no longer sound alike; None if unknown."""

    @property
    def tag_set(self) -> TagSet | None:
        """The tags that it predicts; None for none."""

    @property
    def more(self) -> Sequence[Companion]:
        """The companions that predict more tags, if asked; none without a tag set."""

    def is_intact(self) -> bool:
        """Return whether the weights are intact."""

    def pick_device(self, name: str) -> str:
        """Return where it runs for one of `DEVICES`; see `models.device.pick_device`, also for errors."""

    def embed(self, windows: np.ndarray, *, device: str = "cpu") -> np.ndarray:
        """Compute (n, window) float32 samples -> (n, trunk_size) float32: the trunk's output for their mel slices."""

    def project(self, trunk: np.ndarray) -> np.ndarray:
        """Project (n, trunk_size) -> (n, dimension) float32, not normalised.

        Or (tracks, n, trunk_size) -> (tracks, n, dimension), each track as it would be alone, bit by bit.
        """

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        """Compute (n, trunk_size) -> (n, tags) float32, the probabilities of `tag_set`; (n, 0) without one."""


class TaggingModel(Model, Protocol):
    """A model with a tag set, which makes it a `Tagger`."""

    @property
    def tag_set(self) -> TagSet: ...


def knows_tags(model: Model) -> TypeGuard[TaggingModel]:
    """Return whether a model has a tag set."""
    return model.tag_set is not None

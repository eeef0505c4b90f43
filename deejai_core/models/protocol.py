"""What every model offers, and every network that has words for what it hears."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeGuard

import numpy as np

from deejai_core.models.tag_set import TagSet


class Trunk(Protocol):
    """Windows of audio in, what is kept on disk of them out."""

    sample_rate: int  # Hz
    window: int  # samples of one slice

    def load(self) -> None:
        """Have in memory what `trunk` needs on the CPU. Raises ModelError if a library or the weights cannot be loaded."""

    def mel(self, windows: np.ndarray) -> np.ndarray:
        """(n, window) float32 samples -> (n, ...) float32, the mel slices that the trunk sees; computed on the CPU."""

    def trunk(self, mel: np.ndarray, *, device: str = "cpu") -> np.ndarray:
        """Mel slices -> (n, trunk_size) float32; device: as `pick_device` returns it."""


class Tagger(Trunk, Protocol):
    """Windows of audio in, probabilities of tags out. A model with a tag set is one, too."""

    trunk_name: str  # kept beside the trunk's output; changes with every number the network puts out
    trunk_size: int

    @property
    def tag_set(self) -> TagSet: ...

    def is_intact(self) -> bool:
        """As `Model.is_intact`; so are the others like theirs."""

    def pick_device(self, name: str) -> str: ...

    def tags(self, trunk: np.ndarray) -> np.ndarray: ...


class Companion(Tagger, Protocol):
    """A network with other words for what a model hears: it sees the same mel slices, and some of a track's will do."""

    every: int  # of a track's windows, each such one is seen, from the first on; `mel` leaves out the others


class Model(Trunk, Protocol):
    """Windows of audio in, slice vectors out.

    The trunk's output is what is kept on disk: everything behind it can be computed again without decoding a file.
    """

    trunk_name: str  # kept beside the trunk's output; models with the same trunk need no file to be embedded again
    trunk_size: int
    epsilon: float  # cosine distance below which two slices are the same word in Mp3ToVec
    duplicate_epsilon: float  # cosine distance below which two tracks are most likely copies of one recording

    @property
    def name(self) -> str:
        """Kept beside every vector; changes with every number the model puts out."""

    @property
    def dimension(self) -> int:
        """The number of components of slice vectors, and of a track's vector."""

    @property
    def alike(self) -> float | None:
        """Similarity below which two tracks no longer sound alike; None: not known."""

    @property
    def tag_set(self) -> TagSet | None:
        """What it can say that something sounds like; None: nothing."""

    @property
    def more(self) -> Sequence[Companion]:
        """Who can say more of it, if asked to; there are none without a tag set."""

    def is_intact(self) -> bool:
        """Whether its weights are what they should be."""

    def pick_device(self, name: str) -> str:
        """Where it runs if asked for one of `DEVICES`; as `models.device.pick_device`, with its errors."""

    def embed(self, windows: np.ndarray, *, device: str = "cpu") -> np.ndarray:
        """(n, window) float32 samples -> (n, trunk_size) float32: the trunk's output for their mel slices."""

    def project(self, trunk: np.ndarray) -> np.ndarray:
        """(n, trunk_size) -> (n, dimension) float32, not normalised.

        Or (tracks, n, trunk_size) -> (tracks, n, dimension), each track as it would be by itself, bit by bit.
        """

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        """(n, trunk_size) -> (n, tags) float32, the probabilities of those of `tag_set`; of none without one."""


class TaggingModel(Model, Protocol):
    """A model with a tag set, which makes it a `Tagger`."""

    @property
    def tag_set(self) -> TagSet: ...


def knows_tags(model: Model) -> TypeGuard[TaggingModel]:
    """Whether a model can say what something sounds like."""
    return model.tag_set is not None

"""The objectives of a whole network: loss, validation on held-out tracks, and which weights are kept.

The trained module contains the network of Deej-A.I., alone or as a part; the rest, such as a decoder, is dropped after
training.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from deejai_core.models.deejai.network import FRAMES, MELS, build_decoder, build_network
from deejai_core.models.objectives import Objective
from deejai_core.training.pairs import Pairs, contrastive_loss, nearer_share, one_of
from deejai_core.training.spectrograms import STEPS
from deejai_core.training.validation import (
    VALIDATED,
    Progress,
    evenly_spread,
    judged_by_directions,
    judged_by_pairs,
    nearest_to_all,
)
from deejai_core.words import counted

if TYPE_CHECKING:
    import torch

DIMENSION = 100  # of spaces that are learned without Track2Vec, which has as many
PIXELS = MELS * FRAMES
RANGE = 80.0  # decibels from 0 to 1 in a spectrogram
IN_USE = 0.1  # nats: a dimension that says less about a slice is not in use
SHOWN = 4  # slices in the picture of reconstructions


@dataclass(frozen=True)
class Course:
    """How a network is trained."""

    kind: str = "2d"  # or "1d"
    epochs: int = 100  # at most
    patience: int = 10  # epochs without a better validation before training stops
    batch: int = 64  # tracks
    rate: float = 1e-3  # of Adam, as the original's
    width: int = 1024  # of the dense layer, the original's
    seed: int = 1
    device: str = "auto"
    checkpoint_seconds: float = 300  # between two checkpoints within an epoch; there is also one after every epoch
    objective: Objective = "lists"
    temperature: float = 0.1  # of a Siamese network: the smaller, the more the nearest of the others count

    @property
    def told(self) -> dict[str, Any]:
        """The settings that determine the weights, by name."""
        names = ["kind", "batch", "rate", "width", "seed"]
        names += [] if self.objective == "lists" else ["objective", "temperature"]
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The data that a network is trained on."""

    slices: Sequence[np.ndarray]  # of each track (slices, 96, 216) uint8
    targets: np.ndarray | None  # (tracks, dimension) float32 of unit length; None if no objective needs directions
    held_out: np.ndarray  # (tracks,) bool
    lists: Sequence[np.ndarray] = ()  # for each list, the positions of its tracks, which a Siamese network pairs

    def digest(self) -> str:
        """Return a digest that distinguishes these data from others, without reading all slices."""
        digest = hashlib.blake2b(digest_size=16)
        if self.targets is not None:
            digest.update(np.ascontiguousarray(self.targets).data)
        digest.update(np.ascontiguousarray(self.held_out).data)
        for listing in self.lists:
            digest.update(len(listing).to_bytes(8, "little") + listing.astype("<i8").tobytes())
        for slices in self.slices:
            digest.update(f"{slices.shape}".encode() + slices[0, 0].tobytes())
        return digest.hexdigest()

    def held_out_slices(self, most: int) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
        """Yield the held-out tracks with the slices for their validation, reading a limited number from disk at a time.

        most: slices at once, but at least those of one track.
        """
        held_out = np.flatnonzero(self.held_out)
        at_once = max(most // VALIDATED, 1)
        for start in range(0, len(held_out), at_once):
            tracks = held_out[start : start + at_once]
            yield tracks, [evenly_spread(self.slices[track]) for track in tracks.tolist()]

    @cached_property
    def mean(self) -> np.ndarray:
        """(96, 216), the mean spectrogram of the tracks that are not held out, from 0 to 1."""
        total, count = np.zeros((MELS, FRAMES)), 0
        for track in np.flatnonzero(~self.held_out).tolist():
            slices = evenly_spread(self.slices[track])
            total += slices.sum(axis=0, dtype=np.float64)
            count += len(slices)
        return total / count / STEPS

    @cached_property
    def errors_of_mean(self) -> np.ndarray:
        """(n,), the mean squared error of that mean for each validation slice of held-out tracks."""
        together = (slices for _, some in self.held_out_slices(VALIDATED) for slices in some)
        return np.concatenate([np.square(slices / STEPS - self.mean).mean(axis=(1, 2)) for slices in together])


class Task(Protocol):
    """An objective, for the data that a network is trained on."""

    measure: str  # what `validate` returns, in a word or two

    @property
    def constant(self) -> float:
        """What `validate` gives for the best constant answer."""

    def build(self) -> torch.nn.Module:
        """Build the module to train, with random weights, in training mode."""

    def loss(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Return what a step reduces: the mean over a batch."""

    def validate(self, module: torch.nn.Module, device: str) -> float:
        """Return how well a module does on held-out tracks, higher is better. module: not in training mode."""

    def network(self, weights: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        """Return the part of the weights that is the network of Deej-A.I.: its `state_dict`."""

    def judged(self, progress: Progress) -> str:
        """Return how well it did, compared with the baselines, in words."""


@dataclass(frozen=True, eq=False)
class Batch:
    """A step of the training. Its random numbers depend only on the seed and the step."""

    tracks: np.ndarray  # (n,) positions
    slices: list[int]  # one of each
    numbers: np.random.Generator
    device: str


def task_of(data: TrainingData, course: Course) -> Task:
    """Return the objective of a course. Needs torch."""
    if course.objective == "lists":
        if data.targets is None:
            raise ValueError("no directions to predict")
        return _Directions(data, course, data.targets)
    if course.objective == "siamese":
        return _Siamese(data, course)
    return Autoencoder(data, course)


def as_input(pictures: np.ndarray, device: str) -> torch.Tensor:
    """Return slices (n, 96, 216) uint8 as a network's input, from 0 to 1."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(pictures)).to(device).float() / STEPS


class _Directions:
    """Predict Track2Vec's directions, as the original; validated by the cosine with these."""

    measure = "cosine"

    def __init__(self, data: TrainingData, course: Course, targets: np.ndarray) -> None:
        self.data, self.course, self.targets = data, course, targets

    @property
    def constant(self) -> float:
        return nearest_to_all(self.targets, self.data.held_out)

    def build(self) -> torch.nn.Module:
        return build_network(self.course.kind, dimension=self.targets.shape[1], width=self.course.width)

    def loss(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        import torch
        from torch.nn import functional as F

        pictures = _chosen(self.data, batch.tracks, batch.slices)
        targets = torch.from_numpy(self.targets[batch.tracks]).to(batch.device)
        return (1 - F.cosine_similarity(module(as_input(pictures, batch.device)), targets)).mean()

    def validate(self, module: torch.nn.Module, device: str) -> float:
        """Return the mean cosine between held-out tracks' directions and the network's output for some of their slices."""
        import torch
        from torch.nn import functional as F

        cosines: list[float] = []
        for tracks, embedded in _embedded(self.data, self.course, module, device):
            directions = torch.stack([slices.sum(dim=0) for slices in embedded])
            cosines += F.cosine_similarity(directions, torch.from_numpy(self.targets[tracks])).tolist()
        return float(np.mean(cosines))

    def network(self, weights: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        return weights

    def judged(self, progress: Progress) -> str:
        return judged_by_directions(progress)


class _Siamese:
    """Place slices that belong together closer to each other than to others; validated by how often they are."""

    measure = "nearer than others"
    constant = 0.5  # all are equally near

    def __init__(self, data: TrainingData, course: Course) -> None:
        self.data, self.course = data, course
        self.pairs = Pairs(data.lists, data.held_out)

    def build(self) -> torch.nn.Module:
        network = build_network(self.course.kind, dimension=DIMENSION, width=self.course.width)
        return _following_sooner(network)

    def loss(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        import torch

        partners = [self.pairs.partner(track, batch.numbers) for track in batch.tracks.tolist()]
        chosen = [
            one_of(len(self.data.slices[partner]), own if partner == track else None, batch.numbers)
            for partner, track, own in zip(partners, batch.tracks.tolist(), batch.slices, strict=True)
        ]
        others = np.array(partners)
        pictures = np.concatenate([_chosen(self.data, batch.tracks, batch.slices), _chosen(self.data, others, chosen)])
        first, second = module(as_input(pictures, batch.device)).split(len(batch.tracks))
        together = torch.from_numpy(self.pairs.relation(batch.tracks, others)).to(batch.device)
        return contrastive_loss(first, second, together, self.course.temperature)

    def validate(self, module: torch.nn.Module, device: str) -> float:
        import torch

        track_of: list[int] = []
        vectors: list[torch.Tensor] = []
        for tracks, embedded in _embedded(self.data, self.course, module, device):
            track_of += np.repeat(tracks, [len(some) for some in embedded]).tolist()
            vectors += embedded
        return nearer_share(torch.cat(vectors).numpy(), np.array(track_of), self.pairs)

    def network(self, weights: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        return weights

    def judged(self, progress: Progress) -> str:
        return judged_by_pairs(progress)


class Autoencoder:
    """Reconstruct a slice from the network's output for it; validated by the share of the slices' variance explained.

    Variance is around the mean spectrogram of the tracks that it is trained on. The network is trained without dropout: the
    small number of dimensions keeps it from memorising slices.
    """

    measure = "explained variance"
    constant = 0.0  # the mean spectrogram, for every input

    def __init__(self, data: TrainingData, course: Course) -> None:
        self.data, self.course = data, course
        self.variational = course.objective == "variational"

    def build(self) -> torch.nn.Module:
        return _build_autoencoder(self.course, self.data.mean, variational=self.variational)

    def loss(self, module: torch.nn.Module, batch: Batch) -> torch.Tensor:
        pictures = as_input(_chosen(self.data, batch.tracks, batch.slices), batch.device)
        reconstruction, divergence = module(pictures)
        error: torch.Tensor = (reconstruction - pictures).square().mean()
        if divergence is None:
            return error
        # The likelihood of a normal distribution whose variance is the error itself (Rybkin et al. 2021, sigma-VAE): so
        # there is no weight between the two terms to choose.
        loss: torch.Tensor = error.log() / 2 + divergence.sum(dim=1).mean() / PIXELS
        return loss

    def validate(self, module: torch.nn.Module, device: str) -> float:
        import torch

        error = 0.0
        with torch.inference_mode():
            for _, slices in self.data.held_out_slices(self.course.batch):
                shown = as_input(np.concatenate(slices), device)
                error += (module(shown)[0] - shown).square().mean(dim=(1, 2)).sum().item()
        return 1 - error / float(self.data.errors_of_mean.sum())

    def network(self, weights: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        """Return the encoder. Its last layer outputs what the decoder received: if that was standardised, so is this."""
        import torch

        encoder = {name.removeprefix("encoder."): values for name, values in weights.items() if name.startswith("encoder.")}
        if self.variational:
            return encoder
        scale = torch.rsqrt(weights["standard.running_var"] + STANDARD_EPS)
        bias = encoder["embedding.bias"] - weights["standard.running_mean"]
        return encoder | {"embedding.weight": encoder["embedding.weight"] * scale[:, None], "embedding.bias": bias * scale}

    def judged(self, progress: Progress) -> str:
        tracks = counted(progress.held_out, "track")
        return (
            f"spectrograms of {tracks} by held-out artists are reconstructed with an error of "
            f"{self._decibels(progress.validation)}; the mean spectrogram has {self._decibels(progress.constant)}, random "
            f"weights {self._decibels(progress.random)}"
        )

    def divergence(self, weights: Mapping[str, torch.Tensor]) -> str:
        """Return how much a variational one's numbers say about a held-out slice, in words."""
        import torch

        module = self._loaded(weights)
        with torch.inference_mode():
            by_dimension = torch.cat(
                [
                    module(as_input(np.concatenate(slices), "cpu"))[1]
                    for _, slices in self.data.held_out_slices(self.course.batch)
                ]
            ).mean(dim=0)
        used = int((by_dimension > IN_USE).sum())
        return f"{by_dimension.sum():.0f} nats a slice; {used} of {counted(len(by_dimension), 'dimension')} in use"

    def reconstructions(self, weights: Mapping[str, torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
        """Return slices of some held-out tracks, and their reconstructions: (n, 96, 216) decibels each, the loudest 0."""
        import torch

        held_out = np.flatnonzero(self.data.held_out)
        tracks = held_out[np.unique(np.linspace(0, len(held_out) - 1, SHOWN).round().astype(int))].tolist()
        shown = as_input(np.stack([self.data.slices[track][len(self.data.slices[track]) // 2] for track in tracks]), "cpu")
        with torch.inference_mode():
            found = self._loaded(weights)(shown)[0].clamp(0, 1)
        return RANGE * (shown.numpy() - 1), RANGE * (found.numpy() - 1)

    def _loaded(self, weights: Mapping[str, torch.Tensor]) -> torch.nn.Module:
        module = self.build()
        module.load_state_dict(dict(weights))
        return module.eval()

    def _decibels(self, share: float) -> str:
        """Return the root of the mean squared error that corresponds to a share of the variance."""
        return f"{RANGE * math.sqrt((1 - share) * self.data.errors_of_mean.mean()):.1f} dB"


STANDARD_EPS = 1e-5  # of the batch norm of an autoencoder's few numbers


def _build_autoencoder(course: Course, mean: np.ndarray, *, variational: bool) -> torch.nn.Module:
    """Build a module that reconstructs slices (n, 96, 216), and if variational, returns (n, dimension) divergences in nats.

    mean: (96, 216) the mean spectrogram; the decoder computes how a slice differs from it.
    """
    import torch
    from torch import Tensor, nn

    class Autoencoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.from_numpy(mean.astype(np.float32)))
            self.encoder = _following_sooner(build_network(course.kind, dimension=DIMENSION, width=course.width))
            self.decoder = build_decoder(course.kind, dimension=DIMENSION, width=course.width)
            for layer in self.encoder.modules():
                if isinstance(layer, nn.Dropout):
                    layer.p = 0.0
            if variational:
                self.spread = nn.Linear(course.width, DIMENSION)  # logarithms of variances
            else:
                # The decoder can undo any scale and offset: standardised, directions mean something.
                self.standard = nn.BatchNorm1d(DIMENSION, eps=STANDARD_EPS, affine=False)

        def forward(self, slices: Tensor) -> tuple[Tensor, Tensor | None]:
            features, latent = self.encoder(slices, with_features=True)
            if not variational:
                return self.mean + self.decoder(self.standard(latent)), None
            variance = self.spread(features).clamp(-10, 10)
            divergence = (latent.square() + variance.exp() - 1 - variance) / 2
            noise = torch.randn_like(latent) * (variance / 2).exp() if self.training else 0
            return self.mean + self.decoder(latent + noise), divergence

    return Autoencoder()


def _following_sooner(network: torch.nn.Module) -> torch.nn.Module:
    """Return the network with batch norms that adapt as fast as torch's, ten times as fast as the original's.

    If an epoch is only a few steps, their running statistics would lag behind for more epochs than the patience allows.
    """
    from torch import nn

    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer.momentum = 0.1
    return network


def _chosen(data: TrainingData, tracks: np.ndarray, slices: Sequence[int]) -> np.ndarray:
    """Return (n, 96, 216), one slice of each track."""
    return np.stack([data.slices[track][number] for track, number in zip(tracks.tolist(), slices, strict=True)])


def _embedded(
    data: TrainingData, course: Course, network: torch.nn.Module, device: str
) -> Iterator[tuple[np.ndarray, Sequence[torch.Tensor]]]:
    """Yield held-out tracks, some at a time, with the network's unit vectors (slices, dimension) for their slices."""
    import torch
    from torch.nn import functional as F

    for tracks, slices in data.held_out_slices(course.batch):
        with torch.inference_mode():
            vectors = F.normalize(network(as_input(np.concatenate(slices), device))).cpu()
        yield tracks, vectors.split([len(some) for some in slices])

"""Training the whole network of Deej-A.I., from spectrograms to the directions that Track2Vec gives the songs.

As the original: cosine proximity, Adam with a rate of 0.001; of every track one slice at random in each epoch. A run that
is killed goes on where it was, and ends with the weights that an undisturbed one ends with: the random numbers of a step
depend on the seed and the step alone, and everything else is in the checkpoint.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.errors import TrainingError
from deejai_core.extras import extra
from deejai_core.files import replacing
from deejai_core.models.device import pick_device
from deejai_core.training.spectrograms import STEPS
from deejai_core.training.validation import Epoch, Progress, nearest_to_all

if TYPE_CHECKING:
    import torch

VALIDATED = 4  # slices of each track held out, evenly spread


@dataclass(frozen=True)
class Course:
    """How a network is trained."""

    kind: str = "2d"  # or "1d"
    epochs: int = 100  # at most
    patience: int = 10  # epochs without a better validation before it stops
    batch: int = 64  # tracks
    rate: float = 1e-3  # of Adam, as the original's
    width: int = 1024  # of the dense layer, the original's
    seed: int = 1
    device: str = "auto"
    checkpoint_seconds: float = 300  # between two checkpoints within an epoch; there is one after every epoch


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a network is trained on."""

    slices: Sequence[np.ndarray]  # of each track (slices, 96, 216) uint8
    targets: np.ndarray  # (tracks, dimension) float32 of unit length
    held_out: np.ndarray  # (tracks,) bool

    def digest(self) -> str:
        """What tells it from other data, without reading all slices."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(np.ascontiguousarray(self.targets).data)
        digest.update(np.ascontiguousarray(self.held_out).data)
        for slices in self.slices:
            digest.update(f"{slices.shape}".encode() + slices[0, 0].tobytes())
        return digest.hexdigest()


def train_network(
    data: TrainingData,
    course: Course,
    checkpoint: Path,
    *,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    on_step: Callable[[int, int], None] = lambda step, steps: None,
) -> tuple[dict[str, torch.Tensor], Progress]:
    """The network's weights (`state_dict`, on the CPU) as they were when they predicted the tracks held out best.

    checkpoint: a file that is written while it is trained, and gone on from if it is there. on_step: called with the steps
    done and those of all epochs, if none is spared, first before there is any. Raises TrainingError
    if the checkpoint is that of another course or other data.
    """
    run = _Run(data, course, checkpoint)
    run.resume()
    on_step(*run.steps_done)
    while not run.finished:
        run.train_epoch(on_step)
        on_epoch(run.epochs[-1])
    constant = nearest_to_all(data.targets, data.held_out)
    progress = Progress(tuple(run.epochs), run.kept, constant, run.random, int(data.held_out.sum()))
    return run.best, progress


def untrained(course: Course, dimension: int = 100) -> torch.nn.Module:
    """The network as a training begins with it: random weights, by the seed alone."""
    with extra("train"):
        import torch

    from deejai_core.models.deejai.network import build_network

    torch.manual_seed(course.seed)
    return build_network(course.kind, dimension=dimension, width=course.width)


class _Run:
    """A training on its way. Everything that the rest of it depends on is in the checkpoint."""

    def __init__(self, data: TrainingData, course: Course, checkpoint: Path) -> None:
        with extra("train"):
            import torch

        self.data, self.course, self.checkpoint = data, course, checkpoint
        self.device = pick_device(course.device)
        self.trained = np.flatnonzero(~data.held_out)
        self.steps = -(-len(self.trained) // course.batch)
        self.network = untrained(course, data.targets.shape[1]).to(self.device)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=course.rate)
        self.epochs: list[Epoch] = []
        self.kept = 0
        self.step = 0  # within the epoch
        self.loss = 0.0  # sum over the epoch so far
        self.random = 0.0
        self.best: dict[str, torch.Tensor] = {}

    @property
    def finished(self) -> bool:
        return len(self.epochs) >= self.course.epochs or len(self.epochs) - self.kept > self.course.patience

    @property
    def steps_done(self) -> tuple[int, int]:
        """Of how many: those of all epochs, if none is spared."""
        return len(self.epochs) * self.steps + self.step, self.course.epochs * self.steps

    def resume(self) -> None:
        """Go on from the checkpoint, or begin."""
        import torch

        if not self.checkpoint.exists():
            self.random = self._validate()
            return
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            if state["made_from"] != self._made_from():
                raise TrainingError(f"{self.checkpoint}: made of other lists, music or options", hint="begin again")
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.best = state["best"]
            self.epochs = [Epoch(*epoch) for epoch in state["epochs"]]
            self.kept, self.step, self.loss, self.random = (state[name] for name in ("kept", "step", "loss", "random"))
        except TrainingError:
            raise
        except Exception as error:  # torch and pickle have many for a damaged file
            raise TrainingError(f"{self.checkpoint}: cannot be read", hint="begin again") from error

    def train_epoch(self, on_step: Callable[[int, int], None]) -> None:
        """The rest of the current epoch; a checkpoint now and then, and after it."""
        rng = np.random.default_rng([self.course.seed, len(self.epochs)])
        order = rng.permutation(self.trained)
        chosen = rng.random(len(order))  # which slice of each, as a fraction
        saved = time.monotonic()
        while self.step < self.steps:
            part = slice(self.step * self.course.batch, (self.step + 1) * self.course.batch)
            self._train_batch(order[part], chosen[part])
            self.step += 1
            on_step(*self.steps_done)
            if time.monotonic() - saved > self.course.checkpoint_seconds and self.step < self.steps:
                self._save()
                saved = time.monotonic()
        epoch = Epoch(self.loss / len(order), self._validate())
        if not self.epochs or epoch.validation > self.epochs[self.kept].validation:
            self.kept = len(self.epochs)
            self.best = {name: values.detach().cpu().clone() for name, values in self.network.state_dict().items()}
        self.epochs.append(epoch)
        self.step, self.loss = 0, 0.0
        self._save()

    def _train_batch(self, tracks: np.ndarray, chosen: np.ndarray) -> None:
        import torch
        from torch.nn import functional as F

        numbers = np.random.default_rng([self.course.seed, len(self.epochs), self.step])
        torch.manual_seed(int(numbers.integers(2**63)))  # for the dropout
        pictures = np.stack(
            [
                self.data.slices[track][int(share * len(self.data.slices[track]))]
                for track, share in zip(tracks.tolist(), chosen.tolist(), strict=True)
            ]
        )
        targets = torch.from_numpy(self.data.targets[tracks]).to(self.device)
        if len(tracks) == 1:
            return  # batch norm knows no variance of one
        self.network.train()
        directions = self.network(self._as_input(pictures))
        loss = (1 - F.cosine_similarity(directions, targets)).mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.loss += loss.item() * len(tracks)

    def _validate(self) -> float:
        """The mean cosine to the tracks held out of what the network makes of some of their slices together."""
        import torch
        from torch.nn import functional as F

        held_out = np.flatnonzero(self.data.held_out)
        at_once = max(self.course.batch // VALIDATED, 1)  # tracks: with their slices, no more than a step of training has
        cosines: list[float] = []
        self.network.eval()
        with torch.inference_mode():
            for start in range(0, len(held_out), at_once):
                tracks = held_out[start : start + at_once]
                pictures = [_evenly_spread(self.data.slices[track]) for track in tracks.tolist()]
                embedded = F.normalize(self.network(self._as_input(np.concatenate(pictures)))).cpu()
                by_track = embedded.split([len(some) for some in pictures])
                directions = torch.stack([slices.sum(dim=0) for slices in by_track])
                cosines += F.cosine_similarity(directions, torch.from_numpy(self.data.targets[tracks])).tolist()
        return float(np.mean(cosines))

    def _as_input(self, pictures: np.ndarray) -> torch.Tensor:
        import torch

        return torch.from_numpy(np.ascontiguousarray(pictures)).to(self.device).float() / STEPS

    def _save(self) -> None:
        import torch

        state = {
            "made_from": self._made_from(),
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
            "epochs": [(epoch.loss, epoch.validation) for epoch in self.epochs],
            "kept": self.kept,
            "step": self.step,
            "loss": self.loss,
            "random": self.random,
        }
        try:
            self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.checkpoint) as temporary, temporary.open("wb") as file:
                torch.save(state, file)
        except (OSError, RuntimeError) as error:
            raise TrainingError(f"{self.checkpoint}: cannot be written ({error}); train again when it can be") from error

    def _made_from(self) -> str:
        course = {name: getattr(self.course, name) for name in ("kind", "batch", "rate", "width", "seed")}
        return f"{course} {self.data.digest()}"


def _evenly_spread(slices: np.ndarray) -> np.ndarray:
    """`VALIDATED` of a track's slices, or all if it has fewer."""
    return np.asarray(slices[np.unique(np.linspace(0, len(slices) - 1, VALIDATED).round().astype(int))])

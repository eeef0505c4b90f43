"""Trains the whole network of Deej-A.I. from spectrograms, for any objective.

As in the original: Adam with a rate of 0.001, and one random slice of every track in each epoch. A run that is killed
continues where it stopped, and ends with the weights of an undisturbed one: the random numbers of a step depend only on the
seed and the step, and everything else is in the checkpoint.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.errors import TrainingError
from deejai_core.extras import extra
from deejai_core.files import replacing
from deejai_core.models.deejai.network import build_network
from deejai_core.models.device import pick_device
from deejai_core.refusals import reason_of
from deejai_core.training.objectives import Batch, Course, TrainingData, task_of
from deejai_core.training.validation import Epoch, Progress

if TYPE_CHECKING:
    import torch


def train_network(
    data: TrainingData,
    course: Course,
    checkpoint: Path,
    *,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    on_step: Callable[[int, int], None] = lambda step, steps: None,
) -> tuple[dict[str, torch.Tensor], Progress]:
    """Return the weights (`state_dict`, on the CPU) of what the objective trains, from the best epoch on held-out tracks.

    checkpoint: a file that is written during training, and continued from if it exists. on_step: called with the steps that
    are done and those of all epochs, and first before the first step. Raises TrainingError if the checkpoint is of a
    different course or different data.
    """
    run = _Run(data, course, checkpoint)
    run.resume()
    on_step(*run.steps_done)
    while not run.finished:
        run.train_epoch(on_step)
        on_epoch(run.epochs[-1])
    progress = Progress(tuple(run.epochs), run.kept, run.task.constant, run.random, int(data.held_out.sum()))
    return run.best, progress


def untrained(course: Course) -> torch.nn.Module:
    """Return the network before training: random weights that depend only on the seed."""
    with extra("train"):
        import torch

    torch.manual_seed(course.seed)
    return build_network(course.kind, width=course.width)


class _Run:
    """A training in progress. Everything that the rest of it depends on is in the checkpoint."""

    def __init__(self, data: TrainingData, course: Course, checkpoint: Path) -> None:
        with extra("train"):
            import torch

        self.data, self.course, self.checkpoint = data, course, checkpoint
        self.device = pick_device(course.device)
        self.trained = np.flatnonzero(~data.held_out)
        self.steps = -(-len(self.trained) // course.batch)
        self.task = task_of(data, course)
        torch.manual_seed(course.seed)
        self.network = self.task.build().to(self.device)
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
        """The steps that are done, and those of all epochs, some of which an early stop may spare."""
        return len(self.epochs) * self.steps + self.step, self.course.epochs * self.steps

    def resume(self) -> None:
        """Continue from the checkpoint, or begin."""
        import torch

        if not self.checkpoint.exists():
            self.random = self._validate()
            return
        try:
            state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            if state["made_from"] != self._made_from():
                raise TrainingError(f"{self.checkpoint}: {self._why_not(state['made_from'])}", hint="begin again")
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.best = state["best"]
            self.epochs = [Epoch(loss, validation, self.task.measure) for loss, validation in state["epochs"]]
            self.kept, self.step, self.loss, self.random = (state[name] for name in ("kept", "step", "loss", "random"))
        except TrainingError:
            raise
        except Exception as error:  # torch and pickle have many for a damaged file
            raise TrainingError(f"{self.checkpoint}: cannot be read", hint="begin again") from error

    def train_epoch(self, on_step: Callable[[int, int], None]) -> None:
        """Run the rest of the current epoch, with a checkpoint now and then, and after it."""
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
        epoch = Epoch(self.loss / len(order), self._validate(), self.task.measure)
        if not self.epochs or epoch.validation > self.epochs[self.kept].validation:
            self.kept = len(self.epochs)
            self.best = {name: values.detach().cpu().clone() for name, values in self.network.state_dict().items()}
        self.epochs.append(epoch)
        self.step, self.loss = 0, 0.0
        self._save()

    def _train_batch(self, tracks: np.ndarray, chosen: np.ndarray) -> None:
        import torch

        if len(tracks) == 1:
            return  # batch norm has no variance of a single one
        numbers = np.random.default_rng([self.course.seed, len(self.epochs), self.step])
        torch.manual_seed(int(numbers.integers(2**63)))  # for the dropout
        counts = [len(self.data.slices[track]) for track in tracks.tolist()]
        slices = [int(share * count) for share, count in zip(chosen.tolist(), counts, strict=True)]
        self.network.train()
        loss = self.task.loss(self.network, Batch(tracks, slices, numbers, self.device))
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.loss += loss.item() * len(tracks)

    def _validate(self) -> float:
        self.network.eval()
        return self.task.validate(self.network, self.device)

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
            raise TrainingError(
                f"{self.checkpoint}: cannot be written ({reason_of(error)}); train again when it can be"
            ) from error

    def _why_not(self, made_from: str) -> str:
        """Return why a checkpoint does not fit. Options are named: with the same ones, it continues."""
        began = {"objective": "lists"} | ast.literal_eval(made_from.rpartition(" ")[0])
        now = {"objective": "lists"} | self.course.told
        words = {"kind": "network", "objective": "objective", "seed": "seed"}
        others = [f"{word} {began[name]}" for name, word in words.items() if began[name] != now[name]]
        return f"made with other options ({', '.join(others)})" if others else "made with other lists, music or options"

    def _made_from(self) -> str:
        return f"{self.course.told} {self.data.digest()}"

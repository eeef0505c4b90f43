"""What `train` shows while it is at work."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from beets import ui

from deejai_core.embedding.analysis import Embedded, NotEmbedded
from deejai_core.formats.entries import one_line
from deejai_core.models.folders import is_unfinished
from deejai_core.training.train import Stage, TrainingObserver
from deejai_core.training.validation import Epoch

from .progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from beets.logging import BeetsLogger

EPOCH = "loss {:.4f}, validation cosine {:.4f}"


class TrainingReport(TrainingObserver):
    """Shows how far a training is, and prints what it has learned. A context manager, for as long as it goes on."""

    def __init__(self, log: BeetsLogger, folder: Path | None, *, used: bool) -> None:
        self._log = log
        self._folder = folder
        self._used = used  # at once
        self._stage: Stage | None = None
        self._progress: Progress | None = None

    def __enter__(self) -> TrainingReport:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._close()
        if kind is KeyboardInterrupt and self._stage == "batches" and is_unfinished(self._folder):
            self._log.warning("stopped; run the same command again, without --force, to go on from the last checkpoint")

    def told(self, label: str, text: str) -> None:
        self._close()
        ui.print_(f"{label:<10} {text}")

    def began(self, stage: Stage, total: int | None, text: str = "") -> None:
        self._close()
        if text:
            self._log.info("{}", text)
        self._stage = stage
        what, at_most = ("tracks", False) if stage == "files" else (stage, stage != "entries of lists")
        self._progress = Progress(total, self._log, what, at_most=at_most).__enter__()

    def reached(self, done: int, total: int) -> None:
        self._progress.reach(done, total)

    def decoded(self, result: Embedded | NotEmbedded) -> None:
        if isinstance(result, NotEmbedded):
            self._progress.warn("{}: left out: {}", one_line(os.fspath(result.path)), result.reason)
        self._progress.step()

    def epoch(self, epoch: Epoch) -> None:
        if self._stage == "batches":
            self._progress.say(EPOCH, epoch.loss, epoch.validation)
            return
        self._log.debug(EPOCH, epoch.loss, epoch.validation)
        self._progress.step()

    def learned_nothing(self) -> None:
        self._close()
        self._log.warning("The model predicts no better than a constant vector; more lists may help.")

    def saved(self, folder: Path) -> None:
        ui.print_(f"saved to {folder}" + ("" if self._used else f"; `beet deejai model use {folder.name}` switches to it"))

    def _close(self) -> None:
        if self._progress:
            self._progress.__exit__()

"""The progress of a training, and its result, in lines of text."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from deejai_core.embedding.analysis import Embedded, NotEmbedded
from deejai_core.errors import HINTS
from deejai_core.models.folders import is_unfinished
from deejai_core.progress import Progress, Teller
from deejai_core.training.train import Stage, TrainingObserver
from deejai_core.training.validation import Epoch
from deejai_core.words import one_line


class TrainingText(TrainingObserver):
    """Reports the progress of a training. A context manager, for the duration of the training.

    folder: of the model. used: whether it is used at once. words: gives the advice for a name in `HINTS`.
    """

    def __init__(self, teller: Teller, folder: Path | None, *, used: bool, words: Mapping[str, str] = HINTS) -> None:
        self._teller = teller
        self._folder = folder
        self._used = used
        self._words = words
        self._stage: Stage | None = None
        self._progress = Progress(None, teller.tell, teller.warn)  # until a stage begins

    def __enter__(self) -> TrainingText:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._progress.close()
        if kind is KeyboardInterrupt and self._folder and self._stage == "batches" and is_unfinished(self._folder):
            self._teller.warn(f"stopped; {self._words['go on from the checkpoint']}")

    def told(self, label: str, text: str) -> None:
        self._progress.close()
        self._teller.say(f"{label:<10} {text}")

    def began(self, stage: Stage, total: int | None, text: str = "") -> None:
        self._progress.close()
        if text:
            self._teller.tell(text)
        self._stage = stage
        what, at_most = ("tracks", False) if stage == "files" else (stage, stage != "entries of lists")
        self._progress = self._teller.progress(total, what, at_most=at_most)

    def reached(self, done: int, total: int) -> None:
        self._progress.reach(done, total)

    def decoded(self, result: Embedded | NotEmbedded) -> None:
        if isinstance(result, NotEmbedded):
            self._progress.warn(f"{one_line(os.fspath(result.path))}: left out: {result.reason}")
        self._progress.step()

    def epoch(self, epoch: Epoch) -> None:
        line = f"loss {epoch.loss:.4f}, validation {epoch.measure} {epoch.validation:.4f}"
        if self._stage == "batches":
            self._progress.say(line)
            return
        self._teller.detail(line)
        self._progress.step()

    def learned_nothing(self) -> None:
        self._progress.close()
        self._teller.warn("The model does no better than a constant vector or random weights; more lists may help.")

    def saved(self, folder: Path) -> None:
        switch = "" if self._used else f"; {self._words['switch to the model'].format(about=folder.name)}"
        self._teller.say(f"saved to {folder}{switch}")

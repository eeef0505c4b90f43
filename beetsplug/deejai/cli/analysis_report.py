"""What `analyze` shows while it is at work."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from deejai_core.embedding.analysis import Embedded, NotEmbedded
from deejai_core.embedding.library_analysis import AnalysisObserver, Work
from deejai_core.embedding.library_vectors import Weighted
from deejai_core.formats.entries import one_line
from deejai_core.words import counted

from .progress import teller

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from deejai_core.progress import Progress


class AnalysisReport(AnalysisObserver):
    """Shows how far an analysis is, and logs what it has done. A context manager, for as long as it goes on."""

    def __init__(self, log: BeetsLogger, model: str) -> None:
        self._log = log
        self._model = model
        self._progress: Progress | None = None

    def __enter__(self) -> AnalysisReport:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def planned(self, work: Work, changed: int) -> None:
        if changed:
            self._log.info("{} changed since: if it is another song, it is analysed anew", counted(changed, "file"))
        self._progress = teller(self._log).progress(len(work.to_embed))

    def result(self, result: Embedded | NotEmbedded) -> None:
        if isinstance(result, NotEmbedded):
            self._progress.warn(f"{one_line(os.fspath(result.path))}: not analysed: {result.reason}")
        self._progress.step()

    def hearing(self, files: int) -> None:
        self._close()
        self._progress = teller(self._log).progress(files, "files")

    def weighting(self) -> None:
        self._close()
        self._log.info("weighting the vectors against the library as it is now...")

    def weighted(self, weighted: Weighted, wanted: int) -> None:
        if wanted:
            self._log.info("Computed the vectors of {} with {}.", counted(weighted.given, "track"), self._model)
        if weighted.changed:
            why = (
                "epsilon is {1:g} now, not {0:g}".format(*weighted.epsilons) if weighted.epsilons else "the library changed"
            )
            self._log.info(
                "Updated the vectors of {}, because {}.",
                counted(weighted.changed, "other track" if wanted else "track"),
                why,
            )

    def tagged(self, tracks: int) -> None:
        if tracks:
            self._log.info("Tagged {}.", counted(tracks, "track"))

    def stopped(self, *, force: bool, by_hand: bool) -> None:
        """Say what is kept of an analysis that was stopped."""
        if self._progress and (self._progress.done or by_hand):
            self._log.warning(
                "stopped: {} of {} tracks analysed and kept; `beet deejai analyze` {}",
                self._progress.done,
                self._progress.total,
                "computes their new vectors, --force starts over" if force else "goes on from here",
            )

    def stopped_hearing(self) -> None:
        """The same of files that were heard once more."""
        if self._progress:
            self._log.warning(
                "stopped: {} of {} files heard and kept; the same command goes on from here",
                self._progress.done,
                self._progress.total,
            )

    def _close(self) -> None:
        if self._progress:
            self._progress.close()

"""An analysis, tagging and computing vectors again, each from start to end, in lines of text.

`words` always gives the advice for a name in `HINTS`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

from deejai_core.embedding.analysis import Embedded, NotEmbedded
from deejai_core.embedding.companions import hear_library
from deejai_core.embedding.library_analysis import AnalysisObserver, Outcome, Work, analyse_library
from deejai_core.embedding.library_vectors import Weighted, weight_again
from deejai_core.embedding.tagging import tag
from deejai_core.errors import HINTS, ClusterError, StoreError
from deejai_core.index.cache import build_index
from deejai_core.library import Library
from deejai_core.models.protocol import Model, TaggingModel
from deejai_core.options.analysis import Analysis
from deejai_core.progress import Progress, Teller
from deejai_core.words import counted, one_line

ANALYSED, HEARD = "tracks analysed", "files heard"  # the names of what is counted


class AnalysisText(AnalysisObserver):
    """Reports the progress of an analysis. A context manager, for the duration of the analysis."""

    def __init__(self, teller: Teller, model: Model) -> None:
        self._teller = teller
        self._model = model
        self.what = ANALYSED
        self._progress = Progress(None, teller.tell, teller.warn)  # until something is counted

    def __enter__(self) -> AnalysisText:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.close()

    def planned(self, work: Work, changed: int) -> None:
        if changed:
            self._teller.tell(f"{counted(changed, 'file')} changed; those with another song are analysed again")
        self._progress = self._teller.progress(len(work.to_embed))

    def result(self, result: Embedded | NotEmbedded) -> None:
        if isinstance(result, NotEmbedded):
            self._progress.warn(f"{one_line(os.fspath(result.path))}: not analysed: {result.reason}")
        self._progress.step()

    def hearing(self, files: int) -> None:
        self._progress.close()
        self.what = HEARD
        self._progress = self._teller.progress(files, "files")

    def weighting(self) -> None:
        self._progress.close()
        self._teller.tell("weighting the vectors against the library as it is now...")

    def weighted(self, weighted: Weighted, wanted: int) -> None:
        if weighted.fitted:
            self._teller.tell(f"Fitted the projection to {weighted.fitted:,} slices; it no longer changes.")
        if wanted:
            self._teller.tell(f"Computed the vectors of {counted(weighted.given, 'track')} with {self._model.name}.")
        if weighted.changed:
            why = (
                "epsilon is {1:g} now, not {0:g}".format(*weighted.epsilons) if weighted.epsilons else "the library changed"
            )
            others = counted(weighted.changed, "other track" if wanted else "track")
            self._teller.tell(f"Updated the vectors of {others}, because {why}.")

    def tagged(self, tracks: int) -> None:
        if tracks:
            self._teller.tell(f"Tagged {counted(tracks, 'track')}.")

    def stopped(self, help_: str) -> None:
        """Report what is kept of an analysis that was stopped, and how to continue."""
        if self._progress.total is not None:
            self._teller.warn(f"stopped: {self._progress.done} of {self._progress.total} {self.what} and kept; {help_}")

    @property
    def done(self) -> int:
        """Report how many of the counted things are done."""
        return self._progress.done


def analyse_and_tell(
    library: Library,
    model: Model,
    tagger: TaggingModel,
    analysis: Analysis,
    teller: Teller,
    words: Mapping[str, str] = HINTS,
    *,
    search: str = "auto",
    force: bool = False,
    **wanted: Any,
) -> Outcome:
    """Analyse a library and build its index.

    wanted: see `analyse_library`; search: see `build_index`. Raises like these.
    """
    text = AnalysisText(teller, model)
    try:
        with text:
            outcome = analyse_library(library, model, tagger, analysis, force=force, observer=text, **wanted)
    except (ClusterError, KeyboardInterrupt) as error:
        if text.done or isinstance(error, KeyboardInterrupt):
            outdated = force and text.what == ANALYSED  # vectors are computed once all files are analysed
            text.stopped(words["weight or begin again" if outdated else "go on analysing"])
        raise
    try:
        build_index(
            library,
            model,
            search=search,
            on_build=lambda tracks: teller.tell(f"building the index of {tracks:,} tracks..."),
            exact=outcome.vectors,
        )
    except StoreError as error:
        teller.warn(f"{error}; until it can be, lists compare all tracks")
    if outcome.idle:
        teller.tell(f"nothing to do: every track has a vector of {model.name}")
    if outcome.skipped:
        teller.tell(f"Skipped {counted(outcome.skipped, 'track')} that failed before; {words['list or retry failures']}.")
    return outcome


def tag_and_tell(
    library: Library,
    model: TaggingModel,
    analysis: Analysis,
    ids: Collection[int] | None,
    teller: Teller,
    words: Mapping[str, str] = HINTS,
    *,
    hear: bool = False,
    force: bool = False,
    pretend: bool = False,
) -> int:
    """Tag these tracks, or all, see `tag`; return how many files failed.

    hear: let the model's companions process them first, see `hear_library`. Raises like these two.
    """
    unheard = 0
    if hear:
        text = AnalysisText(teller, model)
        try:
            with text:
                heard = hear_library(library, model, analysis, ids, on_start=text.hearing, on_result=text.result)
        except KeyboardInterrupt:
            text.stopped(words["go on hearing"])
            raise
        unheard = heard.failed
    tagged = tag(library, model, ids, force=force, pretend=pretend)
    for line in tagged.lines:
        teller.say(line)
    if not tagged.wanted:
        teller.tell(f"nothing to do: every track has tags; {words['tag again']}")
    elif not pretend:
        teller.tell(f"Tagged {counted(tagged.given, 'track')}.")
    if tagged.missing:
        missing = counted(tagged.missing, "track")
        teller.warn(
            f"Could not tag {missing}, because no analysis by {model.name} is stored; {words['analyse some again']}."
        )
    return unheard


def weight_and_tell(
    library: Library, model: Model, analysis: Analysis, teller: Teller, words: Mapping[str, str] = HINTS, *, kept: bool
) -> None:
    """Compute all vectors again, see `weight_again`. kept: whether the next analysis uses the same epsilon."""
    epsilon = analysis.epsilon_for(model)
    given, left = weight_again(library, model, epsilon)
    teller.tell(f"Updated the vectors of {counted(given, 'track')} ({model.name}).")
    if not kept:
        teller.tell(f"To keep it, {words['keep epsilon'].format(about=epsilon)}.")
    if left:
        teller.warn(
            f"Left the vectors of {counted(left, 'track')} as they were, because no analysis by {model.name} is stored; "
            f"{words['analyse again']}."
        )

"""The status of a library, and why files could not be analysed, in lines of text."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from deejai_core.embedding.slices import Failure
from deejai_core.errors import HINTS
from deejai_core.features.status import Status
from deejai_core.models.facts import objective_of
from deejai_core.models.protocol import Model
from deejai_core.words import counted, lasting, one_line

SHOWN = 10  # failures listed before "and N more"


def _vectors(status: Status, words: Mapping[str, str]) -> str:
    if not status.analysed:
        return "none yet"
    return "up to date" if status.current else f"{_outdated(status)}; {words['update']}"


def status_lines(status: Status, words: Mapping[str, str] = HINTS) -> list[str]:
    """Return the status, a line for each figure. words: gives the advice for a name in `HINTS`."""
    tracks, pending, stored, failures = status.tracks, status.pending, status.stored, status.failures
    model = status.model
    return [
        f"tracks    {tracks:,}" + ("" if tracks else f"; {words['import']}"),
        f"analysed  {status.analysed:,}",
        f"pending   {pending:,}"
        + (f"; {words['analyse']}" if pending else "")
        + (f" (no decoding needed for {stored:,})" if stored else ""),
        f"failed    {len(failures):,}" + (f"; {words['see failures']}" if failures else ""),
        *(f"          {one_line(os.fspath(failure.path))}: {failure.reason}" for failure in failures[:SHOWN]),
        *([f"          ... and {len(failures) - SHOWN:,} more"] if len(failures) > SHOWN else []),
        f"model     {model.name}, {model.dimension} dimensions, epsilon {_epsilon(status, words)}{_objective(model)}",
        *(
            f"also by   {trunk}, {heard:,} of {counted(status.recordings, 'recording')}"
            + (f"; {words['tag more']}" if heard < status.recordings else "")
            for trunk, heard in status.heard.items()
        ),
        f"vectors   {_vectors(status, words)}",
        f"index     {_index(status, words)}",
        *([f"votes     {_votes(status, words)}"] if status.votes or status.unread else []),
        f"on disk   slices {_size(status.slices)}, index {_size(status.caches)}, in {status.folder}",
    ]


def failed_line(failure: Failure, retries: int) -> str:
    """Return a line about a file that could not be analysed: reason, date and what happens next."""
    tried = {1: "once", 2: "twice"}.get(failure.attempts, f"{failure.attempts} times")
    next_time = "again when it changes" if failure.still_stands(retries) else "again next time"
    when = failure.failed_at[:10]
    return f"{one_line(os.fspath(failure.path))}: {one_line(failure.reason)} ({when}, tried {tried}, {next_time})"


def _objective(model: Model) -> str:
    objective = objective_of(model)
    return f", objective {objective}" if objective not in (None, "lists") else ""


def _epsilon(status: Status, words: Mapping[str, str]) -> str:
    """Return the epsilon of the current vectors, and that of the next analysis, if it differs."""
    used, configured = status.used_epsilon, f"{status.epsilon:.3g}"
    if used in (None, status.epsilon):
        return configured
    return f"{used:.3g} ({words['return to epsilon'].format(about=configured)})"


def _outdated(status: Status) -> str:
    other_epsilon = status.used_epsilon not in (None, status.epsilon)
    return "weighted with another epsilon" if other_epsilon else "weighted before the library changed"


def _index(status: Status, words: Mapping[str, str]) -> str:
    """Return the kind of index, its size and age, whether it has all tracks, and whether lists use it."""
    if status.no_annoy:
        return f"exact search: {status.no_annoy}"
    index = status.index
    if index is None:
        return f"not built yet; {words['analyse']}"
    what = [f"Annoy, {counted(index.tracks, 'track')}", _size(index.size)]
    what += [f"built {lasting(max(0, time.time() - index.built))} ago"]
    what += ["up to date" if index.current else f"out of date ({words['analyse']})"]
    return f"{', '.join(what)}; {'lists use it' if index.asked else 'lists compare all tracks'}"


def _votes(status: Status, words: Mapping[str, str]) -> str:
    if error := status.unread:
        return f"{error}; {words[error.hint]}" if error.hint else str(error)
    return f"{status.votes:,} of blind tests"


def _size(size: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"

"""What `status` and `failed` say."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from deejai_core.formats.entries import one_line
from deejai_core.words import counted

from .words import lasting

if TYPE_CHECKING:
    from deejai_core.embedding.slices import Failure
    from deejai_core.features.status import Status

OUTDATED = "weighted before the library changed; run `beet deejai analyze` to update them"
SHOWN = 10  # failures listed before "and N more"


def status_lines(status: Status) -> list[str]:
    """The report, a line for each figure."""
    tracks, pending, stored, failures = status.tracks, status.pending, status.stored, status.failures
    model = status.model
    return [
        f"tracks    {tracks:,}" + ("" if tracks else "; import music first: `beet import ~/Music`"),
        f"analysed  {status.analysed:,}",
        f"pending   {pending:,}"
        + ("; run `beet deejai analyze`" if pending else "")
        + (f" (no decoding needed for {stored:,})" if stored else ""),
        f"failed    {len(failures):,}" + ("; see `beet deejai failed`" if failures else ""),
        *(f"          {one_line(os.fspath(failure.path))}: {failure.reason}" for failure in failures[:SHOWN]),
        *([f"          ... and {len(failures) - SHOWN:,} more"] if len(failures) > SHOWN else []),
        f"model     {model.name}, {model.dimension} dimensions, epsilon {_epsilon(status.used_epsilon, status.epsilon)}",
        "vectors   " + ("up to date" if status.current else OUTDATED),
        f"index     {_index(status)}",
        f"on disk   slices {_size(status.slices)}, index {_size(status.caches)}, in {status.folder}",
    ]


def failed_line(failure: Failure, retries: int) -> str:
    """A file that could not be analysed, with reason, date and what becomes of it."""
    tried = {1: "once", 2: "twice"}.get(failure.attempts, f"{failure.attempts} times")
    next_time = "again when it changes" if failure.still_stands(retries) else "again next time"
    when = failure.failed_at[:10]
    return f"{one_line(os.fspath(failure.path))}: {one_line(failure.reason)} ({when}, tried {tried}, {next_time})"


def _epsilon(used: float | None, next_: float) -> str:
    """used: the one that the vectors were made with; next_: that of the next `analyze`."""
    return (
        f"{next_:.3g}" if used in (None, next_) else f"{used:.3g} (the next `beet deejai analyze` returns to {next_:.3g})"
    )


def _index(status: Status) -> str:
    """What kind of index there is, its size and age, whether it has all tracks, and whether lists ask it."""
    if status.no_annoy:
        return f"exact search: {status.no_annoy}"
    index = status.index
    if index is None:
        return "none yet; run `beet deejai analyze`"
    what = [f"Annoy, {counted(index.tracks, 'track')}", _size(index.size)]
    what += [f"built {lasting(max(0, time.time() - index.built))} ago"]
    what += ["up to date" if index.current else "out of date (run `beet deejai analyze`)"]
    return f"{', '.join(what)}; {'lists ask it' if index.asked else 'lists compare all tracks'}"


def _size(size: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"

"""`status`: how much of a library is analysed, with what, and what it takes on disk."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from deejai_core.data_folder import slices_path
from deejai_core.embedding.library_analysis import plan
from deejai_core.embedding.library_vectors import up_to_date
from deejai_core.embedding.slices import open_slices
from deejai_core.formats.entries import one_line
from deejai_core.index.annoy_file import index_paths, read_manifest, why_no_annoy
from deejai_core.index.cache import current_index
from deejai_core.index.neighbours import asks_annoy
from deejai_core.index.vectors import vectors_paths
from deejai_core.models.protocol import Model
from deejai_core.words import counted

from .library.items import file_path, items_at
from .models import model_in_use
from .words import lasting

if TYPE_CHECKING:
    from .library.beets_library import BeetsLibrary
    from .settings import Settings


OUTDATED = "weighted before the library changed; run `beet deejai analyze` to update them"
SHOWN = 10  # failures listed before "and N more"


def status_lines(library: BeetsLibrary, settings: Settings) -> list[str]:
    """The report, a line for each figure."""
    model = model_in_use(library, settings)
    tracks = len(library.ids())
    ids = library.vectors(model.name, model.dimension).ids
    folder = library.folder
    failures, heard, current, used = [], 0, True, None
    epsilon = settings.analysis.epsilon_for(model)
    if slices_path(library).exists():
        with open_slices(library) as store:
            known = store.failures()
            work = plan(library, model, store, settings.analysis)
            heard = len(work.weigh)
            weighing = store.weighing()
            used = weighing.epsilon if weighing and weighing.model == model.name else None
            current = up_to_date(library, model, epsilon, store)
            failures = [known[track.path] for track in library.tracks(work.failed).values()]
    pending = tracks - len(ids) - len(failures)

    caches = _size(*index_paths(folder), *vectors_paths(folder))
    return [
        f"tracks    {tracks:,}" + ("" if tracks else "; import music first: `beet import ~/Music`"),
        f"analysed  {len(ids):,}",
        f"pending   {pending:,}"
        + ("; run `beet deejai analyze`" if pending else "")
        + (f" (no decoding needed for {heard:,})" if heard else ""),
        f"failed    {len(failures):,}" + ("; see `beet deejai failed`" if failures else ""),
        *(f"          {one_line(os.fspath(failure.path))}: {failure.reason}" for failure in failures[:SHOWN]),
        *([f"          ... and {len(failures) - SHOWN:,} more"] if len(failures) > SHOWN else []),
        f"model     {model.name}, {model.dimension} dimensions, epsilon {_epsilon(used, epsilon)}",
        "vectors   " + ("up to date" if current else OUTDATED),
        f"index     {_index(library, model, settings)}",
        f"on disk   slices {_size(slices_path(library))}, index {caches}, in {folder}",
    ]


def _epsilon(used: float | None, next_: float) -> str:
    """used: the one that the vectors were made with; next_: that of the next `analyze`."""
    return (
        f"{next_:.3g}" if used in (None, next_) else f"{used:.3g} (the next `beet deejai analyze` returns to {next_:.3g})"
    )


def failed_lines(library: BeetsLibrary, words: list[str], settings: Settings) -> list[str]:
    """The files that could not be analysed, with reason, date and what becomes of them; of the matching tracks, or all."""
    if not slices_path(library).exists():
        return []
    with open_slices(library) as store:
        failures = store.failures()
    matching = {file_path(item) for item in library.lib.items(words)} if words and failures else set()
    lines = []
    for path, failure in failures.items():
        if path in matching if words else items_at(library, path):
            tried = {1: "once", 2: "twice"}.get(failure.attempts, f"{failure.attempts} times")
            next_time = "again when it changes" if failure.still_stands(settings.retries) else "again next time"
            when = failure.failed_at[:10]
            lines.append(f"{one_line(os.fspath(path))}: {one_line(failure.reason)} ({when}, tried {tried}, {next_time})")
    return lines


def _index(library: BeetsLibrary, model: Model, settings: Settings) -> str:
    """What kind of index there is, its size and age, whether it has all tracks, and whether lists ask it."""
    if reason := why_no_annoy():
        return f"exact search: {reason}"
    folder = library.folder
    made = read_manifest(folder)
    if made is None:
        return "none yet; run `beet deejai analyze`"
    what = [f"Annoy, {counted(made.tracks, 'track')}", _size(index_paths(folder)[0])]
    what += [f"built {lasting(max(0, time.time() - made.mtime_ns / 1e9))} ago"]
    what += ["up to date" if current_index(library, model) else "out of date (run `beet deejai analyze`)"]
    asked = "lists ask it" if asks_annoy(settings.index, made.tracks) else "lists compare all tracks"
    return f"{', '.join(what)}; {asked}"


def _size(*paths: Path) -> str:
    size = sum(path.stat().st_size for path in paths if path.exists())
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"

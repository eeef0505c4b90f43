"""Checks whether tracks have the vectors that they should have, and files the songs that were analysed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

from deejai_core.data_folder import alone, slices_path
from deejai_core.embedding.changed_files import look_at_files
from deejai_core.embedding.library_analysis import pending_tracks, plan
from deejai_core.embedding.library_vectors import different_vectors, up_to_date, used_epsilon, weight_tracks
from deejai_core.embedding.slices import open_slices
from deejai_core.errors import AudioError
from deejai_core.features.doctor.finding import Finding, Repair
from deejai_core.library import Library
from deejai_core.models.protocol import Model
from deejai_core.options.analysis import Analysis
from deejai_core.refusals import OWN, refusal
from deejai_core.words import counted, one_line

ROOM = 50_000_000  # bytes that should be free on the disk of the slice store, besides what pending tracks will take
LOOKED_INTO = 200  # changed files that are examined: if there are more, an analysis finds out what they contain
NAMED = 3  # files named that contain another song
CHECKED = 20  # recordings whose vectors are computed again, for comparison
SLICES_OF_A_TRACK = 7_000  # bytes, with 16 windows


def vectors(library: Library, model: Model) -> Iterator[Finding]:
    """Find vectors that are damaged, or of a model that is not in use."""
    good = len(library.vectors(model.name, model.dimension).ids)
    bad = library.unusable_vectors(model.name, model.dimension)
    if not bad:
        yield Finding("vectors", f"{good:,}, all intact and of {model.name}")
        return
    damaged = sum(of == model.name for of in bad.values())
    others = sorted({of or "no model" for of in bad.values()} - {model.name})
    parts = [f"{damaged:,} damaged"] if damaged else []
    parts += [f"{len(bad) - damaged:,} of {', '.join(others)}"] if others else []

    def repair() -> Repair:
        library.drop_vectors(bad)
        return Repair(f"{counted(len(bad), 'vector')} removed", "analyse to compute them again")

    yield Finding("vectors", f"{' and '.join(parts)}, of {good + len(bad):,}", wrong=True, repair=repair)


def weighting(library: Library, model: Model, epsilon: float) -> Iterator[Finding]:
    """Check whether the vectors match the current library, and for some of them, whether they are correct."""
    with open_slices(library) as store:
        if not up_to_date(library, model, epsilon, store):
            other_epsilon = used_epsilon(store, model) not in (None, epsilon)
            told = "with another epsilon" if other_epsilon else "from before the library changed"
            yield Finding("weights", told, hint="analyse to update")
            return
        wrong = different_vectors(library, model, epsilon, store, CHECKED)
    if not wrong:
        yield Finding("weights", "up to date")
        return

    def repair() -> Repair:
        with open_slices(library) as store, alone(library):
            store.forget_weighting()
            changed = weight_tracks(library, [], model, epsilon, store).changed
        return Repair(f"{counted(changed, 'vector')} computed again")

    told = f"{len(wrong):,} of {CHECKED} checked vectors differ from those computed from the slices"
    yield Finding("weights", told, wrong=True, repair=repair, hint="weight again")


def files(library: Library, analysis: Analysis) -> Iterator[Finding]:
    """Check whether files that have changed since they were analysed contain other songs."""
    keys = library.recordings()
    with open_slices(library) as store:
        changed, _ = look_at_files(library.files(), keys, store)
    if len(changed) > LOOKED_INTO:
        told = f"{len(changed):,} have changed since they were analysed"
        yield Finding("files", told, hint="analyse to look into files")
        return
    others = []
    with analysis.limits.decoder() as decoder:
        for id_, track in library.tracks(sorted(changed)).items():
            try:
                other = decoder.key(track.path) != keys.get(id_)
            except AudioError:
                other = True
            if other:
                others.append(one_line(os.fspath(track.path)))
    if not others:
        yield Finding("files", "contain the songs that were analysed")
        return
    named = ", ".join(others[:NAMED]) + (f" and {len(others) - NAMED:,} more" if len(others) > NAMED else "")
    told = f"{counted(len(others), 'file')} with a different song than at the last analysis"
    yield Finding("files", told, wrong=True, hint="analyse", named=named)


def pending(library: Library, model: Model, analysis: Analysis) -> Iterator[Finding]:
    """Report how many tracks are analysed."""
    total = len(library.ids())
    left, failed = len(pending_tracks(library, model, analysis)), 0
    if slices_path(library).exists():
        with open_slices(library) as store:
            work = plan(library, model, store, analysis)
            left, failed = len(work.to_embed) + len(work.to_weight), len(work.failed)
    told = f"{total - left - failed:,} of {total:,} tracks analysed" + (f", {left:,} pending" if left else "")
    hint = "analyse" if left else "list failures" if failed else None
    yield Finding("tracks", told + (f", {failed:,} failed" if failed else ""), hint=hint)


def disk(library: Library, model: Model, analysis: Analysis) -> Iterator[Finding]:
    """Check whether the disk has room for the results of the analysis."""
    folder = library.folder
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    wanted = ROOM + SLICES_OF_A_TRACK * len(pending_tracks(library, model, analysis))
    told = f"{free / 1e9:,.1f} GB free in {existing}"
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"0")
    except OSError as error:
        yield Finding("disk", refusal(existing, "cannot be written", error, OWN), wrong=True)
        return
    if free < wanted:
        yield Finding("disk", f"{told}, but the analysis may need {wanted / 1e9:,.1f} GB; make room", wrong=True)
        return
    yield Finding("disk", told)

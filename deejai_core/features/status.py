"""How much of a library is analysed, with which model, and how much space this takes on disk."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from deejai_core.data_folder import slices_path
from deejai_core.embedding.library_analysis import plan
from deejai_core.embedding.library_vectors import up_to_date, used_epsilon
from deejai_core.embedding.slices import Failure, open_slices
from deejai_core.errors import StoreError
from deejai_core.features.blind.votes import read_votes
from deejai_core.index.annoy_file import index_paths, read_manifest, why_no_annoy
from deejai_core.index.cache import current_index
from deejai_core.index.neighbours import asks_annoy
from deejai_core.index.vectors import vectors_paths
from deejai_core.library import Library
from deejai_core.models.protocol import Model
from deejai_core.models.registry import tagging_model
from deejai_core.options.analysis import Analysis


@dataclass(frozen=True)
class IndexStatus:
    """The index on disk."""

    tracks: int
    size: int  # bytes
    built: float  # seconds since 1970
    current: bool  # whether it has exactly the tracks of the library
    asked: bool  # whether lists use it; otherwise they compare all tracks


@dataclass(frozen=True)
class Status:
    """A library at a glance. Sizes are in bytes."""

    tracks: int
    analysed: int  # tracks that have a vector
    pending: int
    stored: int  # of these, tracks that the model has embedded: no decoding is needed
    failures: list[Failure]  # of files that could not be analysed and are not tried again
    model: Model
    epsilon: float  # of the next analysis
    used_epsilon: float | None  # of the current vectors; None if unknown
    current: bool  # whether the vectors are weighted against the current library
    index: IndexStatus | None  # None: there is none
    no_annoy: str | None  # why there can be no index
    heard: dict[str, int]  # how many recordings a companion has processed, by its trunk; without 0
    recordings: int  # of how many; 0 if none has processed any
    slices: int  # size of the slice store
    caches: int  # size of the index and the mapped vectors
    folder: Path
    votes: int  # of blind tests
    unread: StoreError | None  # why the votes cannot be read


def library_status(library: Library, model: Model, analysis: Analysis, search: str = "auto") -> Status:
    """Return the status of a library. search: how neighbours are found, see `index.neighbours`. Nothing changes."""
    tracks = len(library.ids())
    analysed = len(library.vectors(model.name, model.dimension).ids)
    failures, stored, current, used = [], 0, True, None
    recordings: set[str] = set()
    heard: dict[str, int] = {}
    epsilon = analysis.epsilon_for(model)
    votes, unread = _votes(library)
    if slices_path(library).exists():
        with open_slices(library) as store:
            known = store.failures()
            work = plan(library, model, store, analysis)
            stored = len(work.to_weight)
            used = used_epsilon(store, model)
            if companions := [each.trunk_name for each in tagging_model(model).more if store.has(each.trunk_name)]:
                recordings = set(library.recordings().values())
                heard = {trunk: len(store.known(recordings, trunk)) for trunk in companions}
            current = up_to_date(library, model, epsilon, store)
            failures = [known[track.path] for track in library.tracks(work.failed).values()]
    return Status(
        tracks,
        analysed,
        tracks - analysed - len(failures),
        stored,
        failures,
        model,
        epsilon,
        used,
        current,
        _index(library, model, search),
        why_no_annoy(),
        heard,
        len(recordings),
        _size(slices_path(library)),
        _size(*index_paths(library.folder), *vectors_paths(library.folder)),
        library.folder,
        votes,
        unread,
    )


def failed_files(library: Library, ids: Container[int] | None = None) -> list[Failure]:
    """Return why files of a library could not be analysed: those of some tracks, or all."""
    if not slices_path(library).exists():
        return []
    with open_slices(library) as store:
        failures = store.failures()
    tracks = library.at(list(failures))
    return [failure for path, failure in failures.items() if path in tracks and (ids is None or tracks[path] in ids)]


def _votes(library: Library) -> tuple[int, StoreError | None]:
    try:
        return len(read_votes(library)), None
    except StoreError as error:
        return 0, error


def _index(library: Library, model: Model, search: str) -> IndexStatus | None:
    made = read_manifest(library.folder)
    if made is None or why_no_annoy():
        return None
    return IndexStatus(
        made.tracks,
        _size(index_paths(library.folder)[0]),
        made.mtime_ns / 1e9,
        current_index(library, model) is not None,
        asks_annoy(search, made.tracks),
    )


def _size(*paths: Path) -> int:
    return sum(path.stat().st_size for path in paths if path.exists())

"""Lets companions of a model process recordings that were analysed without them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deejai_core.audio.sandbox import Decoder
from deejai_core.data_folder import alone, slices_path
from deejai_core.embedding.analysis import Embedded, NotEmbedded, default_threads, embed_files
from deejai_core.embedding.changed_files import check_mounted
from deejai_core.embedding.slices import SliceStore, open_slices
from deejai_core.errors import NotAnalysedError
from deejai_core.library import Library
from deejai_core.models.protocol import Companion, Model
from deejai_core.models.registry import BUNDLED
from deejai_core.options.analysis import Analysis

if TYPE_CHECKING:
    from deejai_core.embedding.cluster import Cluster


@dataclass(frozen=True)
class Heard:
    """The result of companions' processing of files."""

    wanted: int
    failed: int  # of these; they are tried again the next time


def hear_library(
    library: Library,
    model: Model,
    analysis: Analysis,
    ids: Collection[int] | None = None,
    *,
    on_start: Callable[[int], None] = lambda files: None,
    on_result: Callable[[Embedded | NotEmbedded], None] = lambda result: None,
) -> Heard:
    """Let the model's companions process these tracks, or all, that are analysed and that they have not processed.

    on_start: receives how many files a companion has to process. on_result: receives each result once it is stored. An
    interrupted call continues the next time. Raises NotAnalysedError if nothing is analysed, UnmountedError if the files
    are missing, LibraryError if an analysis is running.
    """
    if not slices_path(library).exists():
        raise NotAnalysedError("nothing analysed yet", hint="analyse")
    with open_slices(library) as store, alone(library):
        threads = analysis.threads or default_threads()
        return hear_more(library, model, store, analysis, ids, threads=threads, on_start=on_start, on_result=on_result)


def hear_more(
    library: Library,
    model: Model,
    store: SliceStore,
    analysis: Analysis,
    ids: Collection[int] | None = None,
    *,
    threads: int,
    cluster: Cluster | None = None,
    decoders: Sequence[Decoder] | None = None,
    on_start: Callable[[int], None] = lambda files: None,
    on_result: Callable[[Embedded | NotEmbedded], None],
) -> Heard:
    """Do the same as `hear_library` in an open store. cluster, decoders: see `embed_tracks`."""
    wanted = failed = 0
    for companion in model.more:
        paths = _unheard(library, companion, store, ids)
        on_start(len(paths))
        if not paths:
            continue
        check_mounted(paths)
        wanted += len(paths)
        results: Generator[Embedded | NotEmbedded, None, None]
        if cluster:
            from deejai_core.embedding.cluster import analyse_on

            of_bundled = replace(cluster, model=BUNDLED)
            results = analyse_on(of_bundled, paths, companion, windows=analysis.windows, limits=analysis.limits)
        else:
            results = embed_files(
                paths,
                companion,
                windows=analysis.windows,
                threads=threads,
                limits=analysis.limits,
                device=companion.pick_device(analysis.device),
                decoders=decoders,
            )
        with closing(results):
            for result in results:
                if isinstance(result, Embedded) and result.trunk is not None:
                    store.put(result.key, companion.trunk_name, result.trunk)
                failed += isinstance(result, NotEmbedded)
                on_result(result)
    return Heard(wanted, failed)


def unheard_files(library: Library, model: Model, ids: Collection[int] | None = None) -> list[Path]:
    """Return the files that `hear_library` would decode; nothing is written."""
    if not slices_path(library).exists():
        return []
    with open_slices(library) as store:
        return [path for companion in model.more for path in _unheard(library, companion, store, ids)]


def _unheard(library: Library, companion: Companion, store: SliceStore, ids: Collection[int] | None) -> list[Path]:
    """Return a file of each recording of these tracks, or of all, that a companion has not processed.

    An existing file if possible.
    """
    recordings = library.recordings(ids)
    heard = store.known(recordings.values(), companion.trunk_name)
    copies: dict[str, list[Path]] = {}
    for id_, track in library.tracks(id_ for id_, key in recordings.items() if key not in heard).items():
        copies.setdefault(recordings[id_], []).append(track.path)
    return [_one_there(paths) for paths in copies.values()]


def _one_there(copies: Sequence[Path]) -> Path:
    """Return the first copy whose file exists, or else the first."""
    return copies[0] if len(copies) == 1 else next(filter(Path.exists, copies), copies[0])

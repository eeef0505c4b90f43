"""Finds the tracks of a library that lack a vector, and analyses them.

There are two steps, each of which stores its results at once. The first decodes files and fills the slice store with the
trunk's output; this takes the time. The second (`library_vectors`) turns slices into vectors; it depends on the whole
library, so it follows the first.
"""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence, Set
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.audio.sandbox import Decoder
from deejai_core.data_folder import alone, slices_path
from deejai_core.embedding.analysis import Embedded, NotEmbedded, Unshared, default_threads, embed_file, embed_files
from deejai_core.embedding.changed_files import check_mounted, look_at_files, note_of
from deejai_core.embedding.companions import hear_more, unheard_files
from deejai_core.embedding.library_vectors import Weighted, up_to_date, weight_imported, weight_tracks
from deejai_core.embedding.projections import is_unfitted
from deejai_core.embedding.recordings import open_recordings
from deejai_core.embedding.slices import FileNote, SliceStore, open_slices
from deejai_core.embedding.tagging import tag_tracks
from deejai_core.embedding.weighting import weight_external
from deejai_core.errors import AudioError
from deejai_core.index.cache import ids_with_vectors
from deejai_core.index.vectors import Vectors
from deejai_core.library import Library
from deejai_core.models.protocol import Model, TaggingModel
from deejai_core.options.analysis import MORE, Analysis

if TYPE_CHECKING:
    from deejai_core.embedding.cluster import Cluster

NOTED = 100  # files that are noted together: each time means waiting for the disk


@dataclass(frozen=True)
class Work:
    """What must be done to some tracks, by their ids."""

    to_embed: list[int]  # tracks whose audio must be decoded
    to_weight: list[int]  # tracks that the model has embedded, but that lack a vector
    failed: list[int]  # tracks that failed before, and whose files have not changed since


@dataclass(frozen=True)
class Outcome:
    """What an analysis has done, in tracks."""

    weighted: Weighted | None  # None: all vectors were up to date
    wanted: int  # tracks that should get a vector
    embedded: int  # tracks whose files had to be decoded
    failed: int  # of these
    skipped: int  # tracks that failed before
    tagged: int
    heard: int = 0  # files that were decoded only for companions
    vectors: Vectors | None = None  # the cache of vectors, if none has changed and it is the library's

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        changed = self.weighted.changed if self.weighted else 0
        return not (self.wanted or changed or self.embedded or self.skipped or self.tagged or self.heard)


class AnalysisObserver:
    """Follows the progress of an analysis. Its methods do nothing; override those that you need."""

    def planned(self, work: Work, changed: int) -> None:
        """Called with the work to do, and how many of the files to decode have changed since the last time."""

    def result(self, result: Embedded | NotEmbedded) -> None:
        """Called when a file was decoded and its result is stored."""

    def weighting(self) -> None:
        """Called when all files are decoded, before vectors are computed."""

    def weighted(self, weighted: Weighted, wanted: int) -> None:
        """Called when the vectors are stored, with the number of tracks among them that should get one."""

    def hearing(self, files: int) -> None:
        """Called with the number of analysed files to decode again for a companion; `result` is called for each."""

    def tagged(self, tracks: int) -> None:
        """Called with the number of tracks that got tags."""


def analyse_library(
    library: Library,
    model: Model,
    tagger: TaggingModel,
    analysis: Analysis,
    *,
    ids: Iterable[int] | None = None,
    retry: bool = False,
    force: bool = False,
    cluster: Cluster | None = None,
    observer: AnalysisObserver | None = None,
) -> Outcome:
    """Compute the missing vectors of tracks, and bring those of all others up to date with the library.

    ids: the tracks to consider; None for all. retry: decode what failed before, also if a track has a vector of its former
    audio. force: decode all of them again. tagger: the model whose tags the tracks get, if any. cluster: decodes the files,
    instead of this machine. An interrupted call continues the next time. Raises UnmountedError if the files are missing,
    LibraryError if another process is analysing the library.
    """
    observer = observer or AnalysisObserver()
    ids = None if ids is None else list(ids)
    with open_slices(library) as store, alone(library):
        files, recordings = library.files(), open_recordings(library)
        changed, unknown = look_at_files(files, recordings.keys(), store)
        store.note_files(unknown)
        done, exact = ids_with_vectors(library, model)
        work = plan(
            library,
            model,
            store,
            analysis,
            ids=ids,
            retry=retry,
            force=force,
            changed=changed,
            every=files,
            done=done,
        )
        observer.planned(work, sum(id_ in changed for id_ in work.to_embed))
        paths = [track.path for track in library.tracks(work.to_embed).values()]
        if paths:
            check_mounted(paths)
        failed = 0

        def note(result: Embedded | NotEmbedded) -> None:
            nonlocal failed
            if isinstance(result, NotEmbedded):
                if not result.lasting and not result.path.exists():
                    check_mounted(paths)
                if not isinstance(result, Unshared):  # no file is at fault: it should be tried again, however often
                    store.put_failure(result.path, result.reason, lasting=result.lasting)
                failed += 1
            else:
                store.drop_failure(result.path)
            observer.result(result)

        threads = analysis.threads or default_threads()
        embedded = embed_tracks(
            library, work.to_embed, model, store, analysis, threads=threads, force=force, cluster=cluster, on_result=note
        )
        wanted, epsilon, weighted, heard, tagged = [*work.to_weight, *embedded], analysis.epsilon_for(model), None, 0, 0
        if wanted or not up_to_date(library, model, epsilon, store, None if work.to_embed else recordings):
            observer.weighting()
            weighted = weight_tracks(library, wanted, model, epsilon, store)
            observer.weighted(weighted, len(wanted))
        if analysis.tags == MORE:
            heard = hear_more(
                library,
                tagger,
                store,
                analysis,
                ids,
                threads=threads,
                cluster=cluster,
                on_start=observer.hearing,
                on_result=observer.result,
            ).wanted
        if analysis.tags:
            tagged = tag_tracks(library, tagger, store, ids).given
            observer.tagged(tagged)
    unchanged = weighted is None and not work.to_embed and not heard
    vectors = exact if unchanged else None
    return Outcome(weighted, len(wanted), len(work.to_embed), failed, len(work.failed), tagged, heard, vectors)


def pending_tracks(
    library: Library,
    model: Model,
    analysis: Analysis,
    *,
    ids: Iterable[int] | None = None,
    retry: bool = False,
    force: bool = False,
) -> list[int]:
    """Return the tracks whose files `analyse_library` would decode; nothing is written."""
    if not slices_path(library).exists():
        done, _ = ids_with_vectors(library, model)
        return [id_ for id_ in library.ids() if id_ not in done] if ids is None else list(ids)
    with open_slices(library) as store:
        files = library.files()
        changed, _ = look_at_files(files, library.recordings(), store)
        return plan(
            library, model, store, analysis, ids=ids, retry=retry, force=force, changed=changed, every=files
        ).to_embed


def pending_files(
    library: Library,
    model: Model,
    tagger: TaggingModel,
    analysis: Analysis,
    *,
    ids: Collection[int] | None = None,
    retry: bool = False,
    force: bool = False,
) -> list[Path]:
    """Return the files that `analyse_library` would decode, without repetitions; nothing is written."""
    pending = pending_tracks(library, model, analysis, ids=ids, retry=retry, force=force)
    paths = [track.path for track in library.tracks(pending).values()]
    if analysis.tags == MORE:
        paths += unheard_files(library, tagger, ids)
    return list(dict.fromkeys(paths))


def plan(
    library: Library,
    model: Model,
    store: SliceStore,
    analysis: Analysis,
    *,
    ids: Iterable[int] | None = None,
    retry: bool = False,
    force: bool = False,
    changed: Container[int] = (),
    every: Iterable[int] | None = None,
    done: Set[int] | None = None,
) -> Work:
    """Decide what tracks need; see `analyse_library`.

    changed: ids of tracks whose files have changed: their audio is embedded if it is a different recording. every: the ids
    of all tracks, done: of those that have a vector, if they have been read already.
    """
    failures, done = store.failures(), ids_with_vectors(library, model)[0] if done is None else done
    lost = store.to_embed_again(model.trunk_name)
    again = {id_ for found in open_recordings(library).tracks_of(lost).values() for id_ in found} if lost else set()
    if ids is None:
        ids = list(library.ids() if every is None else every)
        if not force:
            ids = [id_ for id_ in ids if id_ not in done or id_ in changed or id_ in again]
            if retry:  # also those that have a vector of their former audio
                ids = list(dict.fromkeys([*ids, *library.at(list(failures)).values()]))
    tracks = library.tracks(ids)
    keys = library.recordings(list(tracks))
    known = store.known(keys.values(), model.trunk_name)
    work = Work([], [], [])
    for id_, track in tracks.items():
        failure = failures.get(track.path)
        if force or (retry and failure):
            work.to_embed.append(id_)
        elif id_ in done and id_ not in again and id_ not in changed:
            continue
        elif keys.get(id_) in known and id_ not in changed:
            work.to_weight.append(id_)
        elif failure and failure.still_stands(analysis.retries):
            work.failed.append(id_)
        else:
            work.to_embed.append(id_)
    return work


def embed_tracks(
    library: Library,
    ids: Iterable[int],
    model: Model,
    store: SliceStore,
    analysis: Analysis,
    *,
    threads: int,
    force: bool = False,
    cluster: Cluster | None = None,
    decoders: Sequence[Decoder] | None = None,
    on_result: Callable[[Embedded | NotEmbedded], None],
) -> list[int]:
    """Decode the tracks' files and store the output of the model's trunk; return the ids of tracks to weight.

    cluster: embeds them, instead of this number of threads on this machine. decoders: see `embed_files`. Each result is in
    the store and the library before `on_result` gets it. A track keeps its vector until it is weighted, unless the vector
    is of different audio.
    """
    by_path = defaultdict(list)
    for id_, track in library.tracks(ids).items():
        by_path[track.path].append(id_)
    if not by_path:
        return []  # without loading the network for nothing
    more = model.more if analysis.tags == MORE else ()
    trunks = (model.trunk_name, *(companion.trunk_name for companion in more))
    known = set() if force else _Known(library, trunks)
    notes: dict[Path, FileNote | None] = {}

    def paths() -> Iterator[Path]:
        for path in by_path:
            notes[path] = note_of(path, "")  # before the file is read: later changes are noticed next time
            yield path

    if cluster:
        from deejai_core.embedding.cluster import analyse_on

        results = analyse_on(
            cluster, paths(), model, windows=analysis.windows, known=known, more=more, limits=analysis.limits
        )
    else:
        results = embed_files(
            paths(),
            model,
            windows=analysis.windows,
            threads=threads,
            known=known,
            more=more,
            limits=analysis.limits,
            device=model.pick_device(analysis.device),
            decoders=decoders,
        )
    wanted = [id_ for of_file in by_path.values() for id_ in of_file]
    done = set(library.vectors(model.name, model.dimension, wanted).ids.tolist())
    embedded: list[int] = []
    known_now: list[FileNote] = []
    with closing(results):  # at once, whatever happens: nobody should embed for nothing
        for result in results:
            if isinstance(result, Embedded):
                if result.trunk is not None:
                    store.put(result.key, model.trunk_name, result.trunk)
                for companion, trunk in zip(more, result.more, strict=False):  # nothing for a recording that is known
                    store.put(result.key, companion.trunk_name, trunk)
                for id_ in by_path[result.path]:
                    has_vector = library.keep_recording(id_, result.path, result.key)
                    if has_vector is not None and (result.trunk is not None or id_ not in done or not has_vector):
                        embedded.append(id_)
                if note := notes[result.path]:
                    known_now.append(note._replace(key=result.key))
                if len(known_now) >= NOTED:
                    store.note_files(known_now)
                    known_now.clear()
            on_result(result)
    store.note_files(known_now)
    return embedded


def embed_external(library: Library, path: Path, model: Model, analysis: Analysis) -> tuple[str, np.ndarray]:
    """Return the audio key and vector of a file, as it would have in this library. Raises AudioError."""
    keys = set(library.recordings().values())
    with open_slices(library) as store, analysis.limits.decoder() as decoder:
        known = store.keys(model.trunk_name) & keys
        embedded = embed_file(path, model, decoder, windows=analysis.windows, known=known)
        vector = weight_external(store, model, analysis.epsilon_for(model), known, embedded.key, embedded.trunk)
        return embedded.key, vector


@dataclass
class ImportAnalysis:
    """Vectors for tracks that are being imported, task by task.

    Tasks share the model, the data that were read from the slice store, and the processes that decode, which live until
    `close`, or the end of the program. The vectors of older tracks do not change, however the import affects the reference,
    until the next `analyse_library`; this also gives tracks the vectors of a model that has no projection yet. Failures are
    not stored: the importer is about to move the file, and the next analysis tries it in its final place.
    """

    model: Model
    tagger: TaggingModel
    analysis: Analysis
    on_failure: Callable[[NotEmbedded], None]
    _read: dict[str, np.ndarray] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # several imports may run at once in one program
    _decoders: list[Decoder] = field(default_factory=list)

    def __post_init__(self) -> None:
        # One core is left for the importer and the person who answers its questions.
        threads = self.analysis.threads or max(1, default_threads() - 1)
        self._decoders += [self.analysis.limits.decoder() for _ in range(threads)]
        self._at_the_end = weakref.finalize(self, _close, self._decoders)

    def close(self) -> None:
        """End the processes that decode. They start again for the next task."""
        with self._lock:
            _close(self._decoders)

    def __call__(self, library: Library, ids: Sequence[int]) -> tuple[int, int]:
        """Analyse tracks; return how many were analysed, and how many failed."""
        model, analysis = self.model, self.analysis
        with self._lock, open_slices(library) as store:
            lacking = _lacking(library, ids, model, self._decoders[0])
            embedded = embed_tracks(
                library,
                lacking,
                model,
                store,
                analysis,
                threads=len(self._decoders),
                decoders=self._decoders,
                on_result=self._note,
            )
            if embedded and not is_unfitted(model):
                weight_imported(library, embedded, model, analysis.epsilon_for(model), store, read=self._read)
            if analysis.tags == MORE:
                hear_more(
                    library,
                    self.tagger,
                    store,
                    analysis,
                    ids,
                    threads=len(self._decoders),
                    decoders=self._decoders,
                    on_result=self._note,
                )
            if analysis.tags:
                tag_tracks(library, self.tagger, store, ids)
        return len(embedded), len(lacking) - len(embedded)

    def _note(self, result: Embedded | NotEmbedded) -> None:
        if isinstance(result, NotEmbedded):
            self.on_failure(result)


@dataclass(frozen=True)
class _Known(Container[str]):
    """The recordings that all of some trunks have embedded, each looked up on demand, by any thread."""

    library: Library
    trunks: tuple[str, ...]

    def __contains__(self, key: object) -> bool:
        with open_slices(self.library) as store:
            return all(store.known([str(key)], trunk) for trunk in self.trunks)


def _close(decoders: Iterable[Decoder]) -> None:
    for decoder in decoders:
        decoder.close()


def _lacking(library: Library, ids: Sequence[int], model: Model, decoder: Decoder) -> list[int]:
    """Return the tracks without a vector, and those with one of other audio, as after an import that replaced a file."""
    done = set(library.vectors(model.name, model.dimension, ids).ids.tolist())
    keys, tracks = library.recordings(ids), library.tracks(ids)

    def replaced(id_: int) -> bool:
        try:
            return id_ in keys and decoder.key(tracks[id_].path) != keys[id_]
        except AudioError:
            return False  # embedding it will report what is wrong

    return [id_ for id_ in tracks if id_ not in done or replaced(id_)]

"""Which tracks of a library lack a vector, and how they get one.

There are two steps, each of which keeps what it has done at once. The first decodes files and fills the slice store with
what the model makes of them; it takes the time. The second (`library_vectors`) turns slices into vectors; it needs to know
the whole library, so it comes when the first is over.
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

NOTED = 100  # files that are noted at once: each time is a wait for the disk


@dataclass(frozen=True)
class Work:
    """What is to be done to some tracks, by their ids."""

    to_embed: list[int]  # their audio is to be decoded
    to_weight: list[int]  # the model has embedded them, and they lack a vector
    failed: list[int]  # they failed before, and their files have not changed since


@dataclass(frozen=True)
class Outcome:
    """What an analysis has done, in tracks."""

    weighted: Weighted | None  # None: all vectors were up to date
    wanted: int  # that were to get a vector
    embedded: int  # whose files were to be decoded
    failed: int  # of these
    skipped: int  # that failed before
    tagged: int
    heard: int = 0  # files that were decoded for companions alone
    vectors: Vectors | None = None  # where none has changed: their cache, if it is that of the library

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        changed = self.weighted.changed if self.weighted else 0
        return not (self.wanted or changed or self.embedded or self.skipped or self.tagged or self.heard)


class AnalysisObserver:
    """Who watches an analysis. Each method is called as it goes on; these do nothing."""

    def planned(self, work: Work, changed: int) -> None:
        """So much is to be done; of the files to be decoded, so many have changed since the last time."""

    def result(self, result: Embedded | NotEmbedded) -> None:
        """A file was decoded, and what came of it is kept."""

    def weighting(self) -> None:
        """All files are decoded; the vectors are computed now."""

    def weighted(self, weighted: Weighted, wanted: int) -> None:
        """The vectors are kept, those of so many tracks that were to get one among them."""

    def hearing(self, files: int) -> None:
        """So many files that are analysed are to be decoded again, for a companion of the model; `result` tells of each."""

    def tagged(self, tracks: int) -> None:
        """So many tracks got tags."""


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
    """Give tracks the vectors that they lack, and bring those of all others up to date with the library.

    ids: the tracks to look at; None: all. retry: decode what failed before, also if a track has a vector of what its file
    was then. force: decode all of them again. tagger: the model whose tags tracks get, if they are to. cluster: what
    decodes the files, instead of this machine. What is interrupted goes on the next time. Raises UnmountedError if the
    files are gone, LibraryError if another process is at it.
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
                if not isinstance(result, Unshared):  # of no file's making: it is to be tried next time, however often
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
    """The tracks whose files `analyse_library` would decode; nothing is written."""
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
    """The files that `analyse_library` would decode, each once; nothing is written."""
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
    """Sort out what tracks lack; see `analyse_library`.

    changed: ids of tracks whose files have changed: what they hold is embedded if it is another recording. every: the ids
    of all tracks, done: of those that have a vector, where they have been read already.
    """
    failures, done = store.failures(), ids_with_vectors(library, model)[0] if done is None else done
    lost = store.to_embed_again(model.trunk_name)
    again = {id_ for found in open_recordings(library).tracks_of(lost).values() for id_ in found} if lost else set()
    if ids is None:
        ids = list(library.ids() if every is None else every)
        if not force:
            ids = [id_ for id_ in ids if id_ not in done or id_ in changed or id_ in again]
            if retry:  # also those that have a vector, of what they were before
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
    """Decode the tracks' files and keep what the model's trunk makes of them; returns the ids of those to be weighted.

    cluster: what embeds them, instead of this machine by so many threads. decoders: see `embed_files`. Each result is in
    the store and the library before `on_result` gets it. A track keeps the vector that it has until it is weighted, but not
    one of other audio.
    """
    by_path = defaultdict(list)
    for id_, track in library.tracks(ids).items():
        by_path[track.path].append(id_)
    if not by_path:
        return []  # without waking the network for nothing
    more = model.more if analysis.tags == MORE else ()
    trunks = (model.trunk_name, *(companion.trunk_name for companion in more))
    known = set() if force else _Known(library, trunks)
    notes: dict[Path, FileNote | None] = {}

    def paths() -> Iterator[Path]:
        for path in by_path:
            notes[path] = note_of(path, "")  # before it is read: what changes meanwhile is looked at next time
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
                for companion, trunk in zip(more, result.more, strict=False):  # none of a recording that is known
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
    """Audio key and vector of a file, as it would be in this library, whether it is or not. Raises AudioError."""
    keys = set(library.recordings().values())
    with open_slices(library) as store, analysis.limits.decoder() as decoder:
        known = store.keys(model.trunk_name) & keys
        embedded = embed_file(path, model, decoder, windows=analysis.windows, known=known)
        vector = weight_external(store, model, analysis.epsilon_for(model), known, embedded.key, embedded.trunk)
        return embedded.key, vector


@dataclass
class ImportAnalysis:
    """Vectors for tracks that are just being imported, task by task.

    Tasks share the model, what was read of the slice store, and the processes that decode, which live until `close`. It is
    closed at the end of the program at the latest. The vectors of older tracks stay as they are, whatever the
    import does to the reference, until the next `analyse_library`; which also gives tracks the vectors of a model that has
    no projection yet. A failure is not remembered: the importer is about to
    move the file, and the next analysis tries it where it will be.
    """

    model: Model
    tagger: TaggingModel
    analysis: Analysis
    on_failure: Callable[[NotEmbedded], None]
    _read: dict[str, np.ndarray] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # several imports may run at once in one program
    _decoders: list[Decoder] = field(default_factory=list)

    def __post_init__(self) -> None:
        # One core is left to whoever answers the importer's questions.
        threads = self.analysis.threads or max(1, default_threads() - 1)
        self._decoders += [self.analysis.limits.decoder() for _ in range(threads)]
        self._at_the_end = weakref.finalize(self, _close, self._decoders)

    def close(self) -> None:
        """End the processes that decode. They start again when there is another task."""
        with self._lock:
            _close(self._decoders)

    def __call__(self, library: Library, ids: Sequence[int]) -> tuple[int, int]:
        """Analyse tracks; returns how many were, and how many failed."""
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
    """The recordings that all of some trunks have embedded, each looked up when it is asked for, by any thread."""

    library: Library
    trunks: tuple[str, ...]

    def __contains__(self, key: object) -> bool:
        with open_slices(self.library) as store:
            return all(store.known([str(key)], trunk) for trunk in self.trunks)


def _close(decoders: Iterable[Decoder]) -> None:
    for decoder in decoders:
        decoder.close()


def _lacking(library: Library, ids: Sequence[int], model: Model, decoder: Decoder) -> list[int]:
    """The tracks without a vector, and those with one of other audio, as after an import that replaced the file."""
    done = set(library.vectors(model.name, model.dimension, ids).ids.tolist())
    keys, tracks = library.recordings(ids), library.tracks(ids)

    def replaced(id_: int) -> bool:
        try:
            return id_ in keys and decoder.key(tracks[id_].path) != keys[id_]
        except AudioError:
            return False  # embedding it will say what is wrong

    return [id_ for id_ in tracks if id_ not in done or replaced(id_)]

"""Hearing: which tracks of a library lack something, and what the model hears in them.

It is the first of two steps, each of which keeps what it has done at once. Hearing decodes files and fills the slice store;
it is what takes the time. Weighing (`weighing`) turns slices into vectors; it needs to know the whole library, so it comes
when hearing is over.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.audio.sandbox import Decoder
from deejai_core.embedding.analysis import Heard, Limits, Unheard, analyse, default_threads, hear_file
from deejai_core.embedding.cluster import Cluster, analyse_on
from deejai_core.embedding.slices import FileNote, SliceStore
from deejai_core.embedding.weighting import weigh_outsider
from deejai_core.errors import AudioError
from deejai_core.formats.entries import one_line
from deejai_core.models.device import CPU, pick_device
from deejai_core.models.protocol import Model

from .changed import note_of
from .fields import KEY, MODEL, VECTOR
from .interrupts import uninterrupted
from .library import attribute_values, file_path, items_by_id, open_store, read_vectors, track_ids
from .models import model_in_use, tagging_model
from .settings import Settings, limits, read_settings
from .tagging import tag_tracks, untagged_ids
from .tags import STORED
from .weighing import epsilon_in_use, weigh_imported

if TYPE_CHECKING:
    import confuse
    from beets.library import Item, Library
    from beets.logging import BeetsLogger


NOTED = 100  # files that are noted at once: each time is a wait for the disk


@dataclass(frozen=True)
class Work:
    """What is to be done to some tracks."""

    hear: list[Item]  # their audio is to be decoded
    weigh: list[int]  # ids of tracks that the model has heard, without a vector
    failed: list[Item]  # they failed before, and their files have not changed since


def find_work(
    lib: Library,
    items: Iterable[Item],
    model: Model,
    store: SliceStore,
    *,
    retries: int,
    retry: bool = False,
    force: bool = False,
    changed: Container[int] = (),
) -> Work:
    """Sort out what these tracks lack.

    retries: how often a file is tried again that failed through no fault of its content. retry: hear whatever failed
    before, also if the track has a vector of what the file was then. force: hear all of them again. changed: ids of tracks
    whose files are to be looked at: what they hold is heard if it is another recording.
    """
    done = set(read_vectors(lib, model.name, model.dimension)[0])
    again = store.to_hear_again(model.trunk_name)
    keys, known, failures = attribute_values(lib, KEY), store.keys(model.trunk_name), store.failures()
    work = Work([], [], [])
    for item in items:
        failure = failures.get(file_path(item))
        if force or (retry and failure):
            work.hear.append(item)
        elif item.id in done and keys.get(item.id) not in again and item.id not in changed:
            continue
        elif keys.get(item.id) in known and item.id not in changed:
            work.weigh.append(item.id)
        elif failure and failure.still_stands(retries):
            work.failed.append(item)
        else:
            work.hear.append(item)
    return work


def due_items(lib: Library, model: Model, store: SliceStore, changed: Container[int] = ()) -> list[Item]:
    """The tracks that lack a vector, those that are to be heard again, and those whose files have changed."""
    done = set(read_vectors(lib, model.name, model.dimension)[0])
    again, keys = store.to_hear_again(model.trunk_name), attribute_values(lib, KEY)
    return items_by_id(lib, [id_ for id_ in track_ids(lib) if id_ not in done or id_ in changed or keys.get(id_) in again])


def unmounted(paths: Iterable[Path]) -> Path | None:
    """The folder that all of these files are in, if nothing is there: most likely a drive that is not mounted."""
    root = Path(os.path.commonpath([path.parent for path in paths]))
    try:
        return None if any(root.iterdir()) else root
    except OSError:
        return root


def hear_items(
    lib: Library,
    items: Iterable[Item],
    model: Model,
    store: SliceStore,
    *,
    windows: int,
    threads: int,
    limits: Limits,
    device: str = CPU,
    force: bool = False,
    cluster: Cluster | None = None,
    on_result: Callable[[Heard | Unheard], None],
) -> list[int]:
    """Decode the tracks' files and keep what the model's trunk makes of them; returns the ids of those to be weighed.

    device: one of `DEVICES`. cluster: what hears them, instead of this machine by so many threads. Each result is in the
    store and the library before `on_result` gets it. A track keeps the vector that it has until it is weighed, but not
    one of other audio.
    """
    by_path = defaultdict(list)
    for item in items:
        by_path[file_path(item)].append(item)  # read here: in another thread beets would give a relative path
    if not by_path:
        return []  # without waking the network for nothing
    known = set() if force else store.keys(model.trunk_name)
    notes: dict[Path, FileNote | None] = {}

    def paths() -> Iterator[Path]:
        for path in by_path:
            notes[path] = note_of(os.fsencode(path), "")  # before it is read: what changes meanwhile is looked at next time
            yield path

    if cluster:
        results = analyse_on(cluster, paths(), model, windows=windows, known=known, limits=limits)
    else:
        results = analyse(
            paths(),
            model,
            windows=windows,
            threads=threads,
            known=known,
            limits=limits,
            device=pick_device(device),
        )
    done = set(read_vectors(lib, model.name, model.dimension)[0])
    heard: list[int] = []
    known_now: list[FileNote] = []
    with closing(results):  # at once, whatever happens: nobody should hear for nothing
        for result in results:
            if isinstance(result, Heard):
                with uninterrupted():
                    if result.trunk is not None:
                        store.put(result.key, model.trunk_name, result.trunk)
                    for item in by_path[result.path]:
                        current = keep_key(lib, item, result.key)
                        if current and (result.trunk is not None or item.id not in done or VECTOR not in current):
                            heard.append(item.id)
                if note := notes[result.path]:
                    known_now.append(note._replace(key=result.key))
                if len(known_now) >= NOTED:
                    store.note_files(known_now)
                    known_now.clear()
            on_result(result)
    store.note_files(known_now)
    return heard


def hear_outsider(lib: Library, path: Path, model: Model, settings: Settings) -> tuple[str, np.ndarray]:
    """Audio key and vector of a file, as it would be in this library, whether it is or not. Raises AudioError."""
    keys = set(attribute_values(lib, KEY).values())
    with open_store(lib) as store, limits(settings).decoder() as decoder:
        known = store.keys(model.trunk_name) & keys
        heard = hear_file(path, model, decoder, windows=settings.windows, known=known)
        epsilon = epsilon_in_use(model, settings)
        return heard.key, weigh_outsider(store, model, epsilon, known, heard.key, heard.trunk)


class ImportAnalysis:
    """Vectors for tracks that are just being imported; a file that cannot be analysed is a warning.

    Called with the tracks of one task after the other; returns how many of them were analysed, and how many failed. Tasks
    share the model and what was read of the slice store. The vectors of older tracks stay as they are, whatever the import
    does to the reference, until the next `analyze`.
    """

    def __init__(self, config: confuse.Subview, log: BeetsLogger) -> None:
        self._settings = read_settings(config)
        self._model: Model | None = None
        self._log = log
        self._read: dict[str, np.ndarray] = {}
        self._lock = threading.Lock()  # programs other than beet may run several imports at once

    def __call__(self, lib: Library, items: list[Item]) -> tuple[int, int]:
        self._model = model = self._model or model_in_use(lib, self._settings)
        allowed = limits(self._settings)
        with allowed.decoder() as decoder:
            lacking = [item for item in items if not _has_vector(item, model) or _replaced(item, decoder)]
        # One core is left to whoever answers the importer's questions.
        threads = self._settings.threads or max(1, default_threads() - 1)
        with self._lock, open_store(lib) as store:
            heard = hear_items(
                lib,
                lacking,
                model,
                store,
                windows=self._settings.windows,
                threads=threads,
                device=self._settings.device,
                limits=allowed,
                on_result=self._warn,
            )
            if heard:
                epsilon = epsilon_in_use(model, self._settings)
                weigh_imported(lib, heard, model, epsilon, store, read=self._read)
            if self._settings.tags:
                tag_tracks(lib, untagged_ids(lib, [item.id for item in items]), tagging_model(model), store)
        return len(heard), len(lacking) - len(heard)

    def _warn(self, result: Heard | Unheard) -> None:
        # Not remembered as a failure: the importer is about to move the file, and `analyze` tries it where it will be.
        if isinstance(result, Unheard):
            self._log.warning("{}: not analysed: {}", one_line(os.fspath(result.path)), result.reason)


def _has_vector(item: Item, model: Model) -> bool:
    vector = item.get(VECTOR, with_album=False)
    return bool(vector) and item.get(MODEL, with_album=False) == model.name


def _replaced(item: Item, decoder: Decoder) -> bool:
    """Whether a re-imported track has the key of other audio than its file's: then its vector is not its own."""
    key = item.get(KEY, with_album=False)
    try:
        return bool(key) and decoder.key(file_path(item)) != key
    except AudioError:
        return False  # hearing it will say what is wrong


def keep_key(lib: Library, item: Item, key: str) -> Item | None:
    """Write a track's audio key to the library; returns the track, None if it is gone or its id now another's."""
    with lib.transaction():
        current = lib.get_item(item.id)
        if not current or current.path != item.path:
            return None
        if current.get(KEY, with_album=False) != key:
            current[KEY] = key
            for name in (VECTOR, STORED):  # they are those of other audio
                if name in current:
                    del current[name]
            current.store()
        return current

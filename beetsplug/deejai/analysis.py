"""Vectors for the tracks of a library: hear what is new, then weigh it against the rest.

Two steps, each of which keeps what it has done at once. Hearing decodes files and fills the slice store; it is what takes
the time. Weighing turns slices into vectors; it needs to know the whole library, so it comes when hearing is over.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.audio.sandbox import Decoder
from deejai_core.errors import AudioError
from deejai_core.models.protocol import Model
from deejai_core.playlists.tracks import one_line
from deejai_core.space.analysis import Heard, Limits, Unheard, analyse, default_threads, hear_file
from deejai_core.space.cluster import Cluster, analyse_on
from deejai_core.space.mp3tovec import mp3tovec
from deejai_core.space.slices import SliceStore

from .fields import KEY, MODEL, VECTOR
from .interrupts import uninterrupted
from .library import CHUNK, attribute_values, file_path, open_store, read_vectors
from .models import model_in_use, tagging_model
from .settings import Settings, limits, read_settings
from .tagging import tag_tracks, untagged_ids
from .tags import STORED

if TYPE_CHECKING:
    import confuse
    from beets.library import Item, Library
    from beets.logging import BeetsLogger


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
) -> Work:
    """Sort out what these tracks lack.

    retries: how often a file is tried again that failed through no fault of its content. retry: hear whatever failed
    before, also if the track has a vector of what the file was then. force: hear all of them again.
    """
    done = set(read_vectors(lib, model.name, model.dimension)[0])
    keys, known, failures = attribute_values(lib, KEY), store.keys(model.trunk_name), store.failures()
    work = Work([], [], [])
    for item in items:
        failure = failures.get(file_path(item))
        if force or (retry and failure):
            work.hear.append(item)
        elif item.id in done:
            continue
        elif keys.get(item.id) in known:
            work.weigh.append(item.id)
        elif failure and failure.still_stands(retries):
            work.failed.append(item)
        else:
            work.hear.append(item)
    return work


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
    force: bool = False,
    cluster: Cluster | None = None,
    on_result: Callable[[Heard | Unheard], None],
) -> list[int]:
    """Decode the tracks' files and keep what the model's trunk makes of them; returns the ids of those it could hear.

    cluster: what hears them, instead of this machine by so many threads. Each result is in the store and the library
    before `on_result` gets it. A track that is heard again, by `force` or because its audio is another, is without a vector
    until it is weighed.
    """
    by_path = defaultdict(list)
    for item in items:
        by_path[file_path(item)].append(item)  # read here: in another thread beets would give a relative path
    if not by_path:
        return []  # without waking the network for nothing
    known = set() if force else store.keys(model.trunk_name)
    if cluster:
        results = analyse_on(cluster, by_path, model, windows=windows, known=known, limits=limits)
    else:
        results = analyse(by_path, model, windows=windows, threads=threads, known=known, limits=limits)
    heard = []
    with closing(results):  # at once, whatever happens: nobody should hear for nothing
        for result in results:
            if isinstance(result, Heard):
                with uninterrupted():
                    if result.trunk is not None:
                        store.put(result.key, model.trunk_name, result.trunk)
                    heard += [item.id for item in by_path[result.path] if keep_key(lib, item, result.key, renewed=force)]
            on_result(result)
    return heard


def weigh_items(
    lib: Library,
    ids: Iterable[int],
    model: Model,
    settings: Settings,
    store: SliceStore,
    *,
    read: dict[str, np.ndarray] | None = None,
) -> int:
    """Give tracks that have been heard their vectors, weighed against the whole library; returns how many got one.

    read: slice vectors by audio key that need not be read again; gains those that were.
    """
    keys = attribute_values(lib, KEY)
    library = read_library(keys.values(), model, store, read)
    position = {key: number for number, key in enumerate(library)}
    recordings = {keys[id_] for id_ in ids if id_ in keys} & library.keys()
    # A recording that the library has twice has one vector: it is how playlists know it for the same.
    wanted = {id_: key for id_, key in keys.items() if key in recordings}
    tracks = sorted(position[key] for key in recordings)
    vectors = mp3tovec(list(library.values()), _epsilon(model, settings), tracks=tracks)
    row = {track: number for number, track in enumerate(tracks)}

    pending, given = list(wanted.items()), 0
    for start in range(0, len(pending), CHUNK):
        with lib.transaction():
            for id_, key in pending[start : start + CHUNK]:
                item = lib.get_item(id_)
                # Gone meanwhile, or its id now another track's.
                if item and item.get(KEY, with_album=False) == key:
                    item[VECTOR] = vectors[row[position[key]]].astype("<f4").tobytes()
                    item[MODEL] = model.name
                    item.store()
                    given += 1
    return given


def read_library(
    keys: Iterable[str], model: Model, store: SliceStore, read: dict[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Slice vectors (n, dimension) by audio key, of all these recordings that the model has heard; `read` as above."""
    read = {} if read is None else read
    keys = set(keys)
    # One by one: in one large product a track's rounding would depend on its neighbours.
    read |= {key: model.project(trunk) for key, trunk in store.get(keys - read.keys(), model.trunk_name, model.trunk_size)}
    return {key: read[key] for key in sorted(keys & read.keys())}


def hear_outsider(lib: Library, path: Path, model: Model, settings: Settings) -> tuple[str, np.ndarray]:
    """Audio key and vector of a file that is in no library, weighed against this one. Raises AudioError."""
    with open_store(lib) as store:
        library = read_library(attribute_values(lib, KEY).values(), model, store)
    with limits(settings).decoder() as decoder:
        heard = hear_file(path, model, decoder, windows=settings.windows, known=library)
    if heard.trunk is not None:
        library[heard.key] = model.project(heard.trunk)
    track = list(library).index(heard.key)
    return heard.key, mp3tovec(list(library.values()), _epsilon(model, settings), tracks=[track])[0]


class ImportAnalysis:
    """Vectors for tracks that are just being imported; a file that cannot be analysed is a warning.

    Called with the tracks of one task after the other. Tasks share the model and what was read of the slice store, so that
    an album's cost does not grow with the library's size on disk.
    """

    def __init__(self, config: confuse.Subview, log: BeetsLogger) -> None:
        self._settings = read_settings(config)
        self._model: Model | None = None
        self._log = log
        self._read: dict[str, np.ndarray] = {}
        self._lock = threading.Lock()  # programs other than beet may run several imports at once

    def __call__(self, lib: Library, items: list[Item]) -> None:
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
                limits=allowed,
                on_result=self._warn,
            )
            if heard:
                weigh_items(lib, heard, model, self._settings, store, read=self._read)
            if self._settings.tags:
                tag_tracks(lib, untagged_ids(lib, [item.id for item in items]), tagging_model(model), store)

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


def keep_key(lib: Library, item: Item, key: str, *, renewed: bool) -> bool:
    """Write a track's audio key to the library, unless the track is gone or its id now another's."""
    with lib.transaction():
        current = lib.get_item(item.id)
        if not current or current.path != item.path:
            return False
        other = current.get(KEY, with_album=False) != key
        if renewed or other:
            current[KEY] = key
            if VECTOR in current:
                del current[VECTOR]  # it was made of other slices
            if STORED in current and other:
                del current[STORED]  # they are those of other audio
            current.store()
        return True


def _epsilon(model: Model, settings: Settings) -> float:
    return model.epsilon if settings.epsilon is None else settings.epsilon

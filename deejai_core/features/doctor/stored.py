"""Checks whether a library's stored data are intact and complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path

from deejai_core.data_folder import alone, history_path, listeners_path, slices_path, unfinished_path, votes_path
from deejai_core.embedding.slices import open_slices, rebuild_store
from deejai_core.errors import DamagedError
from deejai_core.features.blind.votes import read_votes, rebuild_votes
from deejai_core.features.doctor.finding import Finding, Repair, remove
from deejai_core.features.subsonic.store import ListenerStore, rebuild_listeners
from deejai_core.files import TEMPORARY, remove_unfinished, unfinished
from deejai_core.history.library_history import open_history
from deejai_core.history.store import rebuild_history
from deejai_core.index.annoy_file import index_paths, is_intact, read_manifest, why_no_annoy
from deejai_core.index.cache import current_index, is_cache_true
from deejai_core.index.vectors import vectors_paths
from deejai_core.library import Library
from deejai_core.models.protocol import Model
from deejai_core.models.registry import tagging_model
from deejai_core.words import counted, one_line


def slice_store(library: Library, model: Model) -> Iterator[Finding]:
    """Check whether the slice store is intact, and has what the tracks need and nothing else."""
    companions = tagging_model(model).more
    sizes = {model.trunk_name: model.trunk_size} | {each.trunk_name: each.trunk_size for each in companions}

    def damage() -> str:
        with open_slices(library) as store:
            return store.damage(sizes)

    whole = yield from _damage(
        "slice store", slices_path(library), damage, lambda path: rebuild_store(path, sizes), library
    )
    if not whole:
        return
    with open_slices(library) as store:
        stored = store.keys(model.trunk_name)
        heard = {companion.trunk_name: store.keys(companion.trunk_name) for companion in companions}
        failures = store.failures()
        again = store.to_embed_again(model.trunk_name)
    keys = library.recordings()
    there = library.at(list(failures))
    gone = [path for path in failures if path not in there]
    orphans = sorted(set(stored).union(*heard.values()) - set(keys.values()))
    lacking = sorted(id_ for id_, key in keys.items() if key not in stored | again)

    def embed_again() -> Repair:
        with open_slices(library) as store:
            store.embed_again({keys[id_] for id_ in lacking}, model.trunk_name)
        return Repair("", "analyse them again")

    def drop() -> Repair:
        with open_slices(library) as store:
            for trunk in sizes:
                store.drop(orphans, trunk)
        return Repair(f"{counted(len(orphans), 'recording')} removed")

    also = [f"{len(of):,} of them also by {trunk}" for trunk, of in heard.items() if of]
    yield Finding("slice store", ", ".join([counted(len(stored), "recording"), *also, "intact"]))
    if lacking:
        told = f"{counted(len(lacking), 'track')} with a vector but without stored slices"
        yield Finding("slices", told, wrong=True, repair=embed_again)
    if orphans:
        told = f"{counted(len(orphans), 'recording')} of tracks no longer in the library; kept in case they come back"
        yield Finding("orphans", told, wrong=True, repair=drop)
    if gone:

        def forget() -> Repair:
            with open_slices(library) as store:
                for path in gone:
                    store.drop_failure(path)
            return Repair(f"{counted(len(gone), 'failure')} forgotten")

        yield Finding(
            "failures", f"{counted(len(gone), 'failure')} of files no longer in the library", wrong=True, repair=forget
        )


def history(library: Library) -> Iterator[Finding]:
    """Check whether the store of lists and plays is intact."""

    def damage() -> str:
        with open_history(library) as store:
            return store.damage()

    whole = yield from _damage("history", history_path(library), damage, rebuild_history, library)
    if whole:
        yield Finding("history", "intact")


def listeners(library: Library) -> Iterator[Finding]:
    """Check whether the store of listeners' data is intact."""

    def damage() -> str:
        with ListenerStore(listeners_path(library)) as store:
            return store.damage()

    whole = yield from _damage("listeners", listeners_path(library), damage, rebuild_listeners, library)
    if whole:
        yield Finding("listeners", "intact")


def votes(library: Library) -> Iterator[Finding]:
    """Check whether the votes of blind tests are intact."""

    def damage() -> str:
        read_votes(library)  # raises DamagedError
        return ""

    whole = yield from _damage("votes", votes_path(library), damage, rebuild_votes, library)
    if whole:
        yield Finding("votes", f"{counted(len(read_votes(library)), 'vote')} of blind tests, intact")


def _damage(
    what: str, path: Path, damage: Callable[[], str], rebuild: Callable[[Path], Path], library: Library
) -> Generator[Finding, None, bool]:
    """Yield the finding if a file is damaged; return whether it is intact, or was repaired.

    damage: what is wrong. rebuild: makes a new one, keeps the old one.
    """

    def found() -> tuple[str, DamagedError | None]:
        try:
            return (f"{path}: {told}" if (told := damage()) else ""), None
        except DamagedError as error:
            return str(error), error

    def repair() -> Repair:
        with alone(library):
            return Repair(f"copied everything intact to a new file, and kept the damaged one as {rebuild(path)}")

    told, error = found()
    if told:
        yield Finding(what, told, wrong=True, repair=repair, error=error)
    return not told or not found()[0]


def index(library: Library, model: Model) -> Iterator[Finding]:
    """Check whether the index, and the cache of the vectors, are intact and match the library."""
    folder = library.folder
    made = read_manifest(folder)
    if reason := why_no_annoy():
        yield Finding("index", f"none: {reason}; lists compare all tracks")
    elif made is None:
        yield Finding("index", "not built yet", hint="analyse to index")
    elif not is_intact(folder, made):
        repair = partial(remove, index_paths(folder), "removed", "analyse to index anew")
        yield Finding("index", "its file is damaged", wrong=True, repair=repair)
    elif current_index(library, model):
        yield Finding("index", f"{made.tracks:,} tracks, up to date and intact")
    else:
        yield Finding("index", "intact, but older than the library's last change", hint="analyse to renew the index")
    if not is_cache_true(library, model):
        repair = partial(remove, vectors_paths(folder), "removed; the next playlist rebuilds it")
        yield Finding("cache", "its vectors differ from the library's", wrong=True, repair=repair)


def leftovers(library: Library) -> Iterator[Finding]:
    """Find temporary files of a process that was killed."""
    folder = library.folder
    found = [*sorted(folder.glob(f"{TEMPORARY}*")), *unfinished(unfinished_path(library))]
    if not found:
        yield Finding("leftovers", "none")
        return

    def repair() -> Repair:
        remove_unfinished(unfinished_path(library))  # and the notes of them
        return remove(found, f"{counted(len(found), 'file')} removed")

    folders = ", ".join(dict.fromkeys(one_line(os.fspath(path.parent)) for path in found))
    yield Finding("leftovers", f"{counted(len(found), 'unfinished file')} in {folders}", wrong=True, repair=repair)

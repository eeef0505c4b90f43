"""`doctor`: what is wrong with an installation, a library and what lies beside it; and what can be done about it."""

from __future__ import annotations

import os
import shutil
import tempfile
import wave
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.data_folder import alone, history_path, slices_path, unfinished_path
from deejai_core.embedding.analysis import hear_file
from deejai_core.embedding.changed_files import look_at_files
from deejai_core.embedding.library_analysis import pending_tracks, plan
from deejai_core.embedding.library_vectors import different_vectors, up_to_date, weigh_tracks
from deejai_core.embedding.slices import open_slices, rebuild_store
from deejai_core.errors import AudioError, DamagedError, DeejaiError
from deejai_core.files import TEMPORARY, remove_unfinished, unfinished
from deejai_core.formats.entries import one_line
from deejai_core.history.library_history import open_history
from deejai_core.history.store import rebuild_history
from deejai_core.index.annoy_file import index_paths, is_intact, read_manifest, why_no_annoy
from deejai_core.index.cache import current_index, is_cache_true
from deejai_core.index.vectors import vectors_paths
from deejai_core.models.protocol import Model
from deejai_core.words import counted

from .hints import in_words
from .library.attributes import KEY, MODEL, VECTOR
from .library.items import file_path, items_at, items_by_id
from .models import model_in_use

if TYPE_CHECKING:
    from .library.beets_library import BeetsLibrary
    from .settings import Settings

NEEDED = (
    "beets",
    "numpy",
    "safetensors",
    "soundfile",
    "soxr",
    "av",
    "mutagen",
    "confuse",
    "tqdm",
    "filelock",
    "threadpoolctl",
)
OPTIONAL = ("annoy", "annoy-mm", "torch")  # named if they are there
ROOM = 50_000_000  # bytes that should be free on the disk of the slice store, besides what pending tracks will take
SLOW = {"blas", "cblas", "netlib", "none"}  # what numpy calls reference implementations of BLAS, and its own loops
LOOKED_INTO = 200  # files that have changed: of more, `analyze` finds out what they hold
NAMED = 3  # of the files that hold another song
CHECKED = 20  # recordings whose vectors are made again, to compare
SLICES_OF_A_TRACK = 7_000  # bytes, with 16 windows


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    what: str
    told: str
    wrong: bool = False
    mend: Callable[[], str] | None = None  # does what can be done, and says what it did


def examine(library: BeetsLibrary, settings: Settings, unknown: Sequence[str]) -> Iterator[Finding]:
    """One finding after the other; nothing is changed unless a `mend` is called. unknown: options that are none."""
    libraries = _libraries()
    yield libraries
    if not libraries.wrong:
        yield _products()
    if unknown:
        yield Finding("configuration", f"no such option: {', '.join(unknown)}; they are ignored", wrong=True)
    try:
        model = model_in_use(library, settings)
        yield _weights(model)
        yield _hearing(model, settings)
    except DeejaiError as error:
        yield Finding("model", in_words(error), wrong=True)
        return
    epsilon = settings.analysis.epsilon_for(model)
    stored = slices_path(library).exists()
    yield from _checked("vectors", _vectors(library, model))
    if stored:
        yield from _checked("slice store", _slices(library, model))
        yield from _checked("weights", _weights_of_tracks(library, model, epsilon))
    if history_path(library).exists():
        yield from _checked("history", _history(library))
    if stored:
        yield from _checked("files", _files(library, settings))
    yield from _checked("index", _index(library, model))
    yield from _checked("leftovers", _leftovers(library))
    yield from _checked("tracks", _pending(library, model, settings))
    yield from _checked("disk", _space(library, model, settings))


def _checked(what: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """A check that cannot be made is a problem of its own, and no reason not to make the others."""
    try:
        yield from findings
    except DeejaiError as error:
        yield Finding(what, in_words(error), wrong=True)


def _libraries() -> Finding:
    found, missing = [], []
    for name in (*NEEDED, *OPTIONAL):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing += [name] if name in NEEDED else []
    if missing:
        return Finding("dependencies", f"not installed: {', '.join(missing)}; reinstall beets-deejai", wrong=True)
    return Finding("dependencies", ", ".join(found))


def _products() -> Finding:
    """Whether numpy has a BLAS worth the name: the reference one of Debian took ten times as long as OpenBLAS."""
    from threadpoolctl import threadpool_info

    used = [f"{each['internal_api']} {each['version']}" for each in threadpool_info() if each["user_api"] == "blas"]
    built = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {}).get("name") or "none"
    if used or built not in SLOW:  # threadpoolctl does not know all of the others
        return Finding("matrix products", f"computed by {', '.join(used) or built}")
    told = f"numpy uses a slow BLAS ({built}): MusiCNN takes ten times as long; install a numpy with OpenBLAS, as pip does"
    return Finding("matrix products", told, wrong=True)


def _weights(model: Model) -> Finding:
    if model.is_intact():
        return Finding("model", f"{model.name}, weights intact")
    return Finding("model", f"{model.name}: its weights are damaged; reinstall beets-deejai", wrong=True)


def _hearing(model: Model, settings: Settings) -> Finding:
    """From a file to slices, all the way that `analyze` goes."""
    tone = (8000 * np.sin(np.arange(16_000 * 4) / 5)).astype("<i2")
    with tempfile.TemporaryDirectory() as folder, settings.analysis.limits.decoder() as decoder:
        path = Path(folder) / "tone.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(tone.tobytes())
        trunk = hear_file(path, model, decoder, windows=2).trunk
    return Finding("analysis", f"decoded and analysed a test tone, {counted(len(trunk), 'slice')}")


def _vectors(library: BeetsLibrary, model: Model) -> Iterator[Finding]:
    """Vectors that are damaged, or of a model that is not in use."""
    good = set(library.vectors(model.name, model.dimension).ids.tolist())
    models = library.field(MODEL)
    bad = [id_ for id_ in library.field(VECTOR) if id_ not in good]
    if not bad:
        yield Finding("vectors", f"{len(good):,}, all intact and of {model.name}")
        return
    others = sorted({models.get(id_) or "no model" for id_ in bad} - {model.name})
    damaged = sum(models.get(id_) == model.name for id_ in bad)
    parts = [f"{damaged:,} damaged"] if damaged else []
    parts += [f"{len(bad) - damaged:,} of {', '.join(others)}"] if others else []

    def mend() -> str:
        for item in items_by_id(library, bad):
            for name in (VECTOR, MODEL):
                if item.get(name, with_album=False) is not None:
                    del item[name]
            item.store()
        return f"{counted(len(bad), 'vector')} removed; `beet deejai analyze` computes them again from what is stored"

    yield Finding("vectors", f"{' and '.join(parts)}, of {len(good) + len(bad):,}", wrong=True, mend=mend)


def _slices(library: BeetsLibrary, model: Model) -> Iterator[Finding]:
    sizes = {model.trunk_name: model.trunk_size}

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
        failures = store.failures()
        again = store.to_hear_again(model.trunk_name)
    keys = library.recordings()
    gone = [path for path in failures if not items_at(library, path)]
    orphans = sorted(stored - set(keys.values()))
    lacking = sorted(id_ for id_, key in keys.items() if key not in stored | again)

    def hear_again() -> str:
        with open_slices(library) as store:
            store.hear_again({keys[id_] for id_ in lacking}, model.trunk_name)
        return "`beet deejai analyze` analyses them again"

    def drop() -> str:
        with open_slices(library) as store:
            store.drop(orphans, model.trunk_name)
        return f"{counted(len(orphans), 'recording')} removed"

    yield Finding("slice store", f"{counted(len(stored), 'recording')}, intact")
    if lacking:
        told = f"{counted(len(lacking), 'track')} with a vector but no stored slices, which `reweigh` cannot update"
        yield Finding("slices", told, wrong=True, mend=hear_again)
    if orphans:
        told = f"{counted(len(orphans), 'recording')} of tracks no longer in the library; kept in case they come back"
        yield Finding("orphans", told, wrong=True, mend=drop)
    if gone:

        def forget() -> str:
            with open_slices(library) as store:
                for path in gone:
                    store.drop_failure(path)
            return f"{counted(len(gone), 'failure')} forgotten"

        yield Finding(
            "failures", f"{counted(len(gone), 'failure')} of files no longer in the library", wrong=True, mend=forget
        )


def _history(library: BeetsLibrary) -> Iterator[Finding]:
    def damage() -> str:
        with open_history(library) as store:
            return store.damage()

    whole = yield from _damage("history", history_path(library), damage, rebuild_history, library)
    if whole:
        yield Finding("history", "intact")


def _damage(
    what: str, path: Path, damage: Callable[[], str], rebuild: Callable[[Path], Path], library: BeetsLibrary
) -> Generator[Finding, None, bool]:
    """Whether a file is whole, or made so. damage: what is wrong with it. rebuild: makes a new one, keeps the old one."""

    def found() -> str:
        try:
            return f"{path}: {told}" if (told := damage()) else ""
        except DamagedError as error:
            return str(error)

    def mend() -> str:
        with alone(library):
            return f"copied everything intact to a new file, and kept the damaged one as {rebuild(path)}"

    told = found()
    if told:
        yield Finding(what, told, wrong=True, mend=mend)
    return not told or not found()


def _files(library: BeetsLibrary, settings: Settings) -> Iterator[Finding]:
    """Whether files that have changed since they were analysed hold other songs."""
    with open_slices(library) as store:
        changed, _ = look_at_files(library, store)
    if len(changed) > LOOKED_INTO:
        told = f"{len(changed):,} have changed since they were analysed"
        yield Finding("files", f"{told}; `beet deejai analyze` finds out whether they hold other songs")
        return
    others = []
    with settings.analysis.limits.decoder() as decoder:
        for item in items_by_id(library, sorted(changed)):
            try:
                other = decoder.key(file_path(item)) != item.get(KEY, with_album=False)
            except AudioError:
                other = True
            if other:
                others.append(one_line(os.fspath(file_path(item))))
    if not others:
        yield Finding("files", "hold the songs that were analysed")
        return
    named = ", ".join(others[:NAMED]) + (f" and {len(others) - NAMED:,} more" if len(others) > NAMED else "")
    told = f"{counted(len(others), 'file')} with another song than when last analysed; run `beet deejai analyze`: {named}"
    yield Finding("files", told, wrong=True)


def _weights_of_tracks(library: BeetsLibrary, model: Model, epsilon: float) -> Iterator[Finding]:
    """Whether the vectors are those of the library as it is; of some of them, whether they are what they should be."""
    with open_slices(library) as store:
        if not up_to_date(library, model, epsilon, store):
            yield Finding("weights", "from before the library changed; `beet deejai analyze` updates them")
            return
        wrong = different_vectors(library, model, epsilon, store, CHECKED)
    if not wrong:
        yield Finding("weights", "up to date")
        return

    def mend() -> str:
        with open_slices(library) as store, alone(library):
            store.forget_weighing()
            changed = weigh_tracks(library, [], model, epsilon, store).changed
        return f"{counted(changed, 'vector')} computed again"

    told = f"{len(wrong):,} of {CHECKED} checked vectors differ from what the slices give; run `beet deejai reweigh`"
    yield Finding("weights", told, wrong=True, mend=mend)


def _index(library: BeetsLibrary, model: Model) -> Iterator[Finding]:
    folder = library.folder
    made = read_manifest(folder)
    if reason := why_no_annoy():
        yield Finding("index", f"none: {reason}; lists compare all tracks")
    elif made is None:
        yield Finding("index", "none yet; `beet deejai analyze` builds it")
    elif not is_intact(folder, made):
        mend = partial(_remove, index_paths(folder), "removed; `beet deejai analyze` builds a new one")
        yield Finding("index", "its file is damaged", wrong=True, mend=mend)
    elif current_index(library, model):
        yield Finding("index", f"{made.tracks:,} tracks, up to date and intact")
    else:
        yield Finding("index", "intact, of the library as it was; `beet deejai analyze` renews it")
    if not is_cache_true(library, model):
        mend = partial(_remove, vectors_paths(folder), "removed; the next playlist makes a new one")
        yield Finding("cache", "does not have the library's vectors", wrong=True, mend=mend)


def _remove(paths: Sequence[Path], told: str) -> str:
    for path in paths:
        path.unlink(missing_ok=True)
    return told


def _leftovers(library: BeetsLibrary) -> Iterator[Finding]:
    """Temporary files of a process that was killed."""
    folder = library.folder
    found = [*sorted(folder.glob(f"{TEMPORARY}*")), *unfinished(unfinished_path(library))]
    if not found:
        yield Finding("leftovers", "none")
        return

    def mend() -> str:
        remove_unfinished(unfinished_path(library))  # the notes of them too
        return _remove(found, f"{counted(len(found), 'file')} removed")

    folders = ", ".join(dict.fromkeys(one_line(os.fspath(path.parent)) for path in found))
    yield Finding("leftovers", f"{counted(len(found), 'unfinished file')} in {folders}", wrong=True, mend=mend)


def _pending(library: BeetsLibrary, model: Model, settings: Settings) -> Iterator[Finding]:
    total = len(library.ids())
    pending, failed = len(pending_tracks(library, model, settings.analysis)), 0
    if slices_path(library).exists():
        with open_slices(library) as store:
            work = plan(library, model, store, settings.analysis)
            pending, failed = len(work.hear) + len(work.weigh), len(work.failed)
    told = f"{total - pending - failed:,} of {total:,} tracks analysed"
    told += f", {pending:,} pending (`beet deejai analyze`)" if pending else ""
    yield Finding("tracks", told + (f", {failed:,} failed (`beet deejai failed`)" if failed else ""))


def _space(library: BeetsLibrary, model: Model, settings: Settings) -> Iterator[Finding]:
    folder = library.folder
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    wanted = ROOM + SLICES_OF_A_TRACK * len(pending_tracks(library, model, settings.analysis))
    told = f"{free / 1e9:,.1f} GB free in {existing}"
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"0")
    except OSError as error:
        yield Finding("disk", f"{existing}: cannot be written ({error.strerror})", wrong=True)
        return
    if free < wanted:
        yield Finding("disk", f"{told}, the analysis may need {wanted / 1e9:,.1f} GB; make room", wrong=True)
        return
    yield Finding("disk", told)

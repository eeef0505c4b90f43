"""The vectors of a library as memory-mapped files, so that opening them reads next to nothing.

They are a cache, which can be filled again at any time. Rows are only ever added: later changes of the library are appended
(a track's last row counts), until so much has been added that the whole cache is written again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from deejai_core.errors import StoreError
from deejai_core.files import read_json, replacing
from deejai_core.refusals import OWN, refusal

VERSION = 2
# order: for the rows that were written first, which has the first, second, ... of their ids in order
ROW = np.dtype([("id", "<i8"), ("mark", "<i8"), ("order", "<i8")])
FLOAT = np.dtype("<f4")
CHECKED = 200_000  # vectors that are checked when they are opened: with more, this would take as long as an answer
PATIENCE = 10  # seconds to wait for another process that adds rows


@dataclass(frozen=True)
class Manifest:
    """What the files contain, and how to check that they are unchanged."""

    version: int
    model: str
    dimension: int
    edition: str  # a random name in the files' names, which other caches of the same rows refer to
    written: int  # rows that were written first, one for each track
    rows: int  # current number of rows
    stamps: tuple[tuple[int, int], ...]  # size and mtime_ns of each file
    crcs: tuple[int, int]  # CRC-32 of each file
    state: dict[str, Any]  # what the owner needs to find later changes


@dataclass(frozen=True, eq=False)
class Vectors:
    """The tracks of a library by row.

    ids: (n,) int64 the tracks. marks: (n,) int64 by which the owner knows whether a vector is still the track's; 0 for a
    track that no longer has one. vectors: (n, dimension) float32 of unit length. written: the number of first rows, one for
    each track. edition: identifies these first rows; "" if they are not on disk.
    """

    ids: np.ndarray
    marks: np.ndarray
    vectors: np.ndarray
    edition: str = ""
    written: int = 0
    state: dict[str, Any] | None = None
    order: np.ndarray | None = None  # (written,) the first rows in the order of their ids
    path: Path | None = None  # the file that the vectors are mapped from

    def __len__(self) -> int:
        return len(self.ids)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return (m, dimension), the vectors of some rows.

        If they are mapped, from the file: a page that is touched in a mapped file brings its neighbours with it and stays
        in memory, and a list reads rows all over the file.
        """
        if self.path is None or not hasattr(os, "preadv"):
            return np.asarray(self.vectors[rows])
        found = np.empty((len(rows), self.vectors.shape[1]), FLOAT)
        try:
            with self.path.open("rb", buffering=0) as file:
                for vector, row in zip(found, rows.tolist(), strict=True):
                    os.preadv(file.fileno(), [vector.data], row * vector.nbytes)
        except OSError:  # another process has written all again: the mapped file lasts as long as this process
            return np.asarray(self.vectors[rows])
        return found

    @cached_property
    def places(self) -> Places:
        """The row of each track."""
        order = np.argsort(self.ids[: self.written], kind="stable") if self.order is None else self.order
        return Places(self.ids, self.marks, order)

    @cached_property
    def current(self) -> np.ndarray | None:
        """(n,) bool, the rows that count: the last one of each track that has a vector; None for all."""
        if self.written == len(self):
            return None
        current = np.ones(len(self), bool)
        for row, id_ in enumerate(self.ids[self.written :].tolist(), self.written):
            current[row] = self.places.get(id_) == row
            if (older := self.places.first(id_)) is not None:
                current[older] = False
        return None if current.all() else current


class Places(Mapping[Any, Any]):
    """The row of each track's id: a dictionary that holds only the rows that were added later.

    ids, marks: (n,) int64, see `Vectors`; of several rows of a track, the last one counts. order: (m,) the first m rows,
    one for each of their tracks, in the order of the ids.
    """

    def __init__(self, ids: np.ndarray, marks: np.ndarray, order: np.ndarray) -> None:
        self._ids, self._marks, self._order = ids, marks, order
        self._later = {id_: row for row, id_ in enumerate(ids[len(order) :].tolist(), len(order))}

    def first(self, id_: int) -> int | None:
        """Return the row of a track among the first ones, or None, whatever was added later."""
        place = bisect_left(self._order, id_, key=lambda row: self._ids[row])
        if place < len(self._order) and self._ids[self._order[place]] == id_:
            return int(self._order[place])
        return None

    def __getitem__(self, id_: int) -> int:
        row = self._later[id_] if id_ in self._later else self.first(id_)
        if row is None or not self._marks[row]:
            raise KeyError(id_)
        return row

    def __iter__(self) -> Iterator[int]:
        yield from (id_ for id_ in self._ids[: len(self._order)].tolist() if id_ not in self._later)
        yield from (id_ for id_, row in self._later.items() if self._marks[row])

    def __len__(self) -> int:
        more = sum(bool(self._marks[row]) - (self.first(id_) is not None) for id_, row in self._later.items())
        return len(self._order) + more


def vectors_paths(folder: Path) -> list[Path]:
    """Return the files of the cache in a folder, including those of an interrupted writing."""
    return sorted([*folder.glob("vectors-*.rows"), *folder.glob("vectors-*.f32"), *folder.glob("vectors.json")])


def read_vectors_file(folder: Path, model: str, dimension: int) -> Vectors | None:
    """Return the cached vectors of this model; None if there are none, or if they are damaged."""
    for _ in range(2):  # the second time if another process has replaced the files between two of these lines
        manifest = _read_manifest(folder)
        if manifest is None or (manifest.version, manifest.model, manifest.dimension) != (VERSION, model, dimension):
            return None
        with contextlib.suppress(OSError, ValueError):
            if _stamps(folder, manifest.edition) == manifest.stamps:
                return _map(folder, manifest) if _is_whole(folder, manifest) else None
    return None


def write_vectors_file(
    folder: Path, model: str, ids: np.ndarray, marks: np.ndarray, vectors: np.ndarray, state: dict[str, Any]
) -> Vectors:
    """Store these vectors in place of all others. Raises StoreError if that fails.

    state: anything that JSON can hold, for the owner.
    """
    edition = secrets.token_hex(8)
    rows = np.empty(len(ids), ROW)
    rows["id"], rows["mark"], rows["order"] = ids, marks, np.argsort(ids, kind="stable")
    contents = (rows, np.ascontiguousarray(vectors, FLOAT))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = _paths(folder, edition)
        for path, data in zip(paths, contents, strict=True):
            with path.open("xb") as file:
                data.tofile(file)
                file.flush()
                os.fsync(file.fileno())
        stamps = _stamps(folder, edition)
        manifest = Manifest(VERSION, model, vectors.shape[1], edition, len(ids), len(ids), stamps, _crcs(contents), state)
        _write_manifest(folder, manifest)
        for path in vectors_paths(folder):
            if path.suffix != ".json" and path not in paths:
                path.unlink(missing_ok=True)  # processes that have it open keep it
        return _map(folder, manifest)
    except OSError as error:
        for path in _paths(folder, edition):
            with contextlib.suppress(OSError):
                path.unlink()
        raise StoreError(refusal(folder, "cannot write the vectors' cache", error, OWN)) from error


def extend_vectors_file(
    folder: Path, kept: Vectors, ids: np.ndarray, marks: np.ndarray, vectors: np.ndarray, state: dict[str, Any]
) -> Vectors:
    """Add rows at the end. Raises StoreError if that fails, also if the files have been replaced."""
    from filelock import FileLock, Timeout

    rows = np.zeros(len(ids), ROW)
    rows["id"], rows["mark"] = ids, marks
    contents = (rows, np.ascontiguousarray(vectors, FLOAT))
    try:
        with FileLock(folder / "vectors.lock", timeout=PATIENCE):
            manifest = _read_manifest(folder)
            if manifest is None or (manifest.edition, manifest.rows) != (kept.edition, len(kept)):
                raise StoreError(f"{folder}: another process has changed the vectors' cache")
            for path, data in zip(_paths(folder, kept.edition), contents, strict=True):
                if path.is_symlink():
                    raise StoreError(f"{path}: is a symbolic link that deejai did not make; remove it")
                with path.open("rb+") as file:
                    # Overwrite what an interrupted process may have left there.
                    file.seek(len(kept) * data.dtype.itemsize * (data.shape[1] if data.ndim == 2 else 1))
                    file.write(data.tobytes())
                    file.truncate()
                    file.flush()
                    os.fsync(file.fileno())
            manifest = replace(
                manifest,
                rows=len(kept) + len(ids),
                stamps=_stamps(folder, kept.edition),
                crcs=_crcs(contents, manifest.crcs),  # each continues where it ended
                state=state,
            )
            _write_manifest(folder, manifest)
            return _map(folder, manifest)
    except (OSError, Timeout) as error:
        raise StoreError(refusal(folder, "cannot write the vectors' cache", error, OWN)) from error


def _map(folder: Path, manifest: Manifest) -> Vectors:
    rows_path, vectors_path = _paths(folder, manifest.edition)
    rows = _mapped(rows_path, ROW, (manifest.rows,))
    vectors = _mapped(vectors_path, FLOAT, (manifest.rows, manifest.dimension))
    return Vectors(
        rows["id"],
        rows["mark"],
        vectors,
        manifest.edition,
        manifest.written,
        manifest.state,
        rows["order"][: manifest.written],
        vectors_path,
    )


def _is_whole(folder: Path, manifest: Manifest) -> bool:
    """Return whether these rows are intact: a disk may damage them without a trace."""
    rows_path, vectors_path = _paths(folder, manifest.edition)
    rows = _mapped(rows_path, ROW, (manifest.rows,))
    vectors = _mapped(vectors_path, FLOAT, (manifest.rows, manifest.dimension))
    if len(rows) > CHECKED:
        return zlib.crc32(rows.data) == manifest.crcs[0]
    return _crcs((rows, vectors)) == manifest.crcs


def _mapped(path: Path, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """Return a plain array over a mapped file: numpy's own class would make an object of each row."""
    return np.memmap(path, dtype, "r", shape=shape).view(np.ndarray) if shape[0] else np.zeros(shape, dtype)


def _read_manifest(folder: Path) -> Manifest | None:
    try:
        values = read_json(folder / "vectors.json")
        if not isinstance(values, dict) or values.pop("digest") != _digest(values):
            return None
        return Manifest(**values | {"stamps": tuple(map(tuple, values["stamps"])), "crcs": tuple(values["crcs"])})
    except (OSError, ValueError, TypeError, KeyError):  # JSON can hold anything
        return None


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    values = asdict(manifest)
    with replacing(folder / "vectors.json") as temporary:
        temporary.write_text(json.dumps(values | {"digest": _digest(values)}, indent=1), encoding="utf-8")


def _digest(values: dict[str, Any]) -> str:
    """Return a digest that shows whether any digit of a manifest has changed."""
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=16).hexdigest()


def _crcs(contents: tuple[np.ndarray, np.ndarray], before: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    """Return the CRC-32 of rows and vectors. before: those of the preceding content of the files."""
    (rows, vectors), (of_rows, of_vectors) = contents, before
    return zlib.crc32(rows.data, of_rows), zlib.crc32(vectors.data, of_vectors)


def _paths(folder: Path, edition: str) -> tuple[Path, Path]:
    return folder / f"vectors-{edition}.rows", folder / f"vectors-{edition}.f32"


def _stamps(folder: Path, edition: str) -> tuple[tuple[int, int], ...]:
    return tuple((status.st_size, status.st_mtime_ns) for status in (path.stat() for path in _paths(folder, edition)))

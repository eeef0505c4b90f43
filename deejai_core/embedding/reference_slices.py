"""The unit slices of a library's reference, stored beside the library, so that an import need not compute them again.

It is a cache of the slice store: each recording's unit slices, and the checksum of the stored output that they were
computed from. If that checksum has changed or is unknown, the slices are read from the store.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import zlib
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import numpy as np

from deejai_core.data_folder import reference_path
from deejai_core.embedding.slices import SliceStore
from deejai_core.embedding.weighting import read_units
from deejai_core.files import open_regular, replacing
from deejai_core.library import Library
from deejai_core.models.protocol import Model

VERSION = 1
CACHED_FROM = 500  # recordings; with fewer, reading the slices from the store is as fast
RENEWED = 1 / 8  # of a reference: when the slices of this share are read from the store, the file is written again
CHECKSUM = 4  # bytes at the beginning of the file: CRC-32 of the rest, which is a line of JSON, the rows, and the slices
ALIGNED = 8  # bytes: rows begin at a multiple of this
FLOAT = np.dtype("<f4")


def read_reference(
    library: Library, store: SliceStore, model: Model, checksums: Mapping[str, int | None]
) -> dict[str, np.ndarray]:
    """Return unit slices (n, dimension) of the recordings of a reference, by key, in the requested order.

    checksums: of each key, the one that `SliceStore.checksums` returns. If the folder cannot be written, only time is lost.
    """
    path = reference_path(library)
    kept = _read(path, model) if len(checksums) >= CACHED_FROM else {}
    found = {key: units for key, (checksum, units) in kept.items() if checksums.get(key) == checksum}
    lacking = [key for key in checksums if key not in found]
    found |= read_units(store, model, lacking)
    if len(checksums) >= CACHED_FROM and sum(checksums[key] is not None for key in lacking) > RENEWED * len(checksums):
        known = {key: units for key, units in found.items() if checksums.get(key) is not None}
        with contextlib.suppress(OSError):
            _write(path, model, checksums, known)
    return {key: found[key] for key in checksums}


def _read(path: Path, model: Model) -> dict[str, tuple[int, np.ndarray]]:
    """Return checksum and unit slices of each stored recording; none if they are not of this model, or damaged."""
    try:
        with open_regular(path) as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        checksum, data = bytes(mapped[:CHECKSUM]), mapped[CHECKSUM:]
        if zlib.crc32(data).to_bytes(CHECKSUM, "little") != checksum:
            return {}
        end = bytes(data[:1_000]).index(b"\n") + 1
        made = json.loads(bytes(data[:end]))
        if (made["version"], made["projection"]) != (VERSION, _projection(model)):
            return {}
        rows = np.frombuffer(data, _row_type(made["width"]), made["recordings"], end)
        units = np.frombuffer(data, FLOAT, offset=end + rows.nbytes).reshape(-1, model.dimension)
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    ends = np.cumsum(rows["slices"])
    columns = (rows["key"], rows["checksum"], ends - rows["slices"], ends)
    return {
        key.decode(): (checksum, units[start:end])
        for key, checksum, start, end in zip(*(column.tolist() for column in columns), strict=True)
    }


def _write(path: Path, model: Model, checksums: Mapping[str, int | None], units: Mapping[str, np.ndarray]) -> None:
    keys = [key.encode() for key in units]
    rows = np.empty(len(units), _row_type(max(map(len, keys), default=1)))
    rows["key"], rows["checksum"] = keys, [checksums[key] for key in units]
    rows["slices"] = [len(slices) for slices in units.values()]
    width = rows.dtype["key"].itemsize
    made = {"version": VERSION, "projection": _projection(model), "width": width, "recordings": len(rows)}
    line = json.dumps(made).encode()
    line += b" " * (-(CHECKSUM + len(line) + 1) % ALIGNED) + b"\n"
    data = b"".join([line, rows.tobytes(), *(slices.astype(FLOAT, copy=False).tobytes() for slices in units.values())])
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(zlib.crc32(data).to_bytes(CHECKSUM, "little") + data)


def _row_type(width: int) -> np.dtype:
    return np.dtype([("key", f"S{width}"), ("checksum", "<i8"), ("slices", "<i8")])


def _projection(model: Model) -> str:
    """Return a digest of how a model computes slice vectors from the trunk's output."""
    made = model.project(np.eye(model.trunk_size, dtype=np.float32))
    return blake2b(model.trunk_name.encode() + made.astype(FLOAT).tobytes(), digest_size=16).hexdigest()

"""The JSON in a file, a folder or an archive, without unpacking it, and without trusting its sizes."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from deejai_core.errors import HistoryError
from deejai_core.training.sources.values import text

SUFFIXES = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")
# Nothing real comes near these; archives that unfold to more than the memory do.
LONGEST_LINE = 32_000_000  # bytes
LARGEST_DOCUMENT = 256_000_000  # bytes of JSON that is not in lines
_DAMAGED = (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_LOCKED = (RuntimeError, NotImplementedError)  # an archive with a password, or packed in a way nobody knows
_NO_JSON = object()


class UnreadableError(Exception):
    """A file cannot be read, or not to its end; the message says why."""


@dataclass(frozen=True)
class SourceFile:
    """A file, on disk or in an archive. The name is for people."""

    name: str
    open: Callable[[], BinaryIO]


def begins_as_zip(path: Path) -> bool:
    """Whether a file is an archive, be it a damaged one. Raises HistoryError."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError as error:
        raise HistoryError(f"{path}: it cannot be read ({error.strerror or error})") from error


def files_in(folder: Path) -> Iterator[Path]:
    """All files below a folder, but for hidden ones (of a NAS too), in natural order: 2.json before 10.json."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted((name for name in folders if not name.startswith((".", "@eaDir"))), key=_natural)
        for name in sorted((name for name in names if not name.startswith(".")), key=_natural):
            path = Path(root, name)
            if path.is_file():  # to read from a pipe could take for ever
                yield path


@contextmanager
def archived(path: Path) -> Iterator[list[SourceFile]]:
    """The JSON files in a zip, readable for as long as the context lasts. Raises HistoryError."""
    try:
        archive = zipfile.ZipFile(path)
    except (*_DAMAGED, *_LOCKED, ValueError) as error:
        raise HistoryError(f"{path}: not a whole zip file ({error}); download it again") from error
    with archive:
        members = sorted((info for info in archive.infolist() if _wanted(info)), key=lambda info: _natural(info.filename))
        yield [SourceFile(f"{path}: {text(info.filename)}", lambda info=info: archive.open(info)) for info in members]


def on_disk(path: Path) -> SourceFile:
    return SourceFile(text(os.fspath(path)), lambda: path.open("rb"))


def records(file: SourceFile) -> Iterator[object]:
    """What a JSON file lists: its lines, the elements of its array, or the playlists of its object.

    A line that is no JSON is None. Compressed files are read as they are. Raises UnreadableError, at once or half-way.
    """
    in_lines = file.name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson"))
    try:
        with file.open() as raw, _decompressed(raw) as data:
            yield from _records(data, in_lines=in_lines)
    except _DAMAGED as error:
        # The message of an OSError would repeat the path.
        raise UnreadableError(f"it cannot be read ({getattr(error, 'strerror', None) or error})") from error
    except _LOCKED as error:
        raise UnreadableError(f"it cannot be unpacked ({error})") from error


def _records(data: BinaryIO, *, in_lines: bool) -> Iterator[object]:
    line = data.readline(LONGEST_LINE)
    while line.isspace():
        line = data.readline(LONGEST_LINE)
    if not line:
        raise UnreadableError("it is empty")
    if not in_lines and _parsed(line) is _NO_JSON:
        document = line + data.read(LARGEST_DOCUMENT + 1 - len(line))
        if len(document) > LARGEST_DOCUMENT:
            raise UnreadableError(f"more than {LARGEST_DOCUMENT // 1_000_000} MB of JSON in one piece")
        yield from _elements(_whole(document))
        return
    while line:
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise UnreadableError(f"a line of more than {LONGEST_LINE // 1_000_000} MB")
        if not line.isspace():
            value = _parsed(line)
            yield from [None] if value is _NO_JSON else _elements(value)
        line = data.readline(LONGEST_LINE)


def _whole(document: bytes) -> object:
    try:
        return json.loads(document)
    except UnicodeDecodeError as error:
        raise UnreadableError("it is not text") from error
    except ValueError as error:
        raise UnreadableError(f"it is not valid JSON, or not whole ({error})") from error
    except RecursionError as error:
        raise UnreadableError("its JSON is nested too deeply") from error


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return _NO_JSON


def _elements(value: object) -> list:
    if isinstance(value, dict) and isinstance(value.get("playlists"), list):
        return value["playlists"]
    return value if isinstance(value, list) else [value]


@contextmanager
def _decompressed(raw: BinaryIO) -> Iterator[BinaryIO]:
    buffered = io.BufferedReader(raw)
    if buffered.peek(2).startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=buffered) as data:
            yield data
    else:
        yield buffered


def _wanted(info: zipfile.ZipInfo) -> bool:
    """Not what a Mac adds to each file of an archive."""
    parts = PurePosixPath(info.filename).parts
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return info.filename.lower().endswith(SUFFIXES) and not hidden and not info.is_dir()


def _natural(name: str) -> list[str | int]:
    return [int(part) if at % 2 else part.lower() for at, part in enumerate(re.split(r"([0-9]+)", name))]

"""Files that services export, on disk or in an archive, read without unpacking them to disk or trusting their sizes."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TextIO, cast

from deejai_core.errors import HistoryError
from deejai_core.history.sources.values import text
from deejai_core.refusals import READING, reason_of, refusal

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

JSON = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")
SCROBBLER = "scrobbler.log"  # the end of the names of players' logs, which may be hidden files
TABLES = (".csv", ".csv.gz", ".xml", SCROBBLER)
SUFFIXES = (*JSON, *TABLES)
# Exports shrink to a tenth or a twentieth. Files that unpack to much more are made to fill memories and disks.
UNFOLDS = 100  # a file may unpack to this multiple of its size
ALWAYS = 100_000_000  # bytes that any file may unpack to
HEAD = 4096  # bytes that show what a file is
BUFFER = 65_536  # bytes
_DAMAGED = (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_LOCKED = (RuntimeError, NotImplementedError)  # an archive with a password, or with an unknown compression


class UnreadableError(Exception):
    """A file cannot be read, or not to its end; the message says why."""


@dataclass
class Allowance:
    """How many bytes may still be unpacked. The members of an archive share one."""

    left: int

    @classmethod
    def of(cls, path: Path) -> Allowance:
        try:
            return cls(max(ALWAYS, UNFOLDS * path.stat().st_size))
        except OSError:  # opening it will report why
            return cls(ALWAYS)


@dataclass(frozen=True)
class SourceFile:
    """A file, on disk or in an archive. The name is for messages."""

    name: str
    open: Callable[[], io.BufferedIOBase]
    allowance: Allowance = field(default_factory=lambda: Allowance(ALWAYS))


def begins_as_zip(path: Path) -> bool:
    """Return whether a file is an archive, even a damaged one. Raises HistoryError."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError as error:
        raise HistoryError(refusal(path, "cannot be read", error, READING)) from error


def files_in(folder: Path) -> Iterator[Path]:
    """Return all files below a folder, except hidden ones (and a NAS's), in natural order: 2.json before 10.json."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted((name for name in folders if not name.startswith((".", "@eaDir"))), key=_natural)
        for name in sorted((name for name in names if not _hidden(name)), key=_natural):
            path = Path(root, name)
            if path.is_file():  # reading from a pipe might never end
                yield path


@contextmanager
def archived(path: Path) -> Iterator[list[SourceFile]]:
    """Yield the files in a zip that may be exports, readable within the block. Raises HistoryError."""
    try:
        archive = zipfile.ZipFile(path)
    except (*_DAMAGED, *_LOCKED, ValueError) as error:
        raise HistoryError(f"{path}: not a complete zip file ({error}); download it again") from error
    allowance = Allowance.of(path)

    def source(info: zipfile.ZipInfo) -> SourceFile:
        return SourceFile(f"{path}: {text(info.filename)}", lambda: _member(archive, info), allowance)

    with archive:
        members = sorted((info for info in archive.infolist() if _wanted(info)), key=lambda info: _natural(info.filename))
        yield list(map(source, members))


def on_disk(path: Path) -> SourceFile:
    return SourceFile(text(os.fspath(path)), lambda: path.open("rb"), Allowance.of(path))


@contextmanager
def unpacked(file: SourceFile) -> Iterator[io.BufferedReader]:
    """Yield the content of a file, unpacked if it is gzip. Raises UnreadableError, at once or while reading."""
    try:
        with file.open() as raw:
            buffered = io.BufferedReader(raw)
            if buffered.peek(2).startswith(b"\x1f\x8b"):
                with gzip.GzipFile(fileobj=buffered) as data:
                    yield io.BufferedReader(_Allowed(data, file.allowance), BUFFER)
            else:
                yield io.BufferedReader(_Allowed(buffered, file.allowance), BUFFER)
    except _DAMAGED as error:
        # The message of an OSError would repeat the path.
        raise UnreadableError(f"it cannot be read ({reason_of(error)})") from error
    except _LOCKED as error:
        raise UnreadableError(f"it cannot be unpacked ({error})") from error


def encoding_of(head: bytes) -> str:
    """Return the encoding of a text with this beginning."""
    return "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def as_text(data: io.BufferedReader) -> TextIO:
    """Return a file as text, from its beginning. Invalid bytes become U+FFFD."""
    return io.TextIOWrapper(data, encoding_of(data.peek(2)), errors="replace")


class _Allowed(io.RawIOBase):
    """A file that returns no more than its allowance."""

    def __init__(self, data: io.BufferedIOBase, allowance: Allowance) -> None:
        self._data, self._allowance = data, allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        count = self._data.readinto1(buffer)
        self._allowance.left -= count
        if self._allowance.left < 0:
            raise UnreadableError(f"it unpacks to more than {UNFOLDS} times its size; unpack it and add its folder")
        return count


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> io.BufferedIOBase:
    # zipfile unpacks other kinds without a limit: 4 KB may become gigabytes at once
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableError("it is packed in an unusual way; unpack the archive and add its folder")
    try:
        return cast(zipfile.ZipExtFile, archive.open(info))  # as documented; its type says less
    except UnicodeDecodeError as error:
        raise UnreadableError("its name is damaged in the archive") from error


def _wanted(info: zipfile.ZipInfo) -> bool:
    """Return whether a file is not one that a Mac adds to each file of an archive."""
    *folders, name = PurePosixPath(info.filename).parts or ("",)
    hidden = _hidden(name) or any(folder.startswith((".", "__MACOSX")) for folder in folders)
    return info.filename.lower().endswith(SUFFIXES) and not hidden and not info.is_dir()


def _hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX")) and not name.startswith(f".{SCROBBLER}")


def _natural(name: str) -> list[str | int]:
    # Nobody counts with numbers of this many digits.
    return [int(part) if at % 2 else part.lower() for at, part in enumerate(re.split(r"([0-9]{1,18})", name))]

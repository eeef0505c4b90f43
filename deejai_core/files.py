"""Atomic replacement of files, reading files only if they are regular, and reading small ones as a whole."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".deejai-"  # how the names of temporary files begin
LONGEST_PATH = 65_536  # bytes
LARGEST_JSON = 1_000_000  # bytes of a file that describes something; parsing takes some 25 times that in memory


def read_json(path: Path) -> object:
    """Return the content of a small JSON file. Raises OSError, and ValueError if it is not JSON or too large."""
    with open_regular(path) as file:
        data = file.read(LARGEST_JSON + 1)
    if len(data) > LARGEST_JSON:
        raise ValueError(f"more than {LARGEST_JSON:,} bytes")
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("its JSON is nested too deeply") from error


@contextlib.contextmanager
def replacing(path: Path, *, notes: Path | None = None, through_link: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path` to write to; it replaces `path` when the block ends without an error.

    Anybody who reads `path` meanwhile, or after a crash, sees the complete old file. Its permissions are kept. A symbolic
    link is replaced, not its target; with through_link the target, for a file that a user has named. notes: a folder where
    the temporary path is noted meanwhile, so that `unfinished` finds it if the process is killed. Raises OSError as the
    file system does.
    """
    target = linked(path) if through_link else path
    # Not derived from the name, which may already have the greatest length.
    temporary = target.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
    with _noted(temporary, notes):
        try:
            yield temporary
            if target.exists() and not target.is_symlink():
                shutil.copymode(target, temporary)
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise


def linked(path: Path) -> Path:
    """Return the file that a name leads to through symbolic links. Raises OSError if these lead in a circle."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def check_folder(folder: Path, within: Path | None = None) -> None:
    """Raise OSError if a folder that a user has named does not exist and `make_folder` may not create it.

    We create no folder at the root of a disk, nor one whose parent is missing, unless it lies in `within`: if it is
    missing, a disk may not be mounted.
    """
    if folder.is_dir():
        return
    if any(place.exists() and not place.is_dir() for place in (folder, folder.parent)):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if within in folder.parents:
        check_folder(folder.parent, within)
    elif not folder.parent.is_dir():
        raise _missing(folder.parent)
    elif folder.parent == Path(folder.anchor):
        raise _missing(folder)


def _missing(folder: Path) -> OSError:
    """Return the error for a missing folder, without an errno: its text itself says what to do."""
    return FileNotFoundError(f"there is no folder {folder}; make it first")


def make_folder(folder: Path, within: Path | None = None) -> None:
    """Create a folder that a user has named, if `check_folder` allows it. Raises OSError."""
    check_folder(folder, within)
    folder.mkdir(parents=True, exist_ok=True)


def write_named(path: Path, data: bytes, within: Path | None = None) -> None:
    """Write a file that a user has named, atomically, and create its folder if `make_folder` allows it.

    Raises OSError, and ValueError for an impossible name; the existing file is then unchanged.
    """
    make_folder(path.parent, within)
    if path.exists() and not path.is_file():
        path.write_bytes(data)  # a device or a pipe, such as /dev/stdout
        return
    with replacing(path, through_link=True) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def as_os_error() -> Iterator[None]:
    """Turn safetensors' errors of writing into the OSError that they were: only the message has its number."""
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if not number:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


def unfinished(notes: Path) -> list[Path]:
    """Return the temporary files noted in this folder that nobody is writing any more."""
    return [temporary for _, temporary in _forgotten(notes) if temporary.is_file()]


def remove_unfinished(notes: Path) -> list[Path]:
    """Remove these files and their notes; return those that existed."""
    removed = []
    for note, temporary in list(_forgotten(notes)):
        with contextlib.suppress(OSError):
            if temporary.is_file():
                temporary.unlink()
                removed.append(temporary)
            if temporary.parent.is_dir():  # otherwise it may be on a drive that is not mounted now
                note.unlink()
    return removed


@contextlib.contextmanager
def _noted(temporary: Path, notes: Path | None) -> Iterator[None]:
    """Note a temporary path, and lock the note as long as this process lives."""
    try:
        if notes is None:
            raise OSError
        notes.mkdir(parents=True, exist_ok=True)
        file = (notes / temporary.name).open("xb")
    except OSError:  # a note that cannot be written is no reason not to write the file
        yield
        return
    with file:
        _lock(file)
        with contextlib.suppress(OSError):
            file.write(os.fsencode(temporary))
            file.flush()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                (notes / temporary.name).unlink()


def _forgotten(notes: Path) -> Iterator[tuple[Path, Path]]:
    """Return the notes of processes that have ended, with the temporary paths in them."""
    for note in sorted(notes.glob(f"{TEMPORARY}*")):
        with contextlib.suppress(OSError), open_regular(note) as file:
            temporary = Path(os.fsdecode(file.read(LONGEST_PATH)))
            if _lock(file) and temporary.name == note.name:
                yield note, temporary


def _lock(file: BinaryIO) -> bool:
    """Lock a file until it is closed; return whether nobody else has locked it."""
    try:
        import fcntl
    except ImportError:  # Windows: an open file cannot be removed anyway
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, through symbolic links.

    Raises OSError, also for a folder, a pipe or a device: a pipe would wait for somebody to write, and some devices act
    when they are opened and read.
    """
    # Check the opened file itself. Opening without waiting makes no difference to a regular file.
    flags = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT"))
    descriptor = os.open(path, os.O_RDONLY | flags)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, "not a regular file")
    return os.fdopen(descriptor, "rb")

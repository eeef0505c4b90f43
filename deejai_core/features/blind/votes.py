"""The votes of blind tests: a small text file beside the library, which friends can exchange and merge.

The first line identifies the file; each other line is a vote, a JSON object. A vote has an id, with which it counts once,
however often it is merged.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from deejai_core.data_folder import votes_path
from deejai_core.errors import DamagedError, StoreError
from deejai_core.files import open_regular, replacing, write_named
from deejai_core.interrupts import uninterrupted
from deejai_core.library import Library
from deejai_core.refusals import OWN, READING, WRITING, refusal
from deejai_core.words import counted, one_line

HEADER = {"deejai": "votes of blind tests", "version": 1}
LARGEST = 20_000_000  # bytes: some 80,000 votes
LONGEST_NAME = 200  # characters of a side's
PATIENCE = 10  # seconds to wait for another process that adds votes
ID = re.compile(r"[0-9a-f]{32}")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Vote:
    """A listener's vote on two lists."""

    id: str
    at: str  # the time, in UTC
    sides: tuple[str, str]  # the two sides, in alphabetical order
    first: str  # the side whose list was shown first
    chosen: str | None  # None: the listener could not tell


def new_vote(sides: Iterable[str], first: str, chosen: str | None) -> Vote:
    one, other = sorted(sides)
    return Vote(secrets.token_hex(16), f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}", (one, other), first, chosen)


def read_votes(library: Library) -> list[Vote]:
    """Read the votes stored beside a library. Raises StoreError; DamagedError if the file is not as it was written."""
    path = votes_path(library)
    try:
        return parse_votes(_read(path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(refusal(path, "cannot be read", error, OWN)) from error
    except ValueError as error:
        raise DamagedError(f"{path}: {error}", hint="repair") from error


def keep_votes(library: Library, votes: Sequence[Vote]) -> int:
    """Add votes to the stored ones; return how many are new. Raises StoreError; then nothing has changed."""
    from filelock import FileLock, Timeout

    path = votes_path(library)
    try:
        library.folder.mkdir(parents=True, exist_ok=True)
        with uninterrupted(), FileLock(path.with_suffix(".lock"), timeout=PATIENCE):
            kept = {vote.id: vote for vote in read_votes(library)}
            new = {vote.id: vote for vote in votes if vote.id not in kept}
            if new:
                data = format_votes([*kept.values(), *new.values()])
                if len(data) > LARGEST:
                    full = f"it has {counted(len(kept), 'vote')} and no room for {len(new):,} more"
                    raise StoreError(f"{path}: {full}; move the file away to begin a new one")
                with replacing(path) as temporary:
                    temporary.write_bytes(data)
            return len(new)
    except Timeout as error:
        raise StoreError(f"{path}: another process is writing it; try again") from error
    except OSError as error:
        raise StoreError(refusal(path, "cannot be written", error, OWN)) from error


def merge_votes(library: Library, path: Path) -> tuple[int, int]:
    """Add the votes of an exported file; return how many are new, and how many it has.

    Raises StoreError if it cannot be read, or is not completely such a file; then nothing has changed.
    """
    try:
        votes = parse_votes(_read(path))
    except OSError as error:
        raise StoreError(refusal(path, "cannot be read", error, READING)) from error
    except ValueError as error:
        raise StoreError(f"{one_line(str(path))}: {error}; nothing was merged") from error
    return keep_votes(library, votes), len(votes)


def export_votes(library: Library, path: Path) -> int:
    """Write all votes to a file, for a friend; return their number. It replaces only such files. Raises StoreError."""
    votes = read_votes(library)
    try:
        if path.is_file() and not _is_ours(path):
            raise StoreError(f"{path}: this file exists and has no votes; choose another name")
        write_named(path, format_votes(votes))
    except (OSError, ValueError) as error:  # ValueError: an impossible name
        raise StoreError(refusal(path, "cannot be written", error, WRITING)) from error
    return len(votes)


def rebuild_votes(path: Path) -> Path:
    """Replace a damaged file by a new one with all intact votes; return where the old one is kept, beside it.

    Raises StoreError if this fails; then nothing has changed.
    """
    kept = path.with_name(f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S}")
    try:
        whole: dict[str, Vote] = {}
        for line in path.read_bytes().splitlines():
            try:
                vote = _vote(line)
            except ValueError:
                continue
            whole.setdefault(vote.id, vote)
        shutil.copy2(path, kept)
        with replacing(path) as temporary:
            temporary.write_bytes(format_votes(whole.values()))
    except OSError as error:
        raise StoreError(refusal(path, "cannot be repaired", error, OWN)) from error
    return kept


def format_votes(votes: Iterable[Vote]) -> bytes:
    """Return votes as the bytes of a file."""
    lines = [HEADER, *map(asdict, votes)]
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode()


def parse_votes(data: bytes) -> list[Vote]:
    """Return the votes in the bytes of a file, without repetitions. Raises ValueError with what is wrong."""
    if len(data) > LARGEST:
        raise ValueError(f"more than {LARGEST:,} bytes, too large for a file of votes")
    head, *lines = data.splitlines() or [b""]
    try:
        header = _object(head)
    except ValueError:
        header = {}
    if header.get("deejai") != HEADER["deejai"]:
        raise ValueError("not a file of votes, by its first line")
    if header.get("version") != HEADER["version"]:
        raise ValueError("votes of another version of deejai, which this one cannot read")
    votes: dict[str, Vote] = {}
    for number, line in enumerate(lines, 2):
        try:
            vote = _vote(line)
        except ValueError as error:
            raise ValueError(f"line {number} is not a vote ({error})") from error
        votes.setdefault(vote.id, vote)
    return list(votes.values())


def _read(path: Path) -> bytes:
    """Read a file. Raises OSError; a file that is too long is cut just after the limit."""
    with open_regular(path) as file:
        return file.read(LARGEST + 1)


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = file.read(200)
    return not beginning or beginning.startswith(format_votes([]))


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ValueError as error:
        raise ValueError("not JSON") from error
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _vote(line: bytes) -> Vote:
    """Parse a vote. Raises ValueError with what is wrong."""
    values = _object(line)
    if values.keys() != Vote.__dataclass_fields__.keys():
        raise ValueError("it should have the fields " + ", ".join(Vote.__dataclass_fields__))
    id_, at, sides, first, chosen = (values[name] for name in Vote.__dataclass_fields__)
    if not (isinstance(id_, str) and ID.fullmatch(id_)):
        raise ValueError("id")
    if not (isinstance(at, str) and DATE.fullmatch(at)):
        raise ValueError("at")
    if not (isinstance(sides, list) and len(sides) == 2 and all(map(_is_name, sides)) and sides[0] < sides[1]):
        raise ValueError("sides")
    if first not in sides:
        raise ValueError("first")
    if chosen is not None and chosen not in sides:
        raise ValueError("chosen")
    return Vote(id_, at, (sides[0], sides[1]), first, chosen)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()

"""The findings of an examination."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deejai_core.errors import DeejaiError


@dataclass(frozen=True)
class Repair:
    """What was done about a problem."""

    told: str
    hint: str | None = None  # what is left to do, as one of `errors.HINTS`


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    what: str  # what was checked
    told: str
    wrong: bool = False
    repair: Callable[[], Repair] | None = None  # does what can be done
    hint: str | None = None  # other advice, as one of `errors.HINTS`
    named: str = ""  # the files that it is about
    error: DeejaiError | None = None  # why it could not be checked; `told` is its message


def failed(what: str, error: DeejaiError) -> Finding:
    """Return the finding for a check that could not be made, which is a problem itself."""
    return Finding(what, str(error), wrong=True, error=error)


def remove(paths: Sequence[Path], told: str, hint: str | None = None) -> Repair:
    """Remove files."""
    for path in paths:
        path.unlink(missing_ok=True)
    return Repair(told, hint)

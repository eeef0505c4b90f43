"""Messages during work, and its progress: lines of text, which a program shows where it likes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from deejai_core.words import lasting

INTERVAL = 30.0  # seconds between lines about the progress


class Progress:
    """Counts finished tracks, or other things, and reports the progress now and then. A context manager.

    total: their number; None if only the first `reach` knows it, and how many were finished before. tell, warn: take one
    line each. at_most: whether there may be fewer than the total.
    """

    def __init__(
        self,
        total: int | None,
        tell: Callable[[str], None],
        warn: Callable[[str], None],
        what: str = "tracks",
        *,
        at_most: bool = False,
    ) -> None:
        self.total = total
        self.what = what
        self.done = self._before = 0
        self.at_most = at_most
        self._tell, self._warn = tell, warn
        self._started = self._told = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop showing the progress; calling it again does no harm."""

    def step(self) -> None:
        self.reach(self.done + 1, self.total or 0)

    def reach(self, done: int, total: int) -> None:
        """Set how many of how many are finished."""
        if self.total is None:
            self.total, self._before = total, done
        self.done = done
        self.show(total)

    def show(self, total: int) -> None:
        """Report the progress, unless it was reported recently."""
        now = time.monotonic()
        ended = self.done == total and not self.at_most
        if not ended and now - self._told < INTERVAL:
            return
        self._told = now
        rate = max(1, self.done - self._before) / max(now - self._started, 1e-6)
        pace = f"{rate:,.{0 if rate >= 100 else 1}f} a second" if rate >= 1 else f"{60 * rate:.1f} a minute"
        left = f"{lasting((total - self.done) / rate)} left" + (" at most" if self.at_most else "")
        self._tell(f"{self.done:,}/{total:,} {self.what}, {pace}, {left}")

    def say(self, line: str) -> None:
        """Report something else."""
        self._tell(line)

    def warn(self, line: str) -> None:
        """Report what could not be done."""
        self._warn(line)


@dataclass(frozen=True)
class Teller:
    """Where lines of text go, by what they are about.

    say: the result. tell: events meanwhile. warn: what could not be done. detail: for those who look closely. progress:
    makes a `Progress` from its total, what is counted, and `at_most`.
    """

    say: Callable[[str], None]
    tell: Callable[[str], None]
    warn: Callable[[str], None]
    detail: Callable[[str], None]
    progress: Callable[..., Progress]


def silence() -> Teller:
    """Return a teller that shows nothing."""

    def nothing(line: str) -> None: ...

    return Teller(nothing, nothing, nothing, nothing, partial(Progress, tell=nothing, warn=nothing))

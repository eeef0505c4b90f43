"""What is said while work goes on, and how far that is: lines of text, which a program puts where it likes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from deejai_core.words import lasting

INTERVAL = 30.0  # seconds between lines about how far it is


class Progress:
    """Counts finished tracks, or other things, and says now and then how far that is. A context manager.

    total: how many there are; None: the first `reach` says it, and how many were finished before. tell, warn: take a line
    each. at_most: whether it may end sooner.
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
        """Show it no longer; more than once does no harm."""

    def step(self) -> None:
        self.reach(self.done + 1, self.total or 0)

    def reach(self, done: int, total: int) -> None:
        """So many are finished by now, of so many."""
        if self.total is None:
            self.total, self._before = total, done
        self.done = done
        self.show(total)

    def show(self, total: int) -> None:
        """Say how far it is, if that was not said lately."""
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
        """What there is to say besides."""
        self._tell(line)

    def warn(self, line: str) -> None:
        """What could not be done."""
        self._warn(line)


@dataclass(frozen=True)
class Teller:
    """Where lines of text go, by what they say.

    say: what was asked for. tell: what happens meanwhile. warn: what could not be done. detail: what only who looks closely
    wants to know. progress: a `Progress` from its total, what is counted, and `at_most`.
    """

    say: Callable[[str], None]
    tell: Callable[[str], None]
    warn: Callable[[str], None]
    detail: Callable[[str], None]
    progress: Callable[..., Progress]


def silence() -> Teller:
    """Nobody is told anything."""

    def nothing(line: str) -> None: ...

    return Teller(nothing, nothing, nothing, nothing, partial(Progress, tell=nothing, warn=nothing))

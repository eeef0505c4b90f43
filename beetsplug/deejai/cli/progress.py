"""How far long work is: a line that redraws itself on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from deejai_core.words import lasting

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

PLAIN_INTERVAL = 30.0  # seconds between plain lines


class Progress:
    """Counts finished tracks, or other things. A context manager.

    total: how many there are; None: the first `reach` says it, and how many were finished before. at_most: whether it may
    end sooner. On a terminal tqdm draws rate and time left; what is logged through this is written above its line.
    """

    def __init__(self, total: int | None, log: BeetsLogger, what: str = "tracks", *, at_most: bool = False) -> None:
        self.total = total
        self.what = what
        self.done = self._before = 0
        self.at_most = at_most
        self._log = log
        self._started = self._reported = time.monotonic()
        self._bar = None

    def __enter__(self) -> Progress:
        if self.total != 0 and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=self.total, unit=f" {self.what}", dynamic_ncols=True, smoothing=0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def step(self) -> None:
        self.reach(self.done + 1, self.total or 0)

    def reach(self, done: int, total: int) -> None:
        """So many are finished by now, of so many."""
        if self.total is None:
            self.total, self._before = total, done
            if self._bar is not None:
                self._bar.total, self._bar.initial, self._bar.n = total, done, done
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
        self.done = done
        now = time.monotonic()
        ended = done == total and not self.at_most
        if self._bar is None and (ended or now - self._reported >= PLAIN_INTERVAL):
            self._reported = now
            rate = max(1, done - self._before) / max(now - self._started, 1e-6)
            pace = f"{rate:,.{0 if rate >= 100 else 1}f} a second" if rate >= 1 else f"{60 * rate:.1f} a minute"
            left = f"{lasting((total - done) / rate)} left" + (" at most" if self.at_most else "")
            self._log.info("{:,}/{:,} {}, {}, {}", done, total, self.what, pace, left)

    def warn(self, template: str, *values: object) -> None:
        """A warning through the plugin's log."""
        self._clear()
        self._log.warning(template, *values)

    def say(self, template: str, *values: object) -> None:
        """What there is to say besides."""
        self._clear()
        self._log.info(template, *values)

    def _clear(self) -> None:
        if self._bar is not None:
            self._bar.clear()

"""How far a long analysis or layout is: a line that redraws itself on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

PLAIN_INTERVAL = 30.0  # seconds between plain lines


class Progress:
    """Counts finished tracks, or other things. A context manager.

    On a terminal tqdm draws rate and time left; warnings are written above its line.
    """

    def __init__(self, total: int, log: BeetsLogger, what: str = "tracks") -> None:
        self.total = total
        self.what = what
        self.done = 0
        self.failed = 0
        self._log = log
        self._started = self._reported = time.monotonic()
        self._bar = None

    def __enter__(self) -> Progress:
        if self.total and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=self.total, unit=f" {self.what}", dynamic_ncols=True, smoothing=0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def step(self) -> None:
        self.done += 1
        if self._bar is not None:
            self._bar.update()
            return
        now = time.monotonic()
        if self.done == self.total or now - self._reported >= PLAIN_INTERVAL:
            self._reported = now
            rate = self.done / max(now - self._started, 1e-6)
            left = round((self.total - self.done) / rate)
            pace = f"{rate:.1f} a second" if rate >= 1 else f"{60 * rate:.1f} a minute"
            self._log.info("{}/{} {}, {}, {} s left", self.done, self.total, self.what, pace, left)

    def warn(self, template: str, *values: object) -> None:
        """A warning through the plugin's log, about a track that failed."""
        self.failed += 1
        if self._bar is not None:
            self._bar.clear()
        self._log.warning(template, *values)

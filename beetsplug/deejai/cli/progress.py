"""Where messages go, and the progress of long work: on a terminal, a line that redraws itself."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from beets import ui

from deejai_core.progress import Progress, Teller

if TYPE_CHECKING:
    from beets.logging import BeetsLogger


class Bar(Progress):
    """Progress as tqdm draws it, with rate and remaining time; messages through this are written above its line."""

    def __init__(self, total: int | None, *lines: Any, **options: Any) -> None:
        from tqdm import tqdm

        super().__init__(total, *lines, **options)
        self._bar = tqdm(total=total, unit=f" {self.what}", dynamic_ncols=True, smoothing=0.05)

    def close(self) -> None:
        self._bar.close()

    def show(self, total: int) -> None:
        if self._bar.total is None:
            self._bar.total, self._bar.initial, self._bar.n = total, self.done, self.done
        self._bar.update(self.done - self._bar.n)

    def say(self, line: str) -> None:
        self._bar.clear()
        super().say(line)

    def warn(self, line: str) -> None:
        self._bar.clear()
        super().warn(line)


def teller(log: BeetsLogger) -> Teller:
    """Return a teller that prints results and logs everything else."""
    tell, warn, detail = (partial(write, "{}") for write in (log.info, log.warning, log.debug))

    def progress(total: int | None, what: str = "tracks", *, at_most: bool = False) -> Progress:
        kind = Bar if total != 0 and sys.stderr.isatty() else Progress
        return kind(total, tell, warn, what, at_most=at_most)

    return Teller(ui.print_, tell, warn, detail, progress)

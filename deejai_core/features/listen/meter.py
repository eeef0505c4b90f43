"""The level of a sound, as a line on a terminal that redraws itself."""

from __future__ import annotations

from typing import TextIO

from deejai_core.words import clock

WIDTH = 30  # characters of the bar
QUIET = -60.0  # dBFS at the beginning of the bar


class Meter:
    """Shows the level on a terminal. Anything else gets nothing: there, the answers show it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = stream.isatty()

    def show(self, at: float, level: float) -> None:
        """at: seconds since the sound began. level: dBFS."""
        if self._shown:
            filled = round(WIDTH * min(1.0, max(0.0, 1 - level / QUIET)))
            bar = "#" * filled + "." * (WIDTH - filled)
            self._stream.write(f"\r{clock(at)}  [{bar}] {level:4.0f} dBFS\033[K")
            self._stream.flush()

    def clear(self) -> None:
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()

"""An analysis that the DJ page starts in a separate process."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence


class BackgroundAnalysis:
    """A command that analyses the library, run at most once at a time, whoever starts it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the analysis, unless it is running."""
        with self._starting:
            if not self.running:
                self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)

    def end(self) -> None:
        """End the analysis if it is running. The next one continues from there."""
        if self._process is not None and self.running:
            self._process.terminate()
            self._process.wait()

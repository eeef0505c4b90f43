"""An analysis that the DJ page starts, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import beets
import confuse

if TYPE_CHECKING:
    from ..library.beets_library import BeetsLibrary


class Analysis:
    """`beet deejai analyze`, started by whoever asks first; one at a time."""

    def __init__(self, library: BeetsLibrary) -> None:
        self._command = [sys.executable, "-m", "beets", *global_options(library), "deejai", "analyze"]
        self._starting = threading.Lock()
        self._process: subprocess.Popen | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, unless it runs."""
        with self._starting:
            if not self.running:
                self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)

    def end(self) -> None:
        """End it if it runs. The next one goes on from there."""
        if self.running:
            self._process.terminate()
            self._process.wait()


def global_options(library: BeetsLibrary) -> list[str]:
    """The options of `beet` that give another process the library and the configuration of this one."""
    options = [
        "--library",
        os.fsdecode(library.lib.path),
        "--directory",
        os.fsdecode(library.lib.directory),
    ]
    # The first file takes precedence: that of --config, or else one that the user's own configuration leads to anyway.
    files = [source.filename for source in beets.config.sources if source.filename and not source.default]
    options += ["--config", files[0]] if files else []
    for name, option in (("plugins", "--plugins"), ("disabled_plugins", "--disable-plugins")):
        if plugins := beets.config[name].get(confuse.StrSeq(default=[])):
            options += [option, ",".join(plugins)]
    return options

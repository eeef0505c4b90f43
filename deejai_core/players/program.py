"""A music player as a program that is started with a list, and ends when the listener closes it."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deejai_core.errors import PlayerError
from deejai_core.refusals import reason_of

MARK = b"\xef\xbb\xbf"  # of UTF-8


@dataclass(frozen=True)
class Program:
    """How a player is started.

    command: for a shell; `$playlist` in it is replaced by the path of a playlist, which otherwise follows the command.
    setting: what messages call the command. raw: pass the songs themselves instead. relative_to: the folder that their
    names start from. mark: whether the playlist begins with the byte order mark of UTF-8.
    """

    command: str
    setting: str
    raw: bool = False
    relative_to: Path | None = None
    mark: bool = False

    def words(self, paths: Sequence[Path]) -> list[str]:
        """Return the command line for these songs, and write their playlist if it takes one. Raises PlayerError."""
        names = [os.path.relpath(path, self.relative_to) if self.relative_to else os.fspath(path) for path in paths]
        try:
            words = shlex.split(self.command)
        except ValueError as error:
            raise PlayerError(f"{self.setting}: {error}") from error
        if not words:
            raise PlayerError(f"{self.setting}: it is empty; set it to a player")
        if self.raw:
            return [*filter(None, (word.replace("$playlist", "") for word in words)), *names]
        # The file stays: a player may open it after its command has ended.
        with tempfile.NamedTemporaryFile(prefix="deejai-", suffix=".m3u", delete=False) as playlist:
            playlist.write((MARK if self.mark else b"") + b"".join(os.fsencode(name) + b"\n" for name in names))
        if any("$playlist" in word for word in words):
            return [word.replace("$playlist", playlist.name) for word in words]
        return [*words, playlist.name]

    def run(self, words: Sequence[str]) -> None:
        """Run a command line, and wait until it ends. Raises PlayerError if it cannot be started, or ends with an error."""
        try:
            status = subprocess.call(words)
        except OSError as error:
            raise PlayerError(
                f"{self.setting}: cannot run {words[0]!r} ({reason_of(error)}); set it to an installed player"
            ) from error
        if status:
            raise PlayerError(f"{self.setting}: {words[0]!r} ended with status {status}")

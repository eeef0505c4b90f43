"""What the commands say that report on a library, its vectors and its models."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.plugin.conftest import Beets

from .library import display_names
from .record import Recording

OF_A_LIBRARY = (
    "status",
    "doctor",
    "eval",
    "eval -k 2 --json",
    "eval --field bpm -k 3",
    "reweigh --sweep 0.1,0.2,0.4",
    "model list",
    "model info",
    "tag -p -f artist:Nave",
    "failed",
    "analyze",
    "analyze -p",
)
OF_FAILURES = (
    "failed",
    "status",
    "analyze",
    "analyze --retry",
    "failed",
    "status",
    "similar Noise -p",
    "similar artist:Broken , Aisle -n 3 -p",
)


def record(name: str, commands: Sequence[str], beets: Beets, music: Path) -> dict[str, str]:
    recording = Recording(beets, music, display_names())
    for command in commands:
        recording.command(command)
    return recording.files(name)


def record_failures(beets: Beets, music: Path) -> dict[str, str]:
    """The same of a library one of whose files is no sound, and many of whose files are not there."""
    beets.configure(auto=False)
    broken = beets.music / "broken.flac"
    shutil.copy(beets.folder / "outside.flac", broken)
    beets.run("import", "-qA", beets.music)
    broken.write_bytes(b"no sound")
    beets.run("modify", "-yMW", f"path:{broken}", "title=Noise", "artist=Broken")
    return record("failures", OF_FAILURES, beets, music)

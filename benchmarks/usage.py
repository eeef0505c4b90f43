"""What programs take: CPU time, wall time, memory. All benchmarks measure memory by this module.

Linux counts the memory of the process that starts a program as the program's own, too: `ru_maxrss` of a small program that
a large one starts is the size of the large one. So `measure` starts programs from a small process, which is this module run
as a program, and `peak` reads what Linux counts for a process alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096  # bytes
MAXRSS = 1 if sys.platform == "darwin" else 1024  # bytes, the unit of ru_maxrss
EVERY = 0.05  # seconds between two looks at the memory


class FailedError(Exception):
    """A program that ended with an error, and what it said."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status  # as of `subprocess`: negative for a signal


@dataclass(frozen=True)
class Usage:
    """What a process and its children took."""

    cpu: float  # seconds, user and system
    wall: float  # seconds
    memory: float  # MB: the largest process, or the largest sum of all that were resident at once, if that is more


def measure(command: Sequence[str | os.PathLike], **env: str) -> Usage:
    """What a command takes, whose output is thrown away. Raises FailedError.

    Memory below 15 MB, that of the small process, is not told apart.
    """
    launcher = [sys.executable, "-I", "-S", __file__, *map(os.fspath, command)]
    printed = subprocess.run(launcher, stdout=subprocess.PIPE, check=True, env=os.environ | env).stdout
    status, said, usage = json.loads(printed)
    if status:
        raise FailedError(status, said)
    return Usage(**usage)


def peak(pid: int | str = "self") -> float:
    """The most memory in MB that a process had at once, its children apart; NaN where there is no /proc."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return float("nan")


def forget_peak() -> None:
    """Let `peak` of this process begin anew."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _launch(command: list[str]) -> tuple[int, str, Usage]:
    """Run a command from this process: its exit status, what it wrote to its standard error, and what it took."""
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        sums, ended = [0], threading.Event()

        def watch() -> None:
            while not ended.wait(EVERY):
                sums.append(_resident(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)  # counts the children that it has waited for
        wall = time.perf_counter() - started
        ended.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    memory = max(*sums, usage.ru_maxrss * MAXRSS) / 1e6
    return process.returncode, said, Usage(usage.ru_utime + usage.ru_stime, wall, memory)


def _resident(pid: int) -> int:
    """Bytes that a process and its descendants keep in memory now; 0 where there is no /proc."""
    total = 0
    with contextlib.suppress(OSError, ValueError):
        total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(_resident(int(child)) for child in (task / "children").read_text().split())
    return total


if __name__ == "__main__":
    status, said, usage = _launch(sys.argv[1:])
    print(json.dumps([status, said, asdict(usage)]))

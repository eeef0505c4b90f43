"""What a process and those that it starts take: CPU time, wall time, memory."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096  # bytes
EVERY = 0.05  # seconds between two looks at the memory


class FailedError(Exception):
    """A process that ended with an error, and what it said."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status  # as of `subprocess`: negative for a signal


@dataclass(frozen=True)
class Usage:
    """What a process and its children took."""

    cpu: float  # seconds, user and system
    wall: float  # seconds
    memory: float  # MB, the largest sum of all that were resident at once


def measure(command: list, **env: str) -> Usage:
    """What a command takes. Raises FailedError."""
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=os.environ | env)
        memory = 0
        while True:
            memory = max(memory, _resident(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)  # counts the children that it has waited for
            if pid:
                break
            time.sleep(EVERY)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise FailedError(process.returncode, errors.read().decode(errors="replace"))
    return Usage(usage.ru_utime + usage.ru_stime, wall, (memory or usage.ru_maxrss * 1024) / 1e6)


def _resident(pid: int) -> int:
    """Bytes that a process and its descendants keep in memory now; 0 where there is no /proc."""
    total = 0
    with contextlib.suppress(OSError, ValueError):
        total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(_resident(int(child)) for child in (task / "children").read_text().split())
    return total

"""What becomes of the processes that a program starts, as Linux tells it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def children(parent: int) -> list[int]:
    """Those that run, or have ended and were not waited for."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"PPid:\t{parent}\n" in (process / "status").read_text():
                found.append(int(process.name))
        except OSError:
            pass
    return found


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def resident(process: int) -> int:
    """Bytes of memory."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024


def eventually(true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)

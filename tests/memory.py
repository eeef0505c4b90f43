"""How much memory a piece of work takes at its peak, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

LIMIT = 6_000_000_000  # bytes of address space: what takes more fails, and takes nothing else along
SCRIPT = """
import json, resource, sys
from pathlib import Path

def peak():
    return next(int(line.split()[1]) // 1000 for line in open("/proc/self/status") if line.startswith("VmHWM:"))

paths, limit = [Path(path) for path in sys.argv[2:]], int(sys.argv[1])
{setup}
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for path in paths:
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before = peak()
    try:
        outcome = {work}
    except Exception as error:
        outcome = f"{{type(error).__name__}}: {{error}}"
    print(json.dumps([str(outcome), peak() - before]))
"""


def memory_taken(work: str, paths: Sequence[Path], setup: str = "") -> list[tuple[str, int]]:
    """Of each path, one after another, what an expression in `path` gives, and the megabytes it took at its peak.

    setup: what is done once before, such as imports. An error is its type and message.
    """
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux tells")
    code = SCRIPT.format(setup=setup, work=work)
    process = subprocess.run(
        [sys.executable, "-c", code, str(LIMIT), *map(str, paths)], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return [tuple(json.loads(line)) for line in process.stdout.splitlines()]

"""A process of its own for untrusted files: how one is started, and what it does before it looks at any file.

Its parent holds the other end of its standard input, and writes requests there or nothing. When that end is closed, the
parent is gone, and the process ends at once, whatever it is doing.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def start_child(module: str, *words: str) -> subprocess.Popen[bytes]:
    """Start a module as a process, with pipes for its standard input and output."""
    # One thread: OpenBLAS would take address space for each core, and decoding has no use for it. The modules are found
    # where this process finds them, and never in the folder that it happens to be in.
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    env["PYTHONPATH"] = os.pathsep.join(folder for folder in map(os.path.abspath, filter(None, sys.path)))
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # libmpg123 and others print what they think of a file
        cwd=Path(sys.executable).anchor or os.sep,
        env=env,
    )


def end_child(process: subprocess.Popen[bytes]) -> None:
    """Kill it, whatever it is doing."""
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def confine(memory: int, cpu: int | None = None) -> tuple[BinaryIO, Iterator[bytes]]:
    """In the child: set its limits. Returns what answers are written to, and the lines that the parent sends.

    memory: bytes of address space. cpu: seconds of CPU time in all.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limits, macOS does not keep them
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if cpu:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for the parent, which lets the file under way be finished
    # Libraries print notes of their own, also to standard output: the answers go to a copy of it that they do not know.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin.buffer:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    return answers, iter(lines.get, None)

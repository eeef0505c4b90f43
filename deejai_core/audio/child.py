"""A separate process for untrusted files: starting it, and what it does before it reads any file.

Its parent holds the other end of its standard input, and may write requests there. When that end is closed, the parent is
gone, and the process ends at once, whatever it is doing.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import Any, BinaryIO

LONGEST_ANSWER = 1 << 20  # bytes, without the data that follow it


class Child(subprocess.Popen[bytes]):
    """A process with pipes for its standard input and output."""

    stdin: BufferedWriter
    stdout: BufferedReader


def start_child(module: str, *words: str) -> Child:
    """Start a module as a process, with pipes for its standard input and output."""
    # One thread: OpenBLAS would reserve address space for each core, and decoding does not need it. The modules are found
    # where this process finds them, never in the current folder.
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    env["PYTHONPATH"] = os.pathsep.join(folder for folder in map(os.path.abspath, filter(None, sys.path)))
    return Child(
        [sys.executable, "-m", module, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # libmpg123 and others print messages about files
        cwd=Path(sys.executable).anchor or os.sep,
        env=env,
    )


class NoAnswerError(Exception):
    """A process ended, or was ended, before it answered. timed_out: whether it took too long."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__()
        self.timed_out = timed_out


def ask(process: Child, request: bytes, *, seconds: float, most: int) -> tuple[dict[str, Any], memoryview]:
    """Return the answer to a request, and the data after it.

    request: one or more whole lines. seconds: after which the process is killed. most: bytes that the data may have. Raises
    NoAnswerError; the process is then of no further use.
    """
    ended = threading.Event()

    def end() -> None:
        ended.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True  # the program does not wait for it to exit
    try:
        timer.start()  # ctrl-C may come during this
        process.stdin.write(request)
        process.stdin.flush()
        answer = json.loads(process.stdout.readline(LONGEST_ANSWER))
        wanted = answer["bytes"] if 0 <= answer["bytes"] <= most else 0
        data = memoryview(bytearray(wanted))  # writable, as arrays of samples are
        whole = process.stdout.readinto(data) == wanted == answer["bytes"]
    except (OSError, ValueError):  # ValueError: the answer is not JSON, because the process has ended
        whole = False
    finally:
        timer.cancel()
    if not whole:
        raise NoAnswerError(timed_out=ended.is_set())
    return answer, data


def answer(answers: BinaryIO, told: dict[str, Any], data: bytes | memoryview = b"") -> None:
    """Answer a request, in the child: `told`, and data if there are any."""
    data = memoryview(data).cast("B") if len(data) else b""
    answers.write(json.dumps(told | {"bytes": len(data)}).encode() + b"\n")
    answers.write(data)
    answers.flush()


def greeting(process: Child) -> dict[str, Any]:
    """Return the first message of a process: that it is ready, or why not; empty if it ends without one."""
    try:
        told = json.loads(process.stdout.readline(LONGEST_ANSWER) or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def status_in_words(status: int) -> str:
    """Return how a process ended, in words."""
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def end_child(process: Child) -> None:
    """Kill a process, whatever it is doing."""
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def confine(memory: int, cpu: int | None = None) -> tuple[BufferedWriter, Iterator[bytes]]:
    """Set the limits of this process, in the child.

    Return where answers are written, and the lines that the parent sends.

    memory: bytes of address space. cpu: seconds of CPU time in all.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limits, macOS does not enforce them
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if cpu:
            resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for the parent, which lets the current file be finished
    # Libraries also print messages to standard output: answers go to a copy of it that they do not know.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin.buffer:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    return answers, iter(lines.get, None)

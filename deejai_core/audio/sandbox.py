"""Decoding out of harm's way: in a process of its own, with limits on its time and memory.

The libraries that decode are large and written in C, and music collections hold every file that ever was damaged. Whatever
such a file does (it never ends, eats all memory, crashes), it costs that file, and a new process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from deejai_core.audio.tags import Tags
from deejai_core.errors import AudioError, ModelError, UnavailableError

GRACE = 5  # seconds after which a process without a parent ends itself


class Decoder:
    """Reads files in another process, which is started when first needed. For one thread at a time; a context manager.

    seconds: that a file may take. memory: bytes of address space that the process may have (where the system keeps such a
    limit: Linux does).
    """

    def __init__(self, *, seconds: float, memory: int) -> None:
        self.seconds = seconds
        self.memory = memory
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None

    def key(self, path: Path, **spans: int) -> str:
        """As `audio_key`. Raises AudioError, UnavailableError; ModelError if the libraries that decode cannot be loaded.

        spans: what `spans` will be asked for if the key is not known; the file need not be read twice then.
        """
        return self._ask(path, {"what": "key"} | spans)[0]["key"]

    def spans(self, path: Path, *, sample_rate: int, length: int, limit: int) -> np.ndarray:
        """As `read_spans`, with the errors of `key`."""
        _, data = self._ask(path, {"what": "spans", "sample_rate": sample_rate, "length": length, "limit": limit})
        return np.frombuffer(data, np.float32).reshape(-1, length)

    def tags(self, path: Path) -> Tags:
        """As `read_tags`; a file whose tags cannot be read has its name for a title."""
        try:
            return Tags(**self._ask(path, {"what": "tags"})[0]["tags"])
        except AudioError:
            return Tags("", path.stem, None)

    def _ask(self, path: Path, request: dict) -> tuple[dict, memoryview]:
        request |= {"path": os.fsencode(path.absolute()).hex(), "seconds": round(self.seconds) + GRACE}
        process = self._running()
        ended = threading.Event()

        def end() -> None:
            ended.set()
            process.kill()

        timer = threading.Timer(self.seconds, end)
        timer.start()
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline() or "{}")
            wanted = answer.get("spans", 0) * request.get("length", 0) * np.dtype(np.float32).itemsize
            data = memoryview(bytearray(wanted))
            data = data[: process.stdout.readinto(data)]
        except (OSError, ValueError):
            answer, data, wanted = {}, memoryview(b""), 0
        finally:
            timer.cancel()
        if not answer or len(data) < wanted:
            status = self._end()
            if ended.is_set():
                raise UnavailableError(f"it takes longer than {self.seconds:g} seconds (time_limit)")
            raise UnavailableError(f"the decoder crashed on it ({_told(status)})")
        if "error" in answer:
            raise (AudioError if answer["lasting"] else UnavailableError)(answer["error"])
        return answer, data

    def _running(self) -> subprocess.Popen:
        if self._process and self._process.poll() is None:
            return self._process
        self.close()
        # One thread: OpenBLAS would take address space for each core, and decoding has no use for it. The modules are found
        # where this process finds them, and never in the folder that it happens to be in.
        env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        env["PYTHONPATH"] = os.pathsep.join(folder for folder in map(os.path.abspath, filter(None, sys.path)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deejai_core.audio.worker", str(self.memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libmpg123 and others print what they think of a file
            cwd=Path(sys.executable).anchor or os.sep,
            env=env,
        )
        try:
            greeting = json.loads(self._process.stdout.readline() or "{}")
        except ValueError:
            greeting = {}
        if "ready" not in greeting:
            status = self._end()
            cause = greeting.get("broken") or f"the decoder does not start ({_told(status)})"
            raise ModelError(f"cannot analyse audio: {cause}; reinstall beets-deejai")
        return self._process

    def _end(self) -> int:
        process = self._process
        self.close()
        return process.returncode


def _told(status: int) -> str:
    """An exit status in words."""
    return f"signal {-status}" if status < 0 else f"exit status {status}"

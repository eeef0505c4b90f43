"""Reads files in separate processes, with limits on time and memory.

The libraries that decode are large and written in C, and music collections contain every kind of damaged file. Whatever
such a file does (it never ends, fills all memory, crashes), only that file is lost, and a new process is started. This
applies to samples, metadata and pictures: no other process of ours parses a file that it was given.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from deejai_core.audio.child import Child, NoAnswerError, ask, end_child, greeting, start_child, status_in_words
from deejai_core.audio.metadata import Caption, Metadata
from deejai_core.audio.pictures import LARGEST
from deejai_core.errors import AudioError, ModelError, UnavailableError

FLOAT = 4  # bytes


class Decoder:
    """Reads files in another process, which is started when first needed. For one thread at a time; a context manager.

    seconds: per file. memory: bytes of address space that the process may have, if the system enforces this (Linux does).
    """

    def __init__(self, *, seconds: float, memory: int) -> None:
        self.seconds = seconds
        self.memory = memory
        self._process: Child | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._process:
            end_child(self._process)
            self._process = None

    def key(self, path: Path, **windows: int) -> str:
        """Return the `audio_key` of a file.

        Raises AudioError, UnavailableError; ModelError if the decoding libraries cannot be loaded.

        windows: what `windows` will be asked for if the key is not known; the file then need not be read twice.
        """
        return str(self._ask(path, {"what": "key"} | windows)[0]["key"])

    def windows(self, path: Path, *, sample_rate: int, length: int, limit: int) -> np.ndarray:
        """Return the result of `read_windows`, with the errors of `key`."""
        request = {"what": "windows", "sample_rate": sample_rate, "length": length, "limit": limit}
        _, data = self._ask(path, request, most=limit * length * FLOAT)
        return np.frombuffer(data, np.float32).reshape(-1, length)

    def stereo(self, path: Path, rate: int) -> Iterator[np.ndarray]:
        """Yield the result of `stereo_blocks`, with the errors of `key`; the time limit applies to each block."""
        for block in count():
            _, data = self._ask(path, {"what": "stereo", "rate": rate, "block": block}, most=2 * rate * FLOAT)
            if not data:
                return
            yield np.frombuffer(data, np.float32).reshape(-1, 2)

    def caption(self, path: Path) -> Caption:
        """Return the result of `read_caption`; the title of a file whose metadata cannot be read is its name."""
        try:
            return Caption(**self._ask(path, {"what": "caption"})[0]["caption"])
        except AudioError:
            return Caption("", path.stem, None)

    def metadata(self, path: Path) -> Metadata:
        """Return the result of `read_metadata`, with the errors of `key`."""
        return Metadata(**self._ask(path, {"what": "metadata"})[0]["metadata"])

    def comments(self, path: Path) -> list[str]:
        """Return the result of `read_comments`, with the errors of `key`."""
        comments: list[str] = self._ask(path, {"what": "comments"})[0]["comments"]
        return comments

    def picture(self, path: Path, size: int | None = None) -> bytes:
        """Return the result of `read_picture`, with the errors of `key`."""
        return bytes(self._ask(path, {"what": "picture", "size": size}, most=LARGEST)[1])

    def _ask(self, path: Path, request: dict[str, Any], most: int = 0) -> tuple[dict[str, Any], memoryview]:
        """Return the answer to a request, and the data after it. most: bytes that these may have."""
        request |= {"path": os.fsencode(path.absolute()).hex()}
        process = self._running()
        try:
            answer, data = ask(process, json.dumps(request).encode() + b"\n", seconds=self.seconds, most=most)
        except NoAnswerError as error:
            self.close()
            if error.timed_out:
                raise UnavailableError(f"it takes longer than {self.seconds:g} seconds (time_limit)") from None
            raise UnavailableError(f"the decoder crashed on it ({status_in_words(process.returncode)})") from None
        if "error" in answer:
            raise (AudioError if answer["lasting"] else UnavailableError)(answer["error"])
        return answer, data

    def _running(self) -> Child:
        if self._process and self._process.poll() is None:
            return self._process
        self.close()
        process = self._process = start_child("deejai_core.audio.worker", str(self.memory))
        told = greeting(process)
        if "ready" not in told:
            self.close()
            cause = told.get("broken") or f"the decoder does not start ({status_in_words(process.returncode)})"
            raise ModelError(f"cannot analyse audio: {cause}; reinstall beets-deejai")
        return process

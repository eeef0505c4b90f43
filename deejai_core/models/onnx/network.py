"""Networks of unknown origin, each run in separate processes with limits on time and memory."""

from __future__ import annotations

import base64
import json
import os
import queue
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deejai_core.audio.child import Child, NoAnswerError, ask, end_child, greeting, start_child, status_in_words
from deejai_core.errors import MissingError, ModelError, UnavailableError
from deejai_core.models.device import CPU
from deejai_core.models.onnx.config import Limits

PROVIDERS = {CPU: "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
MOST_NUMBERS = 64_000_000  # in all outputs for a window
FLOAT = 4  # bytes


@dataclass(frozen=True)
class Put:
    """An input or output of a network. shape: with text for sizes that are not fixed."""

    name: str
    type: str
    shape: tuple[int | str | None, ...]


class Network:
    """A network in a file; its processes are started when needed, one for each thread that asks at the same time.

    sha256: of the file. input: the name of the audio input. outputs: the names of the requested outputs. constants: the
    values of all other inputs. All processes end with this object, or by `close`.
    """

    def __init__(
        self,
        path: Path,
        sha256: str,
        limits: Limits,
        *,
        input: str = "",
        outputs: Sequence[str] = (),
        constants: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self._path = path
        self._limits = limits
        self._wanted = {
            "load": os.fsencode(path.absolute()).hex(),
            "sha256": sha256,
            "input": input,
            "outputs": list(outputs),
            "constants": {name: [array.tolist(), list(array.shape)] for name, array in (constants or {}).items()},
        }
        self._idle: dict[str, queue.SimpleQueue[Child]] = {device: queue.SimpleQueue() for device in PROVIDERS}
        weakref.finalize(self, _end_all, self._idle)

    def close(self) -> None:
        """End the processes. They start again for the next window."""
        _end_all(self._idle)

    def load(self, device: str = CPU) -> None:
        """Have a process ready. Raises ModelError if the network cannot be loaded, MissingError without onnxruntime."""
        self._idle[device].put(self._take(device))

    def puts(self) -> tuple[list[Put], list[Put]]:
        """Return the inputs and the outputs. Raises like `load`."""
        process, told = self._start(CPU)
        end_child(process)
        inputs, outputs = (
            [Put(name, type_, tuple(shape)) for name, type_, shape in told[kind]] for kind in ("inputs", "outputs")
        )
        return inputs, outputs

    def run(self, window: np.ndarray, device: str = CPU) -> list[np.ndarray]:
        """Return the requested outputs for a window's input, float32. Raises like `load`; UnavailableError if it fails."""
        numbers = base64.b64encode(np.ascontiguousarray(window, np.float32).tobytes())
        request = json.dumps({"shape": window.shape}).encode() + b"\n" + numbers + b"\n"
        process = self._take(device)
        try:
            told, data = ask(process, request, seconds=self._limits.seconds, most=MOST_NUMBERS * FLOAT)
        except NoAnswerError as error:
            end_child(process)
            raise UnavailableError(f"the network {self._failure(process, error)}") from None
        except BaseException:  # ctrl-C: its late answer must not become that to the next request
            end_child(process)
            raise
        if "error" in told:
            end_child(process)  # which may still hold all the memory that it may have
            raise UnavailableError(f"the network {self._told(told['error'])}")
        self._idle[device].put(process)
        flat, found, place = np.frombuffer(data, np.float32), [], 0
        for shape in told["shapes"]:
            size = int(np.prod(shape, dtype=np.int64))
            found.append(flat[place : place + size].reshape(shape))
            place += size
        return found

    def _take(self, device: str) -> Child:
        """Return a process that no other thread uses."""
        while True:
            try:
                process = self._idle[device].get_nowait()
            except queue.Empty:
                return self._start(device)[0]
            if process.poll() is None:
                return process
            end_child(process)

    def _start(self, device: str) -> tuple[Child, dict[str, Any]]:
        """Start a process that loads the network; return it with the network's inputs and outputs."""
        # Drivers of graphics processors reserve more address space than any machine has memory.
        memory = self._limits.memory if device == CPU else 1 << 62
        process = start_child("deejai_core.models.onnx.worker", str(memory))
        request = json.dumps({**self._wanted, "providers": [PROVIDERS[device]]}).encode() + b"\n"
        try:
            if missing := greeting(process).get("missing"):
                raise MissingError(missing)
            told, _ = ask(process, request, seconds=self._limits.seconds, most=0)
            if "error" in told:
                raise ModelError(f"{self._path}: the network {self._told(told['error'])}")
        except NoAnswerError as error:
            end_child(process)
            raise ModelError(f"{self._path}: the network {self._failure(process, error)}") from None
        except BaseException:
            end_child(process)
            raise
        return process, told

    def _told(self, error: str) -> str:
        """Return what is wrong, in the words of the process."""
        if error == "memory":
            return f"needs more than {self._limits.memory:,} bytes of memory (limits.memory in its configuration)"
        return f"cannot be run: {error}"

    def _failure(self, process: Child, error: NoAnswerError) -> str:
        if error.timed_out:
            return f"takes longer than {self._limits.seconds:g} seconds (limits.seconds in its configuration)"
        status = status_in_words(process.returncode)
        return f"crashed ({status}), or needs more than {self._limits.memory:,} bytes of memory"


def _end_all(idle: Mapping[str, queue.SimpleQueue[Child]]) -> None:
    for processes in idle.values():
        while not processes.empty():
            end_child(processes.get())

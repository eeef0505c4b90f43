"""Reads a microphone through PortAudio: blocks of samples as they arrive."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import queue
from collections.abc import Iterator
from typing import Any

import numpy as np

from deejai_core.audio.stream import resampled
from deejai_core.errors import MicrophoneError, MissingError
from deejai_core.extras import extra

PATIENCE = 10  # seconds without a sample, after which a microphone counts as unplugged


def read_microphone(device: str | None, sample_rate: int) -> Iterator[np.ndarray]:
    """Yield mono samples at `sample_rate` (Hz), float32, until the microphone is unplugged.

    device: its number or a part of its name; None for the system's default. Raises MicrophoneError if there is no such
    microphone, MissingError without PortAudio.
    """
    sounddevice = _library()
    heard: queue.SimpleQueue[np.ndarray | None] = queue.SimpleQueue()  # None: no more will come

    def keep(samples: np.ndarray, frames: int, time: object, status: object) -> None:
        heard.put(samples.mean(axis=1))  # PortAudio reuses its array

    def end() -> None:
        heard.put(None)

    try:
        chosen = _number(device)
        told = sounddevice.query_devices(chosen, "input")
        rate = int(told["default_samplerate"])
        channels = max(1, min(2, told["max_input_channels"]))
        stream = sounddevice.InputStream(
            device=chosen, samplerate=rate, channels=channels, dtype="float32", callback=keep, finished_callback=end
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        wanted = "no microphone found" if device is None else f"no microphone {device!r}"
        raise MicrophoneError(f"{wanted} ({error})", hint="choose a microphone") from error

    def blocks() -> Iterator[np.ndarray]:
        try:
            with _quiet_libraries(), stream:
                while True:
                    yield _waiting(heard)
        except sounddevice.PortAudioError as error:
            raise MicrophoneError(f"the microphone cannot be opened ({error})") from error

    return resampled(blocks(), rate, sample_rate)


def list_devices() -> list[str]:
    """Return a line for each input device."""
    devices = _library().query_devices()
    return [f"{device['index']:>3}  {device['name']}" for device in devices if device["max_input_channels"] > 0]


def _waiting(heard: queue.SimpleQueue[np.ndarray | None]) -> np.ndarray:
    """Return all samples that have arrived meanwhile, together, so that a slow listener does not fall behind."""
    try:
        blocks = [heard.get(timeout=PATIENCE)]
    except queue.Empty:
        raise MicrophoneError(f"the microphone has sent nothing for {PATIENCE} seconds; is it still connected?") from None
    while not heard.empty():
        blocks.append(heard.get())
    found = [block for block in blocks if block is not None]
    if len(found) < len(blocks):
        raise MicrophoneError("the microphone was disconnected", hint="list microphones")
    return np.concatenate(found)


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep ALSA and PortAudio from writing to standard error, as they do when a microphone is unplugged.

    They write to the C library's `stderr`, Python to the file descriptor. With the GNU library, the two can be separated.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    library = ctypes.CDLL(None)
    library.fopen.restype = ctypes.c_void_p
    stderr = ctypes.c_void_p.in_dll(library, "stderr")
    before, stderr.value = stderr.value, library.fopen(os.fsencode(os.devnull), b"w")
    try:
        yield
    finally:
        stderr.value = before


def _number(device: str | None) -> int | str | None:
    return int(device) if device and device.isdecimal() else device


def _library() -> Any:
    try:
        with extra("listen"):
            import sounddevice
    except OSError as error:  # on Linux, the shared library is not part of the Python package
        raise MissingError(f"{error}; install PortAudio (Debian, Ubuntu: apt install libportaudio2)") from error
    return sounddevice

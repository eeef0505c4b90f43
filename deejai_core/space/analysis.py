"""Many files to slices: in parallel, and one bad file never stops the rest."""

from __future__ import annotations

import os
import queue
from collections.abc import Container, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from deejai_core.audio.sandbox import Decoder
from deejai_core.errors import AudioError, DeejaiError, ModelError, UnavailableError
from deejai_core.models.protocol import Model

# Two bytes a number is what the store keeps, so it is also what vectors are made from: fresh or stored, the same.
TRUNK_TYPE = np.float16


@dataclass(frozen=True)
class Heard:
    """What the model's trunk made of a recording: (n, trunk_size) float16, or None if that is known already."""

    path: Path
    key: str
    trunk: np.ndarray | None


@dataclass(frozen=True)
class Unheard:
    """A file that cannot be analysed, and why."""

    path: Path
    reason: str
    lasting: bool  # whether another try would fail again, as long as the file stays as it is


@dataclass(frozen=True)
class Limits:
    """What a single file may take."""

    seconds: float = 300
    memory: int = 2_000_000_000  # bytes of address space of the process that decodes it

    def decoder(self) -> Decoder:
        return Decoder(seconds=self.seconds, memory=self.memory)


NO_MORE_THAN_USUAL = Limits()


def hear_file(path: Path, model: Model, decoder: Decoder, *, windows: int, known: Container[str] = ()) -> Heard:
    """One file through the model's trunk, unless its audio key is among the `known` ones.

    windows: the largest number of slices, spread evenly over the track. The numbers depend on the file alone. Raises
    AudioError if the file has no readable audio, UnavailableError if something else is in the way.
    """
    try:
        wanted = {"sample_rate": model.sample_rate, "length": model.span, "limit": windows}
        key = decoder.key(path, **wanted)
        if key in known:
            return Heard(path, key, None)
        spans = decoder.spans(path, **wanted)
        trunk = model.hear(spans).astype(TRUNK_TYPE)
    except DeejaiError:
        raise
    except Exception as error:  # a library's surprise must cost one file, not the night
        raise UnavailableError(f"{type(error).__name__}: {error}") from error
    if not np.isfinite(trunk).all():
        raise AudioError("the model finds no numbers for it")
    return Heard(path, key, trunk)


def analyse(
    paths: Iterable[Path],
    model: Model,
    *,
    windows: int,
    threads: int,
    known: Container[str] = (),
    limits: Limits = NO_MORE_THAN_USUAL,
) -> Iterator[Heard | Unheard]:
    """Every file through the model's trunk, `threads` at a time; results come as they are ready, in any order.

    `known` keys are not heard again. Each thread has its files decoded by a process of its own, within `limits`. Closing
    the iterator waits for the files under way, a moment each, and drops the rest. Raises ModelError if the model or a
    library cannot be loaded; whatever goes wrong with a file makes it `Unheard`.
    """
    try:
        import torch  # noqa: F401
    except (ImportError, OSError) as error:  # OSError: a shared library of its is missing
        raise ModelError(f"cannot analyse audio: {error}; reinstall beets-deejai") from error

    decoders: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
    for _ in range(threads):
        decoders.put(limits.decoder())

    def hear(path: Path) -> Heard | Unheard:
        decoder = decoders.get()
        try:
            return hear_file(path, model, decoder, windows=windows, known=known)
        except AudioError as error:
            return Unheard(path, str(error), lasting=not isinstance(error, UnavailableError))
        finally:
            decoders.put(decoder)

    waiting = iter(paths)
    executor = ThreadPoolExecutor(threads, thread_name_prefix="deejai")
    try:
        # A few more than can run: no worker waits for the caller, and an interrupt leaves little to finish.
        running: set[Future] = {executor.submit(hear, path) for path in islice(waiting, threads + 2)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {executor.submit(hear, path) for path in islice(waiting, len(done))}
            for future in done:
                yield future.result()
    finally:
        executor.shutdown(cancel_futures=True)
        for _ in range(threads):
            decoders.get().close()


def default_threads() -> int:
    """One worker for each core this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: containers and taskset give less than the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

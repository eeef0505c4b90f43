"""Turns many files into slices in parallel; a bad file never stops the others."""

from __future__ import annotations

import contextlib
import os
import queue
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from deejai_core.audio.limits import NO_MORE_THAN_USUAL, Limits
from deejai_core.audio.sandbox import Decoder
from deejai_core.errors import AudioError, DeejaiError, UnavailableError
from deejai_core.models.device import CPU
from deejai_core.models.protocol import Companion, Trunk

# The store keeps two bytes per number, so vectors are also made from two bytes: fresh or stored, they are the same.
TRUNK_TYPE = np.float16

# Windows that are gathered for a graphics processor. It embeds far more than are decoded, but files wait while it does:
# with the network of Deej-A.I., 16 threads and an H200 analysed 43 songs a second with 256 at once, and 54 with 64.
TOGETHER = 64


@dataclass(frozen=True)
class Embedded:
    """The output of the model's trunk for a recording: (n, trunk_size) float16, or None if the recording is already known.

    more: the outputs of its companions, if requested.
    """

    path: Path
    key: str
    trunk: np.ndarray | None
    more: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True)
class NotEmbedded:
    """A file that cannot be analysed, and why."""

    path: Path
    reason: str
    lasting: bool  # whether another try would fail again as long as the file is unchanged


@dataclass(frozen=True)
class Unshared(NotEmbedded):
    """A file that exists here, but not where another machine looked for it."""


@dataclass(frozen=True)
class Read:
    """The input of the model's trunk for a recording: the mel slices of its windows."""

    path: Path
    key: str
    mel: np.ndarray


def embed_file(
    path: Path,
    model: Trunk,
    decoder: Decoder,
    *,
    windows: int,
    known: Container[str] = (),
    more: Sequence[Companion] = (),
) -> Embedded:
    """Embed one file with the model's trunk, unless its audio key is among the `known` ones.

    windows: the largest number of slices, spread evenly over the track. more: companions of the model that also process the
    file. The numbers depend on the file alone. Raises AudioError if the file has no readable audio, UnavailableError if
    there is another problem.
    """
    read = read_file(path, model, decoder, windows=windows, known=known)
    if isinstance(read, Embedded):
        return read
    networks: tuple[Trunk, ...] = (model, *more)
    return _embedded(read, lambda: [network.trunk(mel) for network, mel in zip(networks, _seen(read, more), strict=True)])


def read_file(path: Path, model: Trunk, decoder: Decoder, *, windows: int, known: Container[str] = ()) -> Embedded | Read:
    """Return the input of the model's trunk for a file, or only its key if that is known; otherwise like `embed_file`."""
    try:
        wanted = {"sample_rate": model.sample_rate, "length": model.window, "limit": windows}
        key = decoder.key(path, **wanted)
        if key in known:
            return Embedded(path, key, None)
        return Read(path, key, model.mel(decoder.windows(path, **wanted)))
    except DeejaiError:
        raise
    except Exception as error:  # an unexpected error of a library must cost one file, not the whole run
        raise UnavailableError(f"{type(error).__name__}: {error}") from error


def embed_together(
    batch: list[Read], model: Trunk, device: str, more: Sequence[Companion] = ()
) -> Iterator[Embedded | NotEmbedded]:
    """Embed many files' mel slices together, or file by file if that fails, so that each fails alone.

    Numbers may differ from those of a single file by rounding, some 1e-5.
    """

    def embed(reads: Sequence[Read]) -> list[tuple[np.ndarray, ...]]:
        """Return the outputs of all networks for some files."""
        of_networks = []
        for network, mels in zip((model, *more), zip(*(_seen(read, more) for read in reads), strict=True), strict=True):
            embedded = network.trunk(np.concatenate(mels), device=device)
            of_networks.append(np.split(embedded, np.cumsum([len(mel) for mel in mels[:-1]])))
        return list(zip(*of_networks, strict=True))

    trunks: list[Any] = [None] * len(batch)
    if len(batch) > 1:
        with contextlib.suppress(Exception):  # most likely there is not enough memory for all at once
            trunks = embed(batch)
    for read, of_file in zip(batch, trunks, strict=True):
        try:
            yield _embedded(read, lambda: of_file or embed([read])[0])  # noqa: B023
        except AudioError as error:
            yield _not_embedded(read.path, error)


def _seen(read: Read, more: Sequence[Companion]) -> list[np.ndarray]:
    """Return a file's mel slices for the model, and those for each of its companions."""
    return [read.mel, *(read.mel[:: companion.every] for companion in more)]


def _embedded(read: Read, embed: Callable[[], Sequence[np.ndarray]]) -> Embedded:
    try:
        trunks = [trunk.astype(TRUNK_TYPE) for trunk in embed()]
    except DeejaiError:
        raise
    except Exception as error:
        raise UnavailableError(f"{type(error).__name__}: {error}") from error
    if not all(np.isfinite(trunk).all() for trunk in trunks):
        raise AudioError("the model returned NaN or infinity")
    return Embedded(read.path, read.key, trunks[0], tuple(trunks[1:]))


def _not_embedded(path: Path, error: AudioError) -> NotEmbedded:
    return NotEmbedded(path, str(error), lasting=not isinstance(error, UnavailableError))


def embed_files(
    paths: Iterable[Path],
    model: Trunk,
    *,
    windows: int,
    threads: int,
    known: Container[str] = (),
    more: Sequence[Companion] = (),
    limits: Limits = NO_MORE_THAN_USUAL,
    device: str = CPU,
    together: int | None = None,
    decoders: Sequence[Decoder] | None = None,
) -> Generator[Embedded | NotEmbedded, None, None]:
    """Embed every file, `threads` at a time; results come as they are ready, in any order.

    `known` keys are not embedded again. Each thread has its files decoded in a separate process, within `limits`. Closing
    the iterator waits for the current files, a moment each, and drops the rest. more: companions of the model that also
    process the files. decoders: one for each thread, which stay open; by default new ones, with `limits`. device: where the
    network runs, as `pick_device` returns it. together: how many windows go through the network at once, whatever their
    files; None: on the CPU each file alone, in its thread, elsewhere `TOGETHER`. Spectrograms are always computed in the
    files' threads.

    Raises ModelError if the model or a library cannot be loaded; any problem with a file makes it `NotEmbedded`.
    """
    own = [limits.decoder() for _ in range(threads)] if decoders is None else []
    free: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
    for decoder in decoders or own:
        free.put(decoder)

    if together is None:
        together = 0 if device == CPU else TOGETHER
    one_file = read_file if together else partial(embed_file, more=more)

    def embed(path: Path) -> Embedded | Read | NotEmbedded:
        decoder = free.get()
        try:
            return one_file(path, model, decoder, windows=windows, known=known)
        except AudioError as error:
            return _not_embedded(path, error)
        finally:
            free.put(decoder)

    waiting = iter(paths)
    batch: list[Read] = []
    executor = ThreadPoolExecutor(threads, thread_name_prefix="deejai")
    try:
        # A few more than can run: no worker waits for the caller, and an interrupt leaves little to finish.
        running: set[Future[Any]] = {executor.submit(embed, path) for path in islice(waiting, threads + 2)}
        for network in (model, *more):
            network.load()  # while the first files are decoded
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {executor.submit(embed, path) for path in islice(waiting, len(done))}
            for result in (future.result() for future in done):
                if isinstance(result, Read):
                    batch.append(result)
                else:
                    yield result
            if batch and (not running or sum(len(read.mel) for read in batch) >= together):
                yield from embed_together(batch, model, device, more)
                batch = []
    finally:
        executor.shutdown(cancel_futures=True)
        for decoder in own:
            decoder.close()


def default_threads() -> int:
    """Return one worker for each core that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: containers and taskset allow fewer than the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

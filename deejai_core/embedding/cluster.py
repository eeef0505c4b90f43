"""Turns many files into slices on many machines: Dask's workers embed, and this machine stores the results.

Paths are sent out and the trunk's output is returned, so all machines must have the music under the same paths. Workers may
join, leave and crash; nothing is stored on them. https://distributed.dask.org
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import re
import threading
import time
import warnings
import weakref
from collections import Counter
from collections.abc import Container, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from deejai_core.audio.limits import NO_MORE_THAN_USUAL, Limits
from deejai_core.embedding.analysis import Embedded, NotEmbedded, Unshared, embed_file
from deejai_core.errors import AudioError, ClusterError, DeejaiError, UnavailableError
from deejai_core.extras import extra
from deejai_core.interrupts import uninterrupted
from deejai_core.models.protocol import Companion, Model, Trunk
from deejai_core.models.registry import load_model
from deejai_core.version import __version__

if TYPE_CHECKING:
    from distributed import Client, Future

    from deejai_core.audio.sandbox import Decoder

ADDRESS = re.compile(r"(tcp|tls)://([\w.-]+|\[[0-9a-fA-F:.]+\]):(?P<port>\d{1,5})")

# Files that the scheduler knows at a time: it gives a worker few more than it has threads and keeps the rest, so some
# hundreds of threads never wait; and results that arrive faster than they can be written take a few megabytes.
SUBMITTED = 500
CONNECTING = 8  # seconds in which a scheduler must answer
PATIENCE = 20  # seconds without any worker, after which the run ends
SILENCE = 2  # seconds without a result, after which it checks whether there are still workers
INTERVAL = 0.05  # seconds between checks for results
STRANGER = 20  # files in a row that a worker may lack before the worker is at fault
LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")
LOADING = threading.Lock()


@dataclass(frozen=True)
class Cluster:
    """The address of Dask's scheduler, and how the workers load the model.

    model: for `load_model`: "musicnn", or the path of a folder, the same on all machines, of a model with that trunk or
    with such a companion.
    """

    address: str
    model: str


@dataclass(frozen=True)
class Order:
    """How a worker should embed: the same for all files of a run, and what it must agree on."""

    version: str
    model: str
    trunk_name: str
    windows: int
    limits: Limits
    more: tuple[str, ...] = ()  # trunks of the model's companions that also process the files


def check_address(address: str) -> None:
    """Raise ClusterError unless this can be the address of a scheduler."""
    found = ADDRESS.fullmatch(address)
    if not found or not 0 < int(found["port"]) < 1 << 16:
        raise ClusterError(f"{address!r} is not the address of a scheduler, such as tcp://host:8786")


def analyse_on(
    cluster: Cluster,
    paths: Iterable[Path],
    model: Model | Companion,
    *,
    windows: int,
    known: Container[str] = (),
    more: Sequence[Companion] = (),
    limits: Limits = NO_MORE_THAN_USUAL,
    patience: float = PATIENCE,
    submitted: int = SUBMITTED,
) -> Generator[Embedded | NotEmbedded, None, None]:
    """Embed like `embed_files`, on the workers of a cluster, at most `submitted` files at a time, with bit-equal results.

    Files of `known` keys are embedded again, and the results dropped: the keys of a large archive are too many to send for
    the sake of the few files that it has twice. The files of a worker that dies are embedded by another one; closing the
    iterator cancels what no worker has begun. Raises ClusterError if there is no scheduler, no worker for `patience`
    seconds, or one that embeds differently from this machine; MissingError if Dask is not installed.
    """
    check_address(cluster.address)
    companions = tuple(companion.trunk_name for companion in more)
    order = Order(__version__, cluster.model, model.trunk_name, windows, limits, companions)
    with _connected(cluster.address) as client:
        from distributed import as_completed

        _wait_for_worker(client, cluster.address, patience)
        _check_versions(client)

        def submit(path: Path) -> Future[Any]:
            return client.submit(embed, order, os.fsencode(path), pure=False)

        waiting = iter(paths)
        under_way = {submit(path): path for path in islice(waiting, submitted)}
        completed = as_completed(under_way, loop=client.loop, with_results=True, raise_errors=False)
        lacking: Counter[str] = Counter()  # files in a row, by worker
        silent_since = time.monotonic()
        while under_way:
            with uninterrupted():  # an exception in a future's finalizer, which Python calls here, would be lost
                ready = [(under_way.pop(future), future.status, outcome) for future, outcome in completed.next_batch(False)]
            if ready:
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since > SILENCE:
                _wait_for_worker(client, cluster.address, patience)
                silent_since = time.monotonic()
            else:
                time.sleep(INTERVAL)
            for path, status, outcome in ready:
                result: Embedded | NotEmbedded
                if status == "error":
                    result = _failed(client, path, outcome[1])
                elif status == "cancelled":
                    raise ClusterError(f"{cluster.address}: the scheduler is gone")
                else:
                    worker, embedded = outcome
                    result = _judged(path, worker, embedded, known, lacking)
                # Only now, when the caller has taken the previous ones: a slow caller is not overwhelmed by results.
                for following in islice(waiting, 1):
                    future = submit(following)
                    under_way[future] = following
                    completed.add(future)
                yield result


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Yield a client of the scheduler, which the workers forget when it is closed. Raises ClusterError, MissingError."""
    with extra("dask"):
        import distributed
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:  # they would report a lost connection, which is reported here in one line
        logger.setLevel(logging.CRITICAL + 1)
    try:
        if address.startswith("tls:") and not distributed.Security().get_connection_args("client")["ssl_context"]:
            raise ClusterError(f"{address}: no certificates; distributed.comm.tls in Dask's configuration names them")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
                client = distributed.Client(address, timeout=CONNECTING, set_as_default=False)
        except OSError as error:
            raise ClusterError(f"{address}: no scheduler answers there; `dask scheduler` starts one") from error
        try:
            yield client
        except OSError as error:
            raise ClusterError(f"{address}: the scheduler is gone") from error
        finally:
            with contextlib.suppress(Exception):  # it is already gone, or as good as gone
                if client.status == "running":
                    client.run(forget)
                client.close(timeout=CONNECTING)
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _wait_for_worker(client: Client, address: str, patience: float) -> None:
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError as error:
        raise ClusterError(f"{address}: it has no workers; `dask worker {address}` starts one") from error


def _check_versions(client: Client) -> None:
    """Raise ClusterError if a machine of the cluster lacks this package, or has another version of it."""
    # With a function of Python's own, which machines without the package also have.
    ask = partial(resolve_name, "deejai_core:__version__")
    versions = {f"worker {worker}": version for worker, version in client.run(ask, on_error="return").items()}
    try:
        versions["the scheduler"] = client.run_on_scheduler(ask)
    except ImportError as error:
        versions["the scheduler"] = error
    for where, version in versions.items():
        if isinstance(version, Exception):
            raise ClusterError(
                f"{where} cannot use deejai ({_one_line(version)}); "
                f"pip install 'beets-deejai[dask]=={__version__}' there, and start it again"
            )
        if version != __version__:
            raise ClusterError(
                f"{where} has deejai {version}, but this machine has {__version__}; install the same on both"
            )


def _failed(client: Client, path: Path, error: Exception) -> NotEmbedded:
    """Return the result for a file whose task failed. Raises ClusterError if the file is not at fault."""
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        times = error.allowed_failures + 1
        return NotEmbedded(path, f"the worker died on it, {times} {'time' if times == 1 else 'times'}", lasting=False)
    if not isinstance(error, DeejaiError):
        _check_versions(client)  # of a worker that joined later, most likely
        raise ClusterError(f"the cluster failed ({type(error).__name__}: {_one_line(error)})") from error
    raise error


def _judged(
    path: Path, worker: str, result: Embedded | NotEmbedded, known: Container[str], lacking: Counter[str]
) -> Embedded | NotEmbedded:
    """Return a worker's result, judged from here. Raises ClusterError if the worker seems to have no music at all."""
    if isinstance(result, Unshared):
        if not path.exists():
            return NotEmbedded(path, result.reason, lasting=False)  # missing here as well
        lacking[worker] += 1
        # It would fail each of them at once, and soon have received all files.
        if lacking[worker] >= STRANGER:
            raise ClusterError(f"worker {worker} finds none of the files; does it share the music folder?")
        return replace(result, reason=f"worker {worker}: {result.reason}; does it share the music folder?")
    lacking[worker] = 0
    if isinstance(result, NotEmbedded):
        return result if result.lasting else replace(result, reason=f"worker {worker}: {result.reason}")
    return Embedded(path, result.key, None) if result.key in known else result


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def embed(order: Order, path: bytes) -> tuple[str, Embedded | NotEmbedded]:
    """Return, on a worker, its address and its result. Raises ClusterError if it cannot embed as it should."""
    from distributed import get_worker

    worker = get_worker().address
    try:
        return worker, _embedder(order).embed(Path(os.fsdecode(path)))
    except DeejaiError as error:
        raise ClusterError(f"worker {worker}: {error}") from error


def forget() -> None:
    """Release models and decoders, on a worker, once it has no current files."""
    _cached_embedder.cache_clear()


class Embedder:
    """What a worker embeds with: a model, and as many decoders as it has working threads."""

    def __init__(self, order: Order) -> None:
        if order.version != __version__:
            raise ClusterError(
                f"it has deejai {__version__}, but this machine has {order.version}; install the same on both"
            )
        model = load_model(order.model, Path(order.model).parent, download=False)
        companions = {companion.trunk_name: companion for companion in model.more}
        networks: dict[str, Trunk] = {model.trunk_name: model, **companions}
        if order.trunk_name not in networks or not companions.keys() >= set(order.more):
            raise ClusterError(
                f"{order.model} is {model.trunk_name} there and {order.trunk_name} here; copy the model's folder"
            )
        self._model = networks[order.trunk_name]
        self._more = [companions[name] for name in order.more]
        for network in (self._model, *self._more):
            network.load()
        self._order = order
        self._decoders: queue.SimpleQueue[Decoder] = queue.SimpleQueue()  # those that no thread is using
        weakref.finalize(self, _close_all, self._decoders)

    def embed(self, path: Path) -> Embedded | NotEmbedded:
        """Embed like `embed_file`, but raise nothing that a file causes."""
        try:
            decoder = self._decoders.get_nowait()
        except queue.Empty:
            decoder = self._order.limits.decoder()
        try:
            return embed_file(path, self._model, decoder, windows=self._order.windows, more=self._more)
        except AudioError as error:
            if not isinstance(error, UnavailableError):
                return NotEmbedded(path, str(error), lasting=True)
            kind = NotEmbedded if os.access(path, os.R_OK) else Unshared
            return kind(path, str(error), lasting=False)
        finally:
            self._decoders.put(decoder)


def _close_all(decoders: queue.SimpleQueue[Decoder]) -> None:
    while not decoders.empty():
        decoders.get().close()


@lru_cache(maxsize=2)  # one for each run that the cluster is likely to serve at a time
def _cached_embedder(order: Order) -> Embedder:
    return Embedder(order)


def _embedder(order: Order) -> Embedder:
    with LOADING:  # a worker's threads share one model
        return _cached_embedder(order)

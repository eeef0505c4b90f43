"""A value computed from a library, and computed again in the background whenever the library has changed."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from deejai_core.errors import DeejaiError
from deejai_core.library import Library

PATIENCE = 10  # times the time that it takes to compute, which must pass before it is computed again

Made = TypeVar("Made")

log = logging.getLogger(__name__)


class Following(Generic[Made]):
    """A value that follows the library.

    Several threads may ask for it at once. The constructor computes it for the first time.
    """

    def __init__(self, library: Library, make: Callable[[], Made]) -> None:
        self._library = library
        self._make = make
        self._making = threading.Lock()
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="deejai-web")
        self._made: Made | None = None
        self._at = self._took = 0.0  # when it was last computed, on the monotonic clock, and the seconds that this took
        self._seen: Hashable = None  # the stamp of the library when it was last looked at
        self.error: DeejaiError | None = None  # why the last computation failed
        self.renew()

    def close(self) -> None:
        """Wait for a computation in progress."""
        self._maker.shutdown()

    @contextlib.contextmanager
    def unnoticed(self) -> Iterator[None]:
        """Keep our own changes to the library, in this block, from causing a new computation."""
        fresh = self._seen == self._library.stamp()
        yield
        if fresh:
            self._seen = self._library.stamp()

    def renew(self) -> None:
        """Compute the value again now. If that fails, the old value stays and `error` says why."""
        with self._making:
            self._renew()

    def latest(self) -> Made | None:
        """Return the last value, or None if there never was one. If the library has changed, start computing it again."""
        made = self._made
        patient = made is not None and time.monotonic() - self._at < PATIENCE * self._took
        if not patient and self._seen != self._library.stamp() and self._making.acquire(blocking=False):
            self._maker.submit(self._renew_locked)
        return made

    def _renew_locked(self) -> None:
        try:
            self._renew()
        except Exception as error:  # in the background, nobody else would learn of it
            log.error("what is made of the library stays as it was", exc_info=error)
        finally:
            self._making.release()

    def _renew(self) -> None:
        self._seen = self._library.stamp()
        start = time.monotonic()
        try:
            self._made = self._make()
            self._at = time.monotonic()
            self._took = self._at - start
            self.error = None
        except DeejaiError as error:
            self.error = error
            if is_busy(error):
                self._seen = None  # so that it is tried again


def is_busy(error: DeejaiError) -> bool:
    """Return whether another program has locked the library."""
    return isinstance(error.__cause__, sqlite3.OperationalError)

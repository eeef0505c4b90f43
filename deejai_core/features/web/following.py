"""What is made of a library, and made anew, in the background, whenever the library has changed."""

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

PATIENCE = 10  # times as long as it takes to make, that must lie between two makings

Made = TypeVar("Made")

log = logging.getLogger(__name__)


class Following(Generic[Made]):
    """Asked by several threads at once. It is made for the first time by whoever makes this."""

    def __init__(self, library: Library, make: Callable[[], Made]) -> None:
        self._library = library
        self._make = make
        self._making = threading.Lock()
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="deejai-web")
        self._made: Made | None = None
        self._at = self._took = 0.0  # when it was made, on the clock that never goes back, and in how many seconds
        self._seen: Hashable = None  # the stamp of the library when it was last looked at
        self.error: DeejaiError | None = None  # why it could not be made the last time
        self.renew()

    def close(self) -> None:
        """Wait for what is being made."""
        self._maker.shutdown()

    @contextlib.contextmanager
    def unnoticed(self) -> Iterator[None]:
        """Around a change to the library of one's own, for which it need not be made anew."""
        fresh = self._seen == self._library.stamp()
        yield
        if fresh:
            self._seen = self._library.stamp()

    def renew(self) -> None:
        """Make it anew now. What cannot be made (any more) stays as it was, and `error` says why."""
        with self._making:
            self._renew()

    def latest(self) -> Made | None:
        """What was last made; None if it never could be. If the library has changed since, it is made anew meanwhile."""
        made = self._made
        patient = made is not None and time.monotonic() - self._at < PATIENCE * self._took
        if not patient and self._seen != self._library.stamp() and self._making.acquire(blocking=False):
            self._maker.submit(self._renew_locked)
        return made

    def _renew_locked(self) -> None:
        try:
            self._renew()
        except Exception as error:  # in the background, where nobody else would hear of it
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
                self._seen = None  # to be tried again


def is_busy(error: DeejaiError) -> bool:
    """Whether another program has locked the library."""
    return isinstance(error.__cause__, sqlite3.OperationalError)

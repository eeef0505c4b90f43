"""Delays ctrl-C until a write is complete."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Run the block to its end: a ctrl-C during it takes effect afterwards.

    For transactions that rely on locks in Python code, as those of some libraries do: an exception between two of its lines
    would leave a lock held, and then the next transaction, or the end of this one, would wait without end.
    """
    heed = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(heed):
        yield  # it raises no exception here
        return
    came = []
    signal.signal(signal.SIGINT, lambda *call: came.append(call))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heed)
    if came:
        heed(*came[0])

"""Ctrl-C, but not in the middle of a write."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uninterrupted() -> Iterator[None]:
    """What is inside is done to its end: a ctrl-C that comes meanwhile is heeded afterwards.

    For transactions that are held together by locks of Python code, as some libraries' are: an exception out of nowhere
    between two of its lines leaves one locked, and then the next transaction, or the end of that one, waits for ever.
    """
    heed = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(heed):
        yield  # here no exception comes of it
        return
    came = []
    signal.signal(signal.SIGINT, lambda *call: came.append(call))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heed)
    if came:
        heed(*came[0])

"""Ctrl-C in the middle of a write."""

from __future__ import annotations

import signal
import threading

import pytest

from deejai_core.interrupts import uninterrupted


@pytest.fixture(autouse=True)
def heeded():
    """As on a terminal, whatever the tests run under."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def write(done: list[str], error: Exception | None = None) -> None:
    """Interrupted before it is finished."""
    with uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("written")
        if error:
            raise error


def test_it_is_heeded_afterwards():
    done = []
    with pytest.raises(KeyboardInterrupt):
        write(done)
    assert done == ["written"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_comes_first():
    with pytest.raises(OSError, match="disk is full"):
        write([], OSError("disk is full"))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_it_is_ignored_it_stays_so():
    done = []
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    write(done)
    assert done == ["written"]


def test_other_threads_are_never_interrupted():
    done = []

    def in_thread():
        with uninterrupted():
            done.append("written")

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    assert done == ["written"]

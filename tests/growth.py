"""How the CPU time of a piece of work grows with the size of its input."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

DOUBLINGS = 3
LINEAR = 24  # where 8 times the input takes less than this many times as long, it is no quadratic 64 times
RUNS = 5


def growth(work: Callable[[Input], object], make: Callable[[int], Input], size: int = 2000) -> float:
    """The CPU time for an input of 8 times the size, as a multiple of that for `size`: about 8 if linear, 64 if quadratic.

    Each time is the least of five runs of this thread, so a busy machine makes no difference.
    size: large enough for the work to outweigh its fixed costs, small enough that a quadratic version ends within seconds.
    """
    inputs = [make(size), make(size << DOUBLINGS)]
    for given in inputs:
        work(given)  # caches and lazy imports
    runs = [[_seconds(work, given) for given in inputs] for _ in range(RUNS)]
    small, large = (min(times) for times in zip(*runs, strict=True))
    return large / small


def _seconds(work: Callable[[Input], object], given: Input) -> float:
    start = time.thread_time()
    work(given)
    return time.thread_time() - start

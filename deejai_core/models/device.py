"""Where a network runs, and on how many threads: on the processor, unless asked for something else, and on one."""

from __future__ import annotations

import threading

from deejai_core.errors import ModelError
from deejai_core.extras import extra

CPU = "cpu"
DEVICES = ("auto", CPU, "cuda", "mps")

# Mel slices through a network at once where that is not the CPU. MusiCNN's large filters decide: an H200 embeds 21,600 a
# second in batches of 32 and 3,500 in batches of 128, for which cuDNN takes another way and 6.6 GB of memory instead of
# 0.1. The network of Deej-A.I. would be a third faster with 128, but its 30,500 a second are far more than anybody can
# decode.
AT_ONCE = 32

_told = threading.local()  # in which threads BLAS has been told


def pick_device(name: str) -> str:
    """The device that one of `DEVICES` means here; "auto" is the first graphics processor there is, else the CPU.

    Only on the CPU a file has the same numbers, to the last bit, whatever else is embedded. Raises ModelError if the device
    is not there, MissingError if torch, which all but the CPU needs, is not installed.
    """
    if name == CPU:
        return CPU
    try:
        with extra("gpu"):
            import torch
    except OSError as error:  # a shared library of its is missing
        raise ModelError(
            f"device: torch cannot be loaded ({error}), and only cpu works without it; reinstall it"
        ) from error

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return pick_device(next((device for device, usable in there.items() if usable), CPU))
    if name not in there:
        raise ModelError(f"device: unknown device {name!r}; choose one of {', '.join(DEVICES)}")
    if not there[name]:
        raise ModelError(f"device: torch finds no {name} here; choose auto or cpu")
    if name == "cuda":
        torch.backends.cudnn.allow_tf32 = False  # ten bits of a number are too few to agree with the CPU
    return name


def use_one_thread() -> None:
    """From now on matrix products that this thread asks numpy for are computed by it alone; to be called in each thread.

    A file's numbers must not depend on how many cores there are. And threads of our own keep the cores as busy, with all
    steps and not the product alone, where those of BLAS wait for each other at every product: on a machine that has other
    things to do, that takes several times as long.

    Some BLAS libraries take it as said for all threads of the process (OpenBLAS as numpy has it from pip), some for the one
    that says it (MKL), and Apple's Accelerate cannot be told. Raises ModelError if threadpoolctl is missing.
    """
    if getattr(_told, "yes", False):
        return
    import numpy as np  # noqa: F401  # only libraries that are loaded can be told

    try:
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise ModelError(f"cannot analyse audio: {error}; reinstall beets-deejai") from error
    threadpool_limits(1, "blas")
    _told.yes = True

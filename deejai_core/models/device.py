"""Where a network runs, and on how many threads: by default on the CPU, and on one."""

from __future__ import annotations

import threading

from deejai_core.errors import ModelError
from deejai_core.extras import extra

CPU = "cpu"
DEVICES = ("auto", CPU, "cuda", "mps")

# Mel slices through a network at once on a graphics processor. MusiCNN's large filters decide: an H200 embeds 21,600 per
# second in batches of 32 and 3,500 in batches of 128, for which cuDNN uses another algorithm and 6.6 GB of memory instead
# of 0.1. The network of Deej-A.I. would be a third faster with 128, but its 30,500 per second are far more than any machine
# can decode.
AT_ONCE = 32

_told = threading.local()  # the threads in which BLAS has been limited


def pick_device(name: str) -> str:
    """Return the device that one of `DEVICES` means here; "auto" is the first graphics processor, or else the CPU.

    Only on the CPU does a file have the same numbers, to the last bit, whatever else is embedded. Raises ModelError if the
    device is missing, MissingError if torch, which all devices except the CPU need, is not installed.
    """
    if name == CPU:
        return CPU
    try:
        with extra("gpu"):
            import torch
    except OSError as error:  # one of its shared libraries is missing
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
    """Make numpy compute matrix products of this thread on this thread alone; to be called in each thread.

    A file's numbers must not depend on the number of cores. Besides, our own threads keep the cores as busy, in all steps
    and not only in the product, while those of BLAS wait for each other at every product: on a machine that runs other
    programs, this takes several times as long. Some BLAS libraries apply the limit to all threads of the process (OpenBLAS
    as numpy has it from pip), some to the calling one (MKL), and Apple's Accelerate has no limit. Raises ModelError if
    threadpoolctl is missing.
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

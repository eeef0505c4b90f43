"""Where a network runs: on the processor, unless asked for something else."""

from __future__ import annotations

import functools

from deejai_core.errors import ModelError

CPU = "cpu"
DEVICES = ("auto", CPU, "cuda", "mps")


def pick_device(name: str) -> str:
    """The device that one of `DEVICES` means here; "auto" is the first graphics processor there is, else the CPU.

    Only on the CPU a file has the same numbers, to the last bit, whatever else is heard. Raises ModelError if the device is
    not there.
    """
    if name == CPU:
        return CPU
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library of its is missing
        raise ModelError(f"device: torch cannot be loaded ({error}); set it to cpu, or reinstall beets-deejai") from error

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return next((device for device, usable in there.items() if usable), CPU)
    if name not in there:
        raise ModelError(f"device: no such device as {name!r}; there is: {', '.join(DEVICES)}")
    if not there[name]:
        raise ModelError(f"device: torch finds no {name} here; auto takes what there is")
    if name == "cuda":
        torch.backends.cudnn.allow_tf32 = False  # ten bits of a number are too few to agree with the CPU
    return name


@functools.cache
def use_one_thread() -> None:
    """From now on each matrix product of numpy's is computed by the thread that asks for it.

    A file's numbers must not depend on how many cores there are, and files analysed at once would fight over them.
    """
    import numpy as np  # noqa: F401  # only libraries that are loaded can be told
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, "blas")

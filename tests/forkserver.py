"""Many short `beet` commands without paying for its imports each time.

A server that has imported beets and the plugin, and done nothing else, forks a child for each command. The child is a
process with its own environment, working directory, output and exit status; only its interpreter is not a fresh one. What
depends on that (PYTHON* and locale variables, the seed of hashes, which modules a command imports) needs a real start.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import time
import warnings
from functools import cache
from pathlib import Path
from typing import IO

# Read by the interpreter or by a library as it starts, so that a child of the server would not heed them.
READ_AT_START = ("PYTHON", "LC_", "LANG", "OMP_", "OPENBLAS_", "MKL_", "LD_", "HF_")
AVAILABLE = hasattr(os, "pidfd_open")  # Linux
BEET = Path(sys.executable).with_name("beet")

# What some commands import besides, which the server then imports before the first of them.
HEAVY = {
    "map": ("openTSNE",),
    "train": ("gensim.models.word2vec", "torch"),
    "mix": ("pyloudnorm", "soundfile"),
}


class ForkServer:
    """The server, from the outside."""

    def __init__(self, script: Path) -> None:
        """script: the console script that a command stands for."""
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, script, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def close(self) -> None:
        self._channel.close()
        self._process.wait()

    def start(self, args: list[str], *, env: dict[str, str], cwd: Path, stdout: int, stderr: int) -> Child:
        """Start a command. stdout, stderr: descriptors, of which the caller's copies stay open."""
        report, theirs = os.pipe()
        try:
            request = json.dumps({"args": args, "env": env, "cwd": str(cwd)}).encode()
            socket.send_fds(self._channel, [request], [stdout, stderr, theirs])
        finally:
            os.close(theirs)
        return Child(report)

    def run(self, args: list[str], *, env: dict[str, str], cwd: Path) -> tuple[bytes, bytes, int]:
        """What a command with these arguments writes to its standard output and error, and its exit status."""
        ours, theirs = zip(os.pipe(), os.pipe(), strict=True)
        try:
            child = self.start(args, env=env, cwd=cwd, stdout=theirs[0], stderr=theirs[1])
        finally:
            for file in theirs:
                os.close(file)
        out, err = read_all(ours)
        return out, err, child.wait()


class Child:
    """A command that was started, as `subprocess.Popen` has it."""

    def __init__(self, report: int) -> None:
        """report: tells the number of the process as a line, and its exit status as another one when it has ended."""
        self._report = os.fdopen(report, "rb", buffering=0)
        self.pid = int(self._report.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._report, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired("beet", timeout)
            self.returncode = int(self._report.readline() or "-999")  # nothing: the server has ended
            self._report.close()
        return self.returncode

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def forkserver() -> ForkServer:
    """The one of this process."""
    return ForkServer(BEET)


def needs_fresh(env: dict[str, str]) -> bool:
    """Whether a command with these variables of its own cannot be forked."""
    return not AVAILABLE or any(name.startswith(READ_AT_START) for name in env if name != "PYTHONUNBUFFERED")


def start_beet(*args: object, env: dict[str, str], cwd: Path, output: IO) -> subprocess.Popen | Child:
    """Start `beet ARGS`, forked where that is possible. env: on top of this process's. output: a file."""
    words, whole = list(map(str, args)), os.environ | env
    if needs_fresh(env):
        return subprocess.Popen(
            [BEET, *words], env=whole, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    return forkserver().start(words, env=whole, cwd=cwd, stdout=output.fileno(), stderr=output.fileno())


def read_all(pipes: tuple[int, ...]) -> list[bytes]:
    """What comes out of each pipe until it is closed."""
    found = dict.fromkeys(pipes, b"")
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                data = os.read(key.fd, 1 << 16)
                found[key.fd] += data
                if not data:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return list(found.values())


def serve(channel: socket.socket) -> None:
    """Fork for each request until the channel is closed. Returns in the children alone, each as the process asked for."""
    selector = selectors.DefaultSelector()
    selector.register(channel, selectors.EVENT_READ)
    running: dict[int, tuple[int, int]] = {}  # pidfd: process, where its status is to be told
    while True:
        for key, _ in selector.select():
            if key.fd != channel.fileno():
                process, report = running.pop(key.fd)
                selector.unregister(key.fd)
                os.close(key.fd)
                status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
                with contextlib.suppress(BrokenPipeError):
                    os.write(report, b"%d\n" % status)
                os.close(report)
                continue
            request, files, _, _ = socket.recv_fds(channel, 1 << 20, 3)
            if not request:
                sys.exit()
            wanted = json.loads(request)
            for verb in wanted["args"][1:2]:
                load(*HEAVY.get(verb, ()))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of threads: OpenBLAS ends its own before a fork
                process = os.fork()
            if not process:
                selector.close()
                channel.close()
                for file in running:
                    os.close(file)
                for _, report in running.values():
                    os.close(report)
                become(files, **wanted)
                return
            *streams, report = files
            for file in streams:
                os.close(file)
            os.write(report, b"%d\n" % process)
            handle = os.pidfd_open(process)
            running[handle] = process, report
            selector.register(handle, selectors.EVENT_READ)


def become(files: list[int], *, args: list[str], env: dict[str, str], cwd: str) -> None:
    """Make this process the one that was asked for. files: standard output, standard error, the report."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(files[0], 1)
    os.dup2(files[1], 2)
    for file in files:
        os.close(file)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    sys.argv[1:] = args
    if env.get("PYTHONUNBUFFERED"):
        sys.stdout.reconfigure(write_through=True)


def main() -> None:
    script, channel = sys.argv[1:]
    sys.argv = [script]
    sys.path[0] = str(Path(script).parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for whoever started this
    preload()
    serve(socket.socket(fileno=int(channel)))
    from beets.ui import main

    sys.exit(main())


def preload() -> None:
    import beets
    import beets.autotag
    import beets.importer
    import beets.ui.commands

    import beetsplug.deejai
    import deejai_core

    for package in beetsplug.deejai, deejai_core:
        load(*(module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")))
    load("annoy", "threadpoolctl", "safetensors", "filelock")
    assert not beets.config._materialized  # the configuration is each command's own


def load(*modules: str) -> None:
    """Import what is not imported yet, for the children to share."""
    for module in modules:
        if module not in sys.modules:
            with contextlib.suppress(ImportError):  # of what an extra brings
                importlib.import_module(module)
    gc.freeze()


if __name__ == "__main__":
    main()

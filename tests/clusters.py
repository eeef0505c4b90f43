"""A scheduler and workers of Dask, each a process of its own on this machine, as users start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

DASK = Path(sys.executable).with_name("dask")
PATIENCE = 120  # seconds: how slow a busy machine may be


class LocalCluster:
    """A scheduler at a free port of loopback. A context manager, which ends all that it has started.

    folder: for logs and what workers put on disk. env: of the scheduler.
    """

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True)
        self._processes: list[subprocess.Popen] = []
        self._file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", env=env)
        wait_for(lambda: self._file.exists() and self._file.read_text().endswith("}"))  # and is written to its end
        self.address = json.loads(self._file.read_text())["address"]

    def __enter__(self) -> LocalCluster:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def worker(self, *prefix: object, **env: str) -> subprocess.Popen:
        """Another worker of one thread, which the scheduler knows by now; prefix: the command that it is an argument of."""
        before = self._registered()
        process = self._start("worker", "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", prefix=prefix, env=env)
        wait_for(lambda: self._registered() > before)
        return process

    def _start(self, kind: str, *args: str, prefix: tuple = (), env: dict[str, str]) -> subprocess.Popen:
        command = [DASK, kind, *args, "--no-dashboard", "--scheduler-file", self._file]
        if kind == "worker":
            command += ["--local-directory", self.folder]
        with (self.folder / f"{kind}.log").open("a") as log:
            process = subprocess.Popen(
                [*map(str, prefix), *map(str, command)],
                env=os.environ | env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        return process

    def _registered(self) -> int:
        return (self.folder / "scheduler.log").read_text().count("Starting worker compute stream")


def wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.02)

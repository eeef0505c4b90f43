"""Audio files that somebody drops onto the page: stored only while they are embedded."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from deejai_core.features.web.guard import LARGEST_UPLOAD
from deejai_core.features.web.library import RefusedError
from deejai_core.refusals import reason_of, with_remedy

MOST_AT_ONCE = 4  # a file that the browser cannot play arrives twice: to be embedded, and to be transcoded
MOST_SECONDS = 600  # seconds in which a file must arrive
CHUNK = 1 << 20


class Uploads:
    """folder: used by this server alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)

    def clear(self) -> None:
        """Remove what a killed server left. Call it only if no other server can be running, as this one has the port."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def received(self, body: IO[bytes], name: str) -> Iterator[Path]:
        """Store a body in a file, which is removed after the block.

        name: the original name of the file. Raises RefusedError.
        """
        if not self._free.acquire(blocking=False):
            raise RefusedError("the server is analysing other files; try again in a moment", 503)
        try:
            suffix = Path(name).suffix.lower()
            path = self.folder / (secrets.token_hex(8) + (suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""))
            try:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                _copy(body, path)
                yield path
            finally:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise RefusedError(with_remedy(f"the file cannot be stored ({reason_of(error)})", error), 507) from error
        finally:
            self._free.release()


def _copy(body: IO[bytes], path: Path) -> None:
    size, deadline = 0, time.monotonic() + MOST_SECONDS
    with path.open("xb") as file:
        while chunk := body.read(CHUNK):
            size += len(chunk)
            if size > LARGEST_UPLOAD:
                raise RefusedError(f"the file is too large; the limit is {LARGEST_UPLOAD // 1_000_000} MB", 413)
            if time.monotonic() > deadline:
                raise RefusedError("the file takes too long to arrive", 408)
            file.write(chunk)
    if not size:
        raise RefusedError("the file is empty")

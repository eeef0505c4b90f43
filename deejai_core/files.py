"""Files that are replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it takes the place of `path` when the block ends without an error.

    Whoever reads `path` meanwhile, or after a crash, sees the old file whole. Its permissions are kept. A symbolic link is
    followed. Raises OSError as the file system does.
    """
    target = path.resolve()
    # Not derived from the name, which may be as long as a name can be.
    temporary = target.with_name(f".deejai-{secrets.token_hex(8)}")
    try:
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise

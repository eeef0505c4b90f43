"""Mopidy's URIs: of files, and of this extension.

A URI of this extension is `deejai:` and a verb, with each of its parts after another colon: `deejai:similar:Roxanne`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

SCHEME = "deejai"
RADIO = "radio"  # the verb of a song that a radio begins with
LOCAL = "local:track:"
FILE = re.compile(r"file:(?://[^/]*)?([^?#]*)")  # unlike urlsplit, it accepts anything, as tracklists may contain anything


def uri_of(verb: str, *parts: str) -> str:
    """Return a URI of this extension. Parts may contain bytes that are not text, as os.fsdecode returns them."""
    return ":".join([SCHEME, verb, *(quote_from_bytes(os.fsencode(part), safe="") for part in parts)])


def parts_of(uri: str) -> tuple[str, tuple[str, ...]]:
    """Return the verb and the parts of a URI of this extension; ("", ()) for another one."""
    scheme, *rest = uri.split(":")
    if scheme != SCHEME or not rest:
        return "", ()
    verb, *parts = rest
    return verb, tuple(_unquoted(part) for part in parts)


@dataclass(frozen=True)
class Files:
    """The URIs with which Mopidy plays files.

    folder: that of Mopidy-Local, if it is on. only_local: whether only Mopidy-Local plays files, because Mopidy-File is
    off.
    """

    folder: Path | None = None
    only_local: bool = False

    def uri(self, path: Path) -> str:
        if self.only_local and self.folder and path.is_relative_to(self.folder):
            return LOCAL + quote_from_bytes(os.fsencode(path.relative_to(self.folder)))
        return path.as_uri()

    def path(self, uri: str) -> Path | None:
        """Return the absolute path of the file that a URI means, or None. Any text may be a URI here."""
        path = self._named(uri)
        return path if path and path.is_absolute() and "\0" not in str(path) else None

    def _named(self, uri: str) -> Path | None:
        """Return the path in a URI of any form."""
        if file := FILE.match(uri):
            return Path(_unquoted(file[1]))
        if uri.startswith(LOCAL) and self.folder:
            return self.folder / _unquoted(uri.removeprefix(LOCAL))
        match parts_of(uri):
            case (verb, (path,)) if verb == RADIO:
                return Path(path)
        return None


def files_of(config: Mapping[str, Any]) -> Files:
    """Return the URIs with which a Mopidy with this configuration plays files."""
    local, file = config.get("local") or {}, config.get("file") or {}
    folder = local.get("media_dir") if local.get("enabled", True) else None
    return Files(Path(folder) if folder else None, only_local=not file.get("enabled", False))


def is_radio(uri: str) -> bool:
    """Return whether a URI is that of a song that a radio begins with."""
    verb, parts = parts_of(uri)
    return verb == RADIO and len(parts) == 1


def _unquoted(text: str) -> str:
    return os.fsdecode(unquote_to_bytes(text))

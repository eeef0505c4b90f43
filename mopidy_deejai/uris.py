"""What Mopidy knows things by: files, and what this extension has of its own.

A URI of this extension is `deejai:` and a verb, and each of its parts after another colon: `deejai:similar:Roxanne`.
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
FILE = re.compile(r"file:(?://[^/]*)?([^?#]*)")  # unlike urlsplit, it refuses nothing: a tracklist may hold anything


def uri_of(verb: str, *parts: str) -> str:
    """A URI of this extension. Parts may hold bytes that are no text, as os.fsdecode gives them."""
    return ":".join([SCHEME, verb, *(quote_from_bytes(os.fsencode(part), safe="") for part in parts)])


def parts_of(uri: str) -> tuple[str, tuple[str, ...]]:
    """The verb and the parts of a URI of this extension; ("", ()) for another one."""
    scheme, *rest = uri.split(":")
    if scheme != SCHEME or not rest:
        return "", ()
    verb, *parts = rest
    return verb, tuple(_unquoted(part) for part in parts)


@dataclass(frozen=True)
class Files:
    """By which URIs Mopidy plays files.

    folder: that of Mopidy-Local, if it is on. only_local: whether it is the one that plays files, since Mopidy-File is off.
    """

    folder: Path | None = None
    only_local: bool = False

    def uri(self, path: Path) -> str:
        if self.only_local and self.folder and path.is_relative_to(self.folder):
            return LOCAL + quote_from_bytes(os.fsencode(path.relative_to(self.folder)))
        return path.as_uri()

    def path(self, uri: str) -> Path | None:
        """The absolute path of the file that a URI stands for; None: it stands for none. Any text may be a URI here."""
        path = self._named(uri)
        return path if path and path.is_absolute() and "\0" not in str(path) else None

    def _named(self, uri: str) -> Path | None:
        """The path in a URI, whatever it is like."""
        if file := FILE.match(uri):
            return Path(_unquoted(file[1]))
        if uri.startswith(LOCAL) and self.folder:
            return self.folder / _unquoted(uri.removeprefix(LOCAL))
        match parts_of(uri):
            case (verb, (path,)) if verb == RADIO:
                return Path(path)
        return None


def files_of(config: Mapping[str, Any]) -> Files:
    """By which URIs a Mopidy of this configuration plays files."""
    local, file = config.get("local") or {}, config.get("file") or {}
    folder = local.get("media_dir") if local.get("enabled", True) else None
    return Files(Path(folder) if folder else None, only_local=not file.get("enabled", False))


def is_radio(uri: str) -> bool:
    """Whether it is that of a song that a radio begins with."""
    verb, parts = parts_of(uri)
    return verb == RADIO and len(parts) == 1


def _unquoted(text: str) -> str:
    return os.fsdecode(unquote_to_bytes(text))

"""Exports of services, as files, folders and archives, and what is read of them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from deejai_core.errors import HistoryError
from deejai_core.history.mentions import Play, SongList
from deejai_core.history.sources import read_path


def read(path: Path) -> tuple[list[SongList | Play], list[str]]:
    """What a path gives, and the warnings, without the folder's name."""
    warnings: list[str] = []
    found = list(read_path(path, on_warning=warnings.append))
    return found, [warning.replace(f"{path.parent}/", "") for warning in warnings]


def as_json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode()


def as_lines(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def folder(path: Path, **contents: bytes) -> Path:
    """A folder of files; __ in a name is a dot, and / is one."""
    for name, content in contents.items():
        file = path / name.replace("__", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


def zipped(path: Path, contents: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def refusal(path: Path) -> str:
    """Why it was refused; empty if it was not."""
    try:
        read(path)
    except HistoryError as error:
        return str(error)
    return ""

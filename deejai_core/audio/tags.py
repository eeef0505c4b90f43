"""Tags, comments and duration of an audio file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deejai_core.audio.container import open_container

if TYPE_CHECKING:
    from mutagen import FileType


LONGEST = 1000  # characters of an artist or a title


@dataclass(frozen=True)
class Tags:
    """What a player would show. Artist may be empty, title is the file's name if it has none; length in seconds or None."""

    artist: str
    title: str
    length: float | None


def read_tags(path: Path) -> Tags:
    """The tags of a file; a file without readable tags has its name for a title."""
    import mutagen  # dozens of modules that only this needs

    try:
        file = mutagen.File(path, easy=True)
        return Tags("", path.stem, None) if file is None else _tags_of(file, path)
    except MemoryError:
        raise
    except Exception:  # of a damaged file, mutagen raises whatever its parsers stumble over
        return Tags("", path.stem, None)


def _tags_of(file: FileType, path: Path) -> Tags:
    def first(*names: str) -> str:
        for name in names:
            if file.tags and (values := file.tags.get(name)):
                return str(values[0] if isinstance(values, list) else values)[:LONGEST]
        return ""

    # WAV and AIFF (ID3 frames), ASF and APEv2 have no "easy" names.
    artist = first("artist", "TPE1", "Author", "Artist")
    title = first("title", "TIT2", "Title")
    return Tags(artist, title or path.stem, file.info.length if 0 < file.info.length < math.inf else None)


def read_comments(path: Path) -> list[str]:
    """The comments in a file's tags, or in those of its streams. Raises AudioError, UnavailableError."""
    with open_container(path) as container:
        tags = [container.metadata, *(stream.metadata for stream in container.streams)]
    return [text[:LONGEST] for some in tags for name, text in some.items() if name.lower() == "comment"]

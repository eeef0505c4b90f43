"""Tags and duration of an audio file that is in no library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
    except mutagen.MutagenError:
        file = None
    if file is None:
        return Tags("", path.stem, None)

    def first(*names: str) -> str:
        for name in names:
            if file.tags and (values := file.tags.get(name)):
                return str(values[0] if isinstance(values, list) else values)
        return ""

    # WAV and AIFF (ID3 frames), ASF and APEv2 have no "easy" names.
    artist = first("artist", "TPE1", "Author", "Artist")
    return Tags(artist, first("title", "TIT2", "Title") or path.stem, file.info.length or None)

"""Metadata, comments and duration of an audio file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deejai_core.audio.container import open_container
from deejai_core.errors import AudioError

LONGEST = 1000  # characters of an artist or a title
MOST_GENRES = 20
LARGEST = 1_000_000  # a number in metadata; larger ones are nonsense

_DIGITS = re.compile(r"\s*(\d+)", re.ASCII)


@dataclass(frozen=True)
class Caption:
    """What a player would show. Artist may be empty; a file without a title has its name; length in seconds or None."""

    artist: str
    title: str
    length: float | None


@dataclass(frozen=True)
class Metadata:
    """The metadata of a file. Texts are empty, and numbers 0, if the file has none."""

    artist: str = ""
    albumartist: str = ""
    title: str = ""
    album: str = ""
    length: float = 0.0  # seconds
    recording: str = ""  # MusicBrainz recording id
    tempo: float = 0.0  # beats per minute
    key: str = ""  # as in the file: "Am", "8A"
    year: int = 0
    genres: str = ""  # separated by "; "
    disc: int = 0
    track: int = 0
    format: str = ""  # as in beets: "MP3", "Opus"; for formats that beets does not read, the file's suffix


def read_metadata(path: Path) -> Metadata:
    """Return the metadata of a file, read by MediaFile, or by FFmpeg for other files: Matroska, or a FLAC called .mp3.

    Raises AudioError if neither can read it, UnavailableError if it could not be read this time.
    """
    import mediafile

    try:
        file = mediafile.MediaFile(os.fsencode(path))
        return _metadata(
            {name: getattr(file, theirs) for name, theirs in _MEDIAFILE.items()},
            genres=file.genres,
            length=file.length,
            format_=file.format,
        )
    except MemoryError:
        raise
    except Exception:  # for a damaged file, its parsers raise errors of any kind
        with open_container(path) as container:
            stream = next(iter(container.streams.audio), None)
            length = container.duration / 1e6 if container.duration else 0.0
            said = (stream.metadata if stream else {}) | container.metadata
        said = {name.lower(): value for name, value in said.items()}
        return _metadata(
            {name: said.get(theirs) for name, theirs in _FFMPEG.items()},
            genres=[said.get("genre")],
            length=length,
            format_=path.suffix[1:].upper(),
        )


_MEDIAFILE = {
    "artist": "artist",
    "albumartist": "albumartist",
    "title": "title",
    "album": "album",
    "recording": "mb_trackid",
    "tempo": "bpm",
    "key": "initial_key",
    "year": "year",
    "disc": "disc",
    "track": "track",
}
_FFMPEG = {
    "artist": "artist",
    "albumartist": "album_artist",
    "title": "title",
    "album": "album",
    "year": "date",
    "disc": "disc",
    "track": "track",
}


def _metadata(said: Mapping[str, object], *, genres: list[Any] | None, length: float | None, format_: str) -> Metadata:
    """Return the metadata that can be stored: texts, and plausible numbers."""
    return Metadata(
        artist=_text(said.get("artist")),
        albumartist=_text(said.get("albumartist")),
        title=_text(said.get("title")),
        album=_text(said.get("album")),
        recording=_text(said.get("recording")),
        key=_text(said.get("key")),
        year=int(_number(said.get("year"))),
        disc=int(_number(said.get("disc"))),
        track=int(_number(said.get("track"))),
        tempo=_number(said.get("tempo")),
        genres="; ".join(filter(None, map(_text, (genres or [])[:MOST_GENRES])))[:LONGEST],
        length=_number(length),
        format=_text(format_),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value[:LONGEST].encode("utf-8", "replace").decode().replace("\0", " ").strip()


def _number(value: Any) -> float:
    """Return a number, or the one at the beginning of a text ("3/12", "1997-05-12"); 0 for anything else."""
    if isinstance(value, str):
        digits = _DIGITS.match(value[:LONGEST])
        value = digits[1] if digits else 0
    try:
        number = float(value or 0)
    except (TypeError, ValueError):
        return 0.0
    return number if 0 < number < LARGEST else 0.0


def read_caption(path: Path) -> Caption:
    """Return the caption of a file; without readable metadata, its title is its name."""
    try:
        metadata = read_metadata(path)
    except AudioError:
        return Caption("", path.stem, None)
    return Caption(metadata.artist, metadata.title or path.stem, metadata.length or None)


def read_comments(path: Path) -> list[str]:
    """Return the comments in a file's metadata, or in that of its streams. Raises AudioError, UnavailableError."""
    with open_container(path) as container:
        tags = [container.metadata, *(stream.metadata for stream in container.streams)]
    return [text[:LONGEST] for some in tags for name, text in some.items() if name.lower() == "comment"]

"""A picture in a file of its own, or inside an audio file, if it is what it says it is."""

from __future__ import annotations

import io
import os
from pathlib import Path

LARGEST = 20_000_000  # bytes
MOST_PIXELS = 50_000_000  # of which a browser makes 200 MB
LARGEST_AUDIO = 500_000_000  # bytes of a file whose tags are looked at

BEGINNING = 16  # bytes that tell what a file is


def read_picture(path: Path) -> bytes:
    """The picture that a file is, or that an audio file holds; nothing if there is none that may be shown.

    Raises OSError as the file system does.
    """
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
        data = beginning + file.read(LARGEST) if picture_type(beginning) else _embedded(path)
    return data if _may_be_shown(data) else b""


def picture_type(data: bytes) -> str | None:
    """The type that a picture's first bytes tell; None for what is no picture, or may hold a program, as SVG does."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _may_be_shown(data: bytes) -> bool:
    import imagesize

    if not picture_type(data) or len(data) > LARGEST:
        return False
    try:
        width, height = imagesize.get(io.BytesIO(data))
    except Exception:  # its header is broken, in one of very many ways
        return False
    return width > 0 and height > 0 and width * height <= MOST_PIXELS


def _embedded(path: Path) -> bytes:
    """The front cover, or the first picture if none is said to be one."""
    import mediafile

    try:
        return (path.stat().st_size <= LARGEST_AUDIO and mediafile.MediaFile(os.fsencode(path)).art) or b""
    except Exception:  # tags can be broken in very many ways, and a cover is worth none of them
        return b""

"""A picture in a file of its own, or inside an audio file, if it is what it says it is."""

from __future__ import annotations

import base64
import io
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
    import mutagen
    from mutagen.flac import Picture

    try:
        if path.stat().st_size > LARGEST_AUDIO:
            return b""
        file = mutagen.File(path)
        tags = file.tags if file is not None else None
        if pictures := getattr(file, "pictures", None):  # FLAC
            return pictures[0].data
        if not tags:
            return b""
        if hasattr(tags, "getall") and (frames := tags.getall("APIC")):  # ID3
            return frames[0].data
        if covers := tags.get("covr"):  # MP4
            return bytes(covers[0])
        if blocks := tags.get("metadata_block_picture"):  # Vorbis comments
            return Picture(base64.b64decode(blocks[0])).data
        if values := tags.get("Cover Art (Front)"):  # APEv2: a name, a NUL, the picture
            return values.value.partition(b"\0")[2]
        if pictures := tags.get("WM/Picture"):  # ASF: type, size, two texts in UTF-16 that end in NULs, the picture
            data = pictures[0].value
            return data[-int.from_bytes(data[1:5], "little") :] if len(data) > 5 else b""
    except Exception:  # tags can be broken in very many ways, and a cover is worth none of them
        return b""
    return b""

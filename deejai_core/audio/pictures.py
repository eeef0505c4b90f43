"""Pictures in files of their own or inside audio files, checked."""

from __future__ import annotations

import io
import os
from pathlib import Path

from deejai_core.errors import AudioError

LARGEST = 20_000_000  # bytes
MOST_PIXELS = 50_000_000  # a browser takes 200 MB for these
LARGEST_AUDIO = 500_000_000  # bytes of a file whose metadata are read

# FFmpeg's names for the formats of pictures, by their types.
DEMUXERS = {"image/jpeg": "jpeg_pipe", "image/png": "png_pipe", "image/gif": "gif", "image/webp": "webp_pipe"}

BEGINNING = 16  # bytes that show what a file is


def read_picture(path: Path, size: int | None = None) -> bytes:
    """Return the picture that a file is, or that an audio file contains; nothing if it has none that may be shown.

    size: pixels that neither side may exceed: a larger picture is made smaller. Raises OSError as the file system does.
    """
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
        data = beginning + file.read(LARGEST) if picture_type(beginning) else _embedded(path)
    kind = picture_type(data)
    if kind is None or not _may_be_shown(data):
        return b""
    return _made_smaller(data, kind, size) if size else data


def picture_type(data: bytes) -> str | None:
    """Return the type of a picture by its first bytes; None if it is not a picture, or may contain a program, like SVG."""
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

    if len(data) > LARGEST:
        return False
    try:
        width, height = imagesize.get(io.BytesIO(data))
    except Exception:  # its header is broken, in one of many ways
        return False
    return bool(width > 0 and height > 0 and width * height <= MOST_PIXELS)


def _made_smaller(data: bytes, kind: str, size: int) -> bytes:
    """Return a picture as a JPEG within a square of `size` pixels; unchanged if it fits, or cannot be decoded."""
    from fractions import Fraction

    import av
    import imagesize
    from av.error import FFmpegError

    from deejai_core.audio.container import open_pipe

    width, height = imagesize.get(io.BytesIO(data))
    if max(width, height) <= size:
        return data
    scale = size / max(width, height)
    try:
        with open_pipe(io.BytesIO(data), DEMUXERS[kind], {}) as source:
            frame = next(source.decode(video=0))
        encoder = av.CodecContext.create("mjpeg", "w")
        encoder.width, encoder.height = max(1, round(width * scale)), max(1, round(height * scale))
        encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
        encoder.options = {"qscale": "3"}
        small = frame.reformat(encoder.width, encoder.height, "yuvj420p", interpolation="AREA")
        return b"".join(map(bytes, [*encoder.encode(small), *encoder.encode(None)]))
    except (AudioError, FFmpegError, StopIteration, ValueError):  # AudioError: for a file without a picture, here
        return data


def _embedded(path: Path) -> bytes:
    """Return the front cover, or the first picture if none is marked as one."""
    import mediafile

    try:
        return (path.stat().st_size <= LARGEST_AUDIO and mediafile.MediaFile(os.fsencode(path)).art) or b""
    except Exception:  # metadata can be broken in many ways, and a cover is not worth an error
        return b""

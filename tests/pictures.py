"""Pictures made for a test: as much of each as tells its size, or all of it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def whole_png(width: int, height: int) -> bytes:
    """One of many colours."""
    rows = b"".join(b"\0" + bytes(255 * n // (3 * width) for n in range(3 * width)) for _ in range(height))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg(width: int, height: int) -> bytes:
    application = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    return b"\xff\xd8" + application + b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + bytes(12)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(3)


def webp(width: int, height: int) -> bytes:
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def compressed_picture(path: Path, megabytes: int) -> None:
    """An MP3 whose tag has a picture of so many megabytes of zeros, which take a thousandth of that."""
    packer = zlib.compressobj()
    beginning = packer.compress(b"\x00image/png\x00\x03\x00" + png(600, 600)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    data = beginning + block * megabytes

    def synchsafe(number: int) -> bytes:
        return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))

    # Compressed, with the size that it says it has.
    frame = b"APIC" + synchsafe(len(data) + 4) + b"\x00\x09" + synchsafe(200_000_000) + data
    path.write_bytes(b"ID3\x04\x00\x00" + synchsafe(len(frame)) + frame + path.read_bytes())

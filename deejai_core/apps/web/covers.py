"""Cover art: a picture beside the music or inside the file, if it is what it says it is."""

from __future__ import annotations

from pathlib import Path

from deejai_core.apps.web.library import Cover

LARGEST = 20_000_000  # bytes
LARGEST_AUDIO = 500_000_000  # bytes of a file whose tags are looked at


def read_cover(cover: Cover) -> tuple[bytes, str] | None:
    """A picture and its type; None if there is none."""
    if cover.picture:
        try:
            with cover.picture.open("rb") as file:
                data = file.read(LARGEST + 1)
        except (OSError, ValueError):
            data = b""
        if picture := _picture(data):
            return picture
    return _picture(_embedded(cover.audio))


def image_type(data: bytes) -> str | None:
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


def _picture(data: bytes) -> tuple[bytes, str] | None:
    kind = image_type(data)
    return (data, kind) if kind and len(data) <= LARGEST else None


def _embedded(path: Path) -> bytes:
    import base64

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

"""The text of playlists, whose encoding nobody declares."""

from __future__ import annotations

import codecs

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def without_mark(data: bytes) -> bytes:
    """A file's bytes without a byte order mark; UTF-16, which is told by its mark, as UTF-8."""
    if encoding := _UTF16.get(data[:2]):
        return data[2:].decode(encoding, "replace").encode("utf-8", "replace")
    return data.removeprefix(codecs.BOM_UTF8)


def as_text(data: bytes) -> str:
    """Text that is UTF-8, else Windows-1252, else Latin-1, which any bytes are."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def utf8(text: str) -> bytes:
    """UTF-8; what cannot be written so becomes question marks."""
    return text.encode("utf-8", "replace")


def as_bytes(text: str) -> bytes:
    """UTF-8, or the bytes that were no text, as `os.fsdecode` gives them; what is neither becomes question marks."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return utf8(text)

"""The text of playlists, which do not declare their encoding."""

from __future__ import annotations

import codecs

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def without_mark(data: bytes) -> bytes:
    """Return a file's bytes without a byte order mark. UTF-16, which is recognised by its mark, becomes UTF-8."""
    if encoding := _UTF16.get(data[:2]):
        return data[2:].decode(encoding, "replace").encode("utf-8", "replace")
    return data.removeprefix(codecs.BOM_UTF8)


def as_text(data: bytes) -> str:
    """Decode UTF-8, else Windows-1252, else Latin-1, which accepts any bytes."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def utf8(text: str) -> bytes:
    """Encode as UTF-8; what cannot be encoded becomes question marks."""
    return text.encode("utf-8", "replace")


def as_bytes(text: str) -> bytes:
    """Encode as UTF-8, or return the bytes that `os.fsdecode` could not decode; anything else becomes question marks."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return utf8(text)

"""Names of files below the music folder: bytes, with slashes, relative to it."""

from __future__ import annotations

from pathlib import PurePosixPath

from deejai_core.tracks.text import plain


def is_name(path: object) -> bool:
    """Whether this can be the name of a file below the music folder."""
    if not isinstance(path, bytes):
        return False
    slashed = b"/" + path + b"/"
    return not (b"\0" in path or b"//" in slashed or b"/./" in slashed or b"/../" in slashed)


def text_of(name: bytes) -> str:
    """A file's name as text; what is no UTF-8 is most likely from a Windows of western Europe."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")


def stem_of(name: bytes) -> str:
    return PurePosixPath(text_of(name)).stem


def suffix_of(name: bytes) -> str:
    return PurePosixPath(text_of(name)).suffix[1:].upper()


def words_in(*texts: str) -> str:
    """Texts as they are searched, a line each: no words are found across two of them."""
    return "\n".join(map(plain, texts))

"""Names of files below the music folder: bytes, with slashes, relative to it."""

from __future__ import annotations

from pathlib import PurePosixPath

from deejai_core.tracks.text import plain


def is_name(path: object) -> bool:
    """Return whether this can be the name of a file below the music folder."""
    if not isinstance(path, bytes):
        return False
    slashed = b"/" + path + b"/"
    return not (b"\0" in path or b"//" in slashed or b"/./" in slashed or b"/../" in slashed)


def text_of(name: bytes) -> str:
    """Return a file's name as text; if it is not UTF-8, it is most likely from a western European Windows."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("latin-1")


def stem_of(name: bytes) -> str:
    return PurePosixPath(text_of(name)).stem


def suffix_of(name: bytes) -> str:
    return PurePosixPath(text_of(name)).suffix[1:].upper()


def words_in(*texts: str) -> str:
    """Return texts in the form that is searched, one per line, so that no match spans two of them."""
    return "\n".join(map(plain, texts))

"""The audio key, which identifies a recording by its audio, whatever the name and metadata of its file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deejai_core.audio.container import open_container
from deejai_core.errors import AudioError, UnavailableError
from deejai_core.refusals import reason_of

KEY_BYTES = 16


def audio_key(path: Path) -> str:
    """Return a key of the encoded audio in a file: 32 hexadecimal digits.

    It covers the packets of the first audio stream, not the container around them, so a moved, renamed or retagged file
    keeps its key. A file that cannot be parsed gets a key of its bytes. Raises UnavailableError if the file cannot be read.
    """
    digest = new_digest()
    try:
        with open_container(path) as container:
            for packet in container.demux(container.streams.audio[0]):
                digest.update(packet)
        return digest.hexdigest()
    except (AudioError, IndexError):
        digest = new_digest()  # not a readable container, or broken in the middle
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()
    except OSError as error:
        raise UnavailableError(reason_of(error)) from error


def new_digest() -> hashlib.blake2b:
    """Return a digest, to be updated with all packets in order; its hexadecimal digits are the key."""
    return hashlib.blake2b(digest_size=KEY_BYTES)

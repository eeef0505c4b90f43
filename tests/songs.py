"""Songs as files: a moment of sound each, which no other number has, with whatever metadata a test asks for."""

from __future__ import annotations

import functools
import io
import os
from pathlib import Path

import mediafile
import numpy as np
import soundfile

from deejai_core.audio.metadata import Metadata

RATE = 8000  # Hz
SECONDS = 0.5
FIELDS = {"recording": "mb_trackid", "tempo": "bpm", "key": "initial_key"}  # what MediaFile calls some of `Metadata`


@functools.cache
def sound(number: int) -> bytes:
    """A FLAC file: the same number, the same recording."""
    noise = np.random.default_rng(number).normal(0, 0.1, round(RATE * SECONDS))
    file = io.BytesIO()
    soundfile.write(file, noise, RATE, format="FLAC")
    return file.getvalue()


def write_song(path: Path, number: int, **metadata: object) -> Path:
    """Write a song with its folder; metadata as `Metadata` names them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sound(number))
    tag(path, **metadata)
    return path


def tag(path: Path, **metadata: object) -> None:
    """Change what a file says of itself, not what it sounds like."""
    assert metadata.keys() <= Metadata.__dataclass_fields__.keys(), metadata
    file = mediafile.MediaFile(os.fsencode(path))
    file.update({FIELDS.get(name, name): value for name, value in metadata.items()})
    file.save()

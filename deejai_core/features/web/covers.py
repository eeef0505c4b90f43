"""Cover art: the picture beside the music, or else the one inside the file."""

from __future__ import annotations

import queue

from deejai_core.audio.pictures import picture_type
from deejai_core.audio.sandbox import Decoder
from deejai_core.errors import AudioError
from deejai_core.features.web.library import Cover

AT_ONCE = 2  # files that are looked at
SECONDS = 10  # that each may take
MEMORY = 1_000_000_000  # bytes of address space


class Covers:
    """Reads pictures in processes of their own, which are started when they are first needed."""

    def __init__(self) -> None:
        self._decoders: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
        for _ in range(AT_ONCE):
            self._decoders.put(Decoder(seconds=SECONDS, memory=MEMORY))

    def read(self, cover: Cover) -> tuple[bytes, str] | None:
        """A picture and its type; None if there is none. Raises ModelError if the libraries that read files are missing."""
        decoder = self._decoders.get()
        try:
            for path in filter(None, (cover.picture, cover.audio)):
                try:
                    data = decoder.picture(path)
                except AudioError:
                    continue
                if kind := picture_type(data):
                    return data, kind
        finally:
            self._decoders.put(decoder)
        return None

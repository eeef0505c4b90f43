"""Cover art: the picture beside the music, or else the one inside the file."""

from __future__ import annotations

import queue

from deejai_core.audio.pictures import picture_type
from deejai_core.audio.sandbox import Decoder
from deejai_core.errors import AudioError
from deejai_core.features.web.library import Cover

AT_ONCE = 2  # files read at the same time
SECONDS = 10  # per file
MEMORY = 1_000_000_000  # bytes of address space


class Covers:
    """Reads pictures in separate processes, which are started when they are first needed.

    They end with this process. To end them sooner, use this as a context manager.
    """

    def __init__(self) -> None:
        self._all = [Decoder(seconds=SECONDS, memory=MEMORY) for _ in range(AT_ONCE)]
        self._free: queue.SimpleQueue[Decoder] = queue.SimpleQueue()
        for decoder in self._all:
            self._free.put(decoder)

    def __enter__(self) -> Covers:
        return self

    def __exit__(self, *_: object) -> None:
        for decoder in self._all:
            decoder.close()

    def read(self, cover: Cover, size: int | None = None) -> tuple[bytes, str] | None:
        """Return a picture and its type, or None if there is none. size: the largest width and height, in pixels.

        Raises ModelError if the libraries that read files are missing.
        """
        decoder = self._free.get()
        try:
            for path in filter(None, (cover.picture, cover.audio)):
                try:
                    data = decoder.picture(path, size)
                except AudioError:
                    continue
                if kind := picture_type(data):
                    return data, kind
        finally:
            self._free.put(decoder)
        return None

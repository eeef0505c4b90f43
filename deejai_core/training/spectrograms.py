"""Mel slices of a library's recordings on disk, for training a network: decoded once, even if the training is stopped.

One file for each recording, named after its audio key: (slices, 96 mels, 216 frames) in 255 steps of 80 decibels, the input
of Deej-A.I.'s published encoder. They may be deleted at any time; missing ones are decoded again.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from deejai_core.audio.limits import Limits
from deejai_core.embedding.analysis import Embedded, NotEmbedded, embed_files
from deejai_core.errors import StoreError
from deejai_core.files import replacing
from deejai_core.models.deejai.model import SAMPLE_RATE, WINDOW, mel_slices
from deejai_core.models.deejai.network import FRAMES, MELS
from deejai_core.models.device import CPU, use_one_thread
from deejai_core.refusals import OWN, refusal

STEPS = 255


class SliceMaker:
    """A model for `embed_files` whose trunk's output is the mel slice itself, as numbers from 0 to 255."""

    sample_rate = SAMPLE_RATE
    window = WINDOW

    def load(self) -> None:
        use_one_thread()

    def mel(self, windows: np.ndarray) -> np.ndarray:
        self.load()
        return mel_slices(windows, "decibels")

    def trunk(self, mel: np.ndarray, *, device: str = CPU) -> np.ndarray:
        return (mel * STEPS).round().reshape(len(mel), MELS * FRAMES)


class Spectrograms:
    """The slices in a folder, by audio key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npy"  # a folder of a hundred thousand files is slow on some systems

    def read(self, key: str) -> np.ndarray | None:
        """Return (slices, 96, 216) uint8, read from disk where they are accessed; None if missing or damaged."""
        try:
            slices = np.load(self.path(key), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        whole = slices.dtype == np.uint8 and slices.shape[1:] == (MELS, FRAMES) and len(slices)
        return slices if whole else None

    def put(self, key: str, slices: np.ndarray) -> None:
        """Store slices. Raises StoreError if they cannot be written."""
        data = io.BytesIO()
        np.save(data, slices)
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_bytes(data.getvalue())
        except OSError as error:
            raise StoreError(refusal(path, "cannot be written", error, OWN)) from error


def make_spectrograms(
    spectrograms: Spectrograms,
    paths: Mapping[Path, str],
    *,
    windows: int,
    threads: int,
    limits: Limits,
    on_result: Callable[[Embedded | NotEmbedded], None],
) -> None:
    """Decode those of these files, with their audio keys, whose slices are missing; at most `windows` of each.

    A file whose audio no longer matches the key is left out.
    """
    missing = [path for path, key in paths.items() if spectrograms.read(key) is None]
    for result in embed_files(missing, SliceMaker(), windows=windows, threads=threads, limits=limits):
        if isinstance(result, Embedded) and result.trunk is not None and result.key == paths[result.path]:
            spectrograms.put(result.key, result.trunk.reshape(-1, MELS, FRAMES).astype(np.uint8))
        on_result(result)

"""The GloVe vectors of 40,000 English words: words that appear in similar company have similar directions.

Their files are opened when a sentence is first analysed, and only the vectors that are needed are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from deejai_core.errors import ModelError

FOLDER = Path(__file__).parent / "data"
DIMENSION = 50


class WordVectors:
    """Raises ModelError if the files are missing or damaged."""

    def __contains__(self, word: str) -> bool:
        return word in self._held[0]

    def of(self, words: Sequence[str]) -> np.ndarray:
        """Return (n, 50) float32 unit vectors of words, which must all be known."""
        places, all_vectors = self._held
        vectors = all_vectors[[places[word] for word in words]].astype(np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    @cached_property
    def _held(self) -> tuple[dict[str, int], np.ndarray]:
        """The position of each word, and (n, 50) int8, memory-mapped."""
        try:
            words = (FOLDER / "words.txt").read_text(encoding="utf-8").split()
            vectors = np.load(FOLDER / "vectors.npy", mmap_mode="r")
        except Exception as error:  # missing or damaged, in one of the many ways in which an array's header can be
            raise _unreadable(error) from error
        if getattr(vectors, "shape", None) != (len(words), DIMENSION):  # an archive of arrays has no shape
            raise _unreadable("words and vectors do not belong together")
        return {word: place for place, word in enumerate(words)}, vectors


def _unreadable(reason: object) -> ModelError:
    return ModelError(f"{FOLDER}: cannot read the word vectors ({reason}); reinstall beets-deejai")

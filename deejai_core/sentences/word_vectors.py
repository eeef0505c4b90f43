"""The vectors of 40,000 English words, GloVe's: words that stand in the same company have the same direction.

They lie in files that are opened when a sentence is first to be understood, and of the vectors only those are read that
are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from deejai_core.errors import ModelError

FOLDER = Path(__file__).parent / "data"


class WordVectors:
    def __contains__(self, word: str) -> bool:
        return word in self._places

    def of(self, words: Sequence[str]) -> np.ndarray:
        """(n, 50) float32 unit vectors of words that are all there."""
        vectors = self._vectors[[self._places[word] for word in words]].astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    @cached_property
    def _places(self) -> dict[str, int]:
        try:
            words = (FOLDER / "words.txt").read_text(encoding="utf-8").split()
        except OSError as error:
            raise _unreadable(error) from error
        return {word: place for place, word in enumerate(words)}

    @cached_property
    def _vectors(self) -> np.ndarray:
        """(n, 50) int8, mapped into memory."""
        try:
            vectors = np.load(FOLDER / "vectors.npy", mmap_mode="r")
        except (OSError, ValueError) as error:
            raise _unreadable(error) from error
        if vectors.shape[:1] != (len(self._places),):
            raise _unreadable("words and vectors do not belong together")
        return vectors


def _unreadable(reason: object) -> ModelError:
    return ModelError(f"{FOLDER}: cannot read the word vectors ({reason}); reinstall beets-deejai")

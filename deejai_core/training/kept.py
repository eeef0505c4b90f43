"""What Track2Vec has learned of a library's tracks, kept beside it."""

from __future__ import annotations

import hashlib

import numpy as np

from deejai_core.data_folder import track2vec_path
from deejai_core.errors import StoreError
from deejai_core.library import Library
from deejai_core.training.track2vec import Track2Vec

# A word is all that its song is known by, so that the file outlives ids, paths and most corrections of tags.
BETWEEN_NAMES = "\x1f"


def word_of(names: frozenset[str]) -> str:
    """What a song with these names is called in the file."""
    return BETWEEN_NAMES.join(sorted(names))


def save_track2vec(library: Library, learned: Track2Vec) -> None:
    """Keep vectors of songs under words as `word_of` gives them. Raises StoreError if that cannot be done."""
    path = track2vec_path(library)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        learned.save(path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror})") from error


def read_track2vec(library: Library) -> tuple[str, list[int], np.ndarray]:
    """What the space is called, and ids and unit vectors (n, dimension) of the tracks whose songs were learned.

    No ids if nothing was learned yet. Raises ModelError if the file is damaged.
    """
    path = track2vec_path(library)
    if not path.exists():
        return "track2vec", [], np.zeros((0, 0), np.float32)
    learned = Track2Vec.load(path)
    row_of = {name: row for row, word in enumerate(learned.words) for name in word.split(BETWEEN_NAMES)}
    ids = library.ids()
    catalogue = library.columns(ids)
    found = {
        id_: min(rows)
        for place, id_ in enumerate(ids)
        if (rows := [row_of[name] for name in catalogue.names(place) if name in row_of])
    }
    digest = hashlib.blake2b(np.ascontiguousarray(learned.vectors), digest_size=4).hexdigest()
    return f"track2vec-{digest}", list(found), learned.vectors[list(found.values())]

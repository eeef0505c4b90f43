"""Stores what Track2Vec has learned about a library's tracks beside the library."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from deejai_core.data_folder import track2vec_path
from deejai_core.errors import ModelError, StoreError
from deejai_core.library import Library
from deejai_core.refusals import OWN, refusal
from deejai_core.training.track2vec import Track2Vec

# The word is all that identifies a song, so that the file outlives ids, paths and most corrections of metadata.
BETWEEN_NAMES = "\x1f"
LESSON = ("lesson_digest", "lesson_known", "lesson_songs", "lesson_rows")  # tensors besides the vectors


@dataclass(frozen=True, eq=False)
class Lesson:
    """What vectors were learned from, so that the next training knows whether they are still valid.

    digest: of the lists, and of how they were learned. known: how many songs got a vector, in the library or not. songs:
    (n,) int64, the library's songs that were in lists, by their numbers there; rows: (n,) int64, the stored vector of each,
    -1 if it has none.
    """

    digest: str
    known: int
    songs: np.ndarray
    rows: np.ndarray


def word_of(names: frozenset[str]) -> str:
    """Return the word for a song with these names in the file."""
    return BETWEEN_NAMES.join(sorted(names))


def save_track2vec(library: Library, learned: Track2Vec, lesson: Lesson | None = None) -> None:
    """Store vectors of songs under words from `word_of`. Raises StoreError if this fails.

    lesson: what they were learned from, if they may be reused.
    """
    path = track2vec_path(library)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        learned.save(path, _as_arrays(lesson) if lesson else {})
    except OSError as error:
        raise StoreError(refusal(path, "cannot be written", error, OWN)) from error


def read_lesson(library: Library) -> tuple[Lesson, np.ndarray] | None:
    """Return what the stored vectors were learned from, and the vectors, (n, dimension); None if unknown."""
    from safetensors import SafetensorError, safe_open

    path = track2vec_path(library)
    try:
        vectors = Track2Vec.load(path).vectors
        with safe_open(path, "numpy") as file:
            digest, known, songs, rows = (file.get_tensor(name) for name in LESSON)
        lesson = Lesson(digest.tobytes().decode("ascii"), int(known[0]), songs, rows)
    except (ModelError, OSError, SafetensorError, ValueError, IndexError):  # they are learned again, and replaced
        return None
    fits = songs.shape == rows.shape and ((rows >= -1) & (rows < len(vectors))).all()
    return (lesson, vectors) if fits else None


def _as_arrays(lesson: Lesson) -> dict[str, np.ndarray]:
    digest = np.frombuffer(lesson.digest.encode("ascii"), np.uint8)
    return dict(zip(LESSON, (digest, np.array([lesson.known], np.int64), lesson.songs, lesson.rows), strict=True))


def read_track2vec(library: Library) -> tuple[str, list[int], np.ndarray]:
    """Return the name of the space, and ids and unit vectors (n, dimension) of the tracks whose songs were learned.

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
    digest = hashlib.blake2b(np.ascontiguousarray(learned.vectors).data, digest_size=4).hexdigest()
    return f"track2vec-{digest}", list(found), learned.vectors[list(found.values())]

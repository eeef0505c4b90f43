"""Vectors are kept of the tracks that they were made for."""

from __future__ import annotations

import numpy as np
import pytest
from beets.library import Item, Library

from beetsplug.deejai.library.attributes import KEY, MODEL, VECTOR
from beetsplug.deejai.library.beets_library import BeetsLibrary
from deejai_core.embedding.library_vectors import weight_imported
from deejai_core.embedding.slices import SliceStore
from deejai_core.models.musicnn.model import MusiCNN


@pytest.fixture
def lib(tmp_path):
    lib = Library(str(tmp_path / "library.db"), str(tmp_path))
    for number in range(3):
        lib.add(Item(path=f"{number}.flac".encode(), **{KEY: f"{number:032x}"}))
    yield lib
    lib._close()


class Meanwhile(SliceStore):
    """The last track is removed while its vector is made, and the next one that is imported gets its id."""

    def drop_counts(self, keys) -> None:
        super().drop_counts(keys)
        self.lib.get_item(3).remove()
        self.lib.add(Item(path=b"other.flac", **{KEY: "f" * 32}))


def test_a_vector_is_not_given_to_another_track_of_the_same_id(lib, tmp_path):
    model, rng, library = MusiCNN(), np.random.default_rng(0), BeetsLibrary(lib)
    with Meanwhile(tmp_path / "slices.db") as store:
        store.lib = lib
        for key in library.recordings().values():
            store.put(key, model.trunk_name, rng.normal(size=(3, 200)).astype(np.float16))
        weight_imported(library, [1, 2, 3], model, 0.01, store)
    assert library.recordings()[3] == "f" * 32
    assert set(library.field(VECTOR)) == set(library.field(MODEL)) == {1, 2}

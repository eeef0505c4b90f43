"""An import takes the slices of the reference from a file beside the library, which always has those that are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from beets.library import Library

from beetsplug.deejai.library.beets_library import BeetsLibrary
from deejai_core.data_folder import reference_path
from deejai_core.embedding import reference_slices as module
from deejai_core.embedding.reference_slices import read_reference
from deejai_core.embedding.slices import SliceStore, open_slices
from deejai_core.embedding.weighting import read_units

SIZE = 6  # numbers that the trunk puts out


class Model:
    name, trunk_name, trunk_size, dimension = "model", "trunk", SIZE, 4

    def project(self, trunk: np.ndarray) -> np.ndarray:
        return trunk[..., :4].astype(np.float32)


class Turned(Model):
    """The same trunk, seen otherwise."""

    def project(self, trunk: np.ndarray) -> np.ndarray:
        return trunk[..., 2:].astype(np.float32)


MODEL = Model()
KEYS = [f"key {number}" for number in range(16)]


@pytest.fixture
def library(tmp_path, monkeypatch) -> BeetsLibrary:
    monkeypatch.setattr(module, "CACHED_FROM", 8)
    library = BeetsLibrary(Library(str(tmp_path / "library.db"), str(tmp_path)))
    with open_slices(library) as store:
        for number, key in enumerate(KEYS):
            embed(store, key, number)
    return library


def embed(store: SliceStore, key: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    store.put(key, MODEL.trunk_name, rng.normal(size=(rng.integers(1, 4), SIZE)))


def check(library: BeetsLibrary, model: Model = MODEL, keys: list[str] = KEYS) -> int:
    """What is read is what is stored, in the order asked for; returns of how many recordings the store was asked."""
    asked: list[str] = []

    def read(store: SliceStore, model: Model, lacking: list[str]) -> dict[str, np.ndarray]:
        asked.extend(lacking)
        return read_units(store, model, lacking)

    with open_slices(library) as store, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "read_units", read)
        found = read_reference(library, store, model, store.checksums(keys, model.trunk_name))
        expected = read_units(store, model, sorted(keys))
    assert list(found) == sorted(keys)
    assert all(np.array_equal(found[key], expected[key]) for key in keys)
    return len(asked)


@pytest.fixture
def kept(library) -> Path:
    assert check(library) == 16
    assert check(library) == 0
    return reference_path(library)


def test_what_was_embedded_again_or_came_is_read_from_the_store(library, kept):
    before = kept.read_bytes()
    with open_slices(library) as store:
        embed(store, KEYS[3], 100)
        embed(store, "another", 101)
    keys = [*KEYS[1:], "another"]
    assert check(library, keys=keys) == check(library, keys=keys) == 2
    assert kept.read_bytes() == before
    with open_slices(library) as store:
        embed(store, KEYS[4], 102)
    assert check(library, keys=keys) == 3  # more than an eighth: it is written anew
    assert check(library, keys=keys) == 0
    assert check(library) == 1


def test_another_projection_of_the_same_trunk(library, kept):
    assert check(library, Turned()) == 16
    assert check(library, Turned()) == 0
    assert check(library) == 16


def test_slices_whose_checksum_is_not_known_are_always_read(library):
    with open_slices(library) as store, store._connection as connection:
        connection.execute("UPDATE slices SET crc = NULL WHERE key < 'key 2'")  # 0, 1, 10 to 15
    assert check(library) == 16
    before = reference_path(library).read_bytes()
    assert check(library) == 8
    assert reference_path(library).read_bytes() == before


def test_a_small_library_needs_none(library):
    assert check(library, keys=KEYS[:7]) == 7
    assert not reference_path(library).exists()


def test_no_bit_that_changes_is_believed(library, kept):
    whole = kept.read_bytes()
    for place in range(len(whole)):
        kept.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert module._read(kept, MODEL) == {}, place
    for data in (b"", whole[:-1], whole + b"x"):
        kept.write_bytes(data)
        assert module._read(kept, MODEL) == {}
    assert check(library) == 16
    assert check(library) == 0


def test_a_folder_that_cannot_be_written(library):
    reference_path(library).mkdir()
    assert check(library) == check(library) == 16

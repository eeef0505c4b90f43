"""The recordings of a library, found without reading the audio keys of all of it, are those that it has."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from beets import config
from beets.library import Item, Library
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beetsplug.deejai.library.attributes import ITEM_TYPES, KEY, VECTOR
from beetsplug.deejai.library.beets_library import BeetsLibrary
from deejai_core.data_folder import recordings_path
from deejai_core.embedding import recordings as module
from deejai_core.embedding.library_vectors import up_to_date, weight_imported, weight_tracks
from deejai_core.embedding.recordings import open_recordings
from deejai_core.embedding.slices import open_slices
from deejai_core.embedding.weighting import choose_reference, read_units, weight_against
from deejai_core.models.musicnn.model import MusiCNN

numbers = itertools.count()


@pytest.fixture(autouse=True)
def beets_as_with_the_plugin(monkeypatch):
    config["create_backup_before_migrations"] = False
    monkeypatch.setattr(Item, "_types", Item._types | ITEM_TYPES, raising=False)


@pytest.fixture
def cached(monkeypatch):
    """Libraries of any size are cached, and read anew after six changes."""
    monkeypatch.setattr(module, "CACHED_FROM", 0)
    monkeypatch.setattr(module, "RENEWED", 6)


def key_of(number: int) -> str:
    return f"{number * 2654435761 % 2**32:032x}"


def add(lib: Library, *of: int) -> list[int]:
    """Tracks that hold these recordings."""
    ids = []
    for number in of:
        lib.add(item := Item(path=f"/music/{next(numbers)}.mp3".encode()))
        item[KEY] = key_of(number)
        item.store()
        ids.append(item.id)
    return ids


def library(folder: Path, tracks: int) -> Library:
    lib = Library(str(folder / "library.db"), str(folder))
    add(lib, *range(tracks))
    return lib


def check(lib: Library) -> None:
    """Against the keys of all tracks."""
    truth = BeetsLibrary(lib).recordings()
    found = open_recordings(BeetsLibrary(lib))
    embedded = {key_of(number) for number in range(0, 40, 3)}
    for count in (1, 4, 100):
        assert found.first(count, embedded.intersection) == choose_reference(embedded.intersection(truth.values()), count)
    keys = [key_of(number) for number in range(40)]
    tracks = {key: [id_ for id_, other in truth.items() if other == key] for key in keys}
    assert found.tracks_of(keys) == {key: ids for key, ids in tracks.items() if ids}
    assert truth.items() <= found.keys().items()


def test_what_is_kept_goes_on(tmp_path, cached, monkeypatch):
    lib = library(tmp_path, 12)
    check(lib)
    monkeypatch.setattr(
        module, "_rows", lambda recordings, rows=module._rows: rows(recordings) if len(recordings) < 6 else 1 / 0
    )
    add(lib, 20, 21, 3)
    check(lib)


CHANGES = ["add", "another", "remove", "remove the last", "no key", "vector", "open"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 39)), max_size=14))
def test_whatever_happens_it_has_what_the_library_has(tmp_path_factory, cached, changes):
    lib = library(tmp_path_factory.mktemp("library"), 10)
    check(lib)
    for change, number in changes:
        ids = sorted(item.id for item in lib.items())
        item = lib.get_item(ids[number % len(ids)]) if ids else None
        if change == "add":
            add(lib, number)
        elif change == "open":
            check(lib)
        elif item is None:
            continue
        elif change == "another":
            item[KEY] = key_of(number)
            item.store()
        elif change == "remove":
            item.remove()
        elif change == "remove the last":
            lib.get_item(ids[-1]).remove()
        elif change == "no key" and KEY in item:
            del item[KEY]
            item.store()
        elif change == "vector":
            item[VECTOR] = np.ones(4, "<f4").tobytes()
            item.store()
    check(lib)


def test_another_library_in_its_place(tmp_path, cached):
    lib = library(tmp_path, 10)
    check(lib)
    (tmp_path / "other").mkdir()
    other = library(tmp_path / "other", 10)
    add(other, 30, 31)
    lib._close()
    other._close()
    (tmp_path / "library.db").write_bytes((tmp_path / "other/library.db").read_bytes())
    check(Library(str(tmp_path / "library.db"), str(tmp_path)))


def test_a_backup_in_its_place_is_known_from_the_next_weighting_on(tmp_path, cached, monkeypatch):
    """All of its rows were there when the keys were kept, but for those of a track that had gone: nothing tells of it."""
    monkeypatch.setattr(module, "RENEWED", 1_000)
    lib, model = library(tmp_path, 10), MusiCNN()
    with open_slices(BeetsLibrary(lib)) as store:
        for number in range(10):
            store.put(key_of(number), model.trunk_name, np.random.default_rng(number).normal(size=(2, model.trunk_size)))

        def weighted() -> bool:
            weight_tracks(BeetsLibrary(lib), [], model, model.epsilon, store)
            return up_to_date(BeetsLibrary(lib), model, model.epsilon, store)

        assert weighted()
        lib._close()
        backup = (tmp_path / "library.db").read_bytes()
        lib = Library(str(tmp_path / "library.db"), str(tmp_path))
        lib.get_item(5).remove()
        recordings_path(BeetsLibrary(lib)).unlink()
        assert weighted()
        lib._close()
        (tmp_path / "library.db").write_bytes(backup)
        lib = Library(str(tmp_path / "library.db"), str(tmp_path))
        assert weighted()
    check(lib)


def test_keys_of_another_length(tmp_path, cached):
    lib = library(tmp_path, 3)
    check(lib)
    (id_,) = add(lib, 3)
    for key in ("z" * 50, "é", "a"):
        item = lib.get_item(id_)
        item[KEY] = key
        item.store()
        assert open_recordings(BeetsLibrary(lib)).tracks_of([key, key_of(0)]) == {key: [id_], key_of(0): [1]}


@pytest.mark.parametrize("damaged", ["z" * 100_000, "a\0b"])
def test_what_can_be_no_key_is_left_out(tmp_path, cached, damaged):
    lib = library(tmp_path, 3)
    item = lib.get_item(add(lib, 3)[0])
    item[KEY] = damaged
    item.store()
    for found in (open_recordings(BeetsLibrary(lib)), open_recordings(BeetsLibrary(lib))):
        assert found.tracks_of([damaged, key_of(0)]) == {key_of(0): [1]}
        assert found.keys() == {id_: key_of(id_ - 1) for id_ in (1, 2, 3)}
    assert recordings_path(BeetsLibrary(lib)).stat().st_size < 1_000


def test_no_bit_that_changes_is_believed(tmp_path, cached):
    lib = library(tmp_path, 3)
    check(lib)
    path = recordings_path(BeetsLibrary(lib))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert module._read(path) is None, place
    for data in (b"", whole[:-1], whole + b"x"):
        path.write_bytes(data)
        assert module._read(path) is None
    check(lib)
    assert module._read(path) is not None


def test_a_folder_that_cannot_be_written(tmp_path, cached):
    lib = library(tmp_path, 3)
    BeetsLibrary(lib).folder.write_text("a file")
    check(lib)


@pytest.fixture
def statements(monkeypatch):
    """The SQL statements of all databases that are opened from now on."""
    found: list[str] = []

    def connect(*arguments: object, connect=sqlite3.connect, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(found.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    return found


def test_what_an_import_reads_does_not_grow_with_the_library(tmp_path, cached, monkeypatch, statements):
    """The same statements, and the same vectors as against all keys of the library."""
    monkeypatch.setattr("deejai_core.embedding.library_vectors.REFERENCE", 8)
    model, counts = MusiCNN(), []
    for size in (20, 400):
        (tmp_path / str(size)).mkdir()
        lib = library(tmp_path / str(size), size)
        trunks = np.random.default_rng(0).normal(size=(size + 3, 2, model.trunk_size))
        with open_slices(BeetsLibrary(lib)) as store:
            for number, trunk in enumerate(trunks):
                store.put(key_of(number), model.trunk_name, trunk)
            open_recordings(BeetsLibrary(lib))
            new = add(lib, size, size + 1, 5)  # the last one is there already
            statements.clear()
            weight_imported(BeetsLibrary(lib), new, model, model.epsilon, store)
            counts.append(len(statements))
            reference = choose_reference(BeetsLibrary(lib).recordings().values(), 8)
            wanted = [key_of(number) for number in (size, size + 1, 5)]
            expected = weight_against(read_units(store, model, wanted), read_units(store, model, reference), model.epsilon)
        rows = BeetsLibrary(lib).vectors(model.name, model.dimension)
        found = dict(zip(rows.ids.tolist(), rows.vectors, strict=True))
        assert sorted(found) == [6, *new]
        assert all(np.array_equal(found[id_], vector) for id_, vector in zip(new, expected, strict=True))
        assert np.array_equal(found[6], found[new[2]])
    assert counts[0] == counts[1]

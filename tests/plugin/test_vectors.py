"""The cache of a library's vectors follows the library, and is not written anew for a few tracks."""

from __future__ import annotations

import itertools
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from beets import config
from beets.library import Item, Library
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beetsplug.deejai.library.attributes import ITEM_TYPES, KEY, MODEL, VECTOR
from beetsplug.deejai.library.beets_library import BeetsLibrary
from deejai_core.index import cache as vectors_module
from deejai_core.index import neighbours as index_module
from deejai_core.index.annoy_file import why_no_annoy
from deejai_core.index.cache import build_index, current_index, is_cache_true, open_rows_index, open_vectors
from deejai_core.playlists.columns import columns_on_demand

DIMENSION = 4


@dataclass(frozen=True)
class Model:
    name: str = "model"
    dimension: int = DIMENSION


MINE = Model()


@pytest.fixture(autouse=True)
def beets_as_with_the_plugin(monkeypatch):
    config["create_backup_before_migrations"] = False
    monkeypatch.setattr(Item, "_types", Item._types | ITEM_TYPES, raising=False)


@pytest.fixture
def large(monkeypatch):
    """Libraries are large from eight tracks on."""
    monkeypatch.setattr(index_module, "FEWEST_INDEXED", 8)
    monkeypatch.setattr(index_module, "why_no_annoy", lambda: None)
    monkeypatch.setattr(vectors_module, "MOST_WHOLE", 10)
    monkeypatch.setattr(vectors_module, "CACHED_FROM", 0)
    monkeypatch.setattr(vectors_module, "RENEWED", 0.5)


@pytest.fixture
def small(monkeypatch):
    """A library that is cached, but not large."""
    monkeypatch.setattr(vectors_module, "CACHED_FROM", 0)


numbers = itertools.count()


def direction() -> np.ndarray:
    vector = np.random.default_rng(next(numbers)).normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype("<f4")


def add(lib: Library, count: int = 1, model: str = "model") -> list[int]:
    ids = []
    for _ in range(count):
        name = next(numbers)
        item = Item(path=f"/music/{name}.mp3".encode(), title=f"Song {name}", artist="Somebody", length=200)
        lib.add(item)
        give(lib, item.id, model)
        ids.append(item.id)
    return ids


def give(lib: Library, id_: int, model: str = "model") -> None:
    item = lib.get_item(id_)
    item[VECTOR], item[MODEL] = direction().tobytes(), model
    item.store()


def library(folder: Path, tracks: int = 20) -> Library:
    lib = Library(str(folder / "library.db"), str(folder))
    add(lib, tracks)
    return lib


def found(lib: Library, *, whole: bool = False) -> dict[int, bytes]:
    """What a list would see: of the rows that count those whose tracks are still there."""
    rows = open_vectors(BeetsLibrary(lib), MINE, whole=whole)
    catalogue = columns_on_demand(BeetsLibrary(lib), rows.ids, rows.marks)
    positions = np.arange(len(rows)) if rows.current is None else np.flatnonzero(rows.current)
    positions = positions[catalogue.load(positions)]
    return {int(rows.ids[position]): rows.vectors[position].tobytes() for position in positions.tolist()}


def truth(lib: Library) -> dict[int, bytes]:
    ids, _, vectors = BeetsLibrary(lib).vectors("model", DIMENSION)
    return {id_: vector.tobytes() for id_, vector in zip(ids.tolist(), vectors, strict=True)}


def edition(lib: Library) -> str:
    return open_vectors(BeetsLibrary(lib), MINE).edition


def test_it_is_written_once(tmp_path, large):
    lib = library(tmp_path)
    assert found(lib) == truth(lib)
    first = edition(lib)
    assert edition(lib) == first != ""
    assert is_cache_true(BeetsLibrary(lib), MINE)


@pytest.mark.parametrize("size", ["large", "small"])
def test_other_changes_of_the_library_do_not_matter(tmp_path, size, request):
    request.getfixturevalue(size)
    lib = library(tmp_path)
    first = edition(lib)
    item = lib.get_item(7)
    item["play_count"], item["title"] = 12, "Another title"
    item.store()
    assert edition(lib) == first
    assert found(lib) == truth(lib)


class TestInALargeLibrary:
    @pytest.fixture
    def lib(self, tmp_path, large) -> Library:
        lib = library(tmp_path)
        open_vectors(BeetsLibrary(lib), MINE)
        return lib

    def test_new_tracks_are_added_at_the_end(self, lib):
        first = edition(lib)
        new = add(lib, 3)
        rows = open_vectors(BeetsLibrary(lib), MINE)
        assert (rows.edition, rows.written, len(rows)) == (first, 20, 23)
        assert rows.ids[20:].tolist() == new
        assert found(lib) == truth(lib)
        assert len(open_vectors(BeetsLibrary(lib), MINE)) == 23  # they are not added again

    def test_a_track_that_is_weighed_anew_has_its_new_vector(self, lib):
        before = truth(lib)
        give(lib, 7)
        assert found(lib) == truth(lib) != before

    def test_a_removed_track_is_not_there(self, lib):
        first = edition(lib)
        lib.get_item(7).remove()
        assert 7 not in found(lib)
        assert edition(lib) == first

    def test_an_id_that_is_used_again_is_another_track(self, lib):
        lib.get_item(20).remove()  # the last one, whose id the next one gets
        assert add(lib) == [20]
        assert found(lib) == truth(lib)

    def test_an_id_that_is_used_again_without_a_vector(self, lib):
        lib.get_item(20).remove()
        lib.add(item := Item(path=b"/music/unheard.mp3", title="NotEmbedded"))
        assert item.id == 20
        assert found(lib) == truth(lib)
        assert 20 not in found(lib)

    def test_another_model(self, lib):
        give(lib, 7, model="other")
        assert found(lib) == truth(lib)
        assert 7 not in found(lib)

    def test_a_vector_that_is_deleted(self, lib):
        item = lib.get_item(7)
        del item[VECTOR]
        item.store()
        assert found(lib) == truth(lib)

    def test_many_new_tracks_make_all_of_it_be_written_anew(self, lib):
        first = edition(lib)
        add(lib, 11)
        rows = open_vectors(BeetsLibrary(lib), MINE)
        assert rows.edition != first
        assert (rows.written, rows.current) == (31, None)
        assert found(lib) == truth(lib)

    def test_whole_it_has_a_row_for_each_track(self, lib):
        add(lib, 3)
        lib.get_item(7).remove()
        rows = open_vectors(BeetsLibrary(lib), MINE, whole=True)
        assert rows.current is None
        assert sorted(rows.ids.tolist()) == sorted(truth(lib))

    def test_another_library_in_its_place(self, lib, tmp_path):
        """A backup, say, that was restored: the same numbers of rows, other tracks in them."""
        (tmp_path / "other").mkdir()
        other = library(tmp_path / "other", 25)
        lib._close()
        other._close()
        (tmp_path / "library.db").write_bytes((tmp_path / "other/library.db").read_bytes())
        lib = Library(str(tmp_path / "library.db"), str(tmp_path))
        assert found(lib) == truth(lib)
        assert len(found(lib)) == 25

    def test_a_row_that_somebody_changed_behind_beets_back(self, lib):
        with sqlite3.connect(lib.path) as connection:
            connection.execute(
                "UPDATE item_attributes SET value = (SELECT value FROM item_attributes WHERE key = ? AND entity_id = 8) "
                "WHERE key = ? AND entity_id = 7",
                (VECTOR, VECTOR),
            )
        connection.close()
        assert not is_cache_true(BeetsLibrary(lib), MINE)

    def test_a_cache_that_cannot_be_written(self, lib, monkeypatch):
        def refuse(*_: object, **__: object):
            raise vectors_module.StoreError("read-only")

        monkeypatch.setattr(vectors_module, "extend_vectors_file", refuse)
        monkeypatch.setattr(vectors_module, "write_vectors_file", refuse)
        add(lib, 2)
        assert found(lib) == truth(lib)
        add(lib, 15)
        assert found(lib) == truth(lib)

    @pytest.mark.skipif(why_no_annoy() is not None, reason="annoy is not installed")
    def test_the_index_stays_as_it_is(self, lib):
        file = BeetsLibrary(lib).folder / "index.ann"
        open_rows_index(BeetsLibrary(lib).folder, open_vectors(BeetsLibrary(lib), MINE))
        built = file.stat()
        (new,) = add(lib)
        rows = open_vectors(BeetsLibrary(lib), MINE)
        index = open_rows_index(BeetsLibrary(lib).folder, rows)
        assert file.stat() == built
        row = rows.places[new]
        assert index.nearest(rows.vectors[row], 1)[0].tolist() == [row]


class TestInASmallLibrary:
    @pytest.fixture
    def lib(self, tmp_path, small) -> Library:
        lib = library(tmp_path)
        open_vectors(BeetsLibrary(lib), MINE)
        return lib

    def test_new_tracks_are_added_in_the_order_of_ids(self, lib):
        first = edition(lib)
        add(lib, 2)
        rows = open_vectors(BeetsLibrary(lib), MINE)
        assert (rows.edition, rows.written, len(rows), rows.current) == (first, 20, 22, None)
        assert rows.ids.tolist() == sorted(truth(lib))
        assert found(lib) == truth(lib)

    def test_what_is_weighted_anew_or_removed(self, lib):
        first = edition(lib)
        give(lib, 3)
        lib.get_item(5).remove()
        assert found(lib) == truth(lib)
        assert edition(lib) == first

    def test_many_changes_make_all_of_it_be_written_anew(self, lib):
        first = edition(lib)
        add(lib, 3)
        give(lib, 3)
        lib.get_item(5).remove()
        rows = open_vectors(BeetsLibrary(lib), MINE)
        assert rows.edition != first
        assert (rows.ids.tolist(), rows.current) == (sorted(truth(lib)), None)

    @pytest.mark.parametrize("removed", [False, True])
    def test_where_only_keys_changed_they_are_looked_at_once(self, lib, monkeypatch, removed):
        first = edition(lib)
        item = lib.get_item(3)
        item[KEY] = "another recording"
        item.store()
        if removed:
            lib.get_item(5).remove()
        assert edition(lib) == first
        with monkeypatch.context() as patched:
            patched.setattr(BeetsLibrary, "vectors", None)  # whoever looked at what has changed would call it
            assert edition(lib) == first
        # Of what was removed, only who asks for that is told.
        assert (open_vectors(BeetsLibrary(lib), MINE, whole=True).edition == first) is not removed

    @pytest.mark.parametrize("whole", [False, True])
    def test_what_comes_while_the_cache_is_brought_up_to_date_is_not_missed(self, lib, monkeypatch, whole):
        add(lib)
        bookmark = BeetsLibrary.bookmark

        def late(*arguments: object, **options: object) -> dict:
            monkeypatch.undo()
            add(lib)
            return bookmark(*arguments, **options)

        monkeypatch.setattr(BeetsLibrary, "bookmark", late)
        monkeypatch.setattr(vectors_module, "CACHED_FROM", 0)
        found(lib, whole=whole)
        assert found(lib, whole=whole) == truth(lib)

    @pytest.mark.skipif(why_no_annoy() is not None, reason="annoy is not installed")
    def test_the_index_has_each_new_track_after_it_is_built(self, lib):
        build_index(BeetsLibrary(lib), MINE)
        (new,) = add(lib)
        open_vectors(BeetsLibrary(lib), MINE)
        assert current_index(BeetsLibrary(lib), MINE) is None
        build_index(BeetsLibrary(lib), MINE)
        assert current_index(BeetsLibrary(lib), MINE).tracks == 21
        assert np.fromfile(BeetsLibrary(lib).folder / "index.ids", "<i8").tolist() == [*range(1, 21), new]


CHANGES = ["add", "weigh", "remove", "remove the last", "other model", "unheard", "play", "open", "whole"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 30)), max_size=14))
def test_whatever_happens_it_has_what_the_library_has(tmp_path_factory, large, changes):
    lib = library(tmp_path_factory.mktemp("library"), 12)
    for change, number in changes:
        ids = sorted(item.id for item in lib.items())
        id_ = ids[number % len(ids)] if ids else None
        if change == "add":
            add(lib, number % 4)
        elif change in ("open", "whole"):
            assert found(lib, whole=change == "whole") == truth(lib)
        elif change == "unheard":
            lib.add(Item(path=f"/music/{next(numbers)}.mp3".encode(), title="NotEmbedded"))
        elif not ids:
            continue
        elif change == "weigh":
            give(lib, id_)
        elif change == "remove":
            lib.get_item(id_).remove()
        elif change == "remove the last":
            lib.get_item(ids[-1]).remove()
        elif change == "other model":
            give(lib, id_, model="other")
        elif change == "play":
            item = lib.get_item(id_)
            item["play_count"] = number
            item.store()
    assert found(lib) == truth(lib)
    lib._close()

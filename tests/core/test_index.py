"""The index answers as if it had compared everything, and is never older than its vectors."""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deejai_core.errors import StoreError
from deejai_core.index import annoy_file as index_file
from deejai_core.index import neighbours as index_module
from deejai_core.index.annoy_file import (
    build_index,
    digest_of,
    find_index,
    index_paths,
    is_intact,
    read_manifest,
    why_no_annoy,
)
from deejai_core.index.evaluation import recall
from deejai_core.index.layout import layout, principal_directions
from deejai_core.index.neighbours import Index, asks_annoy

needs_annoy = pytest.mark.skipif(why_no_annoy() is not None, reason=str(why_no_annoy()))


def open_index(folder, vectors, **options) -> Index:
    """An index that asks Annoy, also in libraries so small that comparing all is faster: to see what it answers."""
    return index_module.open_index(folder, vectors, search="annoy", **options)


EAST, NORTH, UP = np.eye(3, dtype=np.float32)


def clustered(tracks: int, seed: int = 0, dimension: int = 100) -> np.ndarray:
    """Unit vectors in clusters of about 50, as albums and artists make them."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(1, tracks // 50), dimension))
    vectors = centres[rng.integers(len(centres), size=tracks)] + rng.normal(0, 0.7, (tracks, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(params=["whole", "projected"])
def form(request, monkeypatch) -> str:
    """Whether the index holds all numbers of the vectors, or those in their principal directions, as of many tracks."""
    if request.param == "projected":
        monkeypatch.setattr(index_file, "MOST_WHOLE", 0)
    return request.param


def test_nearest_first_with_exact_similarities():
    index = Index(np.stack([EAST, NORTH, (EAST + NORTH) / np.sqrt(2), -EAST]).astype(np.float32))
    positions, similarities = index.nearest(EAST * 5, 3)
    assert positions.tolist() == [0, 2, 1]
    assert similarities == pytest.approx([1, np.sqrt(0.5), 0])


@pytest.mark.parametrize("damage", [np.nan, np.inf, 3e38])
def test_a_vector_that_a_disk_has_damaged_is_no_neighbour(damage):
    vectors = np.stack([EAST, NORTH, np.full(3, damage, np.float32), UP])
    positions, similarities = Index(vectors).nearest((EAST + NORTH) * 5, 2)
    assert positions.tolist() == [0, 1]
    assert similarities == pytest.approx([np.sqrt(0.5)] * 2)


def test_equals_come_in_their_order():
    index = Index(np.stack([UP, EAST, EAST, EAST, UP]))
    assert index.nearest(EAST, 2)[0].tolist() == [1, 2]


def test_a_handicap_changes_the_order_and_not_what_is_returned():
    vectors = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], np.float32)
    for count, positions in ((4, [1, 2, 0, 3]), (2, [1, 2])):
        found, similarities = Index(vectors).nearest(EAST[:2], count, np.array([0.5, 0, 0, 0], np.float32))
        assert found.tolist() == positions
        assert similarities == pytest.approx(vectors[positions, 0])


@pytest.mark.parametrize("side_by_side", [160_000, 1], ids=["few that are allowed", "many"])
def test_only_what_every_filter_allows_is_a_neighbour(monkeypatch, side_by_side):
    monkeypatch.setattr(index_module, "SIDE_BY_SIDE", side_by_side)
    index = Index(np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], np.float32))
    index = index.among(np.array([False, True, True, True])).among(np.array([True, True, False, True]))
    positions, similarities = index.nearest(EAST[:2], 4)
    assert positions.tolist() == [1, 3]
    assert similarities == pytest.approx([0.8, 0])
    assert index.nearest(EAST[:2], 1)[0].tolist() == [1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1000), st.integers(1, 30), st.integers(1, 40))
def test_exact_search_is_a_sorted_list_of_all(seed, tracks, count):
    vectors = clustered(tracks, seed, dimension=5)
    positions, similarities = Index(vectors).nearest(vectors[0], count)
    order = sorted(range(tracks), key=lambda i: -float(vectors[i].astype(float) @ vectors[0].astype(float)))
    assert len(positions) == min(count, tracks)
    assert similarities == pytest.approx([vectors[i] @ vectors[0] for i in order[:count]], abs=1e-6)


@needs_annoy
@pytest.mark.parametrize("tracks", [1, 7, 500, 5_000, 30_000])
def test_recall_at_20_is_at_least_99_percent(tmp_path, tracks, form):
    vectors = clustered(tracks)
    index, exact = open_index(tmp_path, vectors), Index(vectors)
    asked = np.random.default_rng(1).permutation(tracks)[:200]
    assert tracks == 1 or recall(index, 20, asked) >= 0.99
    for query in vectors[asked]:
        positions, similarities = index.nearest(query, 20)
        wanted, best = exact.nearest(query, 20)
        both = np.isin(wanted, positions)
        assert np.array_equal(similarities[np.isin(positions, wanted)], best[both])  # what it returns is exact
        assert (np.diff(similarities) <= 0).all()


@needs_annoy
def test_annoy_is_asked_where_it_is_faster_or_always_or_never(tmp_path, monkeypatch):
    monkeypatch.setattr(index_module, "FEWEST_INDEXED", 1_000)
    assert [asks_annoy("auto", tracks) for tracks in (0, 999, 1_000)] == [False, False, True]
    assert [asks_annoy("annoy", tracks) for tracks in (0, 1, 1_000)] == [False, True, True]
    assert [asks_annoy("exact", tracks) for tracks in (0, 1, 1_000_000)] == [False] * 3
    for options, exact in (({}, True), ({"search": "exact"}, True), ({"search": "annoy"}, False)):
        assert index_module.open_index(tmp_path, clustered(300), **options).is_exact == exact
    monkeypatch.setattr(index_module, "FEWEST_INDEXED", 300)
    assert not index_module.open_index(tmp_path, clustered(300)).is_exact


@needs_annoy
def test_auto_and_exact_give_what_comparing_all_gives(tmp_path):
    """Though there is an index."""
    vectors = clustered(3_000)
    build_index(tmp_path, vectors, digest_of(vectors))
    for search in ("auto", "exact"):
        index = index_module.open_index(tmp_path, vectors, search=search)
        for query in vectors[::50]:
            order = np.argsort(-np.einsum("ij,j->i", vectors, query), kind="stable")[:20]
            assert index.nearest(query, 20)[0].tolist() == order.tolist()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(1, 1200))
def test_any_number_of_neighbours(count, tmp_path_factory):
    vectors = clustered(1_000)
    positions, _ = open_index(tmp_path_factory.mktemp("index"), vectors).nearest(vectors[0], count)
    assert len(set(positions)) == min(count, 1_000)


@needs_annoy
def test_the_index_is_built_once(tmp_path):
    vectors = clustered(300)
    assert not find_index(tmp_path, vectors, digest_of(vectors))
    open_index(tmp_path, vectors)
    before = [path.stat() for path in index_paths(tmp_path)]
    open_index(tmp_path, vectors)
    assert find_index(tmp_path, vectors, digest_of(vectors))
    assert [path.stat() for path in index_paths(tmp_path)] == before


@needs_annoy
@pytest.mark.parametrize("change", ["another vector", "another order", "one less", "one more"])
def test_other_vectors_make_another_index(tmp_path, change):
    vectors = clustered(300)
    open_index(tmp_path, vectors)
    changed = {
        "another vector": np.concatenate([vectors[:-1], -vectors[-1:]]),
        "another order": vectors[::-1].copy(),
        "one less": vectors[:-1],
        "one more": np.concatenate([vectors, -vectors[:1]]),
    }[change]
    assert not find_index(tmp_path, changed, digest_of(changed))
    index = open_index(tmp_path, changed)
    for position in (0, 150, len(changed) - 1):
        assert index.nearest(changed[position], 1)[0] == [position]


@needs_annoy
@pytest.mark.parametrize(
    "damage",
    [
        *("cut off", "swapped", "flipped", "no ids", "fewer ids", "no manifest", "strange manifest", "no json"),
        *("old version", "half of it", "no directions"),
    ],
)
def test_a_damaged_index_is_made_anew(tmp_path, damage, form):
    vectors = clustered(300)
    open_index(tmp_path, vectors)
    file, ids, manifest = index_paths(tmp_path)
    status = file.stat()
    if damage == "cut off":
        file.write_bytes(file.read_bytes()[:-100])
    elif damage == "swapped":
        build_index(tmp_path / "other", -vectors, digest_of(-vectors))
        file.write_bytes(index_paths(tmp_path / "other")[0].read_bytes())
    elif damage == "flipped":
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 255
        file.write_bytes(data)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif damage == "no ids":
        ids.unlink()
    elif damage == "fewer ids":
        ids.write_bytes(ids.read_bytes()[8:])
    elif damage == "no manifest":
        manifest.unlink()
    elif damage == "strange manifest":
        manifest.write_text('{"tracks": "many"}')
    elif damage == "no json":
        manifest.write_bytes(b"\xff\x00")
    elif damage == "half of it":
        told = json.loads(manifest.read_text())
        manifest.write_text(json.dumps(told | {"projection": (told["projection"] or "A" * 200)[:100]}))
    elif damage == "no directions":
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"directions": 0, "projection": ""}))
    elif damage == "old version":
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 0}))
    assert not find_index(tmp_path, vectors, digest_of(vectors))
    assert open_index(tmp_path, vectors).nearest(vectors[7], 1)[0] == [7]
    assert find_index(tmp_path, vectors, digest_of(vectors))


@needs_annoy
def test_without_annoy_the_answers_are_the_same(tmp_path, monkeypatch):
    vectors = clustered(2_000)
    by_annoy = open_index(tmp_path / "index", vectors)
    answers = [by_annoy.nearest(query, 10) for query in vectors[:50]]
    monkeypatch.setitem(sys.modules, "annoy", None)
    assert why_no_annoy() == "annoy is not installed; pip install 'beets-deejai[annoy]'"
    exact = open_index(tmp_path / "none", vectors)
    assert not (tmp_path / "none").exists()
    for query, (positions, similarities) in zip(vectors[:50], answers, strict=True):
        others = exact.nearest(query, 10)
        assert np.array_equal(positions, others[0])
        assert np.array_equal(similarities, others[1])


def test_a_folder_that_cannot_be_written_costs_no_answer(tmp_path):
    (tmp_path / "file").write_text("")
    vectors = clustered(300)
    assert open_index(tmp_path / "file", vectors).nearest(vectors[7], 1)[0] == [7]


@needs_annoy
class TestFilters:
    """Annoy proposes 20 of 300 tracks, whoever is allowed."""

    @pytest.fixture
    def vectors(self, monkeypatch) -> np.ndarray:
        monkeypatch.setattr(index_module, "FEWEST", 20)
        return clustered(300)

    def test_where_nearly_all_are_allowed_annoy_is_asked_and_only_some_vectors_are_read(self, vectors, tmp_path):
        asked = []
        index = open_index(tmp_path, vectors, read=lambda rows: asked.append(len(rows)) or vectors[rows])
        index = index.among(np.arange(300) != 7)
        assert not index.is_exact
        assert 7 not in index.nearest(vectors[7], 3)[0]
        assert 0 < sum(asked) < 60

    def test_where_too_few_of_those_proposed_are_allowed_all_are_compared(self, vectors, tmp_path):
        farthest = np.argsort(vectors @ vectors[7])[:150]
        allowed = np.isin(np.arange(300), farthest)
        positions, _ = open_index(tmp_path, vectors).among(allowed).nearest(vectors[7], 4)
        assert positions.tolist() == farthest[::-1][:4].tolist()

    def test_where_none_are_allowed_there_are_no_neighbours(self, vectors, tmp_path):
        assert open_index(tmp_path, vectors).among(np.zeros(300, bool)).nearest(vectors[7], 4)[0].tolist() == []


@needs_annoy
class TestRowsThatCameLater:
    """An index of the first 300 of 320 vectors."""

    @pytest.fixture
    def vectors(self) -> np.ndarray:
        return clustered(320)

    def test_they_are_found_and_nothing_is_built(self, vectors, tmp_path):
        open_index(tmp_path, vectors[:300], edition="first")
        before = [path.stat() for path in index_paths(tmp_path)]
        index = open_index(tmp_path, vectors, edition="first", tracks=300)
        assert [path.stat() for path in index_paths(tmp_path)] == before
        for position in (0, 299, 300, 319):
            assert index.nearest(vectors[position], 1)[0] == [position]

    def test_the_answers_are_those_of_comparing_all(self, vectors, tmp_path):
        index, exact = open_index(tmp_path, vectors, edition="first", tracks=300), Index(vectors)
        for query in vectors[::7]:
            assert np.array_equal(index.nearest(query, 10)[0], exact.nearest(query, 10)[0])

    def test_what_is_out_of_date_is_not_found(self, vectors, tmp_path):
        current = np.ones(320, bool)
        current[[7, 310]] = False
        index = open_index(tmp_path, vectors, edition="first", tracks=300).among(current)
        assert index.nearest(vectors[7], 1)[0] != [7]
        assert index.nearest(vectors[310], 1)[0] != [310]

    def test_ids_are_those_of_the_first_ones_and_others_make_another_index(self, vectors, tmp_path):
        for first in (7, 8):
            open_index(tmp_path, vectors, tracks=300, ids=np.arange(320) + first)
            assert np.fromfile(index_paths(tmp_path)[1], "<i8").tolist() == list(range(first, first + 300))

    def test_another_name_makes_another_index(self, vectors, tmp_path):
        open_index(tmp_path, vectors, edition="first", tracks=300)
        assert find_index(tmp_path, vectors[:300], "first")
        assert not find_index(tmp_path, vectors[:300], "second")


@needs_annoy
def test_the_same_vectors_make_the_same_index(tmp_path):
    """Though two threads build it, and put their trees into the file as they get ready."""
    vectors = clustered(3_000)
    one, other = (open_index(tmp_path / name, vectors) for name in "ab")
    for query in vectors[::100]:
        assert np.array_equal(one.nearest(query, 30)[0], other.nearest(query, 30)[0])


@needs_annoy
def test_the_index_of_many_tracks_holds_fewer_numbers_and_says_which(tmp_path, monkeypatch):
    from annoy import AnnoyIndex

    monkeypatch.setattr(index_file, "MOST_WHOLE", 299)
    vectors = clustered(300, dimension=20)
    build_index(tmp_path, vectors, "edition", np.arange(300) + 7)
    made = read_manifest(tmp_path)
    assert 0 < made.directions < made.dimension == 20
    annoy = AnnoyIndex(made.directions, "angular")
    annoy.load(str(index_paths(tmp_path)[0]))
    assert annoy.get_item_vector(5) == pytest.approx(made.project(vectors[5]), abs=1e-6)
    assert np.fromfile(index_paths(tmp_path)[1], "<i8").tolist() == list(range(7, 307))


@needs_annoy
def test_a_file_too_large_to_be_read_by_a_list_is_read_by_whoever_looks_for_damage(tmp_path, monkeypatch):
    vectors = clustered(300)
    build_index(tmp_path, vectors, "edition")
    file = index_paths(tmp_path)[0]
    status = file.stat()
    data = bytearray(file.read_bytes())
    data[100] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not find_index(tmp_path, vectors, "edition")
    monkeypatch.setattr(index_file, "ALWAYS_HASHED", 1_000)
    found = find_index(tmp_path, vectors, "edition")
    assert not is_intact(tmp_path, found)
    file.unlink()
    assert not is_intact(tmp_path, found)


def test_an_annoy_that_ends_the_process_is_not_used(tmp_path, monkeypatch):
    """As one does that was compiled for another processor."""
    (tmp_path / "annoy.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n")
    monkeypatch.delitem(sys.modules, "annoy", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    index_file._annoy_runs.cache_clear()
    try:
        assert why_no_annoy().startswith("annoy was built for another processor")
        assert open_index(tmp_path, clustered(300)).is_exact
    finally:
        index_file._annoy_runs.cache_clear()


@needs_annoy
def test_a_full_disk_leaves_no_index(tmp_path, monkeypatch):
    """Annoy does not notice that the end of its file was not written."""
    import annoy

    class Cut(annoy.AnnoyIndex):
        def save(self, path: str) -> None:
            super().save(path)
            os.truncate(path, 412 * 100)
            self.load(path)

    vectors = clustered(300)
    monkeypatch.setattr(annoy, "AnnoyIndex", Cut)
    with pytest.raises(StoreError, match="cannot write the index"):
        build_index(tmp_path, vectors, "edition")
    assert list(tmp_path.iterdir()) == []


def test_principal_directions_hold_what_is_asked_for():
    vectors = np.array([[3, 0, 0.1], [-3, 0, 0], [3, 1, 0], [3, -1, 0]], np.float32)
    assert np.abs(principal_directions(vectors, 0.9)) == pytest.approx(np.array([[1], [0], [0.01]]), abs=0.002)
    assert principal_directions(vectors, 0.99).shape == (3, 2)
    assert principal_directions(vectors, 1).shape == (3, 3)


def test_the_layout_puts_neighbours_side_by_side():
    vectors = clustered(2_000, dimension=20)
    order = layout(vectors)
    assert sorted(order) == list(range(2_000))

    def step(some: np.ndarray) -> float:
        return float(np.einsum("ij,ij->i", some[:-1], some[1:]).mean())

    assert step(vectors[order]) > 0.3 > 0.1 > step(vectors)

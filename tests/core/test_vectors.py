"""The cache of a library's vectors: what was written is read, rows are added, and damage is never believed."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.errors import StoreError
from deejai_core.index.vectors import (
    Vectors,
    extend_vectors_file,
    read_vectors_file,
    vectors_paths,
    write_vectors_file,
)

EAST, NORTH, UP = np.eye(3, dtype=np.float32)


def column(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@pytest.fixture
def kept(tmp_path):
    """Track 5 looks east, track 9 north."""
    return write_vectors_file(tmp_path, "model", column(5, 9), column(50, 90), np.stack([EAST, NORTH]), {"seen": 90})


def test_what_is_written_is_read(kept, tmp_path):
    read = read_vectors_file(tmp_path, "model", 3)
    assert read.ids.tolist() == [5, 9]
    assert read.marks.tolist() == [50, 90]
    assert read.vectors.tolist() == [EAST.tolist(), NORTH.tolist()]
    assert (read.edition, read.written, read.state) == (kept.edition, 2, {"seen": 90})
    assert read.current is None  # all of them count
    assert dict(read.places) == {5: 0, 9: 1}


def test_vectors_are_not_read_before_they_are_asked_for(kept, tmp_path):
    vectors = read_vectors_file(tmp_path, "model", 3).vectors
    assert type(vectors) is np.ndarray
    assert isinstance(vectors.base, np.memmap)
    assert read_vectors_file(tmp_path, "model", 3).read(np.array([1, 0, 1])).tolist() == [*map(list, (NORTH, EAST, NORTH))]
    assert not vectors.flags.writeable


def test_of_a_track_its_last_row_counts(kept, tmp_path):
    added = np.stack([UP, -UP]).astype(np.float64)  # of any type; what is kept is float32
    extended = extend_vectors_file(tmp_path, kept, column(7, 5), column(100, 101), added, {"seen": 101})
    for vectors in (extended, read_vectors_file(tmp_path, "model", 3)):
        assert vectors.current.tolist() == [False, True, True, True]
        assert dict(vectors.places) == {5: 3, 7: 2, 9: 1}
        assert vectors.read(np.array([3, 1, 2])).tolist() == [*map(list, (-UP, NORTH, UP))]
        assert (vectors.edition, vectors.written, vectors.state) == (kept.edition, 2, {"seen": 101})


def test_vectors_that_are_not_on_disk_are_read_alike():
    vectors = Vectors(column(5, 9), column(50, 90), np.stack([EAST, NORTH]), written=2)
    assert vectors.read(np.array([1, 0, 1])).tolist() == [*map(list, (NORTH, EAST, NORTH))]


@pytest.mark.parametrize("suffix", ["rows", "f32"])
@pytest.mark.parametrize("damage", [lambda data: bytes(len(data)), lambda data: b"\xff" * len(data)], ids=["zeros", "ones"])
def test_damage_that_leaves_no_trace_is_not_believed(kept, tmp_path, suffix, damage):
    """As a disk does it: size and time stay as they were."""
    (path,) = tmp_path.glob(f"vectors-*.{suffix}")
    status = path.stat()
    path.write_bytes(damage(path.read_bytes()))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read_vectors_file(tmp_path, "model", 3) is None


@pytest.mark.parametrize("checked", [200_000, 0], ids=["all", "more vectors than are checked"])
def test_no_bit_that_changes_is_believed(kept, tmp_path, monkeypatch, checked):
    """Rows that were added count too. Of very many tracks the vectors are not looked at, but the rows are."""
    monkeypatch.setattr("deejai_core.index.vectors.CHECKED", checked)
    extend_vectors_file(tmp_path, kept, column(7), column(100), UP[None], {"seen": 100})
    assert read_vectors_file(tmp_path, "model", 3).ids.tolist() == [5, 9, 7]
    for path in vectors_paths(tmp_path):
        if path.suffix == ".f32" and not checked:
            continue
        data, status = path.read_bytes(), path.stat()
        for place, byte in enumerate(data):
            if path.suffix == ".json" and chr(byte).isspace():
                continue  # says nothing
            path.write_bytes(data[:place] + bytes([byte ^ 1]) + data[place + 1 :])
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
            assert read_vectors_file(tmp_path, "model", 3) is None, (path.suffix, place)
        path.write_bytes(data)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read_vectors_file(tmp_path, "model", 3).ids.tolist() == [5, 9, 7]


def test_rows_are_never_added_through_a_link(kept, tmp_path):
    path = next(tmp_path.glob("vectors-*.f32"))
    path.rename(tmp_path / "other")
    path.symlink_to(tmp_path / "other")
    before = (tmp_path / "other").read_bytes()
    with pytest.raises(StoreError, match="is a symbolic link that deejai did not make; remove it"):
        extend_vectors_file(tmp_path, kept, column(7), column(100), np.stack([UP]), {"seen": 101})
    assert (tmp_path / "other").read_bytes() == before


def test_a_track_that_lost_its_vector_is_none(kept, tmp_path):
    extended = extend_vectors_file(tmp_path, kept, column(9), column(0), np.zeros((1, 3), np.float32), {})
    assert extended.current.tolist() == [True, False, False]
    assert dict(extended.places) == {5: 0}
    assert 9 not in extended.places


def test_what_is_written_anew_replaces_all(kept, tmp_path):
    anew = write_vectors_file(tmp_path, "model", column(1), column(1), UP[None], {})
    assert anew.edition != kept.edition
    assert read_vectors_file(tmp_path, "model", 3).ids.tolist() == [1]
    assert len(vectors_paths(tmp_path)) == 3
    assert kept.vectors.tolist() == [EAST.tolist(), NORTH.tolist()]  # for whoever has it open
    assert kept.read(np.array([1])).tolist() == [NORTH.tolist()]


def test_an_empty_library(tmp_path):
    nothing = np.zeros((0, 3), np.float32)
    write_vectors_file(tmp_path, "model", column(), column(), nothing, {})
    assert len(read_vectors_file(tmp_path, "model", 3)) == 0


@pytest.mark.parametrize(("model", "dimension"), [("other", 3), ("model", 4)])
def test_those_of_another_model_are_not_these(kept, tmp_path, model, dimension):
    assert read_vectors_file(tmp_path, model, dimension) is None


def _truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [_truncate, lambda path: path.write_bytes(b""), lambda path: path.unlink()])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_damaged_files_are_none(kept, tmp_path, damage, which):
    damage(vectors_paths(tmp_path)[which])
    assert read_vectors_file(tmp_path, "model", 3) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '"text"', '{"version": 2}', "[" * 100_000, "\x00"])
def test_a_manifest_that_is_none(kept, tmp_path, text):
    (tmp_path / "vectors.json").write_text(text)
    assert read_vectors_file(tmp_path, "model", 3) is None


def test_what_an_interrupted_process_left_is_written_over(kept, tmp_path):
    """It had added rows, but not yet said so; those of a later process come in their place."""
    manifest = (tmp_path / "vectors.json").read_text()
    extend_vectors_file(tmp_path, kept, column(1, 2, 3), column(1, 2, 3), np.stack([UP, UP, UP]), {})
    (tmp_path / "vectors.json").write_text(manifest)
    extend_vectors_file(tmp_path, kept, column(7), column(100), UP[None], {})
    assert read_vectors_file(tmp_path, "model", 3).ids.tolist() == [5, 9, 7]


def test_rows_are_not_added_to_what_another_process_has_changed(kept, tmp_path):
    extend_vectors_file(tmp_path, kept, column(7), column(100), UP[None], {})
    with pytest.raises(StoreError, match="another process has changed"):
        extend_vectors_file(tmp_path, kept, column(8), column(101), UP[None], {})
    assert read_vectors_file(tmp_path, "model", 3).ids.tolist() == [5, 9, 7]


def test_another_process_that_adds_rows_is_not_waited_for_for_ever(kept, tmp_path, monkeypatch):
    monkeypatch.setattr("deejai_core.index.vectors.PATIENCE", 0.01)
    with FileLock(tmp_path / "vectors.lock"), pytest.raises(StoreError, match="cannot write the vectors' cache"):
        extend_vectors_file(tmp_path, kept, column(7), column(100), UP[None], {})
    assert read_vectors_file(tmp_path, "model", 3).ids.tolist() == [5, 9]


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write the vectors' cache"):
        write_vectors_file(tmp_path / "file", "model", column(1), column(1), UP[None], {})
    assert read_vectors_file(tmp_path / "file", "model", 3) is None


def test_the_manifest_can_be_read_by_other_programs(kept, tmp_path):
    manifest = json.loads((tmp_path / "vectors.json").read_text())
    rows, vectors = tmp_path / f"vectors-{manifest['edition']}.rows", tmp_path / f"vectors-{manifest['edition']}.f32"
    assert np.fromfile(rows, [("id", "<i8"), ("mark", "<i8"), ("order", "<i8")])["id"].tolist() == [5, 9]
    assert np.fromfile(vectors, "<f4").reshape(manifest["rows"], manifest["dimension"])[1].tolist() == NORTH.tolist()


@given(first=st.sets(st.integers(1, 9)), later=st.lists(st.tuples(st.integers(1, 9), st.booleans())))
def test_places_are_a_dictionary_of_the_last_rows(first, later):
    rows = [(id_, True) for id_ in sorted(first, reverse=True)] + later
    ids = np.array([id_ for id_, _ in rows], np.int64)
    marks = np.array([7 * has_vector for _, has_vector in rows], np.int64)
    last = {id_: row for row, (id_, _) in enumerate(rows)}
    expected = {id_: row for id_, row in last.items() if marks[row]}
    vectors = Vectors(ids, marks, np.zeros((len(rows), 2), np.float32), written=len(first))
    assert dict(vectors.places) == expected
    assert len(vectors.places) == len(expected)
    assert all(vectors.places.get(id_) == expected.get(id_) for id_ in range(11))
    current = np.ones(len(rows), bool) if vectors.current is None else vectors.current
    assert sorted(np.flatnonzero(current)) == sorted(expected.values())

"""The slice store keeps what it was given, and says why when it cannot."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import zlib

import numpy as np
import pytest

from deejai_core.embedding.slices import SCHEMA_VERSION, FileNote, SliceStore, are_slices, rebuild_store
from deejai_core.errors import DamagedError, StoreError

TRUNK = np.arange(8, dtype=np.float16).reshape(2, 4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "library.db.deejai" / "slices.db"


def test_slices_come_back_as_they_were_put(path):
    with SliceStore(path) as store:
        store.put("key", "model", TRUNK.astype(np.float32))
    with SliceStore(path) as store:
        assert store.keys("model") == {"key"}
        ((key, trunk),) = store.get(["other", "key"], "model", 4)
        assert key == "key"
        assert np.array_equal(trunk, TRUNK)
        assert trunk.dtype == np.float16


def test_models_do_not_see_each_others_slices(path):
    with SliceStore(path) as store:
        store.put("key", "one", TRUNK)
        assert store.keys("two") == set()
        assert list(store.get(["key"], "two", 4)) == []


def test_slices_put_again_replace_the_old_ones(path):
    with SliceStore(path) as store:
        store.put("key", "model", TRUNK)
        store.put("key", "model", TRUNK + 1)
        ((_, trunk),) = store.get(["key"], "model", 4)
        assert np.array_equal(trunk, TRUNK + 1)


def test_dropped_slices_are_those_of_one_model(path):
    with SliceStore(path) as store:
        for key, model in (("a", "one"), ("b", "one"), ("a", "two")):
            store.put(key, model, TRUNK)
        store.drop(["a", "c"], "one")
        assert (store.keys("one"), store.keys("two")) == ({"b"}, {"a"})


def test_what_is_lost_is_to_be_heard_again_until_it_is_heard(path):
    with SliceStore(path) as store:
        store.embed_again(["a", "b"], "one")
        store.embed_again(["b"], "one")
        store.embed_again(["a"], "two")
        store.put("a", "one", TRUNK)
        assert (store.to_embed_again("one"), store.to_embed_again("two")) == ({"b"}, {"a"})


def test_a_file_is_noted_as_it_was_last(path):
    first, other = FileNote(b"/caf\xe9.mp3", "a", 7, 1), FileNote(b"/b.mp3", "b", 8, 2)
    changed = FileNote(b"/caf\xe9.mp3", "c", 9, 3)
    with SliceStore(path) as store:
        store.note_files([first, other])
        store.note_files([changed])
        assert store.files() == {changed.path: changed, other.path: other}


class TestCounts:
    """Recording a of two slices and b of one, weighted against both and c; and b as another model embeds it."""

    @pytest.fixture
    def store(self, path):
        with SliceStore(path) as store:
            for key, model, trunk in (("a", "trunk", TRUNK), ("b", "trunk", TRUNK[:1]), ("b", "other", TRUNK)):
                store.put(key, model, trunk)
            store.begin_weighting("head", "trunk", 0.3, ["a", "b", "c"])
            store.put_counts({"a": np.array([0, 2]), "b": np.array([1])})
            yield store

    def counts(self, store: SliceStore, most: int = 2) -> dict[str, list[int]]:
        return {key: others.tolist() for key, others in store.get_counts({"a": 2, "b": 1, "c": 1}, most).items()}

    def test_come_back_with_what_they_were_made_with(self, store):
        assert self.counts(store) == {"a": [0, 2], "b": [1]}
        made = store.weighting()
        assert (made.model, made.epsilon, made.reference) == ("head", 0.3, dict.fromkeys("abc"))

    def test_that_no_weighing_can_have_made_are_damage(self, store):
        with pytest.raises(DamagedError, match="counts that are too high"):
            self.counts(store, most=1)
        store.put_counts({"a": np.array([0, 2, 2])})
        with pytest.raises(DamagedError, match="counts of other slices"):
            self.counts(store)
        assert store.damage({"trunk": 4}) == "counts of other slices: 1"
        assert not store.damage({"other": 4})

    def test_of_what_is_heard_anew_are_dropped_and_the_reference_keeps_what_was_counted(self, store):
        store.put("b", "other", TRUNK + 1)
        store.put("a", "trunk", TRUNK)
        assert store.counted() == {"a", "b"}  # nothing that was counted has changed
        store.put("a", "trunk", TRUNK + 1)
        store.put("a", "trunk", TRUNK + 2)
        store.drop(["b"], "trunk")
        assert store.counted() == set()
        assert store.weighting().reference == {"a": TRUNK.tobytes(), "b": TRUNK[:1].tobytes(), "c": None}

    def test_go_on_against_another_reference(self, store):
        store.put("a", "trunk", TRUNK + 1)
        store.put_counts({"a": np.array([0, 0]), "c": np.array([7])})
        store.continue_weighting(["a", "d"], ["a", "b"], {"a": np.array([1, 1])})
        assert self.counts(store) == {"a": [1, 1], "b": [1]}  # those of c were not brought up to date
        assert store.weighting().reference == dict.fromkeys("ad")

    def test_are_forgotten_alone_or_with_all_the_others(self, store):
        store.drop_counts(["b"])
        assert store.counted() == {"a"}
        store.begin_weighting("head", "trunk", 0.3, ["a"])
        assert (store.counted(), store.weighting().reference) == (set(), {"a": None})
        store.put_counts({"a": np.array([0, 0])})
        store.forget_weighting()
        assert (store.counted(), store.weighting()) == (set(), None)


def test_any_number_of_recordings_is_asked_for_at_once(path, monkeypatch):
    """Of as many as one statement of SQLite takes, of one more, and of others that are not there."""
    monkeypatch.setattr("deejai_core.embedding.slices.CHUNK", 2)
    with SliceStore(path) as store:
        for number, key in enumerate("abcde"):
            store.put(key, "model", TRUNK + number)
        for keys in ("", "b", "ab", "edc", "axbycz", "abcde"):
            expected = {key: (TRUNK + "abcde".index(key)).tobytes() for key in keys if key in "abcde"}
            assert store.get_many(keys, "model", 4) == expected
            assert [key for key, _ in store.get(keys, "model", 4)] == list(expected)


def test_a_failure_stands_until_its_file_changes(path, tmp_path):
    song = tmp_path / os.fsdecode(b"caf\xe9\n.mp3")
    song.write_bytes(b"broken")
    with SliceStore(path) as store:
        store.put_failure(song, "no audio in it", lasting=True)
        (failure,) = store.failures().values()
        assert (failure.path, failure.reason, failure.size) == (song, "no audio in it", 6)
        assert failure.failed_at.endswith("+00:00")  # UTC, wherever this is
        assert failure.still_stands()
        song.write_bytes(b"repaired by now")
        assert not failure.still_stands()
        store.drop_failure(song)
        assert store.failures() == {}


def test_a_missing_file_is_always_tried_again(path, tmp_path):
    with SliceStore(path) as store:
        store.put_failure(tmp_path / "unplugged.mp3", "No such file or directory", lasting=False)
        (failure,) = store.failures().values()
        assert not failure.still_stands()


@pytest.mark.parametrize(("lasting", "retries", "stands"), [(True, 9, [True] * 3), (False, 1, [False, True, True])])
def test_what_may_be_the_circumstances_is_retried_so_often(path, tmp_path, lasting, retries, stands):
    song = tmp_path / "song.mp3"
    song.write_bytes(b"slow")
    with SliceStore(path) as store:
        for attempt, stood in enumerate(stands, 1):
            store.put_failure(song, "it takes too long", lasting=lasting)
            (failure,) = store.failures().values()
            assert failure.attempts == attempt
            assert failure.still_stands(retries) == stood
            assert failure.still_stands()  # without retries
        song.write_bytes(b"another file by now")
        store.put_failure(song, "it takes too long", lasting=lasting)
        assert store.failures()[song].attempts == 1


@pytest.mark.parametrize(
    ("stored", "numbers", "sound"),
    [
        (TRUNK.tobytes(), 4, True),
        (TRUNK.tobytes(), 1, True),
        (TRUNK.tobytes(), 3, False),  # two slices and two thirds
        (TRUNK.tobytes()[:-1], 1, False),
        (TRUNK.tobytes()[:2], 1, True),
        (b"", 1, False),
        (None, 1, False),
        ("text", 1, False),
        (np.float16([65504, -65504, -0.0]).tobytes(), 3, True),  # the largest numbers of two bytes
        (np.float16([0, np.inf, 0]).tobytes(), 3, False),
        (np.float16([0, 0, -np.inf]).tobytes(), 3, False),
        (np.float16([np.nan, 0, 0]).tobytes(), 3, False),
    ],
)
def test_what_can_be_slices(stored, numbers, sound):
    """numbers: of a slice."""
    assert are_slices(stored, numbers) == sound
    assert not are_slices(stored, numbers, crc=1)


def test_no_bit_that_changes_is_believed(path):
    """Though what it leaves is a number."""
    with SliceStore(path) as store:
        store.put("key", "model", TRUNK)
        for bit in range(TRUNK.nbytes * 8):
            changed = bytearray(TRUNK.tobytes())
            changed[bit // 8] ^= 1 << bit % 8
            store._connection.execute("UPDATE slices SET trunk = ?", (bytes(changed),))
            with pytest.raises(DamagedError, match="slices of a recording"):
                store.get_many(["key"], "model", 4)
        store._connection.commit()
        assert store.damage({"model": 4}) == "damaged rows of slices: 1"


def test_an_older_store_is_migrated(path):
    """Version 1 did not count attempts, and none before 5 had checksums of slices."""
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE slices (key TEXT NOT NULL, model TEXT NOT NULL, trunk BLOB NOT NULL, PRIMARY KEY (model, key));"
            "CREATE TABLE failures (path BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, reason TEXT NOT NULL, "
            "failed_at TEXT NOT NULL);"
            "INSERT INTO failures VALUES (CAST('/a.mp3' AS BLOB), 7, 1, 'no audio in it', '2026-01-01');"
            "PRAGMA user_version = 1;"
        )
        connection.execute("INSERT INTO slices VALUES ('key', 'model', ?)", (TRUNK.tobytes(),))
    connection.close()
    for _ in range(2):
        with SliceStore(path) as store:
            (failure,) = store.failures().values()
            assert (os.fspath(failure.path), failure.lasting, failure.attempts) == ("/a.mp3", True, 1)
            assert np.array_equal(next(store.get(["key"], "model", 4))[1], TRUNK)
    with SliceStore(path) as store:
        assert not store.damage({"model": 4})
        store.put("key", "model", TRUNK)  # embedded again, the same
        assert list(store._connection.execute("SELECT crc FROM slices")) == [(zlib.crc32(TRUNK.tobytes()),)]
    with sqlite3.connect(path.with_name("slices.db.version-1")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT key, trunk FROM slices").fetchall() == [("key", TRUNK.tobytes())]
    connection.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()


def test_a_newer_store_is_refused_untouched(path):
    SliceStore(path).__exit__()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"slices\.db: made by a newer beets-deejai"):
        SliceStore(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("version", [-1, -(2**31), 0, 1, 2**31 - 1])
def test_a_version_that_no_program_made_is_damage_that_can_be_mended(path, version):
    with SliceStore(path) as store:
        store.put("key", "model", TRUNK)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DamagedError, match=r"slices\.db: damaged \(.*\)$"):
        SliceStore(path)
    assert path.read_bytes() == before
    assert rebuild_store(path, {}).read_bytes() == before
    with SliceStore(path) as store:
        assert np.array_equal(next(store.get(["key"], "model", 4))[1], TRUNK)


LASTING = ("slices", "failures", "files", "again")  # the others are made again
IMPOSSIBLE = [
    *(("slices", change) for change in ("key = x'ff'", "model = x'ff'", "trunk = x'00'", "crc = 'text'")),
    *(("failures", change) for change in ("path = '/a.mp3'", "path = x'6100'", "reason = x'ff'", "failed_at = x'ff'")),
    *(("failures", change) for change in ("size = 'large'", "mtime_ns = 1.5", "lasting = 'yes'", "attempts = 1.5")),
    *(("files", change) for change in ("path = '/a.mp3'", "path = x'6100'", "key = NULL", "size = NULL", "mtime_ns = 1.5")),
    *(("again", change) for change in ("model = x'ff'", "key = x'ff'")),
    *(("weighing", change) for change in ("model = x'ff'", "trunk = x'ff'", "epsilon = 'small'")),
    *(("reference", change) for change in ("key = x'ff'", "trunk = 'text'", "trunk = x'00'")),
    *(("counts", change) for change in ("key = x'ff'", "others = 'text'", "others = x'00'")),
]


@pytest.mark.parametrize(("table", "change"), [("", ""), *IMPOSSIBLE])
def test_a_row_that_cannot_be_is_counted_and_left_out_and_all_others_are_kept(path, table, change):
    with SliceStore(path) as store:
        store.put("key", "model", TRUNK)
        store.put_failure(path.with_name("gone.mp3"), "No such file", lasting=False)  # of no size and no time
        store.note_files([FileNote(b"/a.mp3", "key", 7, 7)])
        store.embed_again(["lost"], "model")
        store.begin_weighting("model", "model", 0.3, ["key"])
        store.put_counts({"key": np.zeros(2, int)})
        if table:
            store._connection.execute(f"UPDATE {table} SET {change}")  # noqa: S608 (our own names)
            store._connection.commit()
        assert store.damage({"model": 4}) == (f"damaged rows of {table}: 1" if table else "")
    rebuild_store(path, {"model": 4})
    with SliceStore(path) as store:
        assert store.damage({"model": 4}) == ""
        for name in (*LASTING, "weighing", "reference", "counts"):
            (rows,) = store._connection.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608
            assert rows == (name in LASTING and name != table), name


def test_a_header_that_forbids_writing_is_damage_that_can_be_mended(path):
    with SliceStore(path) as store:
        store.put("key", "model", TRUNK)
    data = bytearray(path.read_bytes())
    data[18] = 3  # by which versions of SQLite the file may be written
    path.write_bytes(data)
    with SliceStore(path) as store:
        assert store.keys("model") == {"key"}
        assert store.damage({"model": 4}) == "its header"
        with pytest.raises(DamagedError, match=r"slices\.db: damaged \(its header\)"):
            store.put("other", "model", TRUNK)
    rebuild_store(path, {"model": 4})
    with SliceStore(path) as store:
        assert store.damage({"model": 4}) == ""
        assert store.keys("model") == {"key"}


def test_text_of_the_schema_that_is_none_is_damage(path):
    """SQLite quotes it in its message, which Python then cannot read."""
    with SliceStore(path) as store:
        store.put("key", "model", TRUNK)
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE slices", b"CREATE TABLE \xa3lices"))
    with pytest.raises(DamagedError, match=r"slices\.db: damaged \(.*\)$"):
        SliceStore(path)
    rebuild_store(path, {})
    with SliceStore(path) as store:
        assert store.keys("model") <= {"key"}


@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_no_store_is_not_written_through(path, tmp_path, there):
    path.parent.mkdir()
    path.symlink_to(tmp_path / "target")
    if there:
        (tmp_path / "target").touch()
    with pytest.raises(StoreError, match=r"slices\.db: is a symbolic link that deejai did not make; remove it"):
        SliceStore(path)
    assert (tmp_path / "target").exists() == there
    assert not there or not (tmp_path / "target").stat().st_size


def test_a_file_that_is_no_store_is_named(path):
    path.parent.mkdir()
    path.write_bytes(b"this is no database, but long enough to be taken for one" * 100)
    with pytest.raises(DamagedError, match=r"slices\.db: damaged \(file is not a database\)"):
        SliceStore(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"slices\.db"):
        SliceStore(tmp_path / "file" / "slices.db")


def test_a_store_that_is_opened_meanwhile_leaves_a_transaction_its_lock(tmp_path):
    """POSIX drops all locks that a process has on a file when it closes any of its descriptors of that file."""
    path = tmp_path / "slices.db"

    def open_it() -> None:
        with SliceStore(path):
            pass

    open_it()
    writer = sqlite3.connect(path)
    writer.execute("BEGIN IMMEDIATE")
    opening = threading.Thread(target=open_it)
    opening.start()
    opening.join()
    program = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
    other = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
    assert "database is locked" in other.stderr
    writer.commit()
    writer.close()

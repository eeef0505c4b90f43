"""Whatever a disk does to a file of ours, it is one error that says what to do, and then a file that is whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deejai_core.embedding.slices import FileNote, SliceStore, rebuild_store
from deejai_core.errors import ModelError, StoreError
from deejai_core.history.mentions import Mention, Play, SongList
from deejai_core.history.store import HistoryStore, Source, rebuild_history
from deejai_core.models.head import HeadWeights, save_head
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.registry import load_model, trunk_of

SIZES = {"model": 4}
KEYS = [f"{number:032x}" for number in range(30)]


def make_slices(path: Path) -> None:
    rng = np.random.default_rng(0)
    with SliceStore(path) as store:
        for key in KEYS:
            store.put(key, "model", rng.normal(size=(3, 4)))
        store.put_failure(Path("/broken.mp3"), "no audio in it", lasting=True)
        store.note_files([FileNote(b"/song.mp3", KEYS[0], 7, 7)])
        store.begin_weighting("model", "model", 0.3, KEYS[:10])
        store.put_counts({key: np.ones(3, int) for key in KEYS})
        store.embed_again(["key"], "model")


def read_slices(path: Path) -> None:
    with SliceStore(path) as store:
        store.weighting(), store.counted(), store.failures(), store.files(), store.to_embed_again("model")
        keys = store.keys("model")
        list(store.get(keys, "model", 4))
        store.put("new", "model", np.ones((1, 4)))
        store.get_counts({key: len(trunk) // 8 for key, trunk in store.get_many(keys, "model", 4).items()}, 10)


def damage_of_slices(path: Path) -> str:
    with SliceStore(path) as store:
        return store.damage(SIZES)


def make_history(path: Path) -> None:
    songs = [Mention(f"Artist {number}", f"Title {number}", path=Path(f"/{number}.mp3")) for number in range(20)]
    with HistoryStore(path) as store:
        lists = [SongList(f"List {number}", tuple(songs[number : number + 5]), "2026-01-01") for number in range(15)]
        store.replace(Source("files", "/lists"), [*lists, *(Play(song, 10**9 + at) for at, song in enumerate(songs))])


def read_history(path: Path) -> None:
    with HistoryStore(path) as store:
        store.sources(), store.holdings(), list(store.songs()), list(store.lists()), store.frequencies()
        store.append(Source("files", "/new"), [Play(Mention("New", "Song"), 10**9)])
        store.song(1), store.newest(Source("files", "/lists"))


def damage_of_history(path: Path) -> str:
    with HistoryStore(path) as store:
        return store.damage()


FILES = {
    "slices.db": (make_slices, read_slices, damage_of_slices, lambda path: rebuild_store(path, SIZES)),
    "history.db": (make_history, read_history, damage_of_history, rebuild_history),
}
# Most of what matters lies in the first page: the header and the schema.
PLACE = st.one_of(st.integers(0, 99), st.integers(0, 4095), st.integers(0, 10**6))
FLIPS = st.lists(st.tuples(PLACE, st.integers(1, 255)), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Callable[[str], bytes]:
    folder = tmp_path_factory.mktemp("whole")
    for name, (make, *_) in FILES.items():
        make(folder / name)
    return lambda name: (folder / name).read_bytes()


def outcome(read: Callable[[Path], object], path: Path) -> object:
    """What reading gives, or its error, which must be a line that names the file and the way out."""
    try:
        return read(path)
    except StoreError as raised:
        error, hint = str(raised), raised.hint
    assert error.startswith(f"{path}: ")
    assert "\n" not in error
    assert hint == "repair" or error.endswith("upgrade beets-deejai")
    return error


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=60)
@given(flips=FLIPS, kept=st.one_of(st.none(), st.floats(0, 1)))
@example(flips=[(60, 255)], kept=None)  # a version below 0
@example(flips=[(63, 64)], kept=None)  # another version
@example(flips=[(0, 1)], kept=None)  # no database
@example(flips=[(18, 7)], kept=None)  # of a format that SQLite only reads
@example(flips=[(59, 4)], kept=None)  # of another encoding
def test_sqlite_files(tmp_path_factory, whole, name, flips, kept):
    _, read, damage, rebuild = FILES[name]
    data = bytearray(whole(name))
    for place, bits in flips:
        data[place % len(data)] ^= bits
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(data if kept is None else data[: int(kept * len(data))])
    outcome(read, path)
    found = outcome(damage, path)
    if found and "upgrade" not in found:
        rebuild(path)
        assert damage(path) == ""
        read(path)


@pytest.fixture
def head(tmp_path):
    """The folder of a trained model."""
    trunk = MusiCNN()
    sizes = [(trunk.trunk_size,), (trunk.trunk_size,), (trunk.trunk_size, 2), (2,), (2, 2), (2,)]
    weights = HeadWeights(*(np.ones(size, np.float32) for size in sizes))
    about = {"trunk": "musicnn", "trunk_name": trunk.trunk_name, "weight": 0.5, "epsilon": 0.1}
    save_head(tmp_path / "mine", weights, **about, trained={"lists": "3"})
    return tmp_path / "mine"


@pytest.mark.parametrize("key", ["trunk", "trunk_name", "weight", "epsilon", "sha256", "trained"])
@pytest.mark.parametrize("value", [None, True, -1, 10**30, float("nan"), float("inf"), [], "", "mine", "~nobody/x", "\0"])
def test_a_trained_model_with_a_damaged_configuration_is_one_error(head, key, value):
    path = head / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(ModelError):
        load_model("mine", head.parent, download=False)


def test_a_trained_model_stands_on_no_other_one(head):
    """Nor on itself, which would have no end."""
    path = head / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"trunk": "mine"}))
    with pytest.raises(ModelError, match="is based on mine"):
        load_model("mine", head.parent)
    assert trunk_of("mine", head.parent) == "mine"

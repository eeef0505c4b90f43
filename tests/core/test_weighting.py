"""A library that changes has the vectors of one that was always as it is, whatever was done in between."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deejai_core.embedding import mp3tovec as core
from deejai_core.embedding import weighting as module
from deejai_core.embedding.mp3tovec import mp3tovec
from deejai_core.embedding.recordings import Recordings
from deejai_core.embedding.slices import COUNT_TABLES, SliceStore, rebuild_store
from deejai_core.embedding.weighting import (
    choose_reference,
    is_current,
    read_units,
    weight_against,
    weight_external,
    weight_library,
    weight_only,
)
from deejai_core.errors import DamagedError
from deejai_core.models.musicnn.model import MusiCNN

DIMENSION = 4
EPSILON = 0.3
WORDS = np.random.default_rng(0).normal(size=(6, DIMENSION))


class Model:
    """Hears slice vectors as they are."""

    name = trunk_name = "model"
    trunk_size = dimension = DIMENSION

    def project(self, trunk: np.ndarray) -> np.ndarray:
        return trunk.astype(np.float32)


class OtherModel(Model):
    name = "other"

    def project(self, trunk: np.ndarray) -> np.ndarray:
        return super().project(trunk) * [1, -1, 2, 1]


def key_of(number: int) -> str:
    return f"{number * 2654435761 % 2**32:08x}"


def slices_of(seed: int) -> np.ndarray:
    """1 to 4 slices near to a few words, so that tracks share them."""
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 5)
    return (WORDS[rng.integers(len(WORDS), size=n)] + rng.normal(0, 0.2, (n, DIMENSION))).astype(np.float16)


class Library:
    """A library beside a slice store: vectors by key, of which `analyze` keeps those that `weight_library` yields."""

    def __init__(self, folder, size: int) -> None:
        self.store = SliceStore(folder / "slices.db")
        self.size = size
        self.model, self.epsilon = Model(), EPSILON
        self.vectors: dict[str, np.ndarray | None] = {}

    def embed(self, number: int, seed: int) -> None:
        key = key_of(number)
        self.store.put(key, Model.trunk_name, slices_of(seed))
        self.vectors[key] = None

    def remove(self, number: int) -> None:
        self.vectors.pop(key_of(number), None)

    def come_back(self, number: int) -> None:
        if key_of(number) in self.store.keys(Model.trunk_name):
            self.vectors[key_of(number)] = None

    def analyze(self, blocks: int | None = None) -> int:
        """Returns how many vectors were made; stopped after so many blocks."""
        lacking = {key for key, vector in self.vectors.items() if vector is None}
        made = 0
        for number, (keys, vectors) in enumerate(
            weight_library(self.store, self.model, self.epsilon, self.vectors.keys(), lacking, size=self.size), 1
        ):
            self.vectors |= zip(keys, vectors, strict=True)
            made += len(keys)
            if number == blocks:
                break
        return made

    def imported(self, number: int) -> None:
        """What `beet import` does: a vector against the library as it is, and nothing else."""
        key = key_of(number)
        if key in self.vectors:
            self.store.drop_counts([key])
            embedded = [other for other in self.store.keys(Model.trunk_name) if other in self.vectors]
            reference = read_units(self.store, self.model, choose_reference(embedded, self.size))
            (self.vectors[key],) = weight_against(read_units(self.store, self.model, [key]), reference, self.epsilon)

    def fresh(self) -> dict[str, np.ndarray]:
        """The vectors by the definition: the library in the order of its keys, weighted at once."""
        keys = sorted(self.vectors)
        slices = dict(self.store.get(keys, Model.trunk_name, DIMENSION))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(core, "REFERENCE", self.size)
            vectors = mp3tovec([self.model.project(slices[key]) for key in keys], self.epsilon)
        return dict(zip(keys, vectors, strict=True))

    def check(self) -> None:
        fresh = self.fresh()
        assert self.vectors.keys() == fresh.keys()
        assert all(np.array_equal(self.vectors[key], vector) for key, vector in fresh.items())


track = st.integers(0, 15)
STEPS = st.one_of(
    st.tuples(st.just("embed"), track, st.integers(0, 40)),
    st.tuples(st.sampled_from(["remove", "come_back", "imported"]), track),
    st.tuples(st.just("analyze"), st.sampled_from([None, None, 1, 2])),
    st.tuples(st.just("use"), st.sampled_from([Model(), OtherModel()]), st.sampled_from([EPSILON, 0.6])),
)


@settings(deadline=None, max_examples=100)
@example(steps=[("remove", 2), ("analyze", 1), ("embed", 11, 0)], size=16, block=1)
@given(steps=st.lists(STEPS, max_size=20), size=st.integers(1, 20), block=st.integers(1, 6))
def test_after_whatever_happened_vectors_are_those_of_a_fresh_library(tmp_path_factory, steps, size, block):
    """Additions, removals, returns, imports, files embedded anew, other models and runs that are cut short."""
    library = Library(tmp_path_factory.mktemp("weighing"), size)
    for number in range(8):
        library.embed(number, number)
    with pytest.MonkeyPatch.context() as patch, library.store:
        patch.setattr(module, "BLOCK", block)
        library.analyze()
        for what, *arguments in steps:
            if what == "use":
                if arguments[0].name != library.model.name:
                    library.vectors = dict.fromkeys(library.vectors)  # vectors of another model are none
                library.model, library.epsilon = arguments
            else:
                getattr(library, what)(*arguments)
        library.analyze()
        library.check()
        assert library.analyze() == 0


@pytest.fixture
def library(tmp_path):
    """30 tracks with a reference of 10."""
    library = Library(tmp_path, 10)
    for number in range(1, 31):
        library.embed(number, number)
    with library.store:
        library.analyze()
        yield library


def test_what_leaves_the_reference_as_it_is_changes_no_other_vector(library):
    number = next(n for n in range(31, 99) if key_of(n) > max(library.vectors))
    library.embed(number, number)
    assert library.analyze() == 1
    library.check()


def test_what_enters_the_reference_changes_those_that_share_a_word(library):
    assert key_of(0) < min(library.vectors)
    library.embed(0, 0)
    assert 1 < library.analyze() < 31
    library.check()


def test_counts_are_true_again_in_every_block(library, monkeypatch):
    """So that they can be taken on a second time."""
    monkeypatch.setattr(module, "BLOCK", 3)
    library.embed(0, 0)
    library.analyze()
    library.remove(0)
    library.analyze()
    library.check()


def test_what_was_away_while_the_reference_changed_is_counted_anew(library):
    away = [number for number in range(1, 31) if key_of(number) in sorted(library.vectors)[10:]]
    for number in away:
        library.remove(number)
    library.embed(0, 0)
    library.analyze()
    for number in away:
        library.come_back(number)
    library.analyze()
    library.check()


def test_the_same_heard_again_changes_nothing(library):
    library.embed(3, 3)
    assert library.analyze() == 1
    assert library.analyze() == 0


def test_slices_that_the_reference_had_are_known_although_they_were_dropped(library):
    smallest = min(library.vectors)
    library.store.drop([smallest], Model.trunk_name)
    del library.vectors[smallest]
    assert 0 < library.analyze() < 29
    library.check()
    assert library.store.weighting().reference.keys() == set(sorted(library.vectors)[:10])


def test_what_cannot_be_known_any_more_is_counted_anew(library):
    """Slices that were lost without the triggers."""
    smallest = min(library.vectors)
    library.store.drop([smallest], Model.trunk_name)
    library.store._connection.execute("UPDATE reference SET trunk = NULL")
    del library.vectors[smallest]
    assert library.analyze() == 29
    library.check()


@pytest.fixture
def whole(tmp_path):
    """5 tracks, all of them the reference, as `analyze` has left them."""
    library = Library(tmp_path, core.REFERENCE)
    for number in range(5):
        library.embed(number, number)
    with library.store:
        library.analyze()
        yield library


def test_what_is_weighed_without_being_kept_is_the_same(whole):
    keys, vectors = weight_only(whole.store, whole.model, 0.6, {*whole.vectors, "not embedded"})
    assert whole.store.weighting().epsilon == EPSILON
    whole.epsilon = 0.6
    fresh = whole.fresh()
    assert sorted(keys) == sorted(fresh)
    assert all(np.array_equal(fresh[key], vector) for key, vector in zip(keys, vectors, strict=True))
    nothing, none = weight_only(whole.store, whole.model, 0.6, [])
    assert (nothing, none.shape) == ([], (0, DIMENSION))


@pytest.mark.parametrize("size", [core.REFERENCE, 3, 1])
@pytest.mark.parametrize("number", range(9))
def test_an_outsider_has_the_vector_that_it_would_have_in_the_library(whole, number, size, monkeypatch):
    """The first five are of the library."""
    monkeypatch.setattr(module, "choose_reference", partial(choose_reference, size=size))
    whole.size = size
    embedded = set(whole.vectors)
    vectors = [
        weight_external(whole.store, whole.model, EPSILON, embedded, key_of(number), slices_of(number).astype(np.float32))
    ]
    whole.embed(number, number)  # stored, but in no library yet
    vectors.append(weight_external(whole.store, whole.model, EPSILON, embedded, key_of(number), None))
    expected = whole.fresh()[key_of(number)]
    assert all(np.array_equal(vector, expected) for vector in vectors)


CHANGES = {
    "nothing": (lambda library: None, True),
    "slices of a track that the library does not have": (
        lambda library: library.store.put("x", "model", slices_of(7)),
        True,
    ),
    "a track that was not embedded": (lambda library: library.vectors.update(unheard=None), True),
    "the same embedded again": (lambda library: library.embed(3, 3), True),
    "a track embedded anew": (lambda library: library.embed(3, 9), False),
    "another track": (lambda library: library.embed(7, 7), False),
    "one track less": (lambda library: library.remove(3), False),
    "a track of an import": (lambda library: library.imported(3), False),
    "another model": (lambda library: setattr(library, "model", OtherModel()), False),
    "another epsilon": (lambda library: setattr(library, "epsilon", 0.6), False),
    "no weighing": (lambda library: library.store.forget_weighting(), False),
    "no weighting of nothing": (lambda library: (library.store.forget_weighting(), library.vectors.clear()), True),
}


def recordings_of(keys: Iterable[str]) -> Recordings:
    """The recordings of a library with a track of each."""
    tracks = dict(enumerate(keys, 1))
    library = SimpleNamespace(recordings=lambda ids: {id_: tracks[id_] for id_ in ids})
    rows = sorted((key, id_) for id_, key in tracks.items())
    return Recordings(library, np.array(rows, [("key", "S16"), ("id", "<i8")]))


@pytest.mark.parametrize(("change", "current"), CHANGES.values(), ids=CHANGES)
def test_whether_there_is_anything_to_weigh(whole, change, current):
    change(whole)
    assert is_current(whole.store, whole.model, whole.epsilon, recordings_of(whole.vectors)) == current


NOT_FINITE = np.array([[0, 1, np.nan, 3]], np.float16).tobytes()
DAMAGE = {
    "slices of three bytes": ("UPDATE slices SET trunk = x'000102' WHERE key = ?", ()),
    "slices that are text": ("UPDATE slices SET trunk = 'text' WHERE key = ?", ()),
    "other numbers": ("UPDATE slices SET trunk = zeroblob(length(trunk)) WHERE key = ?", ()),
    "another checksum": ("UPDATE slices SET crc = crc + 1 WHERE key = ?", ()),
    "no number and no checksum": ("UPDATE slices SET trunk = ?, crc = NULL WHERE key = ?", (NOT_FINITE,)),
    "infinite": ("UPDATE slices SET trunk = ?, crc = NULL WHERE key = ?", (NOT_FINITE.replace(b"\x00\x7e", b"\x00\xfc"),)),
    "counts of other slices": ("UPDATE counts SET others = others || x'0000' WHERE key = ?", ()),
    "counts that are too high": ("UPDATE counts SET others = zeroblob(length(others) - 1) || x'ff' WHERE key = ?", ()),
}


def damage(store: SliceStore, statement: str, *values: object) -> None:
    """As a disk does it, without the triggers."""
    store._connection.execute("DROP TRIGGER slices_replaced")
    store._connection.execute(statement, values)
    for table in COUNT_TABLES:
        store._connection.execute(table)
    store._connection.commit()


@pytest.mark.parametrize(("statement", "values"), DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_named_mended_and_heard_again(tmp_path, statement, values):
    """A store made anew of all that is whole gives the same vectors, once the recording that was lost is embedded again."""
    library = Library(tmp_path, 10)
    for number in range(1, 31):
        library.embed(number, number)
    library.analyze()
    damaged = min(library.vectors)  # one of the reference
    number = next(number for number in range(31) if key_of(number) == damaged)
    vectors = dict(library.vectors)
    library.store._connection.execute(statement, (*values, damaged))
    library.store._connection.commit()
    library.vectors[damaged] = None
    with (
        library.store,
        pytest.raises(DamagedError, match=r"slices\.db: damaged \(.*\)$"),
    ):
        library.analyze()

    kept = rebuild_store(library.store.path, {Model.trunk_name: DIMENSION})
    assert kept.exists()
    library.store = SliceStore(library.store.path)
    with library.store:
        assert not library.store.damage({Model.trunk_name: DIMENSION})
        assert len(library.store.keys(Model.trunk_name)) == (30 if "counts" in statement else 29)
        library.embed(number, number)
        library.analyze()
        assert all(np.array_equal(library.vectors[key], vector) for key, vector in vectors.items())


@pytest.mark.parametrize("trunk", [b"123", NOT_FINITE], ids=["three bytes", "no number"])
def test_damaged_slices_that_are_replaced_leave_no_damage_in_the_reference(library, trunk):
    damaged = min(library.vectors)
    damage(library.store, "UPDATE slices SET trunk = ? WHERE key = ?", trunk, damaged)
    library.embed(next(number for number in range(31) if key_of(number) == damaged), 99)
    assert library.analyze() == 30
    library.check()


@pytest.mark.parametrize("lengths", [[16] * 5, [1, 2, 3, 16, 20], [1] * 40])
def test_a_projection_does_not_depend_on_its_company(tmp_path, lengths):
    """Bit by bit, though many are projected at once."""
    model, rng = MusiCNN(), np.random.default_rng(0)
    trunks = {f"{number}": rng.normal(size=(n, 200)).astype(np.float16) for number, n in enumerate(lengths)}
    with SliceStore(tmp_path / "slices.db") as store:
        for key, trunk in trunks.items():
            store.put(key, model.trunk_name, trunk)
        together = read_units(store, model, trunks)
    assert list(together) == list(trunks)
    for key, trunk in trunks.items():
        assert np.array_equal(together[key], core.unit(model.project(trunk)))

"""A learned head: its arithmetic, its files, and that training finds what is there to be found."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.errors import ModelError, TrainingError
from deejai_core.models.facts import kind
from deejai_core.models.head import HeadWeights, beside, save_head, unit
from deejai_core.models.musicnn.tags import MSD_TAGS
from deejai_core.models.registry import load_model, model_folders
from deejai_core.training.head import (
    WEIGHTS,
    Choice,
    Examples,
    choose_weight,
    directions,
    matching_epsilon,
    train_head,
)
from deejai_core.training.validation import check_enough, split

TRUNK = 200  # numbers a slice, of the bundled model


def head_weights(seed: int = 0, hidden: int = 4, dimension: int = 3) -> HeadWeights:
    rng = np.random.default_rng(seed)
    shapes = [(TRUNK,), (TRUNK,), (TRUNK, hidden), (hidden,), (hidden, dimension), (dimension,)]
    return HeadWeights(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))


def save(folder, weights=None, **values):
    standard = {
        "trunk": "musicnn",
        "trunk_name": "musicnn-msd-1",
        "weight": 0.25,
        "epsilon": 0.1,
        "trained": {"lists": "4"},
    }
    save_head(folder, weights or head_weights(), **{**standard, **values})


def test_a_head_is_two_layers_behind_a_standardised_input():
    head = HeadWeights(
        mean=np.array([1.0, 0.0]),
        scale=np.array([2.0, 1.0]),
        hidden_weight=np.array([[1.0, 0.0], [0.0, 1.0]]),
        hidden_bias=np.array([0.0, 1.0]),
        output_weight=np.array([[1.0], [10.0]]),
        output_bias=np.array([5.0]),
    )
    # (3 - 1) * 2 = 4 stays; -6 + 1 = -5 is negative and becomes -1
    assert head.direct(np.array([[3.0, -6.0]])).tolist() == [[4 - 10 + 5]]


@given(st.integers(0, 2**32 - 1), st.sampled_from(WEIGHTS))
def test_similarity_beside_is_the_weighted_mean_of_both(seed, weight):
    rng = np.random.default_rng(seed)
    own, learned = unit(rng.normal(size=(5, 7))), unit(rng.normal(size=(5, 4)))
    both = beside(own, learned, weight)
    assert both @ both.T == pytest.approx((1 - weight) * own @ own.T + weight * learned @ learned.T, abs=1e-5)


class TestFolder:
    def test_what_is_saved_is_loaded(self, tmp_path):
        save(tmp_path / "mine")
        model = load_model("mine", tmp_path)
        trunk = np.random.default_rng(1).normal(size=(2, TRUNK)).astype(np.float16)
        own = unit(load_model("musicnn", tmp_path).project(trunk))
        assert model.project(trunk) == pytest.approx(beside(own, unit(head_weights().direct(trunk)), 0.25))
        assert (model.dimension, model.epsilon, model.trunk_name, model.tag_set) == (103, 0.1, "musicnn-msd-1", MSD_TAGS)
        assert [folder.name for folder in model_folders(tmp_path)] == ["mine"]

    def test_its_objective_is_kept_and_heads_without_one_learned_from_lists(self, tmp_path):
        save(tmp_path / "mine", objective="siamese")
        model = load_model("mine", tmp_path)
        assert kind(model) == "learned, objective siamese, on musicnn-msd-1, with 25% of the weight"
        path = tmp_path / "mine" / "config.json"
        config = json.loads(path.read_text())
        del config["objective"]
        path.write_text(json.dumps(config))
        older = load_model("mine", tmp_path)
        assert kind(older) == "learned from lists, on musicnn-msd-1, with 25% of the weight"
        assert older.name == model.name  # which vectors carry
        path.write_text(json.dumps(config | {"objective": "world peace"}))
        with pytest.raises(ModelError, match="not the configuration of a trained model"):
            load_model("mine", tmp_path)

    def test_alone_it_has_only_its_own_dimensions(self, tmp_path):
        save(tmp_path / "mine", weight=1.0)
        model = load_model("mine", tmp_path)
        assert model.project(np.ones((2, TRUNK))).shape == (2, model.dimension) == (2, 3)

    @pytest.mark.parametrize("other", [{"weight": 0.5}, {"weights": head_weights(seed=1)}], ids=["weight", "weights"])
    def test_other_numbers_are_another_name(self, tmp_path, other):
        save(tmp_path / "mine")
        before = load_model("mine", tmp_path).name
        save(tmp_path / "mine", **other)
        assert load_model("mine", tmp_path).name != before

    def test_another_epsilon_is_the_same_space(self, tmp_path):
        save(tmp_path / "mine")
        before = load_model("mine", tmp_path).name
        save(tmp_path / "mine", epsilon=0.3)
        assert load_model("mine", tmp_path).name == before

    @pytest.mark.parametrize(
        ("damage", "told"),
        [
            (lambda folder: (folder / "model.safetensors").write_bytes(b"x"), "model.safetensors: damaged; train"),
            (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors: cannot read"),
            (lambda folder: (folder / "config.json").write_text("{"), "config.json: cannot be read"),
            (lambda folder: (folder / "config.json").write_text("[]"), "config.json: not a model's configuration"),
            (lambda folder: change(folder, weight=2), "config.json: not the configuration of a trained model"),
            (lambda folder: change(folder, epsilon=None), "config.json: not the configuration of a trained model"),
            (lambda folder: change(folder, trunk_name="other"), "made for other, not for musicnn-msd-1"),
            (lambda folder: change(folder, trunk="gone"), "unknown model 'gone'"),
        ],
    )
    def test_damage_is_named_with_what_to_do(self, tmp_path, damage, told):
        save(tmp_path / "mine")
        damage(tmp_path / "mine")
        with pytest.raises(ModelError, match=told):
            load_model("mine", tmp_path)

    @pytest.mark.parametrize(
        "other",
        [
            {"mean": np.zeros((TRUNK, 1), np.float32)},
            {"mean": np.zeros(TRUNK + 1, np.float32)},
            {"hidden_bias": np.zeros(5, np.float32)},
            {"output_bias": np.zeros(3)},
            {"scale": np.full(TRUNK, np.nan, np.float32)},
        ],
    )
    def test_weights_that_do_not_fit_are_refused(self, tmp_path, other):
        save(tmp_path / "mine", replace(head_weights(), **other))
        with pytest.raises(ModelError, match=r"model\.safetensors: cannot read the model's weights \(.* numbers\); train"):
            load_model("mine", tmp_path)


def change(folder, **values):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))


def world(seed: int = 0, tracks: int = 120, learnable: bool = True) -> Examples:
    """Two tastes, of which a few numbers of the trunk tell; most of it tells of what lists do not care for."""
    rng = np.random.default_rng(seed)
    taste, style = rng.integers(2, size=tracks), rng.integers(4, size=tracks)
    trunks = []
    for track in range(tracks):
        slices = 0.5 * rng.normal(size=(6, 12))
        slices[:, style[track]] += 3
        slices[:, 4:8] += rng.normal(0, 2, 4)
        slices[:, 8] += 1.5 * (taste[track] if learnable else rng.integers(2))
        trunks.append(slices)
    targets = np.zeros((tracks, 100), np.float32)
    targets[:, 0], targets[:, 1] = taste, 1 - taste
    targets += rng.normal(0, 0.03, targets.shape)
    lists = [rng.choice(np.flatnonzero(taste == kind), 25, replace=False) for kind in rng.integers(2, size=30)]
    own = unit(np.stack([slices.mean(axis=0) for slices in trunks]))
    return Examples(trunks, own, unit(targets), np.arange(tracks) // 3, lists)


class TestTraining:
    def test_it_beats_the_constant_and_the_random_network(self):
        examples = world()
        held_out = split(examples.artists, np.random.default_rng(0))
        seen = []
        weights, progress = train_head(examples, held_out, seed=1, on_epoch=seen.append)
        assert progress.validation > progress.constant + 0.1
        assert progress.validation > progress.random + 0.5
        assert progress.epochs[-1].loss < progress.epochs[0].loss / 2
        assert tuple(seen) == progress.epochs
        assert progress.validation == max(epoch.validation for epoch in progress.epochs)

        choice = choose_weight(examples, directions(weights, examples), held_out, seed=1)
        assert choice.best > 0
        assert choice.share(choice.best) > choice.share(0.0) + 0.1 > choice.chance

    def test_where_nothing_is_to_be_heard_nothing_is_taken_for_learned(self):
        """In twenty worlds without a taste that could be embedded, one at most passes both by accident."""
        passed = 0
        for seed in range(20):
            examples = world(seed, learnable=False)
            held_out = split(examples.artists, np.random.default_rng(seed))
            weights, progress = train_head(examples, held_out, seed=seed)
            choice = choose_weight(examples, directions(weights, examples), held_out, seed=seed)
            passed += choice.best > 0 and progress.validation > progress.constant + 0.01
        assert passed <= 1

    def test_the_same_seed_is_the_same_head(self):
        examples = world(tracks=70)
        held_out = split(examples.artists, np.random.default_rng(0))
        first, second, other = (train_head(examples, held_out, seed=seed)[0] for seed in (1, 1, 2))
        assert np.array_equal(first.output_weight, second.output_weight)
        assert not np.array_equal(first.output_weight, other.output_weight)


class TestHeldOut:
    @given(st.integers(0, 1000), st.integers(40, 200), st.integers(6, 30))
    def test_whole_artists_about_a_fifth_of_the_tracks(self, seed, tracks, names):
        artists = np.arange(tracks) % names
        held_out = split(artists, np.random.default_rng(seed))
        assert not set(artists[held_out]) & set(artists[~held_out])
        assert 0.2 * tracks <= held_out.sum() < 0.2 * tracks + tracks / names + 1

    @given(
        st.integers(0, 1000), st.lists(st.integers(1, 60), min_size=5, max_size=12).filter(lambda sizes: sum(sizes) >= 40)
    )
    def test_no_artist_takes_it_all(self, seed, sizes):
        """However the tracks are spread over artists, there is enough left to learn from."""
        artists = np.repeat(np.arange(len(sizes)), sizes)
        held_out = split(artists, np.random.default_rng(seed))
        assert 0.2 <= held_out.mean() <= 0.42

    def test_the_unknown_artist_is_not_one_artist(self):
        held_out = split(np.full(100, -1), np.random.default_rng(0))
        assert held_out.sum() == 20

    @pytest.mark.parametrize(
        ("artists", "lists", "told"),
        [
            (np.arange(39), 4, "in 4 lists, only 39 tracks by 39 artists"),
            (np.arange(1234) % 4, 5678, "in 5,678 lists, only 1,234 tracks by 4 artists"),
            (np.array([-1]), 1, "in 1 list, only 1 track by 1 artist"),
            (np.zeros(0, int), 0, "in 0 lists, only 0 tracks by 0 artists"),
        ],
    )
    def test_too_little_is_said_in_figures(self, artists, lists, told):
        with pytest.raises(TrainingError, match=f"too few tracks to learn from: {told} are in the library and"):
            check_enough(artists, lists)

    def test_40_tracks_by_5_artists_are_enough(self):
        check_enough(np.arange(40) % 5, 1)


LEARNED = unit(np.array([[1, 0], [1, 0.2], [0, 1], [-1, 0]]))
HELD_OUT = np.array([True, False, False, False])


def three_neighbours(lists: list[list[int]]) -> Examples:
    own = unit(np.array([[1, 0], [0, 1], [1, 0.1], [-1, 0]]))
    return Examples([], own, own, np.zeros(4), [np.array(listing) for listing in lists])


def test_the_weight_by_hand():
    """Track 0 shares a list with 1; in the trunk's own space it is nearest to 2, in the learned one to 1."""
    choice = choose_weight(three_neighbours([[0, 1]]), LEARNED, HELD_OUT, seed=0, neighbours=1)
    assert choice.found.tolist() == [[float(weight > 0.5) for weight in WEIGHTS]]
    assert (choice.best, choice.chance) == (0.6, pytest.approx(1 / 3))


def test_a_list_of_nearly_everything_hides_no_other():
    alone = choose_weight(three_neighbours([[0, 1]]), LEARNED, HELD_OUT, seed=0, neighbours=1)
    beside = choose_weight(three_neighbours([[0, 1], [0, 1, 2]]), LEARNED, HELD_OUT, seed=0, neighbours=1)
    assert beside.found.tolist() == alone.found.tolist()
    with pytest.raises(TrainingError, match="less than half of all tracks"):
        choose_weight(three_neighbours([[0, 1, 2]]), LEARNED, HELD_OUT, seed=0)


@pytest.mark.parametrize(
    ("gains", "best"),
    [
        ([0.1] * 20, 0.3),  # the same for every track: 0.3 is better than 0
        ([0.9, -0.7] * 10, 0.0),  # as much on the whole, but who knows
        ([0.0] * 20, 0.0),
    ],
)
def test_a_weight_has_to_be_better_than_by_accident(gains, best):
    found = np.zeros((20, len(WEIGHTS)))
    found[:, 3] = gains
    assert Choice(found, chance=0.1).best == best


def test_epsilon_keeps_the_same_slices_rare():
    """As many pairs of slices of different tracks are nearer than it in the new space as were in the old."""
    rng = np.random.default_rng(0)
    own = [rng.normal(size=(5, 8)) for _ in range(30)]
    other = [slices[:, :3] for slices in own]
    epsilon = matching_epsilon(own, other, 0.3, rng)
    assert matching_epsilon(own, own, 0.3, rng) == pytest.approx(0.3, abs=0.02)
    assert nearer(other, epsilon) == pytest.approx(nearer(own, 0.3), abs=0.002)


def nearer(tracks, epsilon):
    units = [unit(slices) for slices in tracks]
    return np.mean([(1 - one @ two.T < epsilon).mean() for i, one in enumerate(units) for two in units[:i]])

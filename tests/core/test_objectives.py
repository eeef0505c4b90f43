"""What else a network can learn than directions: what belongs together, and to reconstruct what it is shown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from deejai_core.errors import TrainingError
from deejai_core.models.deejai.folder import load_speccy, save_speccy, write_notes
from deejai_core.models.deejai.network import FRAMES, MELS, build_decoder, build_network
from deejai_core.models.facts import kind
from deejai_core.models.head import unit
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.training.head import Examples, choose_weight, directions, halves, train_siamese_head
from deejai_core.training.library_network import PICTURE, train_into
from deejai_core.training.library_training import report, train_on
from deejai_core.training.network import train_network
from deejai_core.training.objectives import STANDARD_EPS, Course, TrainingData, task_of
from deejai_core.training.pairs import Pairs, contrastive_loss, nearer_share, one_of
from deejai_core.training.validation import VALIDATED, Epoch, Progress
from tests.core.test_network_training import training_data

NEW = ("siamese", "autoencoder", "variational")
SMALL = Course(kind="1d", epochs=2, batch=8, width=8, device="cpu")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def pictures(tracks: int = 40, slices: int = 4) -> TrainingData:
    """Tracks with a bright band of mels each, by which they can be told apart; their slices are quiet now and then."""
    rng = np.random.default_rng(0)
    found = []
    for track in range(tracks):
        some = rng.integers(0, 40, (slices, MELS, FRAMES), dtype=np.uint8)
        some[:, 2 * track : 2 * track + 12] += 200
        for picture in some:
            picture[:, : rng.integers(FRAMES)] //= 8
        found.append(some)
    return TrainingData(found, None, np.arange(tracks) % 5 == 0)


class TestPairs:
    """Six tracks: the first three in one list, the third and fourth in another, the last two in none; 3 and 5 held out."""

    @pytest.fixture
    def pairs(self):
        apart = np.array([False, False, False, True, False, True])
        return Pairs([np.array([0, 1, 2]), np.array([2, 3])], apart)

    def test_partners_share_a_list_and_a_side(self, pairs):
        rng = np.random.default_rng(0)
        partners = [{pairs.partner(track, rng) for _ in range(30)} for track in range(6)]
        assert partners == [{1, 2}, {0, 2}, {0, 1}, {3}, {4}, {5}]
        assert pairs.listed.tolist() == [True, True, True, False, False, False]
        assert pairs.text == "two songs of a list for 3 of them, two windows of one track for the rest"

    def test_what_belongs_together(self, pairs):
        assert np.flatnonzero(pairs.related(0)).tolist() == [0, 1, 2]
        assert np.flatnonzero(pairs.related(3)).tolist() == [3]
        assert pairs.relation(np.array([0, 4]), np.array([2, 4])).tolist() == [[True, False], [False, True]]

    def test_a_list_of_nearly_all_says_nothing(self):
        pairs = Pairs([np.arange(4)], np.zeros(6, bool))
        assert not pairs.listed.any()
        assert pairs.text == "two windows of one track for each"

    def test_another_slice_of_the_same_track(self):
        rng = np.random.default_rng(0)
        assert {one_of(3, 1, rng) for _ in range(30)} == {0, 2}
        assert {one_of(3, None, rng) for _ in range(30)} == {0, 1, 2}
        assert one_of(1, 0, rng) == 0


class TestContrastiveLoss:
    def test_by_hand(self):
        """Right answers at a cosine of 1, wrong ones at 0: of three, each has e^(1/t) against 1 and 1."""
        vectors = torch.eye(3)
        loss = contrastive_loss(vectors, 5 * vectors, torch.eye(3, dtype=torch.bool), 0.5)
        assert loss.item() == pytest.approx(-2 + np.log(np.exp(2) + 2), abs=1e-6)

    def test_what_belongs_together_besides_is_no_wrong_answer(self):
        vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        together = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
        strict = contrastive_loss(vectors, vectors, torch.eye(3, dtype=torch.bool), 0.1)
        assert strict > 0.4
        assert contrastive_loss(vectors, vectors, together, 0.1) < 0.001


class TestNearerShare:
    track_of = np.array([0, 0, 1, 1])
    none = Pairs([], np.zeros(2, bool))

    def test_slices_of_a_track_side_by_side(self):
        vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
        assert nearer_share(vectors, self.track_of, self.none) == 1

    def test_the_wrong_ones_side_by_side(self):
        vectors = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], np.float32)
        assert nearer_share(vectors, self.track_of, self.none) == 0.25  # behind one, level with the other

    def test_a_constant_vector_is_right_half_the_time(self):
        assert nearer_share(np.ones((4, 2), np.float32), self.track_of, self.none) == 0.5

    def test_songs_of_a_list_count_by_each_other_alone(self):
        pairs = Pairs([np.array([0, 1])], np.zeros(4, bool))
        vectors = np.array([[1, 0], [0, 1], [1, 0], [0, 1], [-1, 0]], np.float32)
        track_of = np.array([0, 0, 1, 1, 2])
        # each of the four: one song of the list is with it, one at a right angle; the stranger is opposite, or at one, too
        assert nearer_share(vectors, track_of, pairs) == pytest.approx((1 + 0.75) / 2)

    def test_nothing_to_compare(self):
        assert np.isnan(nearer_share(np.ones((1, 2), np.float32), np.array([0]), Pairs([], np.zeros(1, bool))))


@pytest.mark.parametrize("objective", NEW)
def test_it_learns_what_is_there_to_be_learned(tmp_path, objective):
    course = Course(kind="1d", epochs=12, batch=8, width=32, device="cpu", objective=objective)
    seen = []
    told = train_into(tmp_path / "model", pictures(), course, on_epoch=seen.append)
    assert seen[-1].loss < seen[0].loss
    model = load_speccy(tmp_path / "model")
    assert (model.dimension, kind(model)) == (100, f"network, objective {objective}")
    assert f"objective {objective}" in told["learned"]
    assert "random weights" in told["validation"]
    assert ("KL" in told) == (objective == "variational")
    drawn = tmp_path / "model" / PICTURE
    assert drawn.exists() == (objective != "siamese")
    if drawn.exists():
        assert drawn.read_bytes().startswith(b"\x89PNG")


def test_an_objective_that_there_is_not_is_none(tmp_path):
    network = build_network("1d", dimension=2, width=2)
    save_speccy(network.state_dict(), tmp_path, kind="1d", scaling="decibels")
    write_notes(tmp_path, {"objective": "\x1b[31mred"})
    assert kind(load_speccy(tmp_path)) == "network"


@pytest.mark.parametrize("objective", NEW)
def test_noise_teaches_nothing_and_nothing_is_saved(tmp_path, objective):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (2, MELS, FRAMES), dtype=np.uint8) for _ in range(20)]
    data = TrainingData(noise, None, np.arange(20) % 4 == 0)
    with pytest.raises(
        TrainingError, match=r"the network learned nothing: .*random weights .*\. No model was written"
    ) as told:
        train_into(tmp_path / "model", data, replace(SMALL, epochs=1, objective=objective))
    assert told.value.hint == "more music or epochs"
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize("objective", ["lists", *NEW])
def test_tracks_held_out_are_read_a_batch_at_a_time(objective):
    """A fifth of a large library is more than memory holds."""

    class Read(list):
        def __getitem__(self, track):
            read.append(track)
            return super().__getitem__(track)

    data, read, before = training_data(60), [], []
    course = replace(SMALL, objective=objective)
    task = task_of(replace(data, slices=Read(data.slices)), course)
    module = task.build().eval()
    module.register_forward_pre_hook(lambda *_: before.append(len(read)))
    read.clear()
    task.validate(module, "cpu")
    at_once = course.batch // VALIDATED
    assert before == [at_once * (number + 1) for number in range(len(before))]
    assert before[-1] == data.held_out.sum()


def test_no_better_than_random_weights_is_nothing():
    assert Progress((), 0, 0.5, 0.9, 8).constant == 0.5
    for random, learned in ((0.7, True), (0.9, False)):
        progress = Progress((epoch(0.9),), 0, 0.5, random, 8)
        assert progress.learned_something is learned


def epoch(validation: float) -> Epoch:
    return Epoch(1.0, validation)


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
@pytest.mark.parametrize("objective", NEW)
def test_a_killed_training_resumes_to_the_same_weights(tmp_path, objective):
    """Killed in the middle of the second epoch."""
    course = replace(SMALL, objective=objective)
    data = training_data()
    undisturbed, progress = train_network(data, course, tmp_path / "whole.pt")
    program = (
        "from tests.core.test_objectives import train_until_killed\n"
        f"train_until_killed({os.fspath(tmp_path / 'killed.pt')!r}, {objective!r})"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    seen = []
    resumed, again = train_network(data, course, tmp_path / "killed.pt", on_epoch=seen.append)
    assert len(seen) == 1  # it did go on
    assert again == progress
    assert resumed.keys() == undisturbed.keys()
    assert all(torch.equal(resumed[name], undisturbed[name]) for name in resumed)


def train_until_killed(checkpoint: str, objective: str) -> None:
    """For another process: a checkpoint after every step, until it kills itself in the second epoch."""
    torch.set_num_threads(1)

    def step(done: int, _: int) -> None:
        if done == 6:
            os.kill(os.getpid(), signal.SIGKILL)

    course = replace(SMALL, objective=objective, checkpoint_seconds=0)
    train_network(training_data(), course, Path(checkpoint), on_step=step)


def test_checkpoints_know_their_objective_and_older_ones_still_fit(tmp_path):
    assert list(SMALL.told) == ["kind", "batch", "rate", "width", "seed"]  # as before there were others
    data = training_data(10)
    train_network(data, replace(SMALL, epochs=1), tmp_path / "checkpoint.pt")
    with pytest.raises(TrainingError, match=r"other options \(objective lists\)"):
        train_network(data, replace(SMALL, objective="siamese"), tmp_path / "checkpoint.pt")


def test_lists_say_whom_a_siamese_network_pairs(tmp_path):
    data = replace(pictures(12), lists=[np.array([1, 2, 3])])
    course = replace(SMALL, epochs=1, objective="siamese")
    assert data.digest() != pictures(12).digest()
    train_network(data, course, tmp_path / "checkpoint.pt")
    with pytest.raises(TrainingError, match="lists, music or options"):
        train_network(pictures(12), course, tmp_path / "checkpoint.pt")


class TestAutoencoder:
    @pytest.mark.parametrize("shape", ["1d", "2d"])
    def test_the_way_back_has_the_size_of_the_way_there(self, shape):
        decoder = build_decoder(shape, dimension=3, width=4)
        assert decoder(torch.zeros(2, 3)).shape == (2, MELS, FRAMES)

    def test_the_network_puts_out_what_the_decoder_saw(self):
        course = replace(SMALL, objective="autoencoder")
        task = task_of(pictures(10), course)
        module = task.build()
        with torch.no_grad():
            module.standard.running_mean += torch.arange(100.0)
            module.standard.running_var *= torch.arange(1.0, 101)
        module.eval()
        shown = torch.from_numpy(pictures(10).slices[0] / np.float32(255))
        network = module.encoder
        with torch.inference_mode():
            seen = module.standard(network(shown))
            network.load_state_dict(dict(task.network({k: v.clone() for k, v in module.state_dict().items()})))
            assert torch.allclose(network.eval()(shown), seen, atol=1e-5)
        assert module.standard.eps == STANDARD_EPS

    def test_the_mean_spectrogram_is_what_nothing_learned_gives_back(self):
        """A decoder that puts out zeros: none of the variance is explained, as by the constant."""
        data = pictures(20)
        task = task_of(data, replace(SMALL, objective="autoencoder"))
        module = task.build().eval()
        with torch.no_grad():
            module.decoder.blocks[-1].weight.zero_()
            module.decoder.blocks[-1].bias.zero_()
        assert task.validate(module, "cpu") == pytest.approx(0, abs=1e-5)
        assert "the mean spectrogram has" in task.judged(Progress((epoch(0.0),), 0, 0.0, -1.0, 4))


class TestSiameseHead:
    """Trunks whose first numbers say which track it is, among louder ones that change from slice to slice."""

    def examples(self, tracks: int = 40, slices: int = 4) -> Examples:
        """Every other one is high in four more numbers."""
        rng = np.random.default_rng(0)
        trunks = []
        for track in range(tracks):
            trunk = rng.normal(0, 3, (slices, 200)).astype(np.float32)
            trunk[:, :8] = rng.normal(0, 3, 8) + rng.normal(0, 0.5, (slices, 8))
            trunk[:, 8:12] += 6 if track % 2 else -6
            trunks.append(trunk)
        own = unit(np.stack([unit(trunk).sum(axis=0) for trunk in trunks]))
        return Examples(trunks, own, None, np.arange(tracks), [])

    def test_it_learns_to_tell_tracks_apart(self):
        examples, held_out = self.examples(), np.arange(40) % 5 == 0
        head, progress = train_siamese_head(examples, held_out, seed=1)
        assert progress.learned_something
        assert progress.validation > progress.random + 0.1
        again, _ = train_siamese_head(examples, held_out, seed=1)
        assert np.array_equal(again.output_weight, head.output_weight)

    def test_halves_are_every_other_slice(self):
        examples = replace(self.examples(2, 3), trunks=[np.arange(3)[:, None], np.arange(1)[:, None]])
        halved, out = halves(examples, np.array([True, False]))
        assert [half[:, 0].tolist() for half in halved.trunks] == [[0, 2], [1]]
        assert out.tolist() == [True, True]
        assert [listing.tolist() for listing in halved.lists] == [[0, 1]]

    def test_a_weight_is_chosen_by_halves_that_find_each_other(self):
        """In the learned space both halves of each of nine tracks are one; in the trunk's own they are as good as dealt."""
        examples, held_out = self.examples(9), np.ones(9, bool)
        halved, out = halves(examples, held_out)
        dealt = replace(halved, own=unit(np.random.default_rng(0).normal(size=(18, 40))))
        choice = choose_weight(dealt, unit(np.repeat(np.eye(9), 2, axis=0)), out, seed=1, neighbours=1)
        assert choice.share(1.0) == 1
        assert choice.share(0.0) < 0.3
        assert choice.chance == pytest.approx(1 / 17)

    def test_what_it_says_of_itself(self):
        trained = train_on(self.examples(), MusiCNN(), alone=True, seed=1, objective="siamese")
        told = report(self.examples(), trained, seed=1)
        assert told["learned"].startswith("from 40 tracks, objective siamese, two windows of one track for each, seed 1")
        assert "slices that belong together are nearer than others in" in told["validation"]
        assert told["together"].startswith("share of half tracks whose nearest is their other half: ")

    def test_lists_that_pair_none_of_the_held_out_tracks_are_as_good_as_no_lists(self):
        examples = self.examples()
        alone = train_on(examples, MusiCNN(), alone=True, seed=1, objective="siamese")
        everything = replace(examples, lists=[np.arange(40)])
        trained = train_on(everything, MusiCNN(), alone=True, seed=1, objective="siamese")
        assert trained.choice.by_halves
        assert report(everything, trained, seed=1) == report(examples, alone, seed=1)

    def test_a_head_that_follows_lists_is_never_judged_by_halves(self):
        directed = replace(self.examples(), targets=unit(np.random.default_rng(0).normal(size=(40, 8))).astype(np.float32))
        with pytest.raises(TrainingError, match="no held-out track is in a list"):
            train_on(directed, MusiCNN(), alone=True, seed=1)

    def test_lists_are_what_it_learns_where_there_are_any(self):
        odd = np.arange(40) % 2 == 1
        examples = replace(self.examples(), lists=[np.flatnonzero(odd), np.flatnonzero(~odd)])
        held_out = np.arange(40) % 5 == 0
        head, progress = train_siamese_head(examples, held_out, seed=1)
        assert progress.learned_something
        vectors = directions(head, examples, held_out)
        same = odd[held_out][:, None] == odd[held_out]
        similarity = vectors @ vectors.T
        off = ~np.eye(len(vectors), dtype=bool)
        assert similarity[same & off].mean() > similarity[~same].mean() + 0.3

"""Track2Vec, on worlds so small that everybody knows which songs belong together."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.errors import ModelError, TrainingError
from deejai_core.training import track2vec
from deejai_core.training.track2vec import FORMAT, ORIGINAL, Recipe, Track2Vec, learn, recipe_for

QUICK = Recipe(window=10, epochs=5, sample=0, alpha=0.05)
GENRES = {"jazz": [f"jazz {number}" for number in range(12)], "punk": [f"punk {number}" for number in range(12)]}


def two_genres(lists=400, songs=6):
    """Lists of either genre, never of both."""
    rng = np.random.default_rng(0)
    return [rng.choice(GENRES[genre], songs, replace=False).tolist() for genre in ("jazz", "punk") * (lists // 2)]


def many_songs():
    """Lists of three genres of 50 songs each, enough to be whitened; their first letters tell them apart."""
    rng = np.random.default_rng(0)
    return [[f"{genre}{song}" for song in rng.choice(50, 10, replace=False)] for genre in "jpc" * 100]


def neighbours(space, word):
    """All other words, the nearest first."""
    similarities = space.vectors @ space.vectors[space.position[word]]
    return [space.words[place] for place in np.argsort(-similarities) if space.words[place] != word]


class TestLearning:
    @pytest.mark.parametrize(
        "recipe",
        [None, Recipe(epochs=30, sample=0), Recipe(epochs=30, sample=0, ns_exponent=-0.5), replace(ORIGINAL, sample=0)],
        ids=["that for the data", "nothing skipped", "rare songs as wrong answers", "cbow"],
    )
    def test_songs_that_stand_together_lie_together(self, recipe):
        space = learn(two_genres(), recipe)
        for genre, songs in GENRES.items():
            for song in songs:
                assert all(other.startswith(genre) for other in neighbours(space, song)[: len(songs) - 1])

    def test_vectors_are_directions_of_100_dimensions(self):
        space = learn(two_genres(20), QUICK)
        assert space.vectors.shape == (len(space.words), 100)
        assert space.vectors.dtype == np.float32
        assert np.linalg.norm(space.vectors, axis=1) == pytest.approx(1)

    def test_words_come_by_how_many_lists_they_are_in_and_then_as_they_came(self):
        lists = [["b", "a"], ["c", "a"], ["d", "c", "a"]]
        assert learn(lists, QUICK).words == ("a", "c", "b", "d")

    def test_a_song_mentioned_twice_in_a_list_counts_once(self):
        once, twice = [["a", "b"], ["b", "c"]], [["a", "b", "a", "a"], ["b", "b", "c"]]
        assert learn(once, QUICK).words == learn(twice, QUICK).words == ("b", "a", "c")
        assert np.array_equal(learn(once, QUICK).vectors, learn(twice, QUICK).vectors)

    def test_lists_of_one_song_say_nothing(self):
        plain, more = [["a", "b"], ["b", "c"]], [["a"], ["a", "b"], [], ["new"], ["b", "c"], ["c", "c"]]
        assert learn(more, QUICK).words == learn(plain, QUICK).words
        assert np.array_equal(learn(more, QUICK).vectors, learn(plain, QUICK).vectors)

    def test_songs_in_few_lists_and_those_left_alone_get_no_vector(self):
        # "rare" is in one list, "loner" in two, but only ever with songs that are too rare.
        lists = [["a", "b", "c"], ["b", "c", "a"], ["a", "rare"], ["loner", "other"], ["loner", "another"]]
        assert set(learn(lists, QUICK).words) == {"a", "b", "c", "rare", "loner", "other", "another"}
        assert set(learn(lists, Recipe(min_count=2, epochs=1)).words) == {"a", "b", "c"}

    def test_in_a_window_as_large_as_the_list_order_means_little(self):
        # The genre's first half stands at the beginning of every list, the second half at its end.
        rng = np.random.default_rng(0)
        lists = [
            [*rng.permutation(songs[:6]).tolist(), *rng.permutation(songs[6:]).tolist()]
            for songs in list(GENRES.values()) * 100
        ]
        space = learn(lists, Recipe(window=50, epochs=20, sample=0))
        for genre, songs in GENRES.items():
            assert all(other.startswith(genre) for other in neighbours(space, songs[0])[: len(songs) - 1])

    def test_what_all_songs_have_in_common_is_taken_off(self):
        lists = many_songs()
        weights = np.array(sorted(Counter(song for songs in lists for song in songs).values(), reverse=True))
        plain, centred = (learn(lists, replace(QUICK, whitening=whitening)).vectors for whitening in (None, 0))
        assert np.linalg.norm(weights @ plain / weights.sum()) > 0.3
        assert np.linalg.norm(weights @ centred / weights.sum()) < 0.1
        assert np.linalg.norm(centred, axis=1) == pytest.approx(1, abs=1e-5)

    def test_whitening_evens_out_how_songs_vary_and_keeps_who_is_near(self, monkeypatch):
        monkeypatch.setattr(track2vec, "ROWS", 60)  # in several blocks
        spread = []
        for whitening in (0, 0.5, 1):
            space = learn(many_songs(), replace(QUICK, epochs=20, whitening=whitening))
            variances = np.linalg.eigvalsh(np.cov(space.vectors.T))
            spread.append(variances.max() / variances.mean())
            near = [other[0] == word[0] for word in space.words for other in neighbours(space, word)[:10]]
            assert np.mean(near) > 0.8  # a third of them by chance
        assert spread == sorted(spread, reverse=True)

    def test_what_only_the_other_layer_knows_is_not_lost(self, monkeypatch):
        """One layer knows three genres, the other whether a song is loud: joined, both tell songs apart."""
        monkeypatch.setattr(track2vec, "ROWS", 60)
        rng = np.random.default_rng(0)
        genre, loud = rng.integers(3, size=200), rng.integers(2, size=200)
        layers = [np.eye(8)[genre] * 3, np.eye(8)[3 + loud] * 3]
        vectors, others = (layer.astype(np.float32) + rng.normal(0, 0.1, (200, 8)).astype(np.float32) for layer in layers)
        track2vec._join([vectors, others], np.full(200, 1 / 200, np.float32))
        assert vectors.shape == (200, 8)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        same = (genre[:, None] == genre) & (loud[:, None] == loud)
        assert (vectors @ vectors.T)[same].min() > (vectors @ vectors.T)[~same].max()

    def test_few_songs_are_left_as_they_are(self):
        plain, whitened = (learn(two_genres(40), replace(QUICK, whitening=whitening)).vectors for whitening in (None, 1))
        assert np.array_equal(plain, whitened)

    def test_a_list_longer_than_gensim_takes_is_learned_to_its_end(self, monkeypatch):
        monkeypatch.setattr(track2vec, "LONGEST", 6)
        lists = [[*GENRES["jazz"][:6], *GENRES["punk"][:6]]] * 100  # cut between the genres
        space = learn(lists, Recipe(window=50, epochs=30, sample=0))
        assert len(space.words) == 12
        assert all(other.startswith("punk") for other in neighbours(space, "punk 5")[:5])

    def test_blocks_leave_no_trace(self, monkeypatch):
        lists = [*two_genres(50), ["jazz 1"], ["only", "here"], *two_genres(30)]
        recipe = Recipe(min_count=2, epochs=2)
        whole = learn(lists, recipe)
        monkeypatch.setattr(track2vec, "BLOCK", 7)
        assert learn(lists, recipe).words == whole.words
        assert np.array_equal(learn(lists, recipe).vectors, whole.vectors)

    def test_lists_are_read_once(self):
        read = iter(two_genres(20))
        learn(read, QUICK)
        assert next(read, None) is None

    @given(st.lists(st.lists(st.sampled_from("abcdefg"), max_size=6), max_size=12), st.integers(1, 3))
    def test_who_gets_a_vector(self, lists, min_count):
        counts = {song: sum(song in listed for listed in lists if len(set(listed)) > 1) for song in "abcdefg"}
        kept = [{song for song in listed if counts[song] >= min_count} for listed in lists if len(set(listed)) > 1]
        expected = {song for songs in kept if len(songs) > 1 for song in songs}
        recipe = Recipe(min_count=min_count, epochs=1, dimension=4)
        if expected:
            assert set(learn(lists, recipe).words) == expected
        else:
            with pytest.raises(TrainingError):
                learn(lists, recipe)


class TestNothingToLearn:
    @pytest.mark.parametrize(
        ("lists", "told"),
        [
            ([], "none of 0 lists has two songs or more"),
            ([["a"], ["b", "b"], []], "none of 2 lists has two songs or more"),
            (
                [["a", "b"], ["c", "b"]],
                "no list has two songs that are each in 5 lists or more; of 3 songs in 2 lists, none is in more than 2",
            ),
        ],
        ids=["no lists", "lists of one song", "all below min_count"],
    )
    def test_is_said_with_the_numbers(self, lists, told):
        with pytest.raises(TrainingError, match=told):
            learn(lists, Recipe(min_count=5))


class TestReproducible:
    def test_the_seed_decides(self):
        first, again, other = (learn(two_genres(40), QUICK, seed=seed).vectors for seed in (1, 1, 2))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)

    def test_two_processes_agree_whatever_pythons_hash_seed(self):
        program = (
            "import hashlib; from tests.core.test_track2vec import *; space = learn(two_genres(40), QUICK, seed=3);"
            "print(hashlib.sha256(space.vectors.tobytes()).hexdigest(), *space.words[:3], sep='|')"
        )
        told = {
            subprocess.run(
                [sys.executable, "-c", program],
                env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            for seed in ("1", "2")
        }
        here = learn(two_genres(40), QUICK, seed=3)
        digest = hashlib.sha256(here.vectors.tobytes()).hexdigest()
        assert told == {"|".join([digest, *here.words[:3]]) + "\n"}

    def test_several_workers_learn_the_same_world(self):
        space = learn(two_genres(), Recipe(epochs=30, sample=0), workers=4)
        assert all(other.startswith("jazz") for other in neighbours(space, "jazz 0")[:11])


class TestProgress:
    def test_goes_from_nothing_to_all_entries_of_all_epochs(self):
        told = []
        learn(two_genres(40, songs=5), QUICK, progress=lambda done, total: told.append((done, total)))
        assert told == [(40 * 5 * epoch, 40 * 5 * 5) for epoch in range(6)]

    def test_an_error_in_it_is_an_error_and_not_a_standstill(self):
        def interrupted(done, total):
            if done:
                raise RuntimeError("enough")

        before = threading.active_count()
        with pytest.raises(RuntimeError, match="enough"):
            learn(two_genres(40), QUICK, progress=interrupted)
        assert threading.active_count() == before

    def test_an_error_in_the_lists_comes_through(self):
        def lists():
            yield ["a", "b"]
            raise OSError("drive is gone")

        with pytest.raises(OSError, match="drive is gone"):
            learn(lists(), QUICK)

    def test_gensim_keeps_quiet(self, capfd, caplog):
        caplog.set_level(logging.WARNING)
        learn(two_genres(40), QUICK)
        assert capfd.readouterr() == ("", "")
        assert not caplog.records


class TestRecipes:
    def test_the_originals(self):
        assert (ORIGINAL.skip_gram, ORIGINAL.window, ORIGINAL.epochs, ORIGINAL.min_count) == (False, 2, 15, 10)
        assert (ORIGINAL.dimension, ORIGINAL.negative, ORIGINAL.sample, ORIGINAL.alpha) == (100, 5, 1e-3, 0.025)

    @pytest.mark.parametrize(
        ("size", "songs", "epochs", "min_count"),
        [(0, 0, 200, 1), (1000, 100, 200, 1), (100_000, 10_000, 80, 1), (66_000_000, 2_200_000, 10, 5)],
        ids=["nothing", "a small collection", "a radio station", "a million playlists"],
    )
    def test_few_entries_are_gone_through_more_often(self, size, songs, epochs, min_count):
        recipe = recipe_for(size, songs)
        assert (recipe.epochs, recipe.min_count) == (epochs, min_count)

    def test_where_songs_are_few_none_is_skipped_for_being_frequent(self):
        assert recipe_for(1_000, 24).sample == 0.3 / 24
        assert recipe_for(1_000_000, 100_000).sample == Recipe.sample

    def test_the_default_is_that_for_the_data(self):
        lists = two_genres(40)
        assert np.array_equal(learn(lists).vectors, learn(lists, recipe_for(40 * 6, 24)).vectors)


class TestFiles:
    def test_what_is_saved_is_loaded(self, tmp_path):
        space = Track2Vec(("a / b", "Sigur Rós\n", "", "\udce9.mp3", "𝄞"), np.eye(5, 100, dtype=np.float32))
        space.save(tmp_path / "space.safetensors")
        loaded = Track2Vec.load(tmp_path / "space.safetensors")
        assert loaded.words == space.words
        assert np.array_equal(loaded.vectors, space.vectors)
        assert [path.name for path in tmp_path.iterdir()] == ["space.safetensors"]

    @given(st.lists(st.text(st.characters()), unique=True, min_size=1))
    def test_any_words(self, tmp_path_factory, words):
        path = tmp_path_factory.getbasetemp() / "words.safetensors"
        Track2Vec(tuple(words), np.eye(2, dtype=np.float32)[[0] * len(words)]).save(path)
        assert Track2Vec.load(path).words == tuple(words)

    @pytest.mark.parametrize(
        "content", [b"", b"no vectors", b"\x00" * 100, None], ids=["empty", "text", "zeros", "missing"]
    )
    def test_another_file_is_refused_in_one_line(self, tmp_path, content):
        path = tmp_path / "space.safetensors"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ModelError, match=r"space\.safetensors: cannot read the vectors"):
            Track2Vec.load(path)

    def test_weights_of_something_else_are_refused(self, tmp_path):
        from safetensors.numpy import save_file

        save_file({"vectors": np.ones((2, 2), np.float32)}, tmp_path / "other.safetensors")
        with pytest.raises(ModelError, match="no Track2Vec vectors in it"):
            Track2Vec.load(tmp_path / "other.safetensors")

    @pytest.mark.parametrize(
        "other",
        [
            {"word_ends": np.array([2, 0, 2, 0])},  # each word is all of them
            {"word_ends": np.array([1, 2, 3, 9])},
            {"word_ends": np.array([-2, 1, 2, 3])},
            {"word_ends": np.array([1, 2, 3])},
            {"word_ends": np.ones((4, 1), np.int64)},
            {"vectors": np.ones((4, 2))},
            {"vectors": np.ones(4, np.float32)},
            {"vectors": np.full((4, 2), np.nan, np.float32)},
            {"vectors": np.full((4, 2), np.inf, np.float32)},
            {"vectors": np.zeros((4, 2), np.float32)},
            {"words": np.full(4, 0xFF, np.uint8)},
        ],
    )
    def test_words_that_are_not_one_after_another_are_refused(self, tmp_path, other):
        from safetensors.numpy import load_file, save_file

        path = tmp_path / "space.safetensors"
        Track2Vec(("a", "b", "c", "d"), np.eye(4, dtype=np.float32)).save(path)
        save_file(load_file(path) | other, path, {"format": FORMAT})
        with pytest.raises(ModelError, match=r"space\.safetensors: cannot read the vectors \("):
            Track2Vec.load(path)

"""Blind tests: what is compared, lists whose makers are hidden, votes, and what these tell."""

from __future__ import annotations

import json
import math
import shutil
import threading
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from deejai_core.audio.limits import Limits
from deejai_core.data_folder import bliss_path, votes_path
from deejai_core.embedding.library_vectors import used_epsilon
from deejai_core.embedding.slices import open_slices
from deejai_core.errors import (
    DamagedError,
    EmptyError,
    LibraryError,
    MissingError,
    ModelError,
    NoMatchError,
    NotAnalysedError,
    QueryError,
    StoreError,
)
from deejai_core.features.blind import bliss, votes
from deejai_core.features.blind.dialogue import hold_test, result_lines, reveal_lines, verdict_lines, verdicts
from deejai_core.features.blind.rounds import find_seeds, rounds
from deejai_core.features.blind.sides import Side, open_pair, parse_side, random_directions
from deejai_core.features.blind.verdict import judge, power, two_sided, votes_needed
from deejai_core.features.blind.votes import (
    export_votes,
    keep_votes,
    merge_votes,
    new_vote,
    parse_votes,
    read_votes,
    rebuild_votes,
)
from deejai_core.features.web.blind import BlindTests
from deejai_core.features.web.library import RefusedError
from deejai_core.folder import FolderLibrary
from deejai_core.lists.request import Request
from deejai_core.options.lists import ONCE, BlindTest, Rules
from deejai_core.progress import Progress, Teller
from deejai_core.training.kept import save_track2vec, word_of
from deejai_core.training.track2vec import Track2Vec
from tests.library_conformance import identify
from tests.songs import write_song

GENRES = ("jazz", "polka")
TRACKS = 24


class Model:
    """Hears slice vectors as they are."""

    tag_set, more = None, ()
    trunk_size = dimension = 4
    epsilon, duplicate_epsilon, alike = 0.1, 0.0, None

    def __init__(self, name: str = "model-1", trunk: str = "trunk") -> None:
        self.name, self.trunk_name = name, trunk

    def project(self, trunk: np.ndarray) -> np.ndarray:
        return trunk.astype(np.float32)


def nowhere(name: str):
    raise ModelError(f"unknown model {name!r}")


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def teller(told) -> Teller:
    tell = told.append
    return Teller(tell, tell, tell, tell, lambda total, what="tracks", **given: Progress(total, tell, tell, what, **given))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> FolderLibrary:
    """Songs, each by somebody else, in order on a quarter of a circle; every other one is jazz. Not to be changed."""
    folder = tmp_path_factory.mktemp("songs")
    for number in range(TRACKS):
        genre = GENRES[number % 2]
        title, artist = f"{genre} {number}", f"Artist {number}"
        write_song(folder / f"{number:02}.flac", number, title=title, artist=artist, genres=[genre])
    library = FolderLibrary(folder, tmp_path_factory.mktemp("data"))
    library.refresh()
    angles = np.radians(np.linspace(0, 90, TRACKS))
    vectors = np.zeros((TRACKS, 4), np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    library.keep_vectors("model-1", dict(zip(library.ids(), vectors, strict=True)), identify(library))
    return library


@pytest.fixture
def library(made, tmp_path) -> FolderLibrary:
    return FolderLibrary(made.music_folder, shutil.copytree(made.folder, tmp_path / "data"))


@pytest.fixture
def opened(library, teller):
    def opened(one: str, other: str, load=nowhere, **rules: object):
        request = replace(Request(), rules=Rules(**rules))
        return open_pair(library, Model(), load, (one, other), request, teller)

    return opened


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def titles(members) -> list[str]:
    return [member.tracks[0].title for member in members]


class TestVerdict:
    @pytest.mark.parametrize(
        ("votes", "total", "expected"),
        [
            (0, 0, 1),
            (5, 10, 1),
            (10, 10, 2 / 1024),
            (0, 10, 2 / 1024),
            (9, 10, 2 * (1 + 10) / 1024),
            (8, 10, 2 * (1 + 10 + 45) / 1024),
            (2, 3, 1),
            (5, 5, 2 / 32),
            (6, 6, 2 / 64),
            (15, 20, 2 * 21_700 / 2**20),  # 1 + 20 + 190 + 1140 + 4845 + 15504
        ],
    )
    def test_the_exact_test(self, votes, total, expected):
        assert two_sided(votes, total) == pytest.approx(expected, rel=1e-12)

    def test_many_votes(self):
        """Near the normal distribution, with a correction for continuity."""
        assert two_sided(5_100, 10_000) == pytest.approx(math.erfc(99.5 / math.sqrt(5_000)), rel=1e-2)

    def test_power(self):
        # Six of six is what tells; seven of seven, but not six of seven.
        assert power(0.9, 6) == pytest.approx(0.9**6 + 0.1**6)
        assert power(0.9, 7) == pytest.approx(0.9**7 + 0.1**7)
        assert power(0.9, 9) == pytest.approx(0.9**9 + 9 * 0.9**8 * 0.1 + 9 * 0.1**8 * 0.9 + 0.1**9)
        assert power(0.9, 5) == 0
        assert power(1, 6) == 1

    @pytest.mark.parametrize(
        ("share", "needed"), [(1, 6), (0, 6), (0.9, 12), (0.1, 12), (0.7, 49), (0.5, None), (0.51, None)]
    )
    def test_votes_that_are_needed(self, share, needed):
        assert votes_needed(share) == needed

    def test_what_is_needed_is_enough_and_one_vote_less_is_not(self):
        for share in (0.6, 0.75, 0.85):
            needed = votes_needed(share)
            assert power(share, needed) >= 0.8 > power(share, needed - 1)

    def test_who_is_short_of_votes_is_told_of_some_more(self):
        for total in range(1, 25):
            for most in range(total // 2 + 1, total + 1):
                verdict = judge((most, total - most))
                assert verdict.tells or verdict.needed is None or verdict.needed > total

    def test_in_words(self):
        assert list(verdict_lines(("bliss", "sound"), judge((2, 8), 3)))[:2] == [
            "bliss 2, sound 8, could not tell 3",
            "  sound was chosen in 80 % of 10 votes.",
        ]
        *_, chance = verdict_lines(("bliss", "sound"), judge((2, 8)))
        assert chance.endswith(
            "If 80 % is the true share, 20 votes would be enough to show it, at least 80 % of the time: 10 more to go."
        )
        *_, odds, sure = verdict_lines(("bliss", "sound"), judge((1, 11)))
        assert "at least this one-sided would come up 0.63 % of the time" in odds  # 26 / 4096
        assert sure == "  That is less than 5 %, so it is hardly chance."
        *_, even = verdict_lines(("bliss", "sound"), judge((4, 4)))
        assert even == "  Neither is ahead: no number of such votes would tell them apart."
        *_, odds, close = verdict_lines(("bliss", "sound"), judge((51, 50)))
        assert "come up 100 % of the time" in odds
        assert close.endswith("If 50 % is the true share, even 1,000 votes would hardly tell.")


class TestSides:
    @pytest.mark.parametrize(
        ("text", "side"),
        [
            ("sound", Side("sound")),
            ("random", Side("random")),
            ("model:a/b@main", Side("model", "a/b@main")),
            ("model:C:/x", Side("model", "C:/x")),
            ("epsilon:0.2", Side("epsilon", "0.2")),
        ],
    )
    def test_what_they_are_called(self, text, side):
        assert parse_side(text) == side

    @pytest.mark.parametrize("text", ["", "feel", "model", "model:", "epsilon", "random:3", "Sound"])
    def test_what_is_none(self, text):
        with pytest.raises(QueryError, match="is not a way to make lists; choose two of sound, track2vec"):
            parse_side(text)

    @pytest.mark.parametrize("text", ["epsilon:0", "epsilon:2", "epsilon:nan", "epsilon:much"])
    def test_epsilons_that_are_none(self, text):
        with pytest.raises(QueryError, match=rf"{text}: must be"):
            parse_side(text)

    def test_the_same_one_twice_compares_nothing(self, opened):
        with pytest.raises(QueryError, match="sound and sound are the same here, model-1"):
            opened("sound", "sound")

    def test_an_empty_library(self, tmp_path, teller):
        (tmp_path / "music").mkdir()
        with pytest.raises(EmptyError):
            open_pair(FolderLibrary(tmp_path / "music"), Model(), nowhere, ("sound", "random"), Request(), teller)

    def test_a_model_that_there_is_not(self, opened):
        with pytest.raises(ModelError, match="unknown model 'other'"):
            opened("sound", "model:other")

    def test_a_model_that_has_heard_nothing(self, opened):
        with pytest.raises(NotAnalysedError, match="no track was analysed with model-2") as error:
            opened("sound", "model:mine", lambda name: Model("model-2", "other trunk"))
        assert (error.value.hint, error.value.about) == ("analyse with the model", "mine")

    def test_track2vec_that_has_learned_nothing(self, opened):
        with pytest.raises(LibraryError) as error:
            opened("track2vec", "random")
        assert error.value.hint == "train track2vec"

    def test_bliss_that_is_not_there(self, opened, monkeypatch):
        monkeypatch.setattr(bliss.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(MissingError, match="pip install bliss-audio"):
            opened("bliss", "random")

    def test_another_model_is_weighted_in_memory_of_what_it_has_heard(self, library, opened, told):
        """The tracks that it has not heard are left out on both sides, and what is kept stays as it is."""
        recordings = library.recordings()
        heard = library.ids()[:14]
        with open_slices(library) as store:
            for number, id_ in enumerate(heard):
                store.put(recordings[id_], "trunk-2", np.roll(np.eye(4, dtype=np.float16), number, axis=0)[:3])
        before = library.vectors("model-1", 4), library.models()
        pair = opened("sound", "model:mine", lambda name: Model("model-2", "trunk-2"))
        assert pair.labels == ("model-1", "model-2")
        assert pair.ids.tolist() == heard
        assert told == [
            "weighting the stored slices of model-2; the library stays as it is",
            "leaving out 10 tracks that only one of the two knows",
        ]
        vectors = pair.space(1, rng()).rows.vectors
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
        assert not np.array_equal(vectors, pair.space(0, rng()).rows.vectors)
        after = library.vectors("model-1", 4), library.models()
        assert (before[0].marks == after[0].marks).all()
        assert before[1] == after[1]
        with open_slices(library) as store:
            assert store.weighting() is None

    def test_an_epsilon_weights_the_slices_of_the_model_in_use_another_way(self, library, opened):
        recordings, slices = library.recordings(), np.random.default_rng(0).normal(size=(TRACKS, 6, 4)).astype(np.float16)
        slices[:, :3] = slices[0, :3]  # what all tracks share counts for little with one epsilon, and alike with the other
        with open_slices(library) as store:
            for row, id_ in enumerate(library.ids()):
                store.put(recordings[id_], "trunk", slices[row])
        pair = opened("epsilon:0.01", "epsilon:1.99")
        assert pair.labels == ("model-1 epsilon 0.01", "model-1 epsilon 1.99")
        shared, apart = (pair.space(side, rng()).rows.vectors for side in (1, 0))
        assert (shared @ shared.T).mean() > (apart @ apart.T).mean() + 0.1
        assert opened("epsilon:0.1", "random").labels == ("model-1", "random")  # the model's own
        with open_slices(library) as store:
            assert used_epsilon(store, Model()) is None

    def test_lists_of_ones_own(self, library, opened):
        ids = library.ids()
        catalogue = library.columns(ids)
        words = [word_of(catalogue.names(place)) for place in (7, 3, 5)]
        save_track2vec(library, Track2Vec(words, np.eye(3, dtype=np.float32)))
        pair = opened("track2vec", "sound")
        assert pair.ids.tolist() == [ids[place] for place in (3, 5, 7)]
        assert pair.space(0, rng()).rows.vectors.tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]

    def test_random_directions_are_new_for_each_list(self, opened):
        pair, drawn = opened("random", "sound"), rng()
        one, other = (pair.space(0, drawn).rows.vectors for _ in range(2))
        assert not np.array_equal(one, other)
        np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1, rtol=1e-6)
        assert abs(random_directions(3000, rng()).mean(axis=0)).max() < 0.02


class TestRounds:
    def test_two_lists_from_one_seed_as_long_as_each_other_without_it(self, opened):
        pair = opened("sound", "random")
        for each in islice(rounds(pair, find_seeds(pair, []), 5, rng()), 10):
            of = dict(zip(each.sides, map(titles, each.lists), strict=True))
            assert of.keys() == {"model-1", "random"}
            assert len(of["model-1"]) == len(of["random"]) == 5
            (seed,) = titles([each.seed])
            assert seed not in of["model-1"] + of["random"]
            number = int(seed.split()[1])
            near = [abs(int(title.split()[1]) - number) for title in of["model-1"]]
            assert max(near) <= 6
            assert max(abs(int(title.split()[1]) - number) for title in of["random"]) > 6

    def test_either_side_comes_first_about_as_often(self, opened):
        pair = opened("genre", "random")
        first = [each.sides[0] for each in rounds(pair, find_seeds(pair, []) * 10, 1, rng())]
        assert len(first) > 100
        assert 0.4 < first.count("random") / len(first) < 0.6

    def test_the_same_random_numbers_make_the_same_rounds(self, opened):
        pair = opened("random", "sound")
        seeds = find_seeds(pair, [])
        one, other = (list(islice(rounds(pair, seeds, 3, rng()), 5)) for _ in range(2))
        assert [(titles(each.lists[0]), each.sides) for each in one] == [
            (titles(each.lists[0]), each.sides) for each in other
        ]

    def test_genre_takes_what_shares_one_with_the_seed(self, opened):
        pair = opened("genre", "random")
        for each in islice(rounds(pair, find_seeds(pair, []), 5, rng()), 10):
            (seed,) = titles([each.seed])
            by_genre = titles(each.lists[each.sides.index("genre")])
            assert {title.split()[0] for title in by_genre} == {seed.split()[0]}

    def test_a_side_that_finds_few_makes_the_other_list_as_short(self, opened):
        pair = opened("genre", "random", candidates="jazz")
        for each in islice(rounds(pair, find_seeds(pair, ["polka"]), 5, rng()), 3):
            raise AssertionError(each)  # what is jazz shares no genre with any seed
        pair = opened("genre", "random")
        (each, *_) = rounds(pair, find_seeds(pair, ["jazz 2"]), 100, rng())
        assert [len(made) for made in each.lists] == [11, 11]

    def test_the_seed_is_not_in_the_list_and_its_rules_do_not_see_it(self, opened):
        """As in a list without its seeds: their artist may come next."""
        pair = opened("sound", "random", artist_separation=ONCE)
        artists = ["Somebody"] * 2 + pair.catalogue.artist[2:]
        pair = replace(pair, catalogue=replace(pair.catalogue, artist=artists))
        (each,) = rounds(pair, find_seeds(pair, ["jazz 0"]), 3, rng())
        assert "polka 1" in titles(each.lists[each.sides.index("model-1")])

    def test_hubs_are_looked_for_once(self, opened):
        """In a large library that takes seconds."""
        pair = opened("sound", "random")
        assert pair.space(0, rng()) is pair.space(0, rng())

    def test_rules_hold_for_both(self, opened):
        pair = opened("sound", "random", candidates="polka")
        for each in islice(rounds(pair, find_seeds(pair, []), 5, rng()), 5):
            assert all(title.startswith("polka") for made in each.lists for title in titles(made))

    def test_seeds_are_tracks_that_both_know(self, opened, library, tmp_path):
        pair = opened("sound", "random")
        assert find_seeds(pair, ["jazz 4"]) == [4]
        assert find_seeds(pair, []) == list(range(TRACKS))
        outside = write_song(tmp_path / "outside.flac", 99, title="outside")
        with pytest.raises(QueryError, match="takes its seeds from the library"):
            find_seeds(pair, [str(outside)])
        library.drop_vectors(library.ids()[4:5])
        with pytest.raises(NotAnalysedError, match="none of these tracks is known to both model-1 and random"):
            find_seeds(opened("sound", "random"), ["jazz 4"])

    def test_a_seed_without_a_genre_cannot_be_compared_by_it(self, tmp_path, teller):
        for number in range(3):
            write_song(tmp_path / "music" / f"{number}.flac", number, title=f"song {number}")
        library = FolderLibrary(tmp_path / "music")
        library.refresh()
        pair = open_pair(library, Model(), nowhere, ("genre", "random"), Request(), teller)
        with pytest.raises(LibraryError, match="none of these tracks has a genre"):
            find_seeds(pair, [])

    def test_a_library_that_is_busy_for_a_moment_does_not_end_the_test(self, opened, library, monkeypatch):
        def busy(*_: object):
            raise LibraryError("database is locked")

        made = rounds(opened("sound", "random"), range(TRACKS), 5, rng())
        with monkeypatch.context() as context:
            context.setattr(library, "tracks", busy)
            with pytest.raises(LibraryError, match="locked"):
                next(made)
        assert len(list(made)) > TRACKS / 2

    def test_where_both_make_the_same_list_there_is_nothing_to_choose(self, opened):
        pair = opened("sound", "random", candidates="jazz 20")
        assert list(rounds(pair, find_seeds(pair, ["jazz 2"]), 5, rng())) == []


class TestVotes:
    def test_they_are_kept_one_by_one(self, library):
        assert read_votes(library) == []
        one, other = new_vote(("sound", "random"), "sound", "random"), new_vote(("sound", "random"), "random", None)
        assert keep_votes(library, [one]) == keep_votes(library, [other]) == 1
        assert read_votes(library) == [one, other]
        assert one.sides == ("random", "sound")
        assert one.id != other.id

    def test_a_file_is_merged_once_however_often(self, library, tmp_path):
        ours, theirs = (new_vote(("sound", "random"), "sound", chosen) for chosen in ("random", "sound"))
        keep_votes(library, [theirs])
        assert export_votes(library, tmp_path / "friend.jsonl") == 1
        votes_path(library).unlink()
        keep_votes(library, [ours])
        assert merge_votes(library, tmp_path / "friend.jsonl") == (1, 1)
        after = votes_path(library).read_bytes()
        assert merge_votes(library, tmp_path / "friend.jsonl") == (0, 1)
        assert merge_votes(library, votes_path(library)) == (0, 2)
        assert votes_path(library).read_bytes() == after
        assert read_votes(library) == [ours, theirs]

    def test_several_at_once_lose_none(self, library):
        cast = [new_vote(("sound", "random"), "sound", None) for _ in range(20)]
        threads = [threading.Thread(target=keep_votes, args=(library, [vote])) for vote in cast]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {vote.id for vote in read_votes(library)} == {vote.id for vote in cast}

    def test_more_than_a_file_may_hold_are_not_added(self, library, monkeypatch):
        keep_votes(library, [new_vote(("sound", "random"), "sound", None)])
        before = votes_path(library).read_bytes()
        monkeypatch.setattr(votes, "LARGEST", len(before) + 10)
        with pytest.raises(StoreError, match="it has 1 vote and no room for 1 more"):
            keep_votes(library, [new_vote(("sound", "random"), "sound", None)])
        assert votes_path(library).read_bytes() == before

    def test_an_export_replaces_no_other_file(self, library, tmp_path):
        keep_votes(library, [new_vote(("sound", "random"), "sound", None)])
        mine = tmp_path / "mine.txt"
        mine.write_text("my novel")
        with pytest.raises(StoreError, match="has no votes; choose another name"):
            export_votes(library, mine)
        assert mine.read_text() == "my novel"
        mine.write_text("")
        assert export_votes(library, mine) == export_votes(library, mine) == 1
        with pytest.raises(StoreError, match="cannot be written"):
            export_votes(library, tmp_path / "no" / "such" / "folder.jsonl")

    GOOD = {
        "id": "0" * 32,
        "at": "2026-01-01T00:00:00Z",
        "sides": ["random", "sound"],
        "first": "sound",
        "chosen": None,
    }
    HEADER = {"deejai": "votes of blind tests", "version": 1}

    def lines(self, *lines: object) -> bytes:
        return b"".join(json.dumps(line).encode() + b"\n" for line in (self.HEADER, *lines))

    def test_what_is_read(self):
        (vote,) = parse_votes(self.lines(self.GOOD, self.GOOD))  # the same id is the same vote
        assert (vote.sides, vote.first, vote.chosen) == (("random", "sound"), "sound", None)
        assert parse_votes(self.lines(self.GOOD).replace(b"\n", b"\r\n")) == [vote]

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"id": "1"}, "id"),
            ({"id": ["1"]}, "id"),
            ({"at": "yesterday"}, "at"),
            ({"at": 3}, "at"),
            ({"sides": ["sound", "random"]}, "sides"),
            ({"sides": ["random", "random"]}, "sides"),
            ({"sides": ["random"]}, "sides"),
            ({"sides": "random"}, "sides"),
            ({"sides": ["random\x1b[2J", "sound"]}, "sides"),
            ({"sides": ["", "sound"]}, "sides"),
            ({"sides": ["a" * 201, "sound"]}, "sides"),
            ({"sides": [1, 2]}, "sides"),
            ({"first": "other"}, "first"),
            ({"first": None}, "first"),
            ({"first": ["sound"]}, "first"),
            ({"chosen": "other"}, "chosen"),
            ({"chosen": 1}, "chosen"),
            ({"more": 1}, "it should have the fields id, at, sides, first, chosen"),
        ],
    )
    def test_lines_that_are_no_vote(self, change, problem):
        with pytest.raises(ValueError, match=rf"line 3 is not a vote \({problem}\)"):
            parse_votes(self.lines(self.GOOD, self.GOOD | change))

    @pytest.mark.parametrize(
        ("data", "problem"),
        [
            (b"", "not a file of votes"),
            (b"#EXTM3U\n", "not a file of votes"),
            (b"\x00\xff" * 50, "not a file of votes"),
            (b"[" * 100_000, "not a file of votes"),
            (b'{"deejai": "votes of blind tests", "version": 2}\n', "another version of deejai"),
            (
                b'{"deejai": "votes of blind tests", "version": 1}\n' + b"[" * 100_000,
                r"line 2 is not a vote \(nested too deeply\)",
            ),
            (b'{"deejai": "votes of blind tests", "version": 1}\n\n', r"line 2 is not a vote \(not JSON\)"),
            (b'{"deejai": "votes of blind tests", "version": 1}\n7\n', r"line 2 is not a vote \(not an object\)"),
            (b" " * 20_000_001, "too large for a file of votes"),
        ],
    )
    def test_files_that_are_none(self, data, problem):
        with pytest.raises(ValueError, match=problem):
            parse_votes(data)

    def test_a_strangers_file_that_is_none_merges_nothing(self, library, tmp_path):
        keep_votes(library, [new_vote(("sound", "random"), "sound", None)])
        before = votes_path(library).read_bytes()
        path = tmp_path / "friend.jsonl"
        path.write_bytes(self.lines(self.GOOD, self.GOOD | {"id": "x"}))
        with pytest.raises(StoreError, match=r"friend.jsonl: line 3 is not a vote \(id\); nothing was merged") as error:
            merge_votes(library, path)
        assert not isinstance(error.value, DamagedError)
        with pytest.raises(StoreError, match="cannot be read"):
            merge_votes(library, tmp_path / "gone.jsonl")
        with pytest.raises(StoreError, match="cannot be read"):
            merge_votes(library, tmp_path)
        assert votes_path(library).read_bytes() == before

    def test_a_damaged_file_of_ones_own_is_left_alone_until_it_is_repaired(self, library):
        cast = [new_vote(("sound", "random"), "sound", None) for _ in range(3)]
        keep_votes(library, cast)
        path = votes_path(library)
        lines = path.read_bytes().splitlines(keepends=True)
        damaged = b"".join([lines[0], lines[1], lines[2][:50], lines[3]])
        path.write_bytes(damaged)
        for use in (read_votes, lambda library: keep_votes(library, cast), lambda library: export_votes(library, path)):
            with pytest.raises(DamagedError, match=r"votes.jsonl: line 3 is not a vote \(not JSON\)") as error:
                use(library)
            assert error.value.hint == "repair"
        assert path.read_bytes() == damaged
        kept = rebuild_votes(path)
        assert kept.read_bytes() == damaged
        assert read_votes(library) == cast[:1]  # the second one took the third along, on one line
        keep_votes(library, cast)
        assert read_votes(library) == cast

    def test_a_folder_that_cannot_be_written(self, library):
        votes_path(library).mkdir(parents=True)
        with pytest.raises(StoreError, match=r"votes.jsonl: cannot be read \(not a regular file\)"):
            keep_votes(library, [new_vote(("sound", "random"), "sound", None)])


class TestDialogue:
    """Two lists that differ plainly: of one genre, and of any."""

    def hold(self, pair, library, answer, *, most: int = 8, play=None) -> tuple[list, list[str]]:
        said: list[str] = []
        made = rounds(pair, find_seeds(pair, []), 5, rng())
        voted = hold_test(
            made,
            most,
            say=said.append,
            ask=lambda question: answer(said),
            keep=lambda vote: keep_votes(library, [vote]),
            play=play,
        )
        return voted, said

    @staticmethod
    def by_ear(said: list[str]) -> str:
        """A listener who likes what is of one kind: which list has more of the seed's genre."""
        start = max(number for number, line in enumerate(said) if line.startswith("Round"))
        kind = said[start].rpartition(" - ")[2].split()[0]
        middle = said.index("  list 2", start)
        one, other = (sum(f"- {kind}" in line for line in part) for part in (said[start + 1 : middle], said[middle:]))
        return "0" if one == other else "1" if one > other else "2"

    def test_a_listener_tells_them_apart(self, opened, library):
        pair = opened("genre", "random")
        voted, said = self.hold(pair, library, self.by_ear)
        (verdict,) = verdicts(read_votes(library)).values()
        assert verdict.votes[1] == 0
        assert verdict.votes[0] == 8 - verdict.undecided
        assert verdict.tells
        assert len(voted) == 8
        assert not any("genre" in line or "random" in line for line in said)  # nobody is told before the end
        *_, last = result_lines(pair.labels, read_votes(library))
        assert last == "  That is less than 5 %, so it is hardly chance."
        for line, (each, vote) in zip(reveal_lines(voted), voted, strict=True):
            assert f"list 1 was {each.sides[0]}, list 2 {each.sides[1]}" in line
            assert line.endswith(f"{vote.chosen or 'neither'} was chosen")

    def test_who_cannot_tell_counts_for_neither(self, opened, library):
        pair = opened("genre", "random")
        self.hold(pair, library, lambda said: "0")
        assert next(result_lines(pair.labels, read_votes(library))) == "genre 0, random 0, could not tell 8"

    @pytest.mark.parametrize("end", ["q", None])
    def test_it_ends_when_asked_to_and_keeps_what_was_voted(self, opened, library, end):
        answers = iter(["1", " 2 ", "3", "", "Q" if end else None])
        voted, said = self.hold(opened("genre", "random"), library, lambda said: next(answers))
        assert len(voted) == len(read_votes(library)) == 2
        refused = [line for line in said if line.startswith("answer")]
        assert refused == ["answer 1, 2, 0 or q, not '3'", "answer 1, 2, 0 or q"]

    def test_a_ctrl_c_keeps_the_votes_that_were_cast(self, opened, library):
        def answer(said: list[str]) -> str:
            if any(line.startswith("Round 3") for line in said):
                raise KeyboardInterrupt
            return "1"

        voted, _ = self.hold(opened("genre", "random"), library, answer)
        assert [vote for _, vote in voted] == read_votes(library)
        assert len(voted) == 2

    def test_both_lists_are_played_and_again_if_asked(self, opened, library):
        played, answers = [], iter(["r", "1"])
        voted, _ = self.hold(
            opened("genre", "random"),
            library,
            lambda said: next(answers),
            most=1,
            play=lambda tracks: played.append(tracks),
        )
        ((each, _),) = voted
        once = [[track for member in made for track in member.tracks] for made in each.lists]
        assert played == once * 2

    def test_fewer_seeds_than_rounds(self, opened, library):
        pair, said = opened("genre", "random"), []
        made = rounds(pair, find_seeds(pair, ["jazz 2"]), 5, rng())
        hold_test(made, 10, say=said.append, ask=lambda question: "1", keep=lambda vote: None)
        assert said[-1] == "There are no more seeds for which the two sides make different lists."


class TestBliss:
    def test_the_nearest_by_angle_are_the_nearest_by_distance(self):
        features = np.random.default_rng(0).normal(size=(200, 20))
        vectors = bliss.directions(features)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
        agree = 0
        for row in range(200):
            by_distance = np.argsort(((features - features[row]) ** 2).sum(axis=1))[1:11]
            by_angle = np.argsort(-(vectors @ vectors[row]), kind="stable")[1:11]
            agree += len(set(by_distance) & set(by_angle))
        assert agree / 2000 > 0.85
        assert bliss.directions(np.ones((3, 20))).tolist() == [[0.0] * 20 + [1.0]] * 3

    @pytest.mark.parametrize(
        "does",
        ["os._exit(1)", "os.write(1, b'[1.0, '); time.sleep(60)", "print('bliss', flush=True)", "os.kill(os.getpid(), 9)"],
    )
    def test_a_process_that_does_not_answer_costs_its_file_and_at_last_the_test(self, tmp_path, monkeypatch, does):
        (tmp_path / "no_bliss.py").write_text(f"import os, sys, time\nsys.stdin.readline()\n{does}\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(bliss, "WORKER", "no_bliss")
        features = bliss._analyse([Path("a"), Path("b"), Path("c")], Limits(seconds=2))
        assert [np.isnan(next(features)).tolist() for _ in range(2)] == [[True]] * 2
        with pytest.raises(LibraryError, match="bliss-audio crashed"):
            next(features)

    def test_each_file_has_its_features(self, tmp_path, monkeypatch):
        (tmp_path / "bliss_audio.py").write_text(
            "import os\n"
            "class Song:\n"
            "    def __init__(self, path):\n"
            "        if path == 'damaged': raise ValueError(path)\n"
            "        if path == 'deadly': os._exit(1)\n"
            "        self.analysis = [float(len(path)), 0.5]\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        found = bliss._analyse([Path(name) for name in ("a", "damaged", "deadly", "bcd")], Limits())
        np.testing.assert_equal([features.tolist() for features in found], [[1, 0.5], [np.nan], [np.nan], [3, 0.5]])

    def test_what_it_hears_is_kept_and_what_it_cannot_read_left_out(self, library, opened, told, monkeypatch):
        pytest.importorskip("bliss_audio")
        broken = library.ids()[0]
        path = library.paths()[broken]
        whole = path.read_bytes()
        try:
            path.write_bytes(b"no sound")
            pair = opened("bliss", "random")
        finally:
            path.write_bytes(whole)
        assert pair.ids.tolist() == library.ids()[1:]
        assert f"{TRACKS}/{TRACKS} recordings" in told[1]
        monkeypatch.setattr(bliss, "start_child", None)
        assert opened("bliss", "random").ids.tolist() == library.ids()[1:]
        bliss_path(library).write_bytes(b"damaged")
        with pytest.raises(TypeError):  # it would hear all again
            opened("bliss", "random")


class TestOnAPage:
    @pytest.fixture
    def tests(self, library) -> BlindTests:
        return BlindTests(library, Model(), nowhere, Request(), BlindTest())

    def test_one_is_prepared_at_a_time_and_nobody_waits_for_it(self, library):
        loading, loaded = threading.Event(), threading.Event()

        def load(name: str) -> Model:
            loading.set()
            assert loaded.wait(30)
            raise ModelError("too late")

        tests = BlindTests(library, Model(), load, Request(), BlindTest())

        def wait() -> None:
            with pytest.raises(ModelError, match="too late"):
                tests.begin(("model:slow", "random"), "")

        first = threading.Thread(target=wait)
        first.start()
        assert loading.wait(30)
        with pytest.raises(RefusedError, match="preparing another blind test; try again") as refused:
            tests.begin(("sound", "random"), "")
        assert refused.value.status == 503
        loaded.set()
        first.join(30)
        assert tests.next(tests.begin(("sound", "random"), ""))

    def test_nobody_waits_for_a_round_that_is_being_prepared(self, tests, monkeypatch):
        preparing, prepared = threading.Event(), threading.Event()

        def slow(*_: object):
            preparing.set()
            assert prepared.wait(30)
            yield from ()

        monkeypatch.setattr("deejai_core.features.web.blind.rounds", slow)
        name = tests.begin(("sound", "random"), "")
        first = threading.Thread(target=tests.next, args=(name,))
        first.start()
        assert preparing.wait(30)
        for ask in (tests.next, tests.end, lambda name: tests.vote(name, 1)):
            with pytest.raises(RefusedError, match="preparing a round of this test; try again"):
                ask(name)
        prepared.set()
        first.join(30)
        assert tests.next(name) is None

    def test_of_many_tests_the_one_unused_longest_is_forgotten(self, tests):
        used, idle, *_ = (tests.begin(("sound", "random"), "") for _ in range(4))
        tests.next(used)
        tests.begin(("sound", "random"), "")
        assert tests.next(used)
        with pytest.raises(RefusedError, match="this test is over"):
            tests.next(idle)

    def test_queries_and_models_name_no_files(self, tests, tmp_path):
        outside = write_song(tmp_path / "outside.flac", 99, title="outside")
        for path in (outside, tmp_path / "none.flac"):  # whether there is one is not told
            with pytest.raises(NoMatchError) as error:
                tests.begin(("sound", "random"), str(path))
            assert str(error.value) == f"no track matches {str(path)!r}"
        for name in (str(tmp_path), "../models/mine", "~"):
            with pytest.raises(RefusedError, match="is not the name of a model"):
                tests.begin((f"model:{name}", "random"), "")
        with pytest.raises(ModelError, match="unknown model"):
            tests.begin(("model:owner/name@1.0", "random"), "")

    @pytest.mark.parametrize(("query", "seed"), [("jazz 4", "jazz 4"), ("Artist 23", "polka 23"), (" ", None)])
    def test_a_query_names_the_songs_to_begin_with(self, tests, query, seed):
        shown = tests.next(tests.begin(("sound", "random"), query))
        assert seed in (None, *titles([shown.seed]))

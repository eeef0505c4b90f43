"""Options: what each may be, how it is written again, and what follows from its declaration."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import pytest

from deejai_core.options.analysis import Analysis
from deejai_core.options.lists import BlindTest, Comparison, Counts, Rules, Walk
from deejai_core.options.option import option, options_of, page_options
from deejai_core.options.output import Output
from deejai_core.options.values import Choice, Epsilon, Length, Maybe, Mood, Number, Query, Separation, Switch, Whole

ALL = (Analysis, Walk, Rules, Comparison, Counts, Output, BlindTest)


@pytest.mark.parametrize(
    ("value", "written", "read"),
    [
        (Whole(2), 2, 2),
        (Whole(2), "16", 16),
        (Whole(2), 3.0, 3),
        (Whole(2), "1e2", 100),
        (Whole(0), 10**19 + 1, 10**19 + 1),
        (Number(0, 1), "0.5", 0.5),
        (Number(0), 1e300, 1e300),
        (Epsilon(), 0.1, 0.1),
        (Separation(), "3", 3),
        (Separation(), "Once", math.inf),
        (Separation("mild"), "mild", "mild"),
        (Length(), "1:30", 90),
        (Length(), "1:10:00", 4200),
        (Length(), 90, 90),
        (Query(), ["artist:Nave", "year:1999"], "artist:Nave year:1999"),
        (Mood(), {"happy": 0.5, "SAD": -1}, (("sad", -1), ("happy", 0.5))),
        (Mood(), ["happy=+0.5"], (("happy", 0.5),)),
        (Mood(), [""], ()),
        (Maybe(Number(0)), None, None),
        (Maybe(Number(0)), 0, None),
        (Maybe(Length(), math.inf), 0, math.inf),
        (Maybe(Whole(0), zero=True), 0, 0),
    ],
)
def test_what_is_read(value, written, read):
    assert value.read(written) == read


@pytest.mark.parametrize(
    ("value", "written", "problem"),
    [
        (Whole(2), 1, "must be at least 2, not 1"),
        (Whole(2), 2.5, "must be a whole number, not 2.5"),
        (Whole(2), True, "must be a whole number, not True"),
        (Whole(2), "many", "must be a number, not 'many'"),
        (Whole(2), [2], r"must be a number, not \[2\]"),
        (Whole(0), math.inf, "must be a whole number, not inf"),
        (Number(0, 1), 1.5, "must be from 0 to 1, not 1.5"),
        (Number(0, 1), math.nan, "must be from 0 to 1, not nan"),
        (Number(0), 10**400, "must be a finite number of at least 0, not inf"),
        (Epsilon(), 0, "must be between 0 and 2, not 0"),
        (Switch(), "yes", "must be true or false, not 'yes'"),
        (Choice("a", "b"), "c", "must be one of a, b, not 'c'"),
        (Choice("a", "b"), ["a"], r"must be one of a, b, not \['a'\]"),
        (Separation("mild"), -1, "must be a number of tracks, `mild` or `once`, not -1"),
        (Separation(), 1.5, "must be a number of tracks or `once`, not 1.5"),
        (Length(), "1:" * 400 + "1", "must be a length such as 10:00, not '1:1:.*'"),
        (Length(), "1:2:3:4", "must be a length such as 10:00, not '1:2:3:4'"),
        (Length(), "1:-30", "must be a length such as 10:00, not '1:-30'"),
        (Length(), "nan", "must be a length such as 10:00, not 'nan'"),
        (Mood(), {"hapy": 1}, "no tag is called 'hapy'; choose one of: happy"),
        (Mood(), {"happy": 10**400}, "the weight of 'happy' must be from -10 to 10, not '1000+'"),
        (Separation(), math.inf, "must be a number of tracks or `once`, not inf"),
        (Mood(), {"happy": 11}, "the weight of 'happy' must be from -10 to 10, not '11'"),
        (Mood(), "happy", "must be tags with weights, such as happy=.*, not 'happy'"),
        (Query(), [1], r"must be a query, not \[1\]"),
    ],
)
def test_what_is_refused(value, written, problem):
    with pytest.raises(ValueError, match=f"^{problem}$"):
        value.read(written)


@pytest.mark.parametrize("cls", ALL)
def test_each_default_is_what_a_configuration_writes_for_it(cls):
    for name, one in options_of(cls).items():
        assert one.value.read(one.default) == getattr(cls(), name), name


@pytest.mark.parametrize(
    ("cls", "values"),
    [
        (Walk, {"minutes": 45.0, "keep_on": 0, "stay": 0.25, "floor": 0.1, "drunk": 1.0, "seed": 0}),
        (Rules, {"artist_separation": math.inf, "album_separation": 2, "min_length": 90.0, "max_length": math.inf}),
        (Rules, {"mood": (("sad", -1.0), ("happy", 0.5)), "not_played_days": 30.0, "candidates": "artist:Nave"}),
    ],
)
def test_words_and_json_are_read_as_what_they_were_written_for(cls, values):
    for name, value in values.items():
        one = options_of(cls)[name].value
        assert one.read(one.plain(value)) == value
        words = one.words(value)
        assert one.read(words if one.many else words[0]) == value


@pytest.mark.parametrize(("cls", "name"), [(Walk, "seed"), (Rules, "duplicate_epsilon")])
def test_what_no_word_asks_for_is_left_out(cls, name):
    assert options_of(cls)[name].value.words(None) == []


def test_words_of_texts_are_theirs():
    assert Query().words("bpm:120.0") == ["bpm:120.0"]
    assert Number(0).words(2.0) == ["2"]
    assert Mood().words(()) == [""]


def test_flags_follow_from_names():
    @dataclass(frozen=True)
    class Some:
        mix_in_key: bool = option(False, Switch())
        fold_versions: bool = option(True, Switch())
        candidates: str = option("", Query(), flag="--from")

    found = options_of(Some)
    assert [one.flag for one in found.values()] == ["--mix-in-key", "--no-fold-versions", "--from"]
    assert found["mix_in_key"].opposite == "--no-mix-in-key"
    assert found["fold_versions"].opposite == "--fold-versions"


def test_no_two_options_share_a_name_and_no_flag_means_its_opposite():
    names = [name for cls in ALL for name in options_of(cls)]
    assert len(names) == len(set(names))
    for cls in ALL:
        for name, one in options_of(cls).items():
            if one.is_switch:
                assert one.flag.startswith("--no-") == one.default, name


def test_what_the_page_may_ask_for():
    assert list(page_options(Walk)) == ["keep_on", "stay", "drunk"]
    assert "segue" not in page_options(Rules)
    assert set(page_options(Rules)) <= {one.name for one in fields(Rules)}

"""Whether a library's tracks lie where they should, without a command."""

from __future__ import annotations

import pytest

from deejai_core import Analysis, NotAnalysedError, OptionError, analyse, open_space
from deejai_core.features.evaluation import evaluate, sweep
from deejai_core.models.musicnn.model import MusiCNN


@pytest.fixture
def space(music):
    analyse(music)
    return open_space(music, MusiCNN(), Analysis(), whole=True)


def test_figures_of_a_folder(space):
    report = evaluate(space, ["artist", "format"], 3)
    found = report.figures()
    assert (found["tracks"], found["k"]) == (len(space.ids), 3)
    assert [field["field"] for field in found["fields"]] == ["artist", "album", "genres", "format"]
    artist, *_, format_ = found["fields"]
    assert artist["hit_rate"]["vectors"] > artist["hit_rate"]["chance"]
    assert format_["hit_rate"]["vectors"] == 1  # all are of one format
    assert report.concerns[0] == "few tracks"


def test_a_field_that_no_track_has(space):
    with pytest.raises(OptionError, match="field mood: no analysed track has this field") as error:
        evaluate(space, ["mood"])
    assert (error.value.option, error.value.value, error.value.hint) == ("field", "mood", "list fields")


def test_epsilons_are_compared_and_nothing_changes(music, space):
    before, told = music.vectors(space.name, 100), []
    found = sweep(music, MusiCNN(), [0.1, 0.4], 0.2, on_epsilon=told.append)
    assert told == list(found.qualities) == [0.1, 0.4, 0.2]
    assert (found.tracks, found.left_out) == (len(space.ids), 0)
    assert (music.vectors(space.name, 100).marks == before.marks).all()


def test_what_was_not_analysed_cannot_be_weighted(music):
    with pytest.raises(NotAnalysedError) as error:
        sweep(music, MusiCNN(), [0.1], 0.2)
    assert error.value.hint == "analyse"

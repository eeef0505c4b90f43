"""A model brings its own tags: whatever asks for tags takes those of the model that it is given."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core import Analysis, LibraryError, OptionError, Rules, Walk, analyse, open_space, similar
from deejai_core.embedding.slices import open_slices
from deejai_core.embedding.tag_digits import decode
from deejai_core.features.map.library_map import library_map
from deejai_core.features.web.library import RefusedError
from deejai_core.features.web.page_library import PageLibrary
from deejai_core.features.web.requests import read_rules
from deejai_core.lists.request import Request
from deejai_core.lists.writing import Playlists
from deejai_core.models.deejai.folder import load_speccy
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.musicnn.tags import MSD_TAGS, MTT_TAGS
from deejai_core.models.tag_set import TagSet
from deejai_core.options.analysis import MORE
from tests.core.test_speccy import small

SHAPES = TagSet(field="deejai_tags_shapes", names=("round", "square", "very square"))


class Shapes(MusiCNN):
    """Hears what MusiCNN hears, and has other words for it."""

    tag_set = SHAPES
    more: tuple = ()

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        """How much of the trunk's output each of its thirds has."""
        thirds = np.stack(
            [third.sum(axis=1) for third in np.array_split(np.abs(trunk.astype(np.float32)), 3, axis=1)], axis=1
        )
        return thirds / thirds.sum(axis=1, keepdims=True)


@pytest.fixture
def tagged(music):
    outcome = analyse(music, model=Shapes(), analysis=Analysis(tags=True))
    assert outcome.tagged == len(music.ids())
    return music


def by_tag(library, tag: int) -> list[str]:
    """The titles of all tracks, those first that have most of a tag."""
    of = {id_: decode(stored, SHAPES)[tag] for id_, stored in library.field(SHAPES.field).items()}
    return [track.title for track in library.tracks(sorted(of, key=lambda id_: -of[id_])).values()]


def titles(made) -> list[str]:
    return [entry.member.tracks[0].title for entry in made.entries]


def test_words_find_what_sounds_so(tagged):
    made = similar(tagged, ["Very", "Square"], Walk(count=1), model=Shapes())
    assert titles(made)[:3] == by_tag(tagged, 2)[:3]
    assert made.remarks[0] == "no track is called 'Very Square': starting from what sounds most like very square"


def test_a_mood(tagged):
    most, *_, seed = by_tag(tagged, 0)
    assert titles(similar(tagged, [seed], Walk(count=1), Rules(mood=(("round", 10),)), model=Shapes())) == [seed, most]
    with pytest.raises(OptionError, match="no tag is called 'jazz'; choose one of: round, square, very square"):
        similar(tagged, [seed], rules=Rules(mood=(("jazz", 1),)), model=Shapes())


def test_a_map_in_its_colours(tagged):
    assert library_map(tagged, Shapes(), color="very square").data["color"] == "very square"
    with pytest.raises(OptionError, match="no analysed track has this field"):
        library_map(tagged, Shapes(), color="jazz")


def test_the_page(tagged, tmp_path):
    page = PageLibrary(tagged, Shapes(), Request(), Playlists(tmp_path), analysis=None)
    assert list(page.tags) == list(SHAPES.names)
    chosen = read_rules({"rules": {"mood": {"Square": 1}}}, page.rules, page.vocabulary)
    assert chosen.mood == (("square", 1),)
    assert page.view(chosen).candidates.penalty.any()
    with pytest.raises(RefusedError, match="no tag is called 'jazz'"):
        read_rules({"rules": {"mood": {"jazz": 1}}}, page.rules, page.vocabulary)


def test_two_models_tag_one_library(tagged):
    """Neither takes the numbers of the other for its own."""
    assert analyse(tagged, analysis=Analysis(tags=True)).tagged == len(tagged.ids())
    assert {len(stored) for stored in tagged.field(MSD_TAGS.field).values()} == {200}
    assert {len(stored) for stored in tagged.field(SHAPES.field).values()} == {12}
    assert analyse(tagged, model=Shapes(), analysis=Analysis(tags=True)).idle


COLOURS = TagSet(field="deejai_tags_colours", names=("round", "red"), spellings=(("crimson", "red"),))


class Colours(MusiCNN):
    """A companion of `Shapes`: the same network once more, of which it makes two words, one of them known already."""

    trunk_name = "colours-1"
    tag_set = COLOURS
    every = 2
    more = ()

    def __init__(self) -> None:
        super().__init__()
        self._weights = MusiCNN()._weights

    def mel(self, windows: np.ndarray) -> np.ndarray:
        return super().mel(windows[::2])

    def tags(self, trunk: np.ndarray) -> np.ndarray:
        return np.stack([np.zeros(len(trunk)), np.linspace(0, 1, len(trunk))], axis=1)


class ColouredShapes(Shapes):
    more = (Colours(),)


def test_a_model_brings_a_further_vocabulary(music, tmp_path):
    model, ids = ColouredShapes(), music.ids()
    assert analyse(music, model=model, analysis=Analysis(tags=True)).tagged == len(ids)
    (aisle, *_) = titles(similar(music, ["very square"], Walk(count=1), model=model))
    with pytest.raises(LibraryError, match="no track has tags such as 'red' to choose it by") as caught:
        similar(music, [aisle], rules=Rules(mood=(("red", 1),)), model=model)
    assert caught.value.hint == "tag more"
    page = PageLibrary(music, model, Request(), Playlists(tmp_path), analysis=None)
    assert list(page.tags) == list(SHAPES.names)

    outcome = analyse(music, model=model, analysis=Analysis(tags=MORE))
    assert (outcome.heard, outcome.tagged, outcome.embedded) == (len(ids), len(ids), 0)
    assert analyse(music, model=model, analysis=Analysis(tags=MORE)).idle
    assert {decode(stored, COLOURS)[1] for stored in music.field(COLOURS.field).values()} == {0.5}
    assert list(page.tags) == [*SHAPES.names, "red"]
    assert "no track is called" in similar(music, ["Crimson", "round"], Walk(count=1), model=model).remarks[0]
    space = open_space(music, model)
    assert space.vocabulary.columns == (*SHAPES.names, "red")
    assert space.tags(range(4)).shape == (len(ids), 4)
    assert space.tags([3, 0]).tolist() == space.tags(range(4))[:, [3, 0]].tolist()
    assert library_map(music, model, color="red").data["color"] == "red"


def test_both_hear_a_file_that_is_decoded_once(music):
    outcome = analyse(music, model=ColouredShapes(), analysis=Analysis(tags=MORE))
    assert (outcome.heard, outcome.embedded) == (0, len(music.ids()))
    with open_slices(music) as store:
        at_once = {trunk: dict(store.get(store.keys(trunk), trunk, 200)) for trunk in ("musicnn-msd-1", "colours-1")}
    for key, trunk in at_once["musicnn-msd-1"].items():
        assert np.array_equal(at_once["colours-1"][key], trunk[::2])  # the same network, and every other window


def test_a_model_without_tags_has_the_bundled_companion_hear_for_it(music, tmp_path):
    model = load_speccy(small(tmp_path))
    outcome = analyse(music, model=model, analysis=Analysis(tags=MORE))
    assert outcome.heard == outcome.tagged == len(music.ids())
    assert len(music.field(MTT_TAGS.field)) == len(music.ids())
    assert not music.field(MSD_TAGS.field)  # that network has heard nothing
    seed, *_ = music.tracks(music.ids()[:1]).values()
    assert similar(music, [seed.title], Walk(count=2), Rules(mood=(("piano", 1),)), model=model).entries

"""A model brings its own tags: whatever asks for tags takes those of the model that it is given."""

from __future__ import annotations

import numpy as np
import pytest

from deejai_core import Analysis, OptionError, Rules, Walk, analyse, similar
from deejai_core.embedding.tag_digits import decode
from deejai_core.features.map.library_map import library_map
from deejai_core.features.web.library import RefusedError
from deejai_core.features.web.page_library import PageLibrary, Playlists
from deejai_core.features.web.requests import read_rules
from deejai_core.lists.request import Request
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.musicnn.tags import MSD_TAGS
from deejai_core.models.tag_set import TagSet

SHAPES = TagSet(field="deejai_tags_shapes", names=("round", "square", "very square"))


class Shapes(MusiCNN):
    """Hears what MusiCNN hears, and has other words for it."""

    tag_set = SHAPES
    more = ()

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
    with pytest.raises(OptionError, match="no analysed track has a value there"):
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

"""What a track sounds like in words: the vocabulary, and what lists make of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.musicnn.tags import BUNDLED_TAGS, MSD_TAGS, MTT_LABELS, MTT_OUTPUTS, MTT_SPELLINGS, MTT_TAGS
from deejai_core.models.tag_set import TagSet, Vocabulary, plain_name
from deejai_core.playlists.candidates import mood_penalties, sound_scores, sounding_most
from deejai_core.playlists.playlist import similar
from tests.libraries import candidates, compass

NAN = float("nan")
WORDS = Vocabulary((MSD_TAGS,))


def named(text: str) -> list[str] | None:
    found = WORDS.numbers_in(text)
    return found and [MSD_TAGS.names[number] for number in found]


class TestTheVocabulary:
    def test_there_is_a_name_for_each_output_of_the_network(self):
        assert len(MSD_TAGS.names) == len({plain_name(tag) for tag in MSD_TAGS.names}) == 50
        assert MusiCNN().tags(np.zeros((3, 200), np.float16)).shape == (3, 50)

    @pytest.mark.parametrize(
        ("tag", "name"), [("hip-hop", "hip_hop"), ("00s", "00s"), ("female vocalists", "female_vocalists")]
    )
    def test_names_of_fields(self, tag, name):
        assert plain_name(tag) == name

    @pytest.mark.parametrize("text", ["hip-hop", "Hip-Hop", "hip hop", "HIP_HOP", " hip-hop "])
    def test_a_tag_however_it_is_written(self, text):
        assert MSD_TAGS.names[WORDS.number(text)] == "hip-hop"

    @pytest.mark.parametrize(
        ("text", "tags"),
        [
            ("mellow jazz female vocalists", ["mellow", "jazz", "female vocalists"]),
            ("Indie Rock", ["indie rock"]),  # not indie, then rock
            ("rock indie", ["rock", "indie"]),
            ("alternative rock pop", ["alternative rock", "pop"]),
            ("hip hop hip-hop", ["hip-hop"]),
            ("jazz trombone", None),
            ("vocalists", None),
            ("", None),
            ("...", None),
        ],
    )
    def test_words_that_are_tags(self, text, tags):
        assert named(text) == tags

    def test_two_sets_beside_each_other(self):
        colours = TagSet("deejai_tags_1", ("red", "light"))
        shapes = TagSet(
            "deejai_tags_2", ("round", "light", "no corner"), spellings=(("circular", "round"), ("red", "round"))
        )
        words = Vocabulary((colours, shapes))
        assert words.columns == ("red", "light", "round", "no corner")
        assert words.places == ((0, 0), (0, 1), (1, 0), (1, 2))  # a word of both is the first one's
        assert words.numbers_in("Circular no corner red") == [2, 3, 0]  # what is a tag is no spelling of another
        assert words.close("circula") == ["round"]

    def test_the_words_of_both_bundled_networks(self):
        assert BUNDLED_TAGS.columns[: len(MSD_TAGS.columns)] == MSD_TAGS.columns
        assert len({plain_name(name) for name in BUNDLED_TAGS.columns}) == len(BUNDLED_TAGS.columns)
        for text, tag in [("no voice", "no vocals"), ("choral", "choir"), ("Woman", "female"), ("rock", "rock")]:
            assert BUNDLED_TAGS.columns[BUNDLED_TAGS.number(text)] == tag
        assert set(MTT_SPELLINGS.values()) <= set(MTT_TAGS.names)
        assert sorted(output for outputs in MTT_OUTPUTS for output in outputs) == list(range(len(MTT_LABELS)))

    @given(st.lists(st.sampled_from(MSD_TAGS.names), min_size=1))
    def test_any_row_of_tags_is_understood(self, tags):
        found = named(" ".join(tags))
        assert {word for tag in found for word in tag.split()} == {word for tag in tags for word in tag.split()}

    @given(st.text())
    def test_any_text_at_all(self, text):
        assert WORDS.numbers_in(text) is None or WORDS.numbers_in(text)
        assert WORDS.close(text)

    def test_what_a_word_may_have_been_meant_for(self):
        assert WORDS.close("hapy") == ["happy"]
        assert WORDS.close("xylophone") == list(WORDS.columns)


class TestMoods:
    def test_a_wish_costs_what_a_track_is_not_and_a_dislike_what_it_is(self):
        probabilities = np.array([[0.9, 0.0], [0.01, 0.5], [0.02, 0.2], [NAN, NAN]])
        assert mood_penalties(probabilities, np.array([0.5, 0.0])) == pytest.approx([0, 1 / 3, 1 / 6, 0.5])
        assert mood_penalties(probabilities, np.array([0.0, -0.3])) == pytest.approx([0.1, 0.3, 0.2, 0.3])
        assert mood_penalties(probabilities, np.array([0.5, -0.3])) == pytest.approx([0.1, 19 / 30, 11 / 30, 0.8])

    def test_the_only_track_with_tags_is_the_one_that_has_most_of_each(self):
        probabilities = np.array([[NAN], [0.3]])
        assert mood_penalties(probabilities, np.array([0.5])).tolist() == [0.5, 0]
        assert mood_penalties(probabilities, np.array([-0.5])).tolist() == [0.5, 0.5]

    @given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.lists(st.floats(-2, 2), min_size=3, max_size=3))
    def test_a_track_without_tags_loses_the_most_and_none_gains(self, probabilities, weights):
        tagged, untagged = mood_penalties(np.array([probabilities, [NAN] * 3]), np.array(weights))
        assert 0 <= tagged <= untagged + 1e-12
        assert untagged == pytest.approx(np.abs(weights).sum())

    def test_a_list_leans_to_what_is_so(self):
        happy = np.array([[0.5], [0.0], [1.0]])
        penalty = mood_penalties(happy, np.array([0.5])).astype(np.float32)
        vectors = compass(0, 10, 40)
        for wanted, library in ((1, candidates(vectors)), (2, candidates(vectors, penalty=penalty))):
            assert similar(library, [library.song(0)], count=1)[0].position == wanted


class TestWhatSoundsMostLikeWords:
    PROBABILITIES = np.array([[0.9, 0.1], [0.5, 0.5], [NAN, NAN], [0.3, 0.4], [0.0, 1.0]])

    @staticmethod
    def most(columns: np.ndarray, weights: list[float], count: int, levels: list[int] = (), **allowed) -> list[int]:
        are_levels = np.isin(np.arange(len(weights)), levels)
        return sounding_most(sound_scores(columns, np.array(weights), are_levels), count, **allowed).tolist()

    def test_the_highest_product(self):
        assert self.most(self.PROBABILITIES, [1, 1], 3) == [1, 3, 0]
        assert self.most(self.PROBABILITIES[:, 1:], [1], 2) == [4, 1]

    def test_what_is_not_wanted(self):
        assert self.most(self.PROBABILITIES, [1, -1], 2) == [0, 1]
        assert self.most(self.PROBABILITIES[:, :1], [-1], 2) == [4, 3]

    def test_levels_count_by_how_far_they_are_from_the_middle(self):
        columns = np.array([[0.1, 0.4], [0.1, 0.6], [NAN, NAN], [0.1, 0.5]])
        assert self.most(columns, [1, 1], 3, [1]) == [1, 3, 0]
        assert self.most(columns, [1, -1], 3, [1]) == [0, 3, 1]
        assert self.most(columns[:1], [1, 1], 3, [1]) == [0]
        assert self.most(columns[2:3], [1, 1], 3, [1]) == []

    def test_among_some(self):
        allowed = np.array([True, False, True, True, False])
        assert self.most(self.PROBABILITIES, [1, 1], 3, allowed=allowed) == [3, 0]
        assert self.most(self.PROBABILITIES[:, :1], [1], 3, allowed=np.array([False, False, True, False, False])) == []

    def test_equals_come_in_the_order_of_the_library(self):
        assert self.most(np.tile([[0.5], [0.7]], (100, 1)), [1], 150) == [*range(1, 200, 2), *range(0, 100, 2)]

"""What sentences say of sound: words onto tags and axes."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deejai_core import ModelError
from deejai_core.models.musicnn.tags import BUNDLED_TAGS, MSD_TAGS
from deejai_core.models.tag_set import TagSet, Vocabulary
from deejai_core.sentences import lexicon as lexicons
from deejai_core.sentences import word_vectors
from deejai_core.sentences.lexicon import lexicon, parse
from deejai_core.sentences.understanding import understand
from deejai_core.sentences.word_vectors import WordVectors

FIRST = Vocabulary((MSD_TAGS,))


def gist(text: str, vocabulary: Vocabulary = FIRST) -> str:
    return understand(text, vocabulary).gist(vocabulary)


class TestWordVectors:
    def test_words_of_the_same_company_are_near(self):
        vectors = WordVectors()
        violin, cello, tax = vectors.of(["violin", "cello", "tax"])
        assert violin @ cello > 0.8 > 0.4 > violin @ tax
        assert np.linalg.norm(vectors.of(["piano", "piano"]), axis=1) == pytest.approx([1, 1])

    def test_rare_words_of_music_are_there_and_misprints_are_not(self):
        vectors = WordVectors()
        assert all(word in vectors for word in ("ukulele", "dubstep", "melancholic"))
        assert "roxane" not in vectors

    def test_files_that_are_gone_or_damaged(self, tmp_path, monkeypatch):
        monkeypatch.setattr(word_vectors, "FOLDER", tmp_path)
        with pytest.raises(ModelError, match=r"cannot read the word vectors .*; reinstall beets-deejai"):
            _ = "piano" in WordVectors()
        (tmp_path / "words.txt").write_text("piano\n")
        (tmp_path / "vectors.npy").write_bytes(b"junk")
        with pytest.raises(ModelError, match="cannot read the word vectors"):
            WordVectors().of(["piano"])
        for shape in ((2, 50), (1,), (1, 49)):
            np.save(tmp_path / "vectors.npy", np.ones(shape, np.int8))
            with pytest.raises(ModelError, match="do not belong together"):
                _ = "piano" in WordVectors()

    @pytest.mark.parametrize(
        "damage", [b"", b"\xff\xfe", b"\x93NUMPY\x01\x00v\x00" + b"[" * 118], ids=["empty", "bytes", "header"]
    )
    @pytest.mark.parametrize("name", ["words.txt", "vectors.npy"])
    def test_a_damaged_file(self, tmp_path, monkeypatch, name, damage):
        for file in ("words.txt", "vectors.npy"):
            shutil.copy(word_vectors.FOLDER / file, tmp_path)
        (tmp_path / name).write_bytes(damage)
        monkeypatch.setattr(word_vectors, "FOLDER", tmp_path)
        with pytest.raises(ModelError, match=r"cannot read the word vectors .*; reinstall beets-deejai"):
            _ = "piano" in WordVectors()

    def test_nobody_else_opens_them(self):
        code = "import deejai_core.lists.making, sys; assert 'deejai_core.sentences.understanding' in sys.modules; "
        code += "from deejai_core.sentences.lexicon import lexicon; assert not lexicon.cache_info().currsize"
        subprocess.run([sys.executable, "-c", code], check=True)


class TestTheLexicon:
    def test_it_names_what_there_is(self):
        axes = {axis.name for axis in MSD_TAGS.axes}
        said = {name for meaning in lexicon().meanings.values() for name in meaning}
        assert axes < said
        assert said - axes <= set(BUNDLED_TAGS.columns)
        assert lexicon().meanings["angry"] == {"energy": 1, "valence": -1}

    @pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"rock: rock\n"], ids=["empty", "bytes", "half"])
    def test_a_damaged_file(self, tmp_path, monkeypatch, damage):
        (tmp_path / "lexicon.txt").write_bytes(damage)
        monkeypatch.setattr(lexicons, "FOLDER", tmp_path)
        with pytest.raises(ModelError, match=r"lexicon\.txt: cannot be read .*; reinstall beets-deejai"):
            lexicon.__wrapped__()

    def test_a_word_means_one_thing(self):
        grammar = [lexicon().silent, lexicon().negating, lexicon().meanings.keys()]
        assert not any(one & other for one in grammar for other in grammar if one is not other)
        for meaning in lexicon().meanings.values():
            assert set(meaning.values()) <= {1, -1}

    def test_how_it_is_written(self):
        meanings = "# no line\n\nrock, punk: loud ~hard\n    fast\n+energy, -valence: loud\n"
        read = parse(meanings + "\n(silent): a the\n(not): no\n(but): but\n")
        assert read.meanings == {
            "loud": {"rock": 1, "punk": 1, "energy": 1, "valence": -1},
            "hard": {"rock": 1, "punk": 1},
            "fast": {"rock": 1, "punk": 1},
        }
        assert read.near == ("loud", "fast")
        assert (read.silent, read.negating, read.ending) == ({"a", "the"}, {"no"}, {"but"})


class TestSentences:
    @pytest.mark.parametrize(
        ("sentence", "understood"),
        [
            ("calm piano for a rainy evening", "low energy, instrumental, low valence"),
            ("angry guitars, no singing", "guitar, high energy, low valence; -female vocalists, -male vocalists"),
            ("Melancholic JAZZ", "jazz, low energy, low valence"),
            ("indie rock", "indie rock"),  # not indie, then rock
            ("hip hop", "hip-hop"),
            ("cheerful 80s pop", "high valence, 80s, pop"),
            ("low energy", "low energy"),
            ("high energy and low valence", "high energy, low valence"),
            ("not too loud", "low energy"),
            ("music that isn\u2019t loud", "low energy"),
            ("no rock but jazz", "jazz; -rock"),
            ("no rock, jazz", "jazz; -rock"),
            ("no rock or jazz", "-rock, -jazz"),
            ("no rock and jazz", "jazz; -rock"),
            ("without rock and jazz", "-rock, -jazz"),
            ("jazz instead of rock", "jazz; -rock"),
            ("neither rock nor jazz", "-rock, -jazz"),
            ("it shouldn't be rock", "-rock"),
            ("a little sad", "sad"),
            ("low energy jazz", "low energy, jazz"),  # "low" turns the axis alone
            ("jazz, but not low energy", "jazz, high energy"),
            ("a low, mellow jazz", "mellow, jazz"),
            ("I'm in the mood for 90's rock", "90s, rock"),
            ("high-energy jazz", "high energy, jazz"),
            ("energetic epic battle jazz", "high energy, jazz"),  # what is said three times is said
            ("loud, not loud", ""),
            ("", ""),
            ("?!,", ""),
        ],
    )
    def test_what_they_say(self, sentence, understood):
        assert gist(sentence) == understood

    @pytest.mark.parametrize(
        ("word", "like"), [("oboe", "instrumental"), ("mandolin", "folk"), ("fury", "high energy, low valence")]
    )
    def test_words_that_nobody_wrote_down(self, word, like):
        assert word not in lexicon().meanings
        assert gist(word) == like

    @pytest.mark.parametrize(
        ("sentence", "understood"),
        [
            ("calm piano for a rainy evening", "low energy, piano"),
            ("angry guitars, no singing", "guitar, high energy, low valence; -vocals"),
            ("cello without drums and beats", "cello; -drums, -beat"),
            ("no vocals", "no vocals"),  # is a tag
        ],
    )
    def test_what_they_say_with_the_second_vocabulary(self, sentence, understood):
        assert gist(sentence, BUNDLED_TAGS).startswith(understood)

    def test_what_is_said_three_times_counts_once(self):
        jazz, rock = FIRST.number("jazz"), FIRST.number("rock")
        assert understand("jazz, jazz, jazz and rock", FIRST).weights == {jazz: 1, rock: 1}
        assert understand("no jazz, no jazz", FIRST).weights == {jazz: -1}

    def test_a_word_between_opposites_says_nothing(self):
        opposites = "+energy: violins\n-energy: viola\n\n(silent): the\n(not): no\n(but): but\n"
        assert understand("cello", FIRST, words=parse(opposites)).silent == ("cello",)
        assert understand("cello", FIRST, words=parse(opposites.replace("-energy", "rock"))).weights

    def test_accents_count_nothing(self):
        plain = understand("naive cafe jazz", FIRST)
        assert understand("Na\u00efve caf\u00e9 jazz", FIRST) == understand("nai\u0308ve cafe\u0301 jazz", FIRST) == plain
        assert not plain.unknown

    def test_several_of_a_word_that_is_written_down(self):
        assert gist("trumpets") == gist("trumpet") == "jazz"
        assert gist("guitars") == "guitar"

    def test_what_is_known_but_says_nothing_of_sound_and_what_is_not_known(self):
        said = understand("calm table pianoo", FIRST)
        assert said.gist(FIRST) == "low energy"
        assert said.silent == ("table",)
        assert said.unknown == ("pianoo",)
        assert understand("Roxane", FIRST).unknown == ("roxane",)
        assert not understand("yellow submarine", FIRST).weights

    def test_only_what_tracks_are_tagged_with(self):
        assert understand("drums", FIRST).silent == ("drums",)  # this network has no tag for them
        jazz, rock = FIRST.number("jazz"), FIRST.number("rock")
        said = understand("jazz and rock", FIRST, {rock})
        assert said.weights == {rock: 1}
        assert said.silent == ("jazz",)
        assert understand("saxophone", FIRST, {jazz}).weights == {jazz: 1}

    def test_other_tags_without_axes(self):
        shapes = Vocabulary((TagSet("deejai_tags_shapes", ("round", "square", "very square")),))
        assert understand("Very Square, not round", shapes).weights == {2: 1, 0: -1}
        assert understand("calm jazz", shapes).silent == ("calm", "jazz")

    @given(st.text())
    def test_any_text_at_all(self, text):
        said = understand(text, FIRST)
        assert all(-1 <= weight <= 1 and weight for weight in said.weights.values())
        assert isinstance(said.gist(FIRST), str)

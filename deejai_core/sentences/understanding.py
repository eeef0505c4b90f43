"""A sentence such as "calm piano, no singing" as tags and axes, each with a weight.

No grammar: words are taken one by one, and those behind a "no" are subtracted. A word is a tag, or in the lexicon, or
what the nearest words of the lexicon are. Whoever asks learns which words were known to say nothing of sound, and which
were not known at all. Accents count nothing, since the words are English: a café is a cafe.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deejai_core.models.tag_set import Vocabulary
from deejai_core.sentences.lexicon import Lexicon, lexicon
from deejai_core.sentences.word_vectors import WordVectors
from deejai_core.tracks.text import plain

TEMPERATURE = 0.03  # of the softmax over cosines: who is nearer by a tenth counts 28 times as much
NEAR = 0.6  # cosine below which a word is near to nothing that says anything of sound
CLEAR = 0.5  # of the weight of a word's neighbours, what is left where they contradict each other
LONGEST = 3  # words of a tag
LOW = "low"  # before an axis: its other end; else it says nothing
SHOWN = 0.2  # of the greatest weight, the least that is said to have been understood
PARTS = re.compile(r"[,.;:!?()]+")
WORD = re.compile(r"[\w&]+(?:['-][\w&]+)*")


@dataclass(frozen=True)
class Understood:
    """What a sentence says of sound.

    weights: of columns of a vocabulary, by number, those of each word 1 or -1 together; from -1 to 1, since what is said
    twice is no more than said. silent: words that say nothing of sound, or only what no track is tagged with. unknown:
    words that are none, as far as is known.
    """

    weights: dict[int, float]
    silent: tuple[str, ...]
    unknown: tuple[str, ...]

    def gist(self, vocabulary: Vocabulary) -> str:
        """The same in a few words: "piano, low energy; -vocals"."""
        greatest = max(map(abs, self.weights.values()), default=0.0)
        wanted, unwanted = [], []
        for number, weight in sorted(self.weights.items(), key=lambda item: -abs(item[1])):
            name = vocabulary.columns[number]
            if abs(weight) < SHOWN * greatest:
                continue
            if vocabulary.is_axis(number):
                wanted.append(f"{'high' if weight > 0 else 'low'} {name}")
            elif weight > 0:
                wanted.append(name)
            else:
                unwanted.append(f"-{name}")
        return "; ".join(filter(None, (", ".join(wanted), ", ".join(unwanted))))


def understand(
    text: str, vocabulary: Vocabulary, there: Collection[int] | None = None, *, words: Lexicon | None = None
) -> Understood:
    """What a sentence says of sound, in tags and axes.

    there: the columns that tracks have at all; None: all. words: what is known by hand; None: what comes with the package.
    """
    words = words or lexicon()
    meanings = _Meanings(vocabulary, range(len(vocabulary.columns)) if there is None else there, words)
    weights: dict[int, float] = {}
    silent: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for part in PARTS.split(plain(text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")):
        single = [word for joined in WORD.findall(part) for word in meanings.apart(joined)]
        for phrase, sign in _phrases(single, vocabulary, words):
            meaning = meanings.of(phrase)
            if meaning is None:
                unknown[phrase] = None
                continue
            if not meaning:
                silent[phrase] = None
            for number, weight in meaning.items():
                weights[number] = weights.get(number, 0.0) + sign * weight
    limited = {number: min(max(weight, -1.0), 1.0) for number, weight in weights.items() if weight}
    return Understood(limited, tuple(silent), tuple(unknown))


def _phrases(words: Sequence[str], vocabulary: Vocabulary, known: Lexicon) -> Iterator[tuple[str, int]]:
    """The tags and words of a part of a sentence, each with 1, or with -1 if it is not wanted."""
    grammar = known.silent | known.negating | known.ending
    sign, negated, low, place = 1, "", False, 0
    while place < len(words):
        for count in range(min(LONGEST, len(words) - place), 0, -1):
            phrase = " ".join(words[place : place + count])
            number = vocabulary.number(phrase)
            if number is not None:
                break
        if number is not None or phrase not in grammar:
            yield phrase, -sign if low and number is not None and vocabulary.is_axis(number) else sign
            low = False
        elif phrase == LOW:
            low = True
        elif phrase in known.negating:
            sign, negated = -1, phrase
        elif phrase in known.ending and (negated, phrase) != ("without", "and"):
            sign = 1
        place += count


class _Meanings:
    """What single phrases say of sound."""

    def __init__(self, vocabulary: Vocabulary, there: Collection[int], words: Lexicon) -> None:
        self._vocabulary = vocabulary
        self._there = there
        self._words = words
        self._vectors = WordVectors()

    def of(self, phrase: str) -> dict[int, float] | None:
        """Weights by column, 1 together; nothing for a word that says nothing of sound, None for one that is unknown."""
        for word in (phrase, phrase.removesuffix("s"), phrase.removesuffix("es")):
            number, by_hand = self._vocabulary.number(word), self._by_hand(word)
            if (
                number is not None and number in self._there
            ):  # where that is the way on an axis as well ("loud"), it is both
                axes = {axis: weight for axis, weight in (by_hand or {}).items() if self._vocabulary.is_axis(axis)}
                return _normal({number: 1.0} | axes)
            if by_hand is not None:
                return by_hand
        if phrase in self._vectors:
            return self._by_neighbours(phrase)
        return None if self._vocabulary.number(phrase) is None else {}

    def apart(self, word: str) -> list[str]:
        """The words that hyphens join, where nothing is known of the whole: "guitar-driven"."""
        return word.split("-") if "-" in word and self.of(word) is None else [word]

    def _by_hand(self, word: str) -> dict[int, float] | None:
        """What the lexicon says; None for a word that it lacks."""
        if word not in self._words.meanings:
            return None
        said = ((self._vocabulary.number(name), weight) for name, weight in self._words.meanings[word].items())
        return _normal({number: weight for number, weight in said if number is not None and number in self._there})

    def _by_neighbours(self, word: str) -> dict[int, float]:
        meanings = {
            other: meaning for other in self._words.near if other in self._vectors and (meaning := self._by_hand(other))
        }
        if not meanings:
            return {}
        cosines = self._vectors.of(list(meanings)) @ self._vectors.of([word])[0]
        if cosines.max() < NEAR:
            return {}
        shares = np.exp((cosines - cosines.max()) / TEMPERATURE)
        weights: dict[int, float] = {}
        for share, meaning in zip((shares / shares.sum()).tolist(), meanings.values(), strict=True):
            for number, weight in meaning.items():
                weights[number] = weights.get(number, 0.0) + share * weight
        return _normal(weights) if sum(map(abs, weights.values())) >= CLEAR else {}


def _normal(weights: dict[int, float]) -> dict[int, float]:
    total = sum(map(abs, weights.values()))
    return {number: weight / total for number, weight in weights.items()}

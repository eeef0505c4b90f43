"""Turns a sentence such as "calm piano, no singing" into tags and axes, each with a weight.

There is no grammar: words are taken one by one, and those after a "no" are subtracted. A word is a tag, or in the lexicon,
or means what the nearest words of the lexicon mean. The result names the words that are known to say nothing about sound,
and those that are unknown. Accents do not matter, since the words are English: a café is a cafe.
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

TEMPERATURE = 0.03  # of the softmax over cosines: a word that is nearer by a tenth counts 28 times as much
NEAR = 0.6  # below this cosine, a word is not close to any that says something about sound
CLEAR = 0.5  # the share of its neighbours' weight that a word must keep where they contradict each other
LONGEST = 3  # words in a tag
LOW = "low"  # before an axis, it means its other end; elsewhere it says nothing
SHOWN = 0.2  # of the greatest weight: what has less is not shown as understood
PARTS = re.compile(r"[,.;:!?()]+")
WORD = re.compile(r"[\w&]+(?:['-][\w&]+)*")


@dataclass(frozen=True)
class Understood:
    """What a sentence says about sound.

    weights: of columns of a vocabulary, by number, from -1 to 1. Each word distributes 1 or -1 in all, but saying something
    twice does not count twice. silent: words that say nothing about sound, or only what no track is tagged with. unknown:
    words that are not known.
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
    """Return what a sentence says about sound, in tags and axes.

    there: the columns that some tracks have; None for all. words: the lexicon; by default the bundled one.
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
    """Split a part of a sentence into tags and words, each with 1, or with -1 if it is not wanted."""
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
    """The meaning of single phrases."""

    def __init__(self, vocabulary: Vocabulary, there: Collection[int], words: Lexicon) -> None:
        self._vocabulary = vocabulary
        self._there = there
        self._words = words
        self._vectors = WordVectors()

    def of(self, phrase: str) -> dict[int, float] | None:
        """Return weights by column, which sum to 1; none for a word that says nothing about sound, and None for an unknown
        one.
        """
        for word in (phrase, phrase.removesuffix("s"), phrase.removesuffix("es")):
            number, by_hand = self._vocabulary.number(word), self._by_hand(word)
            if number is not None and number in self._there:  # if it is also a direction on an axis ("loud"), it is both
                axes = {axis: weight for axis, weight in (by_hand or {}).items() if self._vocabulary.is_axis(axis)}
                return _normal({number: 1.0} | axes)
            if by_hand is not None:
                return by_hand
        if phrase in self._vectors:
            return self._by_neighbours(phrase)
        return None if self._vocabulary.number(phrase) is None else {}

    def apart(self, word: str) -> list[str]:
        """Return the words that hyphens join, if the whole is unknown: "guitar-driven"."""
        return word.split("-") if "-" in word and self.of(word) is None else [word]

    def _by_hand(self, word: str) -> dict[int, float] | None:
        """Return the meaning in the lexicon; None for a word that it lacks."""
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

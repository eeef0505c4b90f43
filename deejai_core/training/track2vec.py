"""Track2Vec: lists are sentences, songs are words, and Word2Vec (Mikolov et al. 2013) gives each song a direction.

Songs that people put together get directions close to each other. gensim does the learning; this module has the settings
that suit songs rather than language, and reads any number of lists in bounded memory: once, into a temporary file of
four-byte numbers, which every epoch reads.
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
TOLERANCE = 1e-3  # tolerance for a vector's squared length
LONGEST = 10_000  # songs; gensim ignores the rest of a longer list
BLOCK = 1 << 20  # entries processed together: some tens of megabytes
ROWS = 1 << 14  # vectors processed together: the same


@dataclass(frozen=True)
class Recipe:
    """The settings of Word2Vec, by their usual names. The defaults are tuned, see `recipe_for`."""

    skip_gram: bool = True  # each song predicts its neighbours; otherwise their mean predicts it (CBOW)
    window: int = 20  # neighbours on either side, at most; each time, a number up to it is drawn
    ns_exponent: float = 0.0  # negatives are drawn by (how many lists a song is in) to this power
    negative: int = 2  # negatives for each right answer; more take longer and improve nothing
    sample: float = 3e-5  # songs with more than this share of all entries are skipped at times; 0 for never
    epochs: int = 100
    alpha: float = 0.07  # learning rate at the beginning; it falls to almost nothing
    min_count: int = 1  # songs in fewer lists get no vector
    dimension: int = 100
    whitening: float | None = 0.5  # how far variances along directions are evened out, 0 to 1; None: see `_whiten`
    runs: int = 4  # with different random numbers, then joined, see `_join`; one without whitening


# Deej-A.I.'s settings: gensim's defaults, except for window, epochs and min_count.
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

# With few entries, songs need more epochs to find their places; with many, fewer are enough.
TRAINED = 8_000_000  # entries, over all epochs,
FEWEST, MOST = 10, 200  # within these numbers of epochs
# From this number of entries on, there is one run, and songs in few lists are left out: they take most of the memory, and
# little is learned about them.
MANY = 5_000_000


@dataclass(frozen=True, eq=False)
class Track2Vec:
    """Songs, those in most lists first, and the direction of each."""

    words: tuple[str, ...]  # (n,)
    vectors: np.ndarray  # (n, dimension) float32 of unit length

    @cached_property
    def position(self) -> dict[str, int]:
        """The position of each word in `vectors`."""
        return {word: place for place, word in enumerate(self.words)}

    def save(self, path: Path, beside: Mapping[str, np.ndarray] = MappingProxyType({})) -> None:
        """Write this to a file, atomically. Raises OSError as the file system does.

        beside: other arrays for the same file, which `load` ignores.
        """
        from safetensors.numpy import save_file

        # The words are a tensor, too, because safetensors limits its metadata to 100 MB. A word may be any string, even a
        # broken path.
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
        """Read what `save` wrote. Raises ModelError if the file has other content."""
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
    """Return the tuned settings for lists of `size` entries in all, with this number of different songs.

    Frequent songs are skipped at times, but no song that is in no more lists than others: if there are few songs, each has
    a large share of all entries.
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
    """Return the directions of the songs in these lists.

    lists: read once, from first to last, and never held in memory. recipe: by default that for data of their size. A song
    counts once in a list, where it comes first; lists of one song say nothing. Songs in fewer lists than the recipe's
    `min_count` get no vector, and neither do those which are then left alone in all their lists. With one worker, the same
    lists in the same order give bit-equal vectors on one machine, in any process; with several, learning is faster, but
    never quite reproducible. `progress` is called with the entries that are done and all entries, over all epochs; first
    with none, then from another thread. Raises TrainingError if there is nothing to learn from, MissingError without
    gensim.
    """
    with extra("train"):
        from gensim.models import Word2Vec
    with tempfile.TemporaryFile(prefix="deejai-") as file:
        words, corpus = _written(lists, file)
        recipe = recipe or recipe_for(corpus.size, len(words))
        corpus, counts = _selected(corpus, recipe.min_count)
        # Fewer songs than dimensions do not vary in all of them: there is nothing to even out, or to join.
        whitening = recipe.whitening if len(counts) > recipe.dimension else None
        epochs = _Epochs(corpus, recipe.epochs, 1 if whitening is None else recipe.runs, progress)
        if progress:
            progress(0, epochs.total)

        def run(number: int) -> list[np.ndarray]:
            """Return both layers, (songs, dimension) each."""
            model = Word2Vec(
                vector_size=recipe.dimension,
                sg=recipe.skip_gram,
                window=recipe.window,
                ns_exponent=recipe.ns_exponent,
                negative=recipe.negative,
                sample=recipe.sample,
                alpha=recipe.alpha,
                min_count=1,  # they are already selected,
                sorted_vocab=False,  # and numbered by frequency: gensim mixes up a number and a place
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
    """Subtract what all songs have in common, and even out their variance along each direction, in place.

    Much of Word2Vec's space reflects frequency: the mean direction and the few of most variance (Mu and Viswanath 2018).
    The mean is subtracted, and a variance v becomes v ** (1 - exponent), so 0 changes none and 1 makes all equal. Both are
    those of the entries: a song counts as often as it is listed, because little is known about rare songs. shares: (n,)
    float32, each song's share of all entries; they sum to 1.
    """
    mean, variances, axes = _principal_axes([vectors], shares)
    # What is close to nothing is noise, and stays small; a layer may have learned nothing at all.
    variances = np.maximum(variances, max(variances.mean() / 1000, np.finfo(np.float32).tiny))
    matrix = ((axes * variances ** (-exponent / 2)) @ axes.T).astype(np.float32)
    for block in _blocks(vectors):
        vectors[block] = (vectors[block] - mean) @ matrix


def _join(layers: Sequence[np.ndarray], shares: np.ndarray) -> None:
    """Put layers of Word2Vec side by side, and project them onto the axes in which they vary most, in place of the first.

    A song's vector says which company it predicts, the other layer which company predicts it (Levy, Goldberg and Dagan 2015
    add the two). What one layer misses, another may have learned, or by chance another run; the cosine of all side by side
    is the mean of their cosines.
    """
    mean, _, axes = _principal_axes(layers, shares)
    matrix = axes[:, -layers[0].shape[1] :].astype(np.float32)
    for block in _blocks(layers[0]):
        layers[0][block] = (np.hstack([layer[block] for layer in layers]) - mean) @ matrix


def _principal_axes(layers: Sequence[np.ndarray], shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean of layers side by side, and the variances along the axes (columns) of their covariance, ascending."""
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
    numbers: np.ndarray  # for each number in `entries`, the number that is yielded in its place; -1 leaves it out

    @property
    def size(self) -> int:
        return len(self.entries)

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield some lists together, as numbers, and where each of them ends, without lists of which one song is left."""
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
        """Return how many lists each number is in."""
        counts = np.zeros(len(self.numbers), int)
        for numbers, _ in self.blocks():
            counts += np.bincount(numbers, minlength=len(counts))
        return counts


class _Epochs:
    """The lists as gensim takes them, once more in every epoch of each run.

    An error in one of gensim's threads would make it wait without end: the error is kept, and the lists end.
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
    """Write the lists to the file as numbers; return the words, in the order of their first appearance, and the lists."""
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
    """Return the corpus with the selected songs numbered from 0, the most frequent first, and how frequent each is."""
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

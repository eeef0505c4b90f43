"""Songs that a library lacks: how well the company of lists names them, beside Track2Vec.

python -m benchmarks.discover PLAYLISTS.jsonl.gz     {"source": ..., "date": ..., "tracks": [[artist, title], ...]} a line

The lists to learn from and those to complete are those of `benchmarks.track2vec`, and so are the songs that are ranked. Of
each list every song in turn is the one to be found: from all others of the list, and from one of them, drawn at random. A
list counts as much as any other.

Imports internals: learning from lists, without a library.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import ranking
from benchmarks.ranking import Popularity
from benchmarks.track2vec import OTHERS, SETTINGS, leave_one_out, shown, sources
from deejai_core.extras import extra
from deejai_core.history.company import UNSURE
from deejai_core.training.track2vec import learn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("playlists", type=Path)
    for source, (train, test) in sources(parser.parse_args().playlists).items():
        compare(source, train, test)


def compare(source: str, train: list[list[str]], test: list[list[str]]) -> None:
    seen, (least, _) = Popularity.of(train), SETTINGS.get(source, OTHERS)
    common = {word for word, count in zip(seen.words, seen.counts, strict=True) if count >= least}
    known, test = ([[song for song in listed if song in common] for listed in lists] for lists in (train, test))
    songs = Popularity.of(known)
    held, of = leave_one_out(test, songs)
    queries = {"all others": held, "one other": replace(held, queries=one_of_each(held.queries))}
    scorers = {
        "popularity": ranking.by_popularity(songs),
        "co-occurrence kNN, cosine": ranking.by_co_occurrence(known, songs),
        "Track2Vec (`similar --space track2vec`)": ranking.by_direction(learn(train), songs),
        "**`discover`**": by_company(known, songs),
    }
    print(f"\n{source}: {len(train):,} lists to learn from, {len(of):,} songs of {of.max() + 1:,} lists to be found\n")
    heads = " | ".join(f"from {name}: HR@20 | 95 % | MRR" for name in queries)
    print(f"| method | {heads} |\n|{'---|' * (1 + 3 * len(queries))}")
    hits = {}
    for name, scorer in scorers.items():
        row = [name]
        for query, given in queries.items():
            found = ranking.ranks(scorer, given)
            hits[name, query] = np.bincount(of, found <= 20) / np.bincount(of)
            row += [*shown(hits[name, query]), f"{np.mean(np.bincount(of, 1 / found) / np.bincount(of)):.3f}"]
        print(f"| {' | '.join(row)} |", flush=True)
    *others, ours = scorers
    print("\n| `discover`, less | from all others: HR@20 | 95 % | from one other: HR@20 | 95 % |\n|---|---|---|---|---|")
    for name in others:
        row = [name, *(text for query in queries for text in shown(hits[ours, query] - hits[name, query], "+"))]
        print(f"| {' | '.join(row)} |")


def by_company(lists: list[list[str]], songs: Popularity) -> ranking.Scorer:
    """What `company` finds, for many queries at once; the same but for a factor of each query."""
    matrix = songs.matrix(lists)
    matrix = matrix[matrix.sum(axis=1) > 1]
    lengths = matrix.sum(axis=1)
    share = ((matrix.sum(axis=0) + UNSURE) ** -0.5).astype(np.float32)
    weights = np.minimum(1, lengths.mean() / lengths)
    return lambda queries: ((((queries * share) @ matrix.T) * weights) @ matrix).toarray() * share


def one_of_each(queries):
    """One song of each query, drawn at random."""
    rng = np.random.default_rng(0)
    with extra("train"):
        from scipy.sparse import csr_array
    rows = np.flatnonzero(np.diff(queries.indptr))
    chosen = queries.indices[rng.integers(queries.indptr[rows], queries.indptr[rows + 1])]
    return csr_array((np.ones(len(rows), np.float32), (rows, chosen)), shape=queries.shape)


if __name__ == "__main__":
    main()

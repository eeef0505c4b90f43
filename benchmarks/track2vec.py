"""Track2Vec: how well it completes lists that were held out, and what a million lists would take.

python -m benchmarks.track2vec PLAYLISTS.jsonl.gz     {"source": ..., "date": ..., "tracks": [[artist, title], ...]} a line
python -m benchmarks.track2vec --time PLAYLISTS.jsonl.gz      CPU time to learn from all of them, as `train` does
python -m benchmarks.track2vec --scale                on invented lists

Sources whose lists are dated are split at `UNTIL`; of others every fifth list, drawn at random, is held out.

Imports internals: learning from lists, without a library.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import ranking
from benchmarks.ranking import Popularity, hold_out
from benchmarks.usage import forget_peak, peak
from deejai_core.tracks.songs import song_names
from deejai_core.training.track2vec import ORIGINAL, Recipe, learn

UNTIL = "2014-04-01"  # lists of earlier days are learned from
# Songs in fewer lists are not ranked, by any method; and how co-occurrences are weighted: tuned for each source by itself.
SETTINGS = {"triplej": (5, {"shrink": 5, "exponent": 0.9})}
OTHERS = (2, {"shrink": 30, "exponent": 0.3})
SEEDS = 3
SAMPLES = 2000  # of the lists, for intervals

Lists = list[list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("playlists", nargs="?", type=Path)
    parser.add_argument("--scale", action="store_true", help="time and memory, on invented lists")
    parser.add_argument("--time", action="store_true", help="time alone, of the lists of this file")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        measure(Path(options.worker[0]), int(options.worker[1]))
    elif options.scale:
        scale()
    elif options.playlists and options.time:
        time_all(options.playlists)
    elif options.playlists:
        quality(options.playlists)
    else:
        parser.error("a file of playlists, or --scale")


def quality(path: Path) -> None:
    for source, (train, test) in sources(path).items():
        seen, (least, neighbourhood) = Popularity.of(train), SETTINGS.get(source, OTHERS)
        common = {word for word, count in zip(seen.words, seen.counts, strict=True) if count >= least}
        known, test = ([[song for song in listed if song in common] for listed in lists] for lists in (train, test))
        songs = Popularity.of(known)
        last = hold_out(test, songs)
        left_out, of = leave_one_out(test, songs)
        print(
            f"\n{source}: {len(train):,} lists to learn from, {len(last.last):,} lists of {len(songs.words):,} songs "
            "to complete\n\n"
            "| method | last song: HR@10 | HR@20 | 95 % | MRR | any song: HR@20 | 95 % |\n|---|---|---|---|---|---|---|"
        )
        hits = {}
        for name, scorers in methods(train, known, songs, neighbourhood):
            found = np.array([ranking.ranks(scorer, last) for scorer in scorers])
            single = (np.array([ranking.ranks(scorer, left_out) for scorer in scorers]) <= 20).mean(axis=0)
            hits[name] = (found <= 20).mean(axis=0), np.bincount(of, single) / np.bincount(of)
            ten, reciprocal = (found <= 10).mean(), (1 / found).mean()
            row = [name, f"{ten:.3f}", *shown(hits[name][0]), f"{reciprocal:.3f}", *shown(hits[name][1])]
            print(f"| {' | '.join(row)} |", flush=True)
        print("\n| the tuned, less | last song: HR@20 | 95 % | any song: HR@20 | 95 % |\n|---|---|---|---|---|")
        *others, (last_song, any_song) = hits.values()
        for name, other in zip(hits, others, strict=False):
            print(f"| {' | '.join([name, *shown(last_song - other[0], '+'), *shown(any_song - other[1], '+')])} |")


def time_all(path: Path) -> None:
    """What it takes to learn from all lists at once."""
    lists = [listed for train, test in sources(path).values() for listed in (*train, *test)]
    learn([["a", "b"]], replace(ORIGINAL, min_count=1))  # imports everything
    cpu, wall = time.process_time(), time.perf_counter()
    songs = len(learn(lists).words)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{len(lists):,} lists, {songs:,} songs: {cpu:.0f} CPU-seconds, {wall:.0f} s")


def methods(
    train: Lists, known: Lists, songs: Popularity, neighbourhood: dict
) -> Iterator[tuple[str, list[ranking.Scorer]]]:
    """Their names, and for each one scorer or several that were learned with different seeds. The last is the tuned one."""
    yield "popularity", [ranking.by_popularity(songs)]
    yield "co-occurrence kNN, cosine", [ranking.by_co_occurrence(known, songs)]
    yield "co-occurrence kNN, tuned", [ranking.by_co_occurrence(known, songs, **neighbourhood)]
    recipes = {
        "Word2Vec, original settings": ORIGINAL,
        "the same, `min_count` 1": replace(ORIGINAL, min_count=1),
        "**Word2Vec, tuned**": None,
    }
    for name, recipe in recipes.items():
        yield name, [ranking.by_direction(learn(train, recipe, seed=seed), songs) for seed in range(SEEDS)]


def sources(path: Path) -> dict[str, tuple[Lists, Lists]]:
    """Of each source the lists to learn from and those to complete; a song is what the plugin takes for the same song."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    with gzip.open(path, "rt") as file:
        for line in map(json.loads, file):
            songs = [name for artist, title in line["tracks"] for name in sorted(song_names(artist, title))]
            found.setdefault(line["source"], []).append((line["date"] or "", songs))
    split = {}
    for source, lists in sorted(found.items()):
        if any(date for date, _ in lists):
            lists.sort(key=lambda dated: dated[0])
            held = [date >= UNTIL for date, _ in lists]
        else:
            order = np.random.default_rng(0).permutation(len(lists))
            held = (order < len(lists) // 5).tolist()
        split[source] = tuple(
            [songs for (_, songs), out in zip(lists, held, strict=True) if out == wanted] for wanted in (False, True)
        )
    return split


def leave_one_out(lists: Lists, songs: Popularity) -> tuple[ranking.HeldOut, np.ndarray]:
    """Each song in turn is the one to be found, from all others of its list; and which list each is of."""
    queries, of = [], []
    unique = [found for listed in lists if len(found := list(dict.fromkeys(listed))) > 1]
    for number, listed in enumerate(unique):
        for place, song in enumerate(listed):
            queries.append([*listed[:place], *listed[place + 1 :], song])
            of.append(number)
    return hold_out(queries, songs), np.array(of)


def shown(values: np.ndarray, sign: str = "") -> tuple[str, str]:
    """The mean over the lists, and between what the middle 95 % of the means of lists drawn with replacement lie."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(SAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():{sign}.3f}", f"{low:{sign}.3f} to {high:{sign}.3f}"


# The shape of the Million Playlist Dataset (Chen et al. 2018) as published: 66 million entries, lists of 5 to 250 songs.
PLAYLISTS, SHORTEST, LONGEST = 1_000_000, 5, 250
CATALOGUE = 2_262_292  # different songs
SHARES = (0.001, 0.003, 0.01)
EPOCHS = 2  # measured; more take as long each


def scale() -> None:
    print(
        "| of a million | min_count | lists | entries | songs | vectors | to read, s | an epoch, s | µs an entry and epoch "
        "| memory, MB | KB a song |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for share in SHARES:
            path = Path(folder) / "lists.txt"
            write_invented(path, round(PLAYLISTS * share))
            for min_count in (1, 5):
                worker = [sys.executable, "-m", "benchmarks.track2vec", "--worker", str(path), str(min_count)]
                told = subprocess.run(worker, check=True, stdout=subprocess.PIPE, text=True).stdout
                print(f"| {share:.1%} | {min_count} | {told.strip()} |", flush=True)


def write_invented(path: Path, lists: int) -> None:
    """Lists as text, one a line.

    Shares of (rank + 200) ** -1.1 have about as frequent a first song and as many different ones, in 0.1 % of the lists and
    in all, as are known of the dataset; lengths, many short and few long ones, have its mean of 66.
    """
    rng = np.random.default_rng(0)
    shares = np.cumsum((np.arange(CATALOGUE) + 201.0) ** -1.1)
    lengths = np.clip(SHORTEST + rng.exponential(62.5, lists), SHORTEST, LONGEST).astype(int)
    with path.open("w") as file:
        for length in lengths.tolist():
            drawn = np.searchsorted(shares, rng.random(length) * shares[-1])
            file.write(" ".join(f"song/{number}" for number in drawn.tolist()) + "\n")


def measure(path: Path, min_count: int) -> None:
    """Prints what it takes to learn from a file of lists, in this process and with one worker."""
    learn([["a", "b"]], replace(ORIGINAL, min_count=1))  # imports everything
    forget_peak()
    before, start = peak(), time.perf_counter()
    entries, lists, seen, done = 0, 0, set(), start

    def read() -> Iterator[list[str]]:
        nonlocal entries, lists, done
        with path.open() as file:
            for line in file:
                songs = line.split()
                entries, lists = entries + len(songs), lists + 1
                yield songs
        done = time.perf_counter()

    space = learn(read(), replace(Recipe(), epochs=EPOCHS, min_count=min_count, runs=1))
    epoch = (time.perf_counter() - done) / EPOCHS
    grown = peak() - before
    with path.open() as file:
        for line in file:
            seen.update(line.split())
    figures = [
        *(f"{lists:,}", f"{entries:,}", f"{len(seen):,}", f"{len(space.words):,}", f"{done - start:.1f}", f"{epoch:.1f}"),
        *(f"{epoch / entries * 1e6:.1f}", f"{grown:,.0f}", f"{grown * 1e3 / len(seen):.2f}"),
    ]
    print(" | ".join(figures))


if __name__ == "__main__":
    main()

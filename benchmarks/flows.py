"""What deejai adds to commands of every day: to any, an import, the list after it, a list, `analyze` with nothing to do.

python -m benchmarks.flows [TRACKS...] [--pairs N] [--folder FOLDER]      100,000 tracks and 5 pairs by default

For each size a beets library of invented tracks is made, all of them analysed, with its slice store and a file (empty) for
each track. Whole processes are measured, in turn with what they are compared with. Decoding and the network are left out
of imports: what the trunk would put out is invented.

Imports internals: the slice store, which is written without analysing anything, and what an import has embed its files.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import numpy as np

from benchmarks.invented import write_library
from benchmarks.queries import BEET
from benchmarks.usage import Usage, measure

SIZES = (100_000,)
PAIRS = 5
ALBUM = 12  # tracks
SLICES = 16  # of a track
TRUNK = 200  # numbers of a slice
DIFFERENT = 2_000  # tracks of the library that have slices of their own
UNDECODED = [sys.executable, "-m", "benchmarks.flows", "beet"]  # `beet`, which decodes nothing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tracks", nargs="*", type=int, default=SIZES)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--folder", type=Path, help="where the libraries are made, and stay; one that is there is used")
    options = parser.parse_args()
    print("| tracks | what | against | CPU, s | of the other | more, s: median (least to most) | wall, s | MB |")
    print("|---|---|---|---|---|---|---|---|")
    for tracks in options.tracks:
        with tempfile.TemporaryDirectory() as temporary:
            folder = (options.folder or Path(temporary)) / f"{tracks}"
            if not folder.exists():
                make(folder, tracks)
            for line in measured(folder, tracks, options.pairs):
                print(line, flush=True)


def measured(folder: Path, tracks: int, pairs: int) -> Iterator[str]:
    """Rows of the table."""

    def taken(command: list) -> Usage:
        # With modules compiled, as they are where they were installed.
        return measure(command, BEETSDIR=str(folder), PYTHONDONTWRITEBYTECODE="")

    def beet(*words: str) -> Usage:
        return taken([BEET, *words])

    def similar() -> Usage:
        return beet("deejai", "similar", "id:7", "-o", str(folder / "list.m3u"))

    def imported(*options: str) -> Usage:
        return taken([*UNDECODED, *options, "import", "-qAC", str(album(folder))])

    def row(what: str, against: str, found: list[tuple[Usage, Usage]]) -> str:
        ours, theirs = (statistics.median(took.cpu for took in side) for side in zip(*found, strict=True))
        more = sorted(our.cpu - their.cpu for our, their in found)
        ratio = statistics.median(our.cpu / their.cpu for our, their in found)
        wall, memory = statistics.median(our.wall for our, _ in found), max(our.memory for our, _ in found)
        return (
            f"| {tracks:,} | {what} | {against} | {ours:.2f}, {theirs:.2f} | {ratio:.2f} "
            f"| {statistics.median(more):.2f} ({more[0]:.2f} to {more[-1]:.2f}) | {wall:.2f} | {memory:.0f} |"
        )

    def each(first: Callable[[], Usage], second: Callable[[], Usage]) -> list[tuple[Usage, Usage]]:
        return [(first(), second()) for _ in range(pairs)]

    listed = "`beet ls id:7`"
    yield row("`version`", "without deejai", each(lambda: beet("version"), lambda: beet("-P", "deejai", "version")))
    for _ in range(2):  # caches are made
        imported()
        similar()
        beet("deejai", "analyze")
    yield row("`analyze`, nothing to do", listed, each(lambda: beet("deejai", "analyze"), lambda: beet("ls", "id:7")))
    similar()
    yield row("`similar`", listed, each(similar, lambda: beet("ls", "id:7")))
    yield row("import of an album", "without deejai", each(imported, lambda: imported("-P", "deejai")))
    after = []
    for _ in range(pairs):
        imported()
        after.append((similar(), similar()))
    yield row("the first `similar` after an import", "the second", after)
    after = []
    for _ in range(pairs):
        imported("-P", "deejai")
        after.append((taken([*UNDECODED, "deejai", "analyze"]), beet("ls", "id:7")))
    yield row("`analyze` of an album", listed, after)
    yield row("`eval`", "`similar`", each(lambda: beet("deejai", "eval"), similar))


def make(folder: Path, tracks: int) -> None:
    """A library of which all tracks are analysed; the counts that its vectors would be made of are invented."""
    from beets.library import Library

    from beetsplug.deejai.library.beets_library import BeetsLibrary
    from deejai_core.embedding.changed_files import note_of
    from deejai_core.embedding.slices import open_slices
    from deejai_core.embedding.weighting import choose_reference
    from deejai_core.models.musicnn.model import MusiCNN

    write_library(folder, tracks)
    keys = [blake2b(str(number).encode(), digest_size=16).hexdigest() for number in range(1, tracks + 1)]
    paths = [folder / "files" / f"{number // 1000}" / f"{number}.mp3" for number in range(1, tracks + 1)]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with closing(sqlite3.connect(folder / "library.db")) as connection, connection:
        rows = list(zip(keys, range(1, tracks + 1), strict=True))
        connection.executemany("UPDATE item_attributes SET value = ? WHERE key = 'deejai_key' AND entity_id = ?", rows)
        rows = [(os.fsencode(path), number) for number, path in enumerate(paths, 1)]
        connection.executemany("UPDATE items SET path = ? WHERE id = ?", rows)
    trunks = invented_trunks(np.random.default_rng(0), DIFFERENT)
    with open_slices(BeetsLibrary(Library(str(folder / "library.db"), str(folder)))) as store:
        store.note_files([note_of(path, key) for path, key in zip(paths, keys, strict=True)])
        with closing(sqlite3.connect(store.path)) as connection, connection:
            stored = [(trunk, zlib.crc32(trunk)) for trunk in (trunk.tobytes() for trunk in trunks)]
            rows = ((key, MusiCNN.trunk_name, *stored[number % DIFFERENT]) for number, key in enumerate(keys))
            connection.executemany("INSERT INTO slices VALUES (?, ?, ?, ?)", rows)
        store.begin_weighting(MusiCNN.name, MusiCNN.trunk_name, MusiCNN.epsilon, choose_reference(keys))
        store.put_counts(dict.fromkeys(keys, np.full(SLICES, 50)))


def invented_trunks(rng: np.random.Generator, tracks: int) -> np.ndarray:
    """(tracks, SLICES, TRUNK) float16."""
    return rng.normal(size=(tracks, SLICES, TRUNK)).astype("<f2")


def album(folder: Path) -> Path:
    """A folder of 12 files that no library has, with tags."""
    import soundfile
    from mediafile import MediaFile

    made = Path(tempfile.mkdtemp(dir=folder))
    for number in range(1, ALBUM + 1):
        path = made / f"{number}.flac"
        soundfile.write(path, np.frombuffer(os.urandom(2_000), np.int8) / 128, 16_000)
        file = MediaFile(path)
        file.artist, file.album, file.title, file.track = f"Somebody {made.name}", made.name, f"Song {number}", number
        file.save()
    return made


def beet_without_decoding(words: list[str]) -> None:
    """What `beet` does, but that files are not decoded, and no network runs."""
    from beets.ui import main as beet

    from deejai_core.audio.sandbox import Decoder
    from deejai_core.embedding import analysis

    def embed_file(path: Path, model: object, decoder: Decoder, **_: object) -> analysis.Embedded:
        key = blake2b(path.read_bytes(), digest_size=16).hexdigest()
        return analysis.Embedded(path, key, invented_trunks(np.random.default_rng(int(key[:8], 16)), 1)[0])

    analysis.embed_file = embed_file
    beet(words)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["beet", *words]:
            beet_without_decoding(words)
        case _:
            main()

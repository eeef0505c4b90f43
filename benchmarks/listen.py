"""How often `beet deejai listen` names the song that plays in a room, by noise.

python -m benchmarks.listen [MUSIC]

Each song of MUSIC (else: composed ones) is embedded for 40 s from its beginning and compared with how songs begin, and for
30 s in its middle and compared with the whole of songs. "Network alone" is what the network says; "named" compares the
audio of the nearest ones too. The last column: songs that are taken for another one when they are not in the library.

Imports internals: listening is no part of the public API, and its two steps are measured apart.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from deejai_core.audio.decode import read_windows
from deejai_core.audio.metadata import read_caption
from deejai_core.embedding.mp3tovec import mp3tovec
from deejai_core.errors import AudioError
from deejai_core.features.listen.blocks import WINDOW, beginnings, closest, directions
from deejai_core.features.listen.recognise import Recogniser
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.protocol import Model
from demo.composer import compose
from demo.room import in_a_room

WINDOWS = 16
LONGEST = 600  # seconds of a song
PROPOSED = 16
NOISE = (30, 20, 10)  # dB that the music is louder


@dataclass(frozen=True, eq=False)
class Song:
    path: Path
    trunk: np.ndarray
    length: int  # samples that are compared

    @lru_cache(maxsize=2 * PROPOSED)  # noqa: B019 (a library of songs takes gigabytes)
    def samples(self, model: Model) -> np.ndarray:
        return read_windows(self.path, sample_rate=model.sample_rate, length=self.length, limit=2)[0]


def songs(folder: Path, model: Model) -> Iterator[Song]:
    for path in sorted(folder.rglob("*")):
        try:
            trunk = model.embed(read_windows(path, sample_rate=model.sample_rate, length=model.window, limit=WINDOWS))
            yield Song(path, trunk, round(min(read_caption(path).length, LONGEST) * model.sample_rate))
        except AudioError:
            continue


def main() -> None:
    if len(sys.argv) > 1:
        report(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            compose(Path(folder), seconds=100)
            report(Path(folder))


def report(folder: Path) -> None:
    model = MusiCNN()
    library = list(songs(folder, model))
    rate = model.sample_rate
    whole = mp3tovec([model.project(song.trunk) for song in library], model.epsilon)
    starts = beginnings(((row, song.trunk) for row, song in enumerate(library)), len(library), model)
    print(f"{len(library)} songs{os.linesep}")
    print("| embedded | compared with | noise | network alone | named | not in the library: taken for another |")
    print("|---|---|---|---|---|---|")
    for name, against, vectors, seconds, middle in (
        ("40 s of the beginning", "beginnings", starts, 40, False),
        ("30 s of the middle", "whole songs", whole, 30, True),
    ):
        for snr in NOISE:
            alone = recognised = mistaken = 0
            recogniser = Recogniser(lambda row: library[row].samples(model), rate)
            other = Recogniser(lambda row: library[row].samples(model), rate)
            for row, song in enumerate(library):
                samples = song.samples(model)
                start = max(0, (len(samples) - seconds * rate) // 2) if middle else 0
                embedded = in_a_room(samples[start : start + seconds * rate], rate, snr=snr, seed=row)[-WINDOW * rate :]
                found = directions(embedded, model)
                nearest = int(np.argmax(vectors @ closest(found, vectors)))
                proposed = np.argsort(-(whole @ closest(found, whole)))[:PROPOSED].tolist()
                playing = recogniser.recognise(embedded, proposed)
                alone += nearest == row
                recognised += row == (nearest if playing is None else playing)
                mistaken += other.recognise(embedded, [position for position in proposed if position != row]) is not None
            share = [f"{count / len(library):.2f}" for count in (alone, recognised, mistaken)]
            print(f"| {name} | {against} | {snr} dB | {' | '.join(share)} |", flush=True)


if __name__ == "__main__":
    main()

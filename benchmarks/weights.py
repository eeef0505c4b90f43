"""Mp3ToVec for a library of invented slices around common words.

python -m benchmarks.weights TRACKS
"""

from __future__ import annotations

import sys

import numpy as np

from deejai_core.space.mp3tovec import mp3tovec

SLICES = 16  # a track

if __name__ == "__main__":
    tracks = int(sys.argv[1])
    rng = np.random.default_rng(0)
    words = rng.normal(size=(tracks, 100)).astype(np.float32)
    library = [
        words[rng.integers(tracks, size=SLICES)] + rng.normal(0, 0.5, (SLICES, 100)).astype(np.float32)
        for _ in range(tracks)
    ]
    mp3tovec(library, 0.2)

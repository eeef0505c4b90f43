"""This project and others analysing the same files, each in a process of its own.

python -m benchmarks.analysers NAME FILE...

NAME `stages` prints the CPU-seconds a track of each stage of this project's analysis instead.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

RATE_OF_MUSLY = 22_050  # Hz, mono


def deejai(files: list[Path], threads: int = 1) -> None:
    """As `beet deejai analyze` does it."""
    from deejai_core.models.musicnn import MusiCNN
    from deejai_core.space.analysis import Unheard, analyse

    for result in analyse(files, MusiCNN(), windows=16, threads=threads):
        if isinstance(result, Unheard):
            sys.exit(f"{result.path}: {result.reason}")


def deejai_2_threads(files: list[Path]) -> None:
    deejai(files, threads=2)


def bliss(files: list[Path]) -> None:
    """bliss-audio: 23 hand-made features."""
    from bliss_audio import Song

    for file in files:
        _ = Song(str(file)).analysis


def musly(files: list[Path]) -> None:
    """musly's timbre model of the whole track. Its package has no decoder: libsndfile and soxr do that here."""
    import soundfile
    import soxr
    from pymusly import MuslyJukebox

    jukebox = MuslyJukebox("timbre", "none")
    for file in files:
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
        jukebox.track_from_audiodata(soxr.resample(samples.mean(axis=1), rate, RATE_OF_MUSLY))


ANALYSERS = {"deejai": deejai, "deejai, 2 threads": deejai_2_threads, "bliss": bliss, "musly": musly}


def stages(files: list[Path]) -> dict[str, float]:
    """CPU-seconds a track of each stage of this project's analysis, on one thread."""
    import torch

    from deejai_core.audio.decode import read_spans
    from deejai_core.audio.identity import audio_key
    from deejai_core.audio.spectrogram import log_mel
    from deejai_core.models.musicnn import BATCH, MusiCNN

    torch.set_num_threads(1)
    model = MusiCNN()
    filters = model._weights["mel.filters"]
    spent: Counter[str] = Counter()

    def timed(stage: str, function, *args, **options):
        start = time.process_time()
        result = function(*args, **options)
        spent[stage] += time.process_time() - start
        return result

    for file in files:
        timed("audio key", audio_key, file)
        spans = timed("decode", read_spans, file, sample_rate=model.sample_rate, length=model.span, limit=16)
        for start in range(0, len(spans), BATCH):
            mel = timed("spectrogram", log_mel, spans[start : start + BATCH], filters, n_fft=512, hop_length=256)
            timed("network", model.trunk, mel)
    return {stage: seconds / len(files) for stage, seconds in spent.items()}


if __name__ == "__main__":
    name, files = sys.argv[1], [Path(name) for name in sys.argv[2:]]
    if name == "stages":
        print(json.dumps(stages(files)))
    else:
        ANALYSERS[name](files)

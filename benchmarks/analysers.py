"""This project and others analysing the same files, each in a process of its own.

python -m benchmarks.analysers NAME FILE...

NAME `stages` prints the CPU-seconds a track of each stage of this project's analysis instead.

Imports internals: of `analyse` only the way from files to slices, since the others keep no library; and its stages.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np

RATE_OF_MUSLY = 22_050  # Hz, mono
EVERY_WINDOW = 1_000_000


def deejai(files: list[Path], *, threads: int = 1, windows: int = 16) -> None:
    """As `beet deejai analyze` does it."""
    from deejai_core.audio.limits import NO_MORE_THAN_USUAL
    from deejai_core.embedding.analysis import NotEmbedded, embed_files
    from deejai_core.models.musicnn.model import MusiCNN

    model = MusiCNN()
    if not files:  # the start-up, of the decoders too
        model.embed(np.zeros((1, model.window), np.float32))
        for _ in range(threads):
            with NO_MORE_THAN_USUAL.decoder() as decoder:
                decoder.caption(Path(__file__))
    for result in embed_files(files, model, windows=windows, threads=threads):
        if isinstance(result, NotEmbedded):
            sys.exit(f"{result.path}: {result.reason}")


def deejai_every_window(files: list[Path]) -> None:
    deejai(files, windows=EVERY_WINDOW)


def deejai_2_threads(files: list[Path]) -> None:
    deejai(files, threads=2)


def bliss(files: list[Path]) -> None:
    """bliss-audio: some twenty hand-made features."""
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


def original(files: list[Path]) -> None:
    """Deej-A.I. as its author describes it, step by step, with random weights: they cost what trained ones do."""
    import librosa
    import torch

    from deejai_core.models.deejai.network import build_network

    torch.set_num_threads(1)
    network = build_network("2d").eval()
    tracks = []
    for file in files:
        samples, _ = librosa.load(file, sr=22_050, mono=True)  # all of it
        mel = librosa.feature.melspectrogram(y=samples, sr=22_050, n_fft=2048, hop_length=512, n_mels=96, fmax=11_025)
        slices = []
        for start in range(0, mel.shape[1] - 215, 216):  # five seconds each
            decibels = librosa.power_to_db(mel[:, start : start + 216], ref=np.max)
            lowest, highest = decibels.min(), decibels.max()
            slices.append((decibels - lowest) / (highest - lowest) if highest > lowest else decibels)
        with torch.inference_mode():
            vectors = network(torch.from_numpy(np.array(slices, np.float32))).numpy()
        tracks.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    random.Random(0).shuffle(tracks)
    for start in range(0, len(tracks), 100):
        batch = tracks[start : start + 100]
        for track in batch:
            vector = np.zeros(100)
            for one in track:
                near = [(other @ one > 1 - 0.001).sum() for other in batch]  # slices that are the same word
                tf, df = (track @ one > 1 - 0.001).sum(), np.count_nonzero(near)
                vector += tf * np.log(len(batch) / df) * one


ANALYSERS = {
    "deejai": deejai,
    "deejai, every window": deejai_every_window,
    "deejai, 2 threads": deejai_2_threads,
    "bliss": bliss,
    "musly": musly,
    "the original's method": original,
}


def stages(files: list[Path], windows: int) -> dict[str, float]:
    """CPU-seconds a track of each stage of this project's analysis, on one thread."""
    from deejai_core.audio import decode
    from deejai_core.models.musicnn.model import MusiCNN

    model = MusiCNN()
    model.embed(np.zeros((1, model.window), np.float32))  # what is done only once
    spent: Counter[str] = Counter()

    def timed(stage: str, function, *args):
        start = time.process_time()
        result = function(*args)
        spent[stage] += time.process_time() - start
        return result

    with mock.patch.object(decode, "_cut", lambda *args, cut=decode._cut: timed("resample", cut, *args)):
        for file in files:
            steps = decode.key_then_windows(file, sample_rate=model.sample_rate, length=model.window, limit=windows)
            timed("packets and their key", next, steps)
            decoded = timed("decode", next, steps)
            mel = timed("spectrogram", model.mel, decoded)
            timed("network", model.trunk, mel)
    spent["decode"] -= spent["resample"]
    order = ("packets and their key", "decode", "resample", "spectrogram", "network")
    return {stage: spent[stage] / len(files) for stage in order}


def main() -> None:
    name, files = sys.argv[1], [Path(name) for name in sys.argv[2:]]
    if name != "stages":
        ANALYSERS[name](files)
        return
    parts = {}
    for suffix in sorted({file.suffix for file in files}):
        alike = [file for file in files if file.suffix == suffix]
        parts[f"{suffix[1:]}, 16 windows"] = stages(alike, 16)
        parts[f"{suffix[1:]}, every window"] = stages(alike, EVERY_WINDOW)
    print(json.dumps(parts))


if __name__ == "__main__":
    main()

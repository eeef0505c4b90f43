"""This project and others analysing the same files, each in a process of its own.

python -m benchmarks.analysers NAME FILE...

NAME `stages` prints the CPU-seconds a track of each stage of this project's analysis instead, with the limit of each.

Imports internals: of `analyse` only the way from files to slices, since the others keep no library; and its stages.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

RATE_OF_MUSLY = 22_050  # Hz, mono
EVERY_WINDOW = 1_000_000
MULTIPLICATIONS = 73_000_000  # of MusiCNN for a window
SQUARE = 1_500  # rows and columns of a large matrix


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


class Stage(NamedTuple):
    """CPU-seconds a track that a stage takes, and that the least it needs takes by itself."""

    seconds: float
    limit: float


def stages(files: list[Path], windows: int) -> dict[str, Stage]:
    """What each stage of this project's analysis takes on one thread, and its limit, measured beside it file by file.

    The limits: packets read and left alone, and their bytes hashed at once; these packets through FFmpeg's decoder, or as
    many frames read by libsndfile; what is resampled, all in one piece; the Fourier transforms alone; the network's
    multiplications at the speed of a large matrix product.
    """
    import soxr

    from deejai_core.audio import decode
    from deejai_core.audio.identity import new_digest
    from deejai_core.models.musicnn.model import MusiCNN

    model = MusiCNN()
    model.embed(np.zeros((1, model.window), np.float32))  # what is done only once
    spent: Counter[str] = Counter()
    limit: Counter[str] = Counter()

    def timed(into: Counter[str], stage: str, function, *args):
        start = time.process_time()
        result = function(*args)
        into[stage] += time.process_time() - start
        return result

    def cut(piece, offset, rate, *args, original=decode._cut):
        pieces.append(piece)
        rates.add(rate)
        return timed(spent, "resample", original, piece, offset, rate, *args)

    def blocks_of(packets, *args, original=decode._blocks_of):
        if packets:
            codec = packets[0][1].stream.codec_context
            codec.flush_buffers()
            timed(limit, "decode", lambda: [packet.decode() for _, packet in packets])
            codec.flush_buffers()
        return original(packets, *args)

    with mock.patch.object(decode, "_cut", cut), mock.patch.object(decode, "_blocks_of", blocks_of):
        for file in files:
            pieces: list[np.ndarray] = []
            rates: set[int] = set()
            decoded_alone = limit["decode"]
            steps = decode.key_then_windows(file, sample_rate=model.sample_rate, length=model.window, limit=windows)
            timed(spent, "packets and their key", next, steps)
            windows_of_file = timed(spent, "decode", next, steps)
            spent["decode"] -= limit["decode"] - decoded_alone
            mel = timed(spent, "spectrogram", model.mel, windows_of_file)
            timed(spent, "network", model.trunk, mel)

            audio = b"".join(map(bytes, _packets(file)))
            timed(limit, "packets and their key", lambda file=file: [None for _ in _packets(file)])
            timed(limit, "packets and their key", new_digest().update, audio)
            if limit["decode"] == decoded_alone:
                timed(limit, "decode", _read, file, sum(map(len, pieces)))
            timed(limit, "resample", soxr.resample, np.concatenate(pieces), rates.pop(), model.sample_rate)
            frames = np.lib.stride_tricks.sliding_window_view(windows_of_file, 512, axis=1)[:, ::256].copy()
            timed(limit, "spectrogram", lambda frames=frames: [np.fft.rfft(window) for window in frames])
            square = np.ones((SQUARE, SQUARE), np.float32)
            products = MULTIPLICATIONS * len(mel) / SQUARE**3
            start = time.process_time()
            square @ square
            limit["network"] += products * (time.process_time() - start)
    spent["decode"] -= spent["resample"]
    order = ("packets and their key", "decode", "resample", "spectrogram", "network")
    return {stage: Stage(spent[stage] / len(files), limit[stage] / len(files)) for stage in order}


def _packets(file: Path) -> Iterator:
    from deejai_core.audio.container import open_container

    with open_container(file) as container:
        yield from container.demux(container.streams.audio[0])


def _read(file: Path, frames: int) -> None:
    import soundfile

    with soundfile.SoundFile(file) as sound:
        sound.read(frames, dtype="float32", always_2d=True)


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

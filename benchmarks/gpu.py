"""What a graphics card gives: how exact its numbers are, how fast it embeds and trains, beside the CPU of the same machine.

    python -m benchmarks.gpu [MUSIC] [--device cuda] [--quick] [--json FILE]

MUSIC is a folder of full-length tracks; by default some are composed. `--quick` shows that it runs, and `--device cpu` that
torch's networks are the CPU's own.

Imports internals: decoding, spectrograms and networks are measured each by itself.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
import soxr
import torch

from benchmarks.__main__ import SUFFIXES
from benchmarks.duplicates import WINDOWS, encode
from benchmarks.epoch import epoch
from benchmarks.networks import Network, agreement, musicnn, speccy, speed, speed_of_cpu, speed_of_model
from benchmarks.usage import measure
from deejai_core.audio.decode import read_windows
from deejai_core.embedding.analysis import Embedded, default_threads, embed_files
from deejai_core.errors import DeejaiError
from deejai_core.models.deejai.model import Speccy
from deejai_core.models.device import CPU, DEVICES, pick_device
from deejai_core.models.musicnn.model import MusiCNN
from deejai_core.models.protocol import Model
from demo.composer import compose

RATE = 44_100  # Hz, of composed songs


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    batches: tuple[int, ...] = (1, 32, 64, 256)  # windows through a network at once
    seconds: float = 0.2  # that a figure is measured for
    tracks: int = 1000  # of an epoch
    width: int = 1024  # of the dense layer of Deej-A.I.
    song: float = 60  # seconds, of those that are composed
    embedded: int = 12  # files whose vectors are compared
    songs: int = 8  # for each thread that analyses them


QUICK = Size(batches=(1, 2), seconds=0, tracks=10, width=16, song=6, embedded=2, songs=1)


class Deaf:
    """A model without a network; blind: without spectrograms, too, so that decoding is all of it."""

    def __init__(self, model: Model, *, blind: bool) -> None:
        self.sample_rate, self.window, self.load = model.sample_rate, model.window, model.load
        self.mel = (lambda windows: windows) if blind else model.mel

    def trunk(self, mel: np.ndarray) -> np.ndarray:
        return np.zeros((len(mel), 1), np.float32)


def songs_a_second(files: list[Path], model: Model | Deaf, device: str, threads: int) -> float:
    started = time.perf_counter()
    for result in embed_files(files, model, windows=WINDOWS, threads=threads, device=device):
        if not isinstance(result, Embedded):
            sys.exit(f"{result.path}: {result.reason}")
    return len(files) / (time.perf_counter() - started)


def start_up(network: Network, device: str) -> dict:
    """What a process takes until it has embedded its first window."""
    embed = f"import numpy as np; {network.start}; model.embed(np.zeros((1, model.window), np.float32), device={device!r})"
    usage = measure([sys.executable, "-c", embed])
    return {"network": network.name, "device": device, "seconds": usage.wall, "CPU-seconds": usage.cpu, "MB": usage.memory}


def analysis(network: Network, files: list[Path], device: str, threads: int, songs: int) -> dict:
    """Songs a second from files to slices, as `beet deejai analyze` does it, and how much of it is no network's work.

    songs: for each thread; the files are embedded again and again.
    """
    files = list(itertools.islice(itertools.cycle(files), songs * threads))
    row = {
        "network": network.name,
        "threads": threads,
        "songs": len(files),
        "decoded": songs_a_second(files, Deaf(network.model, blind=True), CPU, threads),
        "and spectrograms": songs_a_second(files, Deaf(network.model, blind=False), CPU, threads),
    }
    for where in dict.fromkeys((CPU, device)):
        network.model.embed(np.zeros((1, network.model.window), np.float32), device=where)  # what is done only once
        row[f"embedded, {where}"] = songs_a_second(files, network.model, where, threads)
    return row


def music(folder: Path, count: int, seconds: float) -> list[Path]:
    """At most so many composed songs, as most collections have them: MP3 in stereo."""

    def as_mp3(path: Path) -> Path:
        samples, rate = soundfile.read(path, dtype="float32")
        stereo = np.repeat(soxr.resample(samples, rate, RATE)[:, None], 2, axis=1)
        encode(stereo, RATE, path.with_suffix(".mp3"), "libmp3lame", 192_000)
        return path.with_suffix(".mp3")

    with ThreadPoolExecutor() as pool:
        return list(pool.map(as_mp3, compose(folder, seconds=seconds)[:count]))


def machine(device: str) -> dict:
    """What all of it ran on."""
    cuda = f"{torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}" if device == "cuda" else None
    return {
        "card": torch.cuda.get_device_name() if device == "cuda" else None,
        "torch": torch.__version__,
        "CUDA": cuda,
        "CPU": platform.processor() or platform.machine(),
        "cores": default_threads(),
        "torch's threads": torch.get_num_threads(),
        "Python": platform.python_version(),
        "numpy": np.__version__,
    }


def measurements(files: list[Path], device: str, size: Size) -> Iterator[tuple[str, list[dict]]]:
    """Titles and tables, each as soon as it is measured."""
    yield "Machine", [machine(device)]
    device, threads = pick_device(device), torch.get_num_threads()
    training = {"threads": threads, "tracks": size.tracks, "width": size.width}
    yield "An epoch of training", [epoch(where, **training) for where in dict.fromkeys((CPU, device))]

    embedded = files[: size.embedded]
    with TemporaryDirectory() as folder:
        windows = [[spans_of(file, kind) for file in embedded] for kind in (MusiCNN, Speccy)]
        networks = [musicnn(), speccy(Path(folder), np.concatenate(windows[1]), size.width)]
        pairs = list(zip(networks, windows, strict=True))
        yield "Agreement with the CPU", [row for each, of in pairs for row in agreement(each, of, device)]

        measured = (size.batches, device, size.seconds)
        mels = [each.model.mel(of[0]) for each, of in pairs]
        for title, rates in (("Windows a second", speed), ("Windows a second of the models", speed_of_model)):
            yield title, [row for each, mel in zip(networks, mels, strict=True) for row in rates(each, mel, *measured)]
        counts = sorted({1, default_threads()})
        rows = [speed_of_cpu(each, of[0], count, size.seconds) for each, of in pairs for count in counts]
        yield "Windows a second of the CPU", rows

        yield "Start-up", [start_up(each, where) for each in networks for where in dict.fromkeys((CPU, device))]
        counts = sorted({min(4, default_threads()), default_threads()})
        rows = [analysis(each, files, device, count, size.songs) for each in networks for count in counts]
        yield "Songs a second", rows


def spans_of(file: Path, kind: type) -> np.ndarray:
    return read_windows(file, sample_rate=kind.sample_rate, length=kind.window, limit=WINDOWS)


def table(rows: list[dict]) -> str:
    def cell(value: object) -> str:
        if isinstance(value, float):
            return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
        return f"{value:,}" if type(value) is int else str(value)

    lines = [f"| {' | '.join(rows[0])} |", "|---" * len(rows[0]) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(cell, row.values()))} |" for row in rows)])


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", nargs="?", type=Path)
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--quick", action="store_true", help="so little of everything that the figures mean nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables to a file, too")
    options = parser.parse_args(words)
    try:
        device, size = pick_device(options.device), QUICK if options.quick else Size()
    except DeejaiError as error:
        sys.exit(str(error))

    with TemporaryDirectory() as temporary:
        if options.music:
            files = sorted(path for path in options.music.rglob("*") if path.suffix.lower() in SUFFIXES)
        else:
            files = music(Path(temporary), size.embedded, size.song)
        if not files:
            sys.exit(f"{options.music}: no music in it")
        found = {}
        for title, rows in measurements(files, device, size):
            print(f"### {title}\n\n{table(rows)}\n", flush=True)
            found[title] = rows
            if options.json:
                options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Files as no music library should have them, and every large one does."""

from __future__ import annotations

import os
import struct
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.sounds import chirp, write_audio

RATE = 44_100
SECONDS = 8
NO_AUDIO = "Invalid data found when processing input"


@dataclass(frozen=True)
class OddFile:
    """name: as bytes. write: makes the file. reason: a part of why it cannot be analysed; None: it gets a vector."""

    name: bytes
    write: Callable[[Path], object]
    reason: str | None = None
    lasting: bool = True  # whether the reason is the file's content


def wav(make: Callable[[int], np.ndarray], rate: int = RATE, subtype: str = "FLOAT") -> Callable[[Path], object]:
    return lambda path: write_audio(path, make(rate).astype(np.float32), rate, subtype)


def music(channels: int = 1) -> Callable[[int], np.ndarray]:
    return lambda rate: chirp(SECONDS, rate, channels)


def encoded(path: Path) -> bytes:
    """A healthy file of this suffix."""
    healthy = path.with_name(f"healthy{path.suffix}")
    write_audio(healthy, chirp(SECONDS, RATE, 2), RATE)
    data = healthy.read_bytes()
    healthy.unlink()
    return data


def damaged(change: Callable[[bytearray], bytes | bytearray]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(bytearray(encoded(path))))


def noise_over(first: float, last: float) -> Callable[[bytearray], bytearray]:
    """Random bytes from one share of the file to another."""

    def change(data: bytearray) -> bytearray:
        low, high = int(first * len(data)), int(last * len(data))
        data[low:high] = np.random.default_rng(0).bytes(high - low)
        return data

    return change


def ten_hours(path: Path) -> None:
    """Sparse: the disk keeps next to nothing of it."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"")
    size = 10 * 3600 * 8000 * 2
    with path.open("r+b") as file:
        file.truncate(44 + size)
        file.seek(4)
        file.write(struct.pack("<I", 36 + size))
        file.seek(40)
        file.write(struct.pack("<I", size))


def huge_artwork(path: Path) -> None:
    """An MP3 whose tag holds 40 MB of picture."""
    from mutagen.id3 import APIC, ID3

    path.write_bytes(encoded(path))
    tags = ID3()
    tags.add(APIC(encoding=3, mime="image/png", type=3, desc="cover", data=bytes(40_000_000)))
    tags.save(path)


ODD_FILES = [
    OddFile(b"empty.mp3", lambda path: path.write_bytes(b""), NO_AUDIO),
    OddFile(b"text.mp3", lambda path: path.write_text("this is no music" * 99), NO_AUDIO),
    OddFile(b"zeros.flac", lambda path: path.write_bytes(bytes(100_000)), "its sample rate is unknown"),
    OddFile(b"random.ogg", lambda path: path.write_bytes(np.random.default_rng(0).bytes(100_000)), NO_AUDIO),
    OddFile(b"html.m4a", lambda path: path.write_text("<!DOCTYPE html><title>404</title>" * 50), NO_AUDIO),
    OddFile(b"truncated.mp3", damaged(lambda data: data[: len(data) // 2])),
    OddFile(b"truncated.flac", damaged(lambda data: data[: len(data) // 2])),
    OddFile(b"truncated.ogg", damaged(lambda data: data[: len(data) // 2])),
    OddFile(b"header only.flac", damaged(lambda data: data[:100]), "no readable audio in it"),
    OddFile(b"broken header.mp3", damaged(noise_over(0, 0.02))),
    OddFile(b"broken frames.mp3", damaged(noise_over(0.3, 0.5))),
    OddFile(b"broken frames.ogg", damaged(noise_over(0.3, 0.5))),
    OddFile(b"flac called.mp3", lambda path: path.write_bytes(encoded(path.with_suffix(".flac")))),
    OddFile(b"mp3 called.wav", lambda path: path.write_bytes(encoded(path.with_suffix(".mp3")))),
    OddFile(b"silence.wav", wav(lambda rate: np.zeros((SECONDS * rate, 1)))),
    OddFile(b"direct current.wav", wav(lambda rate: np.full((SECONDS * rate, 1), 0.5))),
    OddFile(b"clipped.wav", wav(lambda rate: np.sign(chirp(SECONDS, rate)))),
    OddFile(b"not a number.wav", wav(lambda rate: np.full((SECONDS * rate, 1), np.nan))),
    OddFile(b"infinite.wav", wav(lambda rate: np.full((SECONDS * rate, 1), np.inf))),
    OddFile(b"one sample.wav", wav(lambda rate: np.full((1, 1), 0.3)), "no audio in it"),
    OddFile(b"half a second.wav", wav(lambda rate: chirp(0.5, rate))),
    OddFile(b"ten hours.wav", ten_hours),
    OddFile(b"huge artwork.mp3", huge_artwork),
    *(OddFile(f"{channels} channels.wav".encode(), wav(music(channels))) for channels in (1, 2, 3, 5, 6, 8)),
    *(OddFile(f"{rate} Hz.wav".encode(), wav(music(), rate)) for rate in (8_000, 11_025, 48_000, 192_000)),
    OddFile(b"never ends.mp3", os.mkfifo, "not a regular file", lasting=False),
    OddFile(b"line\nbreak.wav", wav(music())),
    OddFile("emoji 🎵 名前.wav".encode(), wav(music())),
    OddFile(b"no \xff\xfe text.wav", wav(music())),
    OddFile(b"n" * 251 + b".wav", wav(music())),
    OddFile(b" leading space.wav", wav(music())),
    OddFile(b"-dash.wav", wav(music())),
    OddFile(b"$(touch owned);`touch owned`.wav", wav(music())),
    OddFile(b"\x1b[31mred.wav", wav(music())),
]


def build(folder: Path) -> dict[bytes, OddFile]:
    """All of them, by path."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for odd in ODD_FILES:
        path = folder / os.fsdecode(odd.name)
        plain = folder / f"plain{path.suffix}"  # what writes them may not be able to write such a name
        odd.write(plain)
        plain.rename(path)
        made[os.fsencode(path)] = odd
    return made

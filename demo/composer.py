"""Composes a small music collection: six invented artists, each with a style of its own, four tracks each.

    python demo/composer.py FOLDER

For whoever wants to try the plugin without music at hand, and for the tests. The same notes on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mutagen
import numpy as np
import soundfile

RATE = 22_050  # Hz
MAJOR, MINOR, SEVENTH = (0, 4, 7), (0, 3, 7), (0, 4, 7, 10)  # chords, in semitones


class Tape:
    """A mono recording that sounds are laid onto."""

    def __init__(self, seconds: float) -> None:
        self.samples = np.zeros(round(seconds * RATE))

    def add(self, start: float, sound: np.ndarray, volume: float = 1.0) -> None:
        """Lay a sound onto the tape, `start` seconds in; what hangs over its end is cut off."""
        first = round(start * RATE)
        room = self.samples[first : first + len(sound)]
        room += volume * sound[: len(room)]


def time(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE)) / RATE


def hertz(note: float) -> float:
    """The frequency of a MIDI note; 69 is 440 Hz."""
    return 440 * 2 ** ((note - 69) / 12)


def pluck(note: float, seconds: float, brightness: float = 1.0) -> np.ndarray:
    """A string: harmonics that fade the faster the higher they are."""
    t = time(seconds)
    harmonics = np.arange(1, 13)[:, None]
    return (np.exp(-3 * t * harmonics / brightness) * np.sin(2 * np.pi * hertz(note) * harmonics * t) / harmonics).sum(0)


def saw(note: float, seconds: float) -> np.ndarray:
    return 2 * (hertz(note) * time(seconds) % 1) - 1


def square(note: float, seconds: float) -> np.ndarray:
    return np.sign(saw(note, seconds))


def swell(note: float, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Slightly detuned sines that come and go."""
    t = time(seconds)
    voices = [np.sin(2 * np.pi * hertz(note + detune) * t) for detune in rng.normal(0, 0.08, 4)]
    return np.sum(voices, axis=0) * np.sin(np.pi * t / seconds) ** 2


def fade(sound: np.ndarray, rate: float) -> np.ndarray:
    """Exponential decay, `rate` per second."""
    return sound * np.exp(-rate * np.arange(len(sound)) / RATE)


def kick() -> np.ndarray:
    t = time(0.25)
    return np.sin(2 * np.pi * (45 * t + 12 * (1 - np.exp(-30 * t)))) * np.exp(-12 * t)


def snare(rng: np.random.Generator) -> np.ndarray:
    return fade(rng.normal(0, 0.5, round(0.2 * RATE)) + np.sin(2 * np.pi * 190 * time(0.2)), 18)


def hat(rng: np.random.Generator, decay: float = 60) -> np.ndarray:
    return fade(np.diff(rng.normal(0, 0.4, round(0.12 * RATE))), decay)


def dance(tape: Tape, seconds: float, rng: np.random.Generator) -> None:
    """Four to the floor, a saw bass and an arpeggio."""
    beat, root = 60 / rng.uniform(122, 130), rng.integers(33, 40)
    for step in range(int(seconds / beat * 4)):
        start = step * beat / 4
        if step % 4 == 0:
            tape.add(start, kick(), 1.2)
        if step % 4 == 2:
            tape.add(start, hat(rng), 0.5)
            tape.add(start, fade(saw(root, beat / 2), 5), 0.4)
        tape.add(start, fade(saw(root + 24 + MINOR[step % 3] + 12 * (step % 8 == 5), beat / 4), 14), 0.2)


def folk(tape: Tape, seconds: float, rng: np.random.Generator) -> None:
    """A guitar alone, picking major chords."""
    beat, root = 60 / rng.uniform(80, 100), rng.integers(50, 56)
    for step in range(int(seconds / beat * 2)):
        chord = root + (0, 5, 7, 0)[step // 8 % 4]
        tape.add(step * beat / 2, pluck(chord + MAJOR[(0, 1, 2, 1)[step % 4]], 1.5, 1.5), 0.5)
        if step % 4 == 0:
            tape.add(step * beat / 2, pluck(chord - 12, 2), 0.6)


def ambient(tape: Tape, seconds: float, rng: np.random.Generator) -> None:
    """Slow chords in the fog, no beat."""
    root = rng.integers(45, 52)
    tape.add(0, np.convolve(rng.normal(0, 0.02, len(tape.samples)), np.ones(40) / 6, "same"))
    for number in range(int(seconds / 4) + 1):
        for interval in (*MINOR, 14):
            tape.add(4 * number, swell(root + interval + (0, 3, -4, -2)[number % 4], 9, rng), 0.12)


def rock(tape: Tape, seconds: float, rng: np.random.Generator) -> None:
    """Distorted fifths in eighths, and drums."""
    beat, root = 60 / rng.uniform(140, 160), rng.integers(40, 45)
    for step in range(int(seconds / beat * 2)):
        start = step * beat / 2
        note = root + (0, 0, 3, 5)[step // 8 % 4]
        chord = saw(note, beat / 2) + saw(note + 7, beat / 2) + saw(note + 12, beat / 2)
        tape.add(start, fade(np.tanh(4 * chord), 3), 0.5)
        tape.add(start, hat(rng, 40), 0.4)
        tape.add(start, *((snare(rng), 0.9) if step % 4 == 2 else (kick(), 1.0 if step % 2 == 0 else 0.3)))


def jazz(tape: Tape, seconds: float, rng: np.random.Generator) -> None:
    """A walking bass, a swinging cymbal, seventh chords on an electric piano."""
    beat, root = 60 / rng.uniform(110, 140), rng.integers(36, 42)
    for step in range(int(seconds / beat)):
        start, chord = step * beat, root + (0, 5, 0, 7)[step // 4 % 4]
        tape.add(start, pluck(chord + rng.choice([0, 4, 7, 9, 10]), beat, 0.5), 0.9)
        tape.add(start, hat(rng, 15), 0.25)
        if step % 2:
            tape.add(start + beat * 2 / 3, hat(rng, 25), 0.2)
            for interval in SEVENTH:
                piano = np.sin(2 * np.pi * hertz(chord + 24 + interval) * time(beat))
                tape.add(start + beat / 3, fade(piano, 6), 0.15)


def chip(tape: Tape, seconds: float, rng: np.random.Generator) -> None:
    """An old games console: fast square-wave arpeggios and a leaping tune."""
    beat, root = 60 / rng.uniform(150, 170), rng.integers(55, 60)
    for step in range(int(seconds / beat * 4)):
        start, chord = step * beat / 4, root + (0, -3, 5, 7)[step // 16 % 4]
        tape.add(start, square(chord + MAJOR[step % 3], beat / 4), 0.2)
        if step % 4 == 0:
            tape.add(start, fade(square(chord + 12 + rng.choice([0, 2, 4, 7, 9]), beat), 3), 0.3)
            tape.add(start, fade(square(chord - 24, beat / 2), 4), 0.3)
        if step % 8 == 4:
            tape.add(start, hat(rng), 0.5)


@dataclass(frozen=True)
class Artist:
    """Someone who only ever plays one style."""

    name: str
    album: str
    genre: str
    play: Callable[[Tape, float, np.random.Generator], None]
    titles: tuple[str, str, str, str]


ARTISTS = (
    Artist("Voltage Field", "Night Current", "Dance", dance, ("Breaker", "Live Wire", "Ohm", "Surge")),
    Artist("Hazel & Thorn", "Kitchen Songs", "Folk", folk, ("Kettle", "Low Fence", "October Bread", "Wren")),
    Artist("Nave", "Long Windows", "Ambient", ambient, ("Aisle", "Dust in Light", "Élan", "Vault")),
    Artist("Iron Kettle", "Boil", "Rock", rock, ("Anvil", "Full Steam", "Rust", "Whistle")),
    Artist("The Blue Ledger", "Second Set", "Jazz", jazz, ("Carry the One", "Margin", "Paid in Full", "Red Ink")),
    Artist("Pixel Parade", "Continue?", "Chiptune", chip, ("Bonus Stage", "Extra Life", "High Score", "Warp Zone")),
)


def compose(folder: Path, *, seconds: float | None = None, each: int | None = None) -> list[Path]:
    """Write the collection as FOLDER/Artist/Album/NN Title.flac, tagged; returns the files.

    seconds: the length of every track; by default each has its own, from 30 to 60. each: of each artist only so many.
    """
    files = []
    for artist_number, artist in enumerate(ARTISTS):
        for number, title in enumerate(artist.titles[:each], 1):
            rng = np.random.default_rng([artist_number, number])
            length = seconds or float(rng.integers(30, 61))
            tape = Tape(length)
            artist.play(tape, length, rng)
            path = folder / artist.name / artist.album.strip("?") / f"{number:02} {title}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, 0.9 * tape.samples / np.abs(tape.samples).max(), RATE)
            tags = mutagen.File(path, easy=True)
            tags.update(artist=artist.name, album=artist.album, title=title, tracknumber=str(number), genre=artist.genre)
            tags.save()
            files.append(path)
    return files


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python demo/composer.py FOLDER")
    print(f"{len(compose(Path(sys.argv[1])))} tracks composed in {sys.argv[1]}")

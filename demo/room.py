"""A song as a microphone embeds it: from a loudspeaker across a room, with the noise of the room, and not as loud.

    python demo/room.py SONG OUT.wav [SECONDS [START [SNR]]]

For whoever wants to try `beet deejai listen` without a microphone, and for the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile

REVERBERATION = 0.4  # seconds until an echo has faded by 60 dB: a furnished room
DIRECT = 3.0  # dB that the direct sound is louder than all of its echoes: two metres off
FIRST_ECHO = 0.004  # seconds
GAIN = -20.0  # dB, of the microphone
LOWEST = 20.0  # Hz, of the noise


def in_a_room(samples: np.ndarray, rate: int, *, snr: float, gain: float = GAIN, seed: int = 0) -> np.ndarray:
    """Mono samples (n,) after a room of random echoes, with pink or brown noise `snr` dB below them, and a gain (dB)."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(1.5 * REVERBERATION * rate)) / rate
    echoes = rng.normal(size=len(time)) * 10 ** (-3 * time / REVERBERATION) * (time >= FIRST_ECHO)
    echoes *= 10 ** (-DIRECT / 20) / np.linalg.norm(echoes)
    echoes[0] = 1
    embedded = _convolve(samples, echoes)
    noise = _noise(len(embedded), rate, rng.choice([1, 2]), rng)
    return (embedded + noise * np.sqrt(np.mean(embedded**2)) * 10 ** (-snr / 20)) * 10 ** (gain / 20)


def _noise(count: int, rate: int, slope: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of level 1 whose power falls with the frequency, to this power: 1 is pink, 2 is brown."""
    spectrum = np.fft.rfft(rng.normal(size=count))
    spectrum /= np.maximum(np.fft.rfftfreq(count, 1 / rate), LOWEST) ** (slope / 2)
    noise = np.fft.irfft(spectrum, count)
    return noise / np.sqrt(np.mean(noise**2))


def _convolve(samples: np.ndarray, response: np.ndarray) -> np.ndarray:
    size = 1 << (len(samples) + len(response)).bit_length()
    return np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)[: len(samples)]


def main() -> None:
    if not 3 <= len(sys.argv) <= 6:
        sys.exit("usage: python demo/room.py SONG OUT.wav [SECONDS [START [SNR]]]")
    given = [float(text) for text in sys.argv[3:]]
    seconds, start, snr = given + [40.0, 0.0, 20.0][len(given) :]
    with soundfile.SoundFile(Path(sys.argv[1])) as file:
        file.seek(min(file.frames, round(start * file.samplerate)))
        samples = file.read(round(seconds * file.samplerate), always_2d=True).mean(axis=1)
        soundfile.write(sys.argv[2], in_a_room(samples, file.samplerate, snr=snr), file.samplerate)


if __name__ == "__main__":
    main()

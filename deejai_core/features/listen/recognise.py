"""Finds which of a few songs is playing: the same notes at the same times, whatever the room adds to them.

A network that was trained on tags hears two songs by one band as nearly the same, and a room as a part of the song. So it
only proposes songs; the audio itself decides, by the correlation of semitones over time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from deejai_core.features.listen.blocks import level

SECONDS = 15  # of sound by which a song is recognised
FEWEST = 10  # with less, chance alone correlates
SURE = 0.5  # correlation from which a song counts as playing. Measured, see docs/listen.md.
RATE = 10  # prints per second
FRAME = 0.25  # seconds per print: enough to distinguish semitones
LOWEST, SEMITONES = 110.0, 60  # Hz; five octaves, where rooms and small loudspeakers leave most of the music
REMEMBERED = 48  # songs whose prints are kept: 0.6 MB for a song of four minutes
FLOOR = 1e-9  # of the loudest: below, numbers are rounding


def prints(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return (n, SEMITONES) float32, RATE per second: how loud each semitone is among the others, as a logarithm."""
    hop, frame = sample_rate // RATE, round(FRAME * sample_rate)
    if len(samples) < frame:
        return np.zeros((0, SEMITONES), np.float32)
    frequencies = np.fft.rfftfreq(frame, 1 / sample_rate)
    edges = np.searchsorted(frequencies, LOWEST * 2 ** ((np.arange(SEMITONES + 1) - 0.5) / 12))
    frames = np.lib.stride_tricks.sliding_window_view(samples, frame)[::hop]
    power = np.empty((len(frames), SEMITONES))
    for start in range(0, len(frames), 256):  # a long song's spectra would take a gigabyte
        spectrum = np.abs(np.fft.rfft(frames[start : start + 256] * np.hanning(frame))) ** 2
        power[start : start + 256] = np.add.reduceat(spectrum, edges, axis=1)[:, :-1]
    loud = np.log(power + FLOOR * power.max(initial=0) + 1e-12)
    return np.asarray(loud - loud.mean(axis=1, keepdims=True), np.float32)


def likeness(heard: np.ndarray, song: np.ndarray) -> float:
    """Return the correlation, -1 to 1, of prints (m, bands) with the m best-fitting ones of a song (n, bands); 0 if n < m.

    Only the changes of each band count, so constant noise and the limits of loudspeakers do not matter.
    """
    m, n = len(heard), len(song)
    if not 0 < m <= n:
        return 0.0
    heard = heard - heard.mean(axis=0)
    length = 1 << (n + m).bit_length()
    spectra = np.fft.rfft(song, length, axis=0) * np.fft.rfft(heard, length, axis=0).conj()
    products = np.fft.irfft(spectra.sum(axis=1), length)[: n - m + 1]
    sums = np.cumsum(np.concatenate([np.zeros((1, song.shape[1])), song]), axis=0)
    squares = np.cumsum(np.concatenate([[0.0], (song.astype(np.float64) ** 2).sum(axis=1)]))
    variance = squares[m:] - squares[:-m] - ((sums[m:] - sums[:-m]) ** 2).sum(axis=1) / m
    scale = np.sqrt(np.maximum(variance, 1e-6) * (heard.astype(np.float64) ** 2).sum())
    return float((products / np.maximum(scale, 1e-6)).max())


class Recogniser:
    """Remembers the prints of the songs that were proposed last, and which of them is playing.

    read: returns the samples of a song, mono at `sample_rate` (Hz), or None if it cannot be read.
    """

    def __init__(self, read: Callable[[int], np.ndarray | None], sample_rate: int) -> None:
        self._read = read
        self._sample_rate = sample_rate
        self._prints: OrderedDict[int, np.ndarray] = OrderedDict()
        self._playing: int | None = None

    def recognise(self, samples: np.ndarray, proposed: Sequence[int]) -> int | None:
        """Return the song whose part the end of these samples is, or None if it is none of those proposed."""
        if len(samples) < FEWEST * self._sample_rate:
            self._playing = None  # there was a silence
            return None
        heard = prints(samples[-SECONDS * self._sample_rate :], self._sample_rate)
        songs = dict.fromkeys([*proposed, *([] if self._playing is None else [self._playing])])
        found = {song: likeness(heard, self._of(song)) for song in songs}
        best = max(found, key=lambda song: found[song], default=None)
        self._playing = best if best is not None and found[best] >= SURE else None
        return self._playing

    def _of(self, song: int) -> np.ndarray:
        if song not in self._prints:
            samples = self._read(song)
            if samples is None or level(samples) <= -100:  # silence
                samples = np.zeros(0)
            self._prints[song] = prints(samples, self._sample_rate)
            if len(self._prints) > REMEMBERED:
                self._prints.popitem(last=False)
        self._prints.move_to_end(song)
        return self._prints[song]

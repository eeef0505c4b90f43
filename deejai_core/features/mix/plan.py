"""A mix: the tracks of a playlist as one piece of audio, equally loud and faded into each other.

First, everything is measured and decided (`survey`, `plan_mix`), then it is rendered (`render`): each file is decoded
twice, and only a few seconds of two of them are in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from deejai_core.errors import AudioError
from deejai_core.features.mix.limiter import limited
from deejai_core.features.mix.loudness import STEPS, decibels, integrated_loudness, measure, ratio, sounding
from deejai_core.formats.entries import Track

TARGET = -14.0  # LUFS, the level of streaming services
CEILING = -1.0  # dBTP: leaves room for what a lossy codec adds to a peak
LIMITED = 4.0  # dB by which single peaks of a track may be limited; beyond, the whole track stays quieter
LOUDER = 20.0  # dB by which a track is amplified at most: nobody wants to hear the noise of an empty room

JOIN = 0.005  # seconds of the shortest fade: no gap, and no click

Blocks = Callable[[Path, int], Iterable[np.ndarray]]  # of a file at a sample rate, as `Decoder.stereo` returns them


@dataclass(frozen=True)
class Measured:
    """What a plan needs to know about a track. Frames are those of the mix's sample rate."""

    track: Track
    first: int  # the frame at which its audible part begins
    frames: int  # the length of the audible part
    loudness: float  # LUFS, of that part
    peak: float  # dBTP, of that part


@dataclass(frozen=True)
class Part:
    """A track at its place. Frames are those of the mix's sample rate."""

    track: Track
    first: int  # its first frame in the track
    frames: int
    start: int  # its first frame in the mix
    fade: int  # frames that it shares with the track before
    gain: float  # dB
    loudness: float  # LUFS in the mix, before its peaks are limited

    @property
    def entry(self) -> int:
        """The frame of the mix from which it is louder than the track before: where its chapter begins."""
        return self.start + self.fade // 2


@dataclass(frozen=True)
class Mix:
    """A plan, from which a mix can be rendered."""

    parts: tuple[Part, ...]
    rate: int  # Hz
    title: str = ""
    warnings: tuple[str, ...] = ()  # about tracks that were left out

    @property
    def frames(self) -> int:
        return self.parts[-1].start + self.parts[-1].frames

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


def survey(track: Track, rate: int, blocks_of: Blocks) -> Measured:
    """Measure a track by decoding all of it. Raises AudioError if it is silent; MissingError."""
    levels = measure(blocks_of(track.path, rate), rate)
    first, last = sounding(levels.peak)
    loudness = integrated_loudness(levels.energy[first:last])
    if loudness == -np.inf:
        raise AudioError("it is silent" if levels.frames else "no readable audio in it")
    step = rate // STEPS
    frames = min(last * step, levels.frames) - first * step
    return Measured(track, first * step, frames, loudness, decibels(float(levels.peak[first:last].max())))


def plan_mix(measured: Sequence[Measured], rate: int, fade: float) -> Mix:
    """Decide where each track goes, and how loud it is. fade: seconds; no fade takes more than half of either track.

    Every track gets `TARGET`, unless its peaks would need more limiting than `LIMITED`; its part has the actual loudness.
    """
    wanted = round(max(fade, JOIN) * rate)
    fades = [0, *(min(wanted, one.frames // 2, next_.frames // 2) for one, next_ in pairwise(measured))]
    parts, end = [], 0
    for one, shared in zip(measured, fades, strict=True):
        gain = min(TARGET - one.loudness, CEILING + LIMITED - one.peak, LOUDER)
        parts.append(Part(one.track, one.first, one.frames, end - shared, shared, gain, one.loudness + gain))
        end += one.frames - shared
    return Mix(tuple(parts), rate)


def render(
    mix: Mix,
    blocks_of: Blocks,
    *,
    finished: Callable[[Part], None] = lambda part: None,
    short: Callable[[Part, str], None] = lambda part, reason: None,
) -> Iterator[np.ndarray]:
    """Yield the mix in blocks (n, 2) float32, with a true peak of at most `CEILING`. Raises MissingError.

    finished: called after each part. short: called with a reason if a file has become shorter since it was measured, or
    unreadable; silence replaces it, so that all others are where they were planned.
    """
    return limited(_faded(mix, finished, short, blocks_of), mix.rate, ratio(CEILING))


def _faded(
    mix: Mix, finished: Callable[[Part], None], short: Callable[[Part, str], None], blocks_of: Blocks
) -> Iterator[np.ndarray]:
    leaving = np.zeros((0, 2), np.float32)  # the faded end of the track before
    shared_after = [part.fade for part in mix.parts[1:]] + [0]
    for part, shared in zip(mix.parts, shared_after, strict=True):
        reader = _Reader(blocks_of(part.track.path, mix.rate), part.first)
        gain = np.float32(ratio(part.gain))
        yield leaving + reader.read(part.fade) * gain * _rising(part.fade)
        left = part.frames - part.fade - shared
        while left:
            size = min(left, mix.rate)
            yield reader.read(size) * gain
            left -= size
        leaving = reader.read(shared) * gain * _rising(shared)[::-1]
        if reader.lacking:
            short(part, reader.reason or "it is shorter than when it was measured")
        finished(part)


def _rising(frames: int) -> np.ndarray:
    """Return (frames, 1) float32, half of an equal-power fade.

    Its square and that of its reverse add up to 1 everywhere.
    """
    return np.sin(np.pi / 2 * (np.arange(frames, dtype=np.float32)[:, None] + 0.5) / max(frames, 1)).astype(np.float32)


class _Reader:
    """Reads blocks piece by piece, from a frame on, and silence after their end."""

    def __init__(self, blocks: Iterable[np.ndarray], first: int) -> None:
        self._blocks = _without(blocks, first)
        self._left = np.zeros((0, 2), np.float32)
        self.lacking = 0  # frames that were requested and do not exist
        self.reason = ""  # why, if the file cannot be read

    def read(self, frames: int) -> np.ndarray:
        """Return (frames, 2) float32."""
        pieces, count = [self._left], len(self._left)
        while count < frames:
            try:
                block = next(self._blocks, None)
            except AudioError as error:
                block, self.reason = None, str(error)
            if block is None:
                self.lacking += frames - count
                block = np.zeros((frames - count, 2), np.float32)
            pieces.append(block)
            count += len(block)
        joined = np.concatenate(pieces)
        self._left = joined[frames:]
        return joined[:frames]


def _without(blocks: Iterable[np.ndarray], first: int) -> Iterator[np.ndarray]:
    """Yield blocks without their first frames."""
    for block in blocks:
        yield block[first:]
        first = max(0, first - len(block))

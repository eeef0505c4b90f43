"""A whole audio file as stereo samples, in blocks: memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.audio.decode import LOUDEST, decoded_frames, mono, opened

if TYPE_CHECKING:
    from av import AudioFrame


def stereo_blocks(path: Path, rate: int) -> Iterator[np.ndarray]:
    """Yield a file in blocks of one second, (rate, 2) float32, the last one shorter; full scale is 1.

    One channel becomes two equal ones, more than two are mixed down to two. rate: the output's, in Hz. Raises AudioError if
    there is no readable audio, UnavailableError if it cannot be read; damaged parts further on are left out.
    """
    return rechunked(_as_it_comes(path, rate), rate)


def rechunked(blocks: Iterable[np.ndarray], frames: int) -> Iterator[np.ndarray]:
    """Yield the same samples in blocks of `frames`, the last one shorter."""
    waiting: list[np.ndarray] = []
    count = 0
    for block in blocks:
        waiting.append(block)
        count += len(block)
        if count >= frames:
            joined = np.concatenate(waiting)
            whole = count - count % frames
            yield from (joined[start : start + frames] for start in range(0, whole, frames))
            waiting, count = [joined[whole:]], count - whole
    if count:
        yield np.concatenate(waiting)


def _as_it_comes(path: Path, rate: int) -> Iterator[np.ndarray]:
    with opened(path) as (container, stream, _):
        # Files that were joined byte by byte change their rate or channels on the way.
        runs = groupby(
            decoded_frames(container, stream), lambda frame: (frame.sample_rate, frame.format.name, frame.layout.name)
        )
        for (source_rate, *_), frames in runs:
            yield from _resampled(_stereo(frames), source_rate, rate)


def _stereo(frames: Iterable[AudioFrame]) -> Iterator[np.ndarray]:
    """Yield (n, 2) float32 from frames of the same kind."""
    import av
    from av.error import FFmpegError

    resampler: av.AudioResampler | None = av.AudioResampler(format="flt", layout="stereo")
    for frame in frames:
        frame.pts = None  # otherwise a gap in the time stamps might count as a gap in the music
        if resampler:
            try:
                parts = resampler.resample(frame)
            except (FFmpegError, ValueError):  # a number of channels without a standard layout
                resampler = None
            else:
                yield from (part.to_ndarray().reshape(-1, 2) for part in parts)
        if not resampler:
            yield np.repeat(mono(frame)[:, None], 2, axis=1)


def _resampled(blocks: Iterable[np.ndarray], source_rate: int, rate: int) -> Iterator[np.ndarray]:
    import soxr

    # A stray NaN or huge number must not spoil what comes after it.
    blocks = (np.clip(np.nan_to_num(block, posinf=0, neginf=0), -LOUDEST, LOUDEST) for block in blocks)
    if source_rate == rate:
        yield from blocks
        return
    resampler = soxr.ResampleStream(source_rate, rate, 2, quality="VHQ")
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros((0, 2), np.float32), last=True)

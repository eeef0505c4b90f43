"""Audio from a pipe: blocks of samples as they arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from deejai_core.audio.container import open_pipe
from deejai_core.audio.decode import mono_blocks, tamed
from deejai_core.errors import AudioError, OptionError

RAW_FORMATS = ("u8", "s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be")
WAVE = (b"RIFF", b"RF64")  # the beginning of a WAV stream

AT_ONCE = {"probesize": "4096", "analyzeduration": "0"}  # otherwise PyAV reads five seconds before it returns any
LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True)
class Raw:
    """The format of samples without a header. Raises OptionError for an impossible one."""

    format: str = "s16le"  # one of RAW_FORMATS
    rate: int = 44_100  # Hz
    channels: int = 2

    def __post_init__(self) -> None:
        if self.format not in RAW_FORMATS:
            raise OptionError("format", f"must be one of {', '.join(RAW_FORMATS)}, not {self.format!r}")
        for name, lowest, highest in (("rate", 1000, 768_000), ("channels", 1, 8)):
            value = getattr(self, name)
            if not lowest <= value <= highest:
                raise OptionError(name, f"must be from {lowest} to {highest}, not {value}")


def read_named_stream(name: str, pipe: BinaryIO, sample_rate: int, raw: Raw | None = None) -> Iterator[np.ndarray]:
    """Yield like `read_stream`, with errors that begin with the stream's name."""
    try:
        yield from read_stream(pipe, sample_rate, raw)
    except AudioError as error:
        raise AudioError(f"{name}: {error}", hint=error.hint) from error


def read_stream(pipe: BinaryIO, sample_rate: int, raw: Raw | None = None) -> Iterator[np.ndarray]:
    """Yield blocks of mono samples at `sample_rate` (Hz), float32 with full scale 1, each as soon as it arrives.

    pipe: WAV, with any rate, channels and kind of samples; or, if `raw` is given, samples without a header. Raises
    AudioError if it is neither.
    """
    source = _Pipe(pipe, pipe.read(len(WAVE[0])))
    if raw is None and not source.start:
        raise AudioError("no audio arrives")
    if raw is None and source.start not in WAVE:
        raise AudioError("this is not a WAV stream", hint="say what samples")
    if raw is None:
        format_, options = "wav", {}
    else:
        layout = LAYOUTS.get(raw.channels, f"{raw.channels}c")
        format_, options = raw.format, {"sample_rate": str(raw.rate), "ch_layout": layout}
    with open_pipe(source, format_, options | AT_ONCE) as container:
        if not container.streams.audio or not container.streams.audio[0].codec_context.sample_rate:
            raise AudioError("the WAV stream contains no audio")
        stream = container.streams.audio[0]
        blocks = (block for _, block in mono_blocks(container, stream))
        yield from resampled(blocks, stream.codec_context.sample_rate, sample_rate)


def resampled(blocks: Iterable[np.ndarray], rate: int, sample_rate: int) -> Iterator[np.ndarray]:
    """Yield blocks of mono samples at another rate, without gaps between them."""
    import soxr

    stream = soxr.ResampleStream(rate, sample_rate, 1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(tamed(block).astype(np.float32))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


class _Pipe:
    """A pipe for PyAV whose first bytes have been read; it returns what is available instead of waiting for more."""

    def __init__(self, pipe: BinaryIO, start: bytes) -> None:
        self.start = start
        self._left = start
        self._read: Callable[[int], bytes] = getattr(pipe, "read1", pipe.read)

    def read(self, size: int) -> bytes:
        found, self._left = self._left[:size], self._left[size:]
        return found or self._read(size)

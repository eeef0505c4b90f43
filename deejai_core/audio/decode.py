"""Decodes an audio file to mono samples: only the windows that are analysed, spread evenly over the track.

PyAV reads Ogg, whose codecs FFmpeg decodes fastest. soundfile reads the other formats of libsndfile (mp3, flac, wav, aiff…)
and seeks in them to the exact sample. PyAV reads all others (m4a, wma, ape, wv…) and whatever the others cannot read to the
end.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Generator, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deejai_core.audio.container import open_container
from deejai_core.audio.identity import audio_key, new_digest
from deejai_core.errors import AudioError

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream, Packet
    from av.container import InputContainer

MARGIN = 0.05  # seconds read on either side of a window, so that the resampler's filter never sees an artificial edge
BLOCK = 1 << 16  # source frames read at once
PREROLL = 0.2  # seconds decoded before a window after a seek: lossy codecs need some frames to settle
LOUDEST = 10.0  # full scale is 1; a float file with a stray huge number must not overflow the spectrogram

SEEKABLE = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}  # containers whose index and clock are exact to the packet


def read_windows(path: Path, *, sample_rate: int, length: int, limit: int) -> np.ndarray:
    """Return windows spread evenly over a whole track, the first at its beginning, the last at its end.

    length: samples of a window at `sample_rate` (Hz). limit: the largest number, at least 2; a track that fewer windows
    cover gets only these. Returns (n, length) float32, channels averaged, full scale 1. A track shorter than one window is
    repeated to fill it. Raises AudioError if the file has no readable audio, UnavailableError if it cannot be read at all.
    """
    with contextlib.suppress(AudioError), contextlib.closing(_read_ogg(path, sample_rate, length, limit)) as reading:
        next(reading)
        return _fitted(next(reading), length)
    return _read_by_seeking(path, sample_rate, length, limit)


def window_starts(frames: int, length: int, limit: int) -> list[int]:
    """Return where windows of `length` begin in a track of `frames`: evenly, from 0 to frames - length, at most `limit`."""
    if frames <= length:
        return [0]
    count = min(limit, -(-frames // length))
    return [round(start) for start in np.linspace(0, frames - length, count)]


def key_then_windows(path: Path, *, sample_rate: int, length: int, limit: int) -> Generator[Any, None, None]:
    """Yield the `audio_key` of a file and then, if requested, the result of `read_windows`.

    Ogg files are read once: the packets of windows are kept while the key is computed. Raises like these two functions.
    """
    with contextlib.closing(_read_ogg(path, sample_rate, length, limit)) as reading:
        try:
            key = next(reading)
        except AudioError:
            key = audio_key(path)
        yield key
        with contextlib.suppress(AudioError, StopIteration):
            yield _fitted(next(reading), length)
            return
    yield _read_by_seeking(path, sample_rate, length, limit)


def _read_by_seeking(path: Path, sample_rate: int, length: int, limit: int) -> np.ndarray:
    try:
        windows = _read_with_soundfile(path, sample_rate, length, limit)
    except AudioError:
        windows = _read_with_av(path, sample_rate, length, limit)
    return _fitted(windows, length)


def _read_ogg(path: Path, sample_rate: int, length: int, limit: int) -> Generator[Any, None, None]:
    """Yield the key of an Ogg file, then its windows. Raises AudioError if it is not one, or damaged.

    FFmpeg's decoders of Vorbis and Opus take three quarters and a quarter of the time of the reference ones. But their
    positions are exact only if no packet is left out.
    """
    if not _is_ogg(path):
        raise AudioError("not Ogg")
    with opened(path) as (container, stream, rate):
        codec, origin = stream.codec_context, stream.start_time or 0
        if tick_of(stream) * rate != 1:
            raise AudioError("its time stamps do not count samples")
        # Opus begins with samples that are not played; the length includes them.
        frames = _promised_frames(container, stream, rate) - (codec.delay if codec.name == "opus" else 0)
        wanted = Wanted(frames, length, limit, sample_rate, rate)
        runs = wanted.runs()
        kept: list[list[tuple[int, Packet[AudioStream]]]] = [[] for _ in runs]
        limits = iter([(origin + run.start - PREROLL * rate, origin + run.stop) for run in runs])
        packets_of = iter(kept)
        low, high = next(limits, (math.inf, math.inf))
        packets = next(packets_of, [])
        digest = new_digest()
        for packet in container.demux(stream):
            digest.update(packet)
            if packet.pts is not None and packet.pts >= low:
                packets.append((packet.pts, packet))
                if packet.pts >= high:
                    low, high = next(limits, (math.inf, math.inf))
                    packets = next(packets_of, [])
        yield digest.hexdigest()

        def blocks() -> Iterator[tuple[int, np.ndarray]]:
            for packets in kept:
                codec.flush_buffers()
                yield from _blocks_of(packets, origin)

        yield wanted.windows(blocks())


def _blocks_of(packets: list[tuple[int, Packet[AudioStream]]], origin: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield mono blocks of Ogg packets with their positions in source frames.

    packets: with their time stamps. origin: the stream's first one.
    """
    from av import AudioFifo

    # Frames are short and many: making an array of each takes nearly as long as decoding it.
    waiting = AudioFifo()
    channels = None
    position = 0  # of the sample after those in the queue

    def joined() -> Iterator[tuple[int, np.ndarray]]:
        start = position - waiting.samples
        if frame := waiting.read():
            yield start, mono(frame)

    for pts, packet in packets:
        for frame in _frames_of(packet):
            # The queue itself checks the format and the rate, but reads channels that a frame does not have.
            channels = channels or frame.layout.nb_channels
            if frame.layout.nb_channels != channels:
                raise AudioError("its channels change")
            # FFmpeg's beginning of a packet between a long block of Vorbis and a short one is wrong, but not its end.
            samples = frame.samples
            end = pts - origin + (packet.duration or samples)
            if waiting.samples and (end - samples != position or waiting.samples >= BLOCK):
                yield from joined()
            frame.pts = None  # otherwise the queue would insist on its own value
            waiting.write(frame)
            position = end
    yield from joined()


def _is_ogg(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"OggS"
    except OSError:
        return False  # the next function that opens the file reports the reason


def _read_with_soundfile(path: Path, sample_rate: int, length: int, limit: int) -> list[np.ndarray]:
    import soundfile  # imports cffi and numpy's ctypes: not for commands that analyse nothing

    try:
        with soundfile.SoundFile(path) as file:
            # A header that promises more frames than exist is noticed below, by reading the last window.
            if not file.seekable() or not 0 < file.frames < 1 << 40:
                raise AudioError("its length is unknown")
            wanted = Wanted(file.frames, length, limit, sample_rate, file.samplerate)

            def blocks() -> Iterator[tuple[int, np.ndarray]]:
                for run in wanted.runs():
                    file.seek(run.start)
                    for start in range(run.start, run.stop, BLOCK):
                        size = min(BLOCK, run.stop - start)
                        yield start, averaged(file.read(size, dtype="float32", always_2d=True).T)

            return wanted.windows(blocks())
    except (soundfile.SoundFileError, OSError, ValueError, TypeError) as error:  # TypeError: a name ending in .raw
        raise AudioError(str(error)) from error


def _read_with_av(path: Path, sample_rate: int, length: int, limit: int) -> list[np.ndarray]:
    with opened(path) as (container, stream, rate):
        frames = _promised_frames(container, stream, rate)
        wanted = Wanted(frames, length, limit, sample_rate, rate)
        if container.format.name in SEEKABLE:
            with contextlib.suppress(AudioError):
                return wanted.windows(_blocks_by_seeking(container, stream, rate, wanted.runs()))
    # Without an exact index, all of it is decoded; twice if the promised length was wrong.
    while True:
        with opened(path) as (container, stream, _):
            pieces, end = _pieces_from_beginning(container, stream, wanted.ranges)
        if end == 0:
            raise AudioError("no readable audio in it")
        if wanted.ranges and abs(frames - end) <= wanted.margin:
            return wanted.cut(pieces)
        frames, wanted = end, Wanted(end, length, limit, sample_rate, rate)


class Wanted:
    """The source frames to read of a track of `frames` at `rate`, for windows of `length` samples at `sample_rate`.

    ranges: of each window, with margins; none if the track's length is unknown.
    """

    def __init__(self, frames: int, length: int, limit: int, sample_rate: int, rate: int) -> None:
        self._length, self._sample_rate, self._rate = length, sample_rate, rate
        window = -(-length * rate // sample_rate)
        self.margin = round(MARGIN * rate)
        self._starts = window_starts(frames, window, limit) if frames > 0 else []
        self.ranges = [
            range(max(0, start - self.margin), min(frames, start + window + self.margin)) for start in self._starts
        ]

    def runs(self) -> list[range]:
        """Return the ranges, joined where reading on is cheaper than seeking."""
        runs: list[range] = []
        for wanted in self.ranges:
            if runs and wanted.start <= runs[-1].stop + PREROLL * self._rate:
                runs[-1] = range(runs[-1].start, wanted.stop)
            else:
                runs.append(wanted)
        return runs

    def windows(self, blocks: Iterable[tuple[int, np.ndarray]]) -> list[np.ndarray]:
        """Return the windows, from blocks of mono source frames (n,) with the position of the first, in order.

        Raises AudioError if a range is not filled, except for a piece no longer than the margin.
        """
        pieces = [np.zeros(len(wanted), np.float32) for wanted in self.ranges]
        filled = [0] * len(pieces)
        first = 0  # of the ranges that are not complete
        for position, block in _joined(blocks):
            end = position + len(block)
            while first < len(pieces) and self.ranges[first].stop <= position:
                first += 1
            for number in range(first, len(pieces)):
                start, stop = self.ranges[number].start, self.ranges[number].stop
                low, high = max(start, position), min(stop, end)
                if start >= end:
                    break
                if low < high:
                    pieces[number][low - start : high - start] = block[low - position : high - position]
                    filled[number] = high - start
        if not pieces:
            raise AudioError("its length is unknown")
        if any(count < len(piece) - self.margin for count, piece in zip(filled, pieces, strict=True)):
            raise AudioError("it is shorter than its header says")
        return self.cut([piece[:count] for count, piece in zip(filled, pieces, strict=True)])

    def cut(self, pieces: list[np.ndarray]) -> list[np.ndarray]:
        """Cut the resampled windows from the samples of the ranges; a window is shorter than `length` if its range is."""
        return [
            _cut(piece, start - wanted.start, self._rate, self._sample_rate, self._length)
            for piece, start, wanted in zip(pieces, self._starts, self.ranges, strict=True)
        ]


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, AudioStream, int]]:
    """Yield PyAV's container, its first audio stream, and that stream's sample rate (Hz). Raises AudioError."""
    with open_container(path) as container:
        if not container.streams.audio:
            raise AudioError("no audio in it")
        stream = container.streams.audio[0]
        rate = stream.codec_context.sample_rate
        if not rate:
            raise AudioError("its sample rate is unknown")
        yield container, stream, rate


def tick_of(stream: AudioStream) -> Fraction:
    """Return the unit of a stream's time stamps in seconds. Raises AudioError if it has none."""
    if not stream.time_base:
        raise AudioError("its time stamps have no unit")
    return stream.time_base


def _promised_frames(container: InputContainer, stream: AudioStream, rate: int) -> int:
    """Return the track's length in source frames according to its header, 0 if it has none."""
    if stream.duration:
        return int(stream.duration * tick_of(stream) * rate)
    return container.duration * rate // 1_000_000 if container.duration else 0


def _joined(blocks: Iterable[tuple[int, np.ndarray]]) -> Iterator[tuple[int, np.ndarray]]:
    """Join blocks that follow each other into fewer ones: each block has a cost."""
    first, end = 0, 0
    parts: list[np.ndarray] = []
    for position, block in blocks:
        if parts and (position != end or end - first >= BLOCK):
            yield first, np.concatenate(parts)
            parts = []
        if not parts:
            first = position
        parts.append(block)
        end = position + len(block)
    if parts:
        yield first, np.concatenate(parts)


def _blocks_by_seeking(
    container: InputContainer, stream: AudioStream, rate: int, runs: list[range]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield mono blocks of each run, found by the container's index, with their positions in source frames."""
    origin, tick = stream.start_time or 0, tick_of(stream)
    for run in runs:
        target = max(0, run.start / rate - PREROLL)
        container.seek(origin + int(target / tick), stream=stream)
        position = None
        for pts, block in mono_blocks(container, stream):
            if position is None:  # counted from here on, because some containers' clocks tick in milliseconds
                if pts is None:
                    return  # no clock at all: the caller reads from the beginning
                position = round((pts - origin) * tick * rate)
            yield position, block
            position += len(block)
            if position >= run.stop:
                break


def _pieces_from_beginning(
    container: InputContainer, stream: AudioStream, wanted: list[range]
) -> tuple[list[np.ndarray], int]:
    """Return the wanted ranges of source frames, and the number of frames; only the ranges are kept in memory."""
    pieces = [np.zeros(len(frames), np.float32) for frames in wanted]
    position = 0
    for _, block in mono_blocks(container, stream):
        for piece, frames in zip(pieces, wanted, strict=True):
            low, high = max(frames.start, position), min(frames.stop, position + len(block))
            if low < high:
                piece[low - frames.start : high - frames.start] = block[low - position : high - position]
        position += len(block)
    return pieces, position


def mono_blocks(container: InputContainer, stream: AudioStream) -> Iterator[tuple[int | None, np.ndarray]]:
    """Yield decoded blocks from the container's position on: presentation time stamp and mono float32 samples."""
    for frame in decoded_frames(container, stream):
        yield frame.pts, mono(frame)


def mono(frame: AudioFrame) -> np.ndarray:
    """Return the samples of one of PyAV's frames (n,) float32, channels averaged, full scale 1."""
    if frame.format.name == "fltp":  # for most lossy codecs; without a copy, which would take longer than the rest
        return averaged([np.frombuffer(memoryview(plane), np.float32, frame.samples) for plane in frame.planes])
    samples: np.ndarray = frame.to_ndarray()  # planar: (channels, n); packed: (1, n * channels)
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        samples = (samples.astype(np.float32) - 128) / 128
    elif samples.dtype.kind == "i":
        samples = samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    return averaged(samples.astype(np.float32, copy=False))


def averaged(channels: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Return the mean of channels, (n,) float32 each: with so few, this is many times faster than numpy's over an axis."""
    return np.asarray(functools.reduce(np.add, channels) / np.float32(len(channels)))


def decoded_frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Yield PyAV's frames from the container's position on.

    A damaged packet is left out, as in players; where the container itself breaks off, the track ends.
    """
    from av.error import FFmpegError

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, FFmpegError):
            return
        yield from _frames_of(packet)


def _frames_of(packet: Packet[AudioStream]) -> list[AudioFrame]:
    try:
        return packet.decode()
    except ValueError as error:
        from av.error import InvalidDataError  # imported here, because looking it up for each packet takes noticeable time

        if isinstance(error, InvalidDataError):
            return []
        raise


def tamed(samples: np.ndarray) -> np.ndarray:
    """Return samples without NaN, infinity and huge numbers, which a float format can contain."""
    if len(samples) and samples.min() >= -LOUDEST and samples.max() <= LOUDEST:  # false if one is NaN
        return samples
    return np.asarray(np.clip(np.nan_to_num(samples, posinf=0, neginf=0), -LOUDEST, LOUDEST))


def _cut(piece: np.ndarray, offset: int, rate: int, sample_rate: int, length: int) -> np.ndarray:
    """Return the resampled window of `length` samples from `offset` source frames into a piece on; it may be shorter."""
    import soxr

    piece = tamed(piece)
    if rate != sample_rate:
        piece = soxr.resample(piece, rate, sample_rate)
    start = min(round(offset * sample_rate / rate), max(0, len(piece) - length))
    return np.asarray(piece[start : start + length])


def _fitted(windows: list[np.ndarray], length: int) -> np.ndarray:
    """Return windows of exactly `length` samples: a short one is repeated, as MusiCNN's authors did."""
    if not all(map(len, windows)):
        raise AudioError("no audio in it")
    return np.stack([np.resize(window, length) for window in windows])

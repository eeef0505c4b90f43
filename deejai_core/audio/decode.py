"""An audio file to mono samples: only the spans that are analysed, spread evenly over the whole track.

soundfile reads what libsndfile knows (mp3, flac, ogg, opus, wav, aiff…) and seeks in it to the sample. PyAV reads the rest
(m4a, wma, ape, wv…) and whatever soundfile refuses or cannot read to the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from deejai_core.errors import AudioError, UnavailableError

MARGIN = 0.05  # seconds read on either side of a span, so that the resampler's filter never sees an artificial edge
PREROLL = 0.2  # seconds decoded before a span after a seek: lossy codecs need some frames to settle
LOUDEST = 10.0  # full scale is 1; a float file with a stray huge number must not overflow the spectrogram

SEEKABLE = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}  # containers whose index and clock are true to the packet


def read_spans(path: Path, *, sample_rate: int, length: int, limit: int) -> np.ndarray:
    """Spans spread evenly over a whole track, the first at its beginning, the last at its end.

    length: samples of a span at `sample_rate` (Hz). limit: the largest number of spans, at least 2; a track that fewer
    spans cover gets just those. Returns (n, length) float32, channels averaged, full scale 1. A track shorter than one span
    is repeated to fill it.

    Raises AudioError if the file has no readable audio, UnavailableError if it cannot be read at all.
    """
    try:
        spans = _read_with_soundfile(path, sample_rate, length, limit)
    except AudioError:
        spans = _read_with_av(path, sample_rate, length, limit)
    return np.stack([_fit(span, length) for span in spans])


def span_starts(frames: int, length: int, limit: int) -> list[int]:
    """Where the spans of `length` begin in a track of `frames`: evenly, from 0 to frames - length, none beyond `limit`."""
    if frames <= length:
        return [0]
    count = min(limit, -(-frames // length))
    return [round(start) for start in np.linspace(0, frames - length, count)]


def _read_with_soundfile(path: Path, sample_rate: int, length: int, limit: int) -> list[np.ndarray]:
    import soundfile  # cffi and numpy's ctypes: not for commands that analyse nothing

    try:
        with soundfile.SoundFile(path) as file:
            # A header that promises more frames than there are is found out below, by reading the last span.
            if not file.seekable() or not 0 < file.frames < 1 << 40:
                raise AudioError("its length is unknown")
            rate = file.samplerate
            window, margin = _source_frames(length, sample_rate, rate), round(MARGIN * rate)
            spans = []
            for start in span_starts(file.frames, window, limit):
                first = max(0, start - margin)
                wanted = min(file.frames, start + window + margin) - first
                file.seek(first)
                samples = file.read(wanted, dtype="float32", always_2d=True)
                if len(samples) < wanted - margin:
                    raise AudioError("it ends before its header says so")
                mono = samples.mean(axis=1)
                spans.append(_cut(mono, start - first, rate, sample_rate, length))
            return spans
    except (soundfile.SoundFileError, OSError, ValueError, TypeError) as error:  # TypeError: a name ending in .raw
        raise AudioError(str(error)) from error


def _read_with_av(path: Path, sample_rate: int, length: int, limit: int) -> list[np.ndarray]:
    with opened(path) as (container, stream, rate):
        window, margin = _source_frames(length, sample_rate, rate), round(MARGIN * rate)

        def ranges(frames: int) -> list[tuple[int, int]]:
            """First and last source frame to read for each span, the margins included."""
            starts = span_starts(frames, window, limit) if frames else []
            return [(max(0, start - margin), min(frames, start + window + margin)) for start in starts]

        frames = _promised_frames(container, stream, rate)
        wanted = ranges(frames)
        pieces = []
        if container.format.name in SEEKABLE:
            pieces = [_piece(container, stream, rate, first, last) for first, last in wanted]
    found = pieces and all(len(piece) >= last - first - margin for piece, (first, last) in zip(pieces, wanted, strict=True))
    # Without an index, or with one that is not true, all of it is decoded; twice if the promised length was not true.
    while not found:
        with opened(path) as (container, stream, _):
            pieces, end = _pieces_from_beginning(container, stream, wanted)
        if end == 0:
            raise AudioError("no readable audio in it")
        found = bool(wanted) and abs(frames - end) <= margin
        if not found:
            frames, wanted = end, ranges(end)
    starts = span_starts(frames, window, limit)
    return [
        _cut(piece, start - first, rate, sample_rate, length)
        for piece, start, (first, _) in zip(pieces, starts, wanted, strict=True)
    ]


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple]:
    """PyAV's container, its first audio stream, and that stream's sample rate (Hz). Raises AudioError."""
    import av  # shared libraries of 90 MB: not for commands that analyse nothing
    from av.error import FFmpegError

    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise AudioError("no audio in it")
            stream = container.streams.audio[0]
            rate = stream.codec_context.sample_rate
            if not rate:
                raise AudioError("its sample rate is unknown")
            yield container, stream, rate
    except (FFmpegError, OSError, ValueError) as error:
        # PyAV's messages repeat the path, and whoever reports this names it. Some of its errors are OSErrors too.
        kind = UnavailableError if isinstance(error, OSError) else AudioError
        raise kind(getattr(error, "strerror", None) or str(error)) from error


def _promised_frames(container, stream, rate: int) -> int:
    """The track's length in source frames as its header has it, 0 if it has none."""
    if stream.duration:
        return int(stream.duration * stream.time_base * rate)
    return container.duration * rate // 1_000_000 if container.duration else 0


def _piece(container, stream, rate: int, first: int, last: int) -> np.ndarray:
    """Source frames `first` to `last`, found by the container's index; shorter where the track ends before."""
    piece = np.zeros(last - first, np.float32)
    filled, position = 0, None
    origin = stream.start_time or 0
    target = max(0, first / rate - PREROLL)
    container.seek(origin + int(target / stream.time_base), stream=stream)
    for pts, block in mono_blocks(container, stream):
        if position is None:  # from here on counted, since some containers' clocks tick in milliseconds
            if pts is None:
                break  # no clock at all: the caller reads from the beginning
            position = round((pts - origin) * stream.time_base * rate) - first
        low, high = max(0, position), min(len(piece), position + len(block))
        if low < high:
            piece[low:high] = block[low - position : high - position]
            filled = high
        position += len(block)
        if position >= len(piece):
            break
    return piece[:filled]


def _pieces_from_beginning(container, stream, wanted: list[tuple[int, int]]) -> tuple[list[np.ndarray], int]:
    """The wanted ranges of source frames, and the number of frames there are; only the ranges are kept in memory."""
    pieces = [np.zeros(last - first, np.float32) for first, last in wanted]
    position = 0
    for _, block in mono_blocks(container, stream):
        for piece, (first, last) in zip(pieces, wanted, strict=True):
            low, high = max(first, position), min(last, position + len(block))
            if low < high:
                piece[low - first : high - first] = block[low - position : high - position]
        position += len(block)
    return pieces, position


def mono_blocks(container, stream) -> Iterator[tuple[int | None, np.ndarray]]:
    """Decoded blocks from where the container stands: presentation time stamp and mono float32 samples."""
    for frame in decoded_frames(container, stream):
        yield frame.pts, mono(frame)


def mono(frame) -> np.ndarray:
    """The samples of one of PyAV's frames (n,) float32, channels averaged, full scale 1."""
    samples = frame.to_ndarray()  # planar: (channels, n); packed: (1, n * channels)
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        samples = (samples.astype(np.float32) - 128) / 128
    elif samples.dtype.kind == "i":
        samples = samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    return samples.mean(axis=0, dtype=np.float32)


def decoded_frames(container, stream) -> Iterator:
    """PyAV's frames from where the container stands.

    A damaged packet is left out, as players do; where the container itself breaks off, the track ends.
    """
    from av.error import FFmpegError, InvalidDataError

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, FFmpegError):
            return
        try:
            frames = packet.decode()
        except InvalidDataError:
            continue
        yield from frames


def tamed(samples: np.ndarray) -> np.ndarray:
    """Samples without the numbers that are none, and the huge ones, that a float format can hold."""
    return np.clip(np.nan_to_num(samples, posinf=0, neginf=0), -LOUDEST, LOUDEST)


def _source_frames(length: int, sample_rate: int, rate: int) -> int:
    """How many frames at the file's `rate` yield at least `length` samples at `sample_rate`."""
    return -(-length * rate // sample_rate)


def _cut(piece: np.ndarray, offset: int, rate: int, sample_rate: int, length: int) -> np.ndarray:
    """The span of `length` samples that begins `offset` source frames into a piece, resampled; less if there is less."""
    import soxr

    piece = tamed(piece)
    if rate != sample_rate:
        piece = soxr.resample(piece, rate, sample_rate)
    start = min(round(offset * sample_rate / rate), max(0, len(piece) - length))
    return piece[start : start + length]


def _fit(span: np.ndarray, length: int) -> np.ndarray:
    """A span of exactly `length` samples: a short one is repeated, as MusiCNN's authors did."""
    if not len(span):
        raise AudioError("no audio in it")
    return np.resize(span, length)

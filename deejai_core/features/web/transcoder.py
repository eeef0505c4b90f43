"""A process that decodes one file and writes it to standard output in a format that browsers play.

`deejai_core.features.web.audio` starts it with the file's name (hexadecimal), a key of `TARGETS`, the second to start from,
the bits per second (0 for the default), and the bytes of memory that it may take. It writes no faster than its output is
read, and ends with its parent.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any, Protocol

from deejai_core.audio.child import confine
from deejai_core.audio.container import open_container
from deejai_core.audio.decode import tick_of
from deejai_core.errors import AudioError
from deejai_core.files import open_regular

RATE = 48_000  # Hz, for Opus
# The container and its options, the codec, and its bits per second. None of them needs to know the end in advance, because
# the output cannot seek.
TARGETS = {
    "mp3": ("mp3", {"write_xing": "0", "id3v2_version": "0"}, "libmp3lame", 192_000),
    "webm": ("webm", {"live": "1"}, "libopus", 128_000),
    "opus": ("ogg", {}, "libopus", 128_000),
}
MOST_CPU = 1800  # seconds; hours of music take minutes


class Writable(Protocol):
    """A target for bytes."""

    def write(self, data: bytes, /) -> int | None: ...


class Pipe:
    """A file for PyAV to write to that cannot seek."""

    def __init__(self, file: Writable) -> None:
        self.write = file.write


def main() -> None:
    name, target, start, bit_rate, memory = sys.argv[1:]
    path = Path(os.fsdecode(bytes.fromhex(name)))
    output, _ = confine(int(memory), MOST_CPU)
    # no audio, or nobody listens any more
    with contextlib.suppress(AudioError, OSError):
        open_regular(path).close()  # a pipe would never end
        transcode(path, target, float(start), int(bit_rate), output.raw)


def transcode(path: Path, target: str, start: float, bit_rate: int, output: Writable) -> None:
    import av
    from av.error import FFmpegError, InvalidDataError

    container, options, codec, usual = TARGETS[target]
    with (
        open_container(path) as source,
        av.open(Pipe(output), "w", format=container, options=options) as sink,
    ):
        if not source.streams.audio:
            raise AudioError("no audio in it")
        stream = source.streams.audio[0]
        if start:
            source.seek((stream.start_time or 0) + int(start / tick_of(stream)), stream=stream)
        encoder = sink.add_stream(codec, rate=RATE, layout="stereo", bit_rate=bit_rate or usual)
        assert isinstance(encoder, av.AudioStream)  # the format of all codecs of `TARGETS`
        resampler = av.AudioResampler(encoder.codec_context.format, "stereo", RATE, encoder.codec_context.frame_size or 960)
        written = 0

        def write(frames: list[Any]) -> None:
            nonlocal written
            for frame in frames:
                frame.pts = written  # counted on, so that a damaged packet leaves no gap in the timestamps
                written += frame.samples
                sink.mux(encoder.encode(frame))

        packets = source.demux(stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, FFmpegError):
                break  # where the container breaks off, the track ends
            try:
                frames = packet.decode()
            except InvalidDataError:
                continue  # left out, as in players
            for frame in frames:
                frame.pts = None
                write(resampler.resample(frame))
        write(resampler.resample(None))
        sink.mux(encoder.encode(None))


if __name__ == "__main__":
    main()

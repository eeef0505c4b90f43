"""Encodes audio in blocks to a file with its title and chapters: MP3, AAC, Vorbis, Opus or FLAC."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deejai_core.errors import MissingError, MixError, OptionError
from deejai_core.extras import extra
from deejai_core.features.mix.cue import Chapter
from deejai_core.refusals import reason_of
from deejai_core.words import one_line

if TYPE_CHECKING:
    from av.container.core import Chapter as AVChapter


@dataclass(frozen=True)
class Format:
    codec: str
    container: str  # FFmpeg's name
    samples: str  # the encoder's sample format, by FFmpeg's name
    rate: int  # Hz
    bitrate: int | None  # kbit/s, by default; None: lossless


# 44.1 kHz is the rate of most music, which then is not resampled; Opus has only 48. The bit rate of MP3 is constant: with a
# variable one, players guess where a chapter hours away begins.
FORMATS = {
    ".mp3": Format("libmp3lame", "mp3", "fltp", 44_100, 256),
    ".m4a": Format("aac", "ipod", "fltp", 44_100, 256),
    ".ogg": Format("vorbis", "ogg", "flt", 44_100, 224),
    ".opus": Format("libopus", "opus", "flt", 48_000, 192),
    ".flac": Format("flac", "flac", "s16", 44_100, None),
}
MP3_BITRATES = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
LOWEST, HIGHEST = 64, 320  # kbit/s
MOST_CHAPTERS = {".mp3": 255}  # its table of contents counts them in a byte

_VORBIS_BITRATES = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500)  # kbit/s, for libvorbis' qualities 0, 0.1, ... 1
_VORBIS_BLOCK = 4096  # frames; libsndfile's encoder crashes on long blocks


@dataclass(frozen=True)
class About:
    """Title and other metadata of a file."""

    title: str
    artist: str
    comment: str
    chapters: Sequence[Chapter]


def check_format(path: Path, bitrate: int | None) -> Format:
    """Return the format for a file's suffix. bitrate: kbit/s.

    Raises MixError if there is no such format, OptionError if it does not have this bit rate.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise MixError(f"{path}: a mix can be {', '.join(FORMATS)}; choose one of these")
    format_ = FORMATS[suffix]
    if bitrate is None:
        return format_
    if format_.bitrate is None:
        raise OptionError("bitrate", "flac is lossless and has none; leave it out, or choose another format")
    if not LOWEST <= bitrate <= HIGHEST:
        raise OptionError("bitrate", f"must be from {LOWEST} to {HIGHEST} (kbit/s), not {bitrate}")
    if suffix == ".mp3" and bitrate not in MP3_BITRATES:
        raise OptionError("bitrate", f"for mp3 it is one of {', '.join(map(str, MP3_BITRATES))}, not {bitrate}")
    return format_


def encode(path: Path, suffix: str, blocks: Iterable[np.ndarray], about: About, bitrate: int | None = None) -> None:
    """Write (n, 2) float32 blocks of the format's sample rate to `path`, in the format of `suffix`.

    bitrate: kbit/s, as `check_format` allows it. Raises OSError as the file system does; MissingError, MixError.
    """
    format_ = FORMATS[suffix]
    kilobits = bitrate or format_.bitrate
    if format_.codec == "vorbis" and kilobits:
        _encode_vorbis(path, format_, blocks, kilobits)
        _tag_vorbis(path, about)
    else:
        _encode_with_av(path, format_, blocks, about, kilobits)


def _encode_with_av(path: Path, format_: Format, blocks: Iterable[np.ndarray], about: About, kilobits: int | None) -> None:
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path), "w", format=format_.container) as container:
            if format_.codec in ("libopus", "flac"):
                container.metadata.update(_vorbis_comments(about))
            else:
                container.metadata.update(_plain_tags(about))
                container.set_chapters(_chapters(about, apart=format_.container == "mp3"))
            stream = container.add_stream(format_.codec, rate=format_.rate, layout="stereo")
            assert isinstance(stream, av.AudioStream)  # the type of all codecs of `FORMATS`
            stream.codec_context.format = av.AudioFormat(format_.samples)
            if kilobits:
                stream.bit_rate = kilobits * 1000
            rng = np.random.default_rng(0)
            start = 0
            for block in blocks:
                frame = av.AudioFrame.from_ndarray(_as(format_.samples, block, rng), format_.samples, "stereo")
                frame.sample_rate, frame.time_base, frame.pts = format_.rate, Fraction(1, format_.rate), start
                container.mux(stream.encode(frame))
                start += len(block)
            container.mux(stream.encode(None))
    except av.codec.codec.UnknownCodecError as error:
        raise MissingError(f"this PyAV has no encoder {format_.codec!r}; choose another format") from error
    except FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise MixError(f"{format_.codec}: {reason_of(error)}") from error


def _as(samples: str, block: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (n, 2) float32 as PyAV takes it: planar (2, n), or packed (1, 2n)."""
    if samples == "s16":
        # Triangular dither: rounding then adds noise to quiet music, not distortion.
        dither = rng.random(block.shape, np.float32) - rng.random(block.shape, np.float32)
        return np.asarray(np.clip(np.rint(block * 32767 + dither), -32768, 32767), np.int16).reshape(1, -1)
    return np.ascontiguousarray(block.T) if samples == "fltp" else np.ascontiguousarray(block).reshape(1, -1)


def _encode_vorbis(path: Path, format_: Format, blocks: Iterable[np.ndarray], kilobits: int) -> None:
    """Encode with libsndfile, which contains libvorbis; PyAV's wheels have an inferior encoder."""
    with extra("mix"):
        import soundfile

    quality = float(np.interp(kilobits, _VORBIS_BITRATES, np.linspace(0, 1, len(_VORBIS_BITRATES))))
    try:
        with soundfile.SoundFile(path, "w", format_.rate, 2, "VORBIS", format="OGG", compression_level=1 - quality) as file:
            for block in blocks:
                for start in range(0, len(block), _VORBIS_BLOCK):
                    file.write(block[start : start + _VORBIS_BLOCK])
    except soundfile.SoundFileError as error:
        # usually a full disk, though libsndfile does not say so
        raise OSError(errno.ENOSPC, f"vorbis: {error}") from error


def _tag_vorbis(path: Path, about: About) -> None:
    from mutagen.oggvorbis import OggVorbis

    file = OggVorbis(path)
    file.update(_vorbis_comments(about))
    file.save()


def _plain_tags(about: About) -> dict[str, str]:
    tags = {"title": about.title, "artist": about.artist, "album": about.title, "comment": about.comment}
    return {name: _clean(text) for name, text in tags.items()}


def _vorbis_comments(about: About) -> dict[str, str]:
    """Return Vorbis comments with the chapter extension (https://wiki.xiph.org/Chapter_Extension), which has only names."""
    comments = _plain_tags(about)
    for number, chapter in enumerate(about.chapters):
        milliseconds = round(chapter.start * 1000)
        minutes, rest = divmod(milliseconds, 60_000)
        comments[f"CHAPTER{number:03}"] = f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
        comments[f"CHAPTER{number:03}NAME"] = _caption(chapter)
    return comments


def _chapters(about: About, *, apart: bool) -> list[AVChapter]:
    """Return chapters as PyAV takes them. apart: the format has a separate place for the artist."""
    return [
        {
            "id": number,
            "start": round(chapter.start * 1000),
            "end": round(chapter.end * 1000),
            "time_base": Fraction(1, 1000),
            "metadata": {"title": _clean(chapter.title), "artist": _clean(chapter.artist)}
            if apart
            else {"title": _caption(chapter)},
        }
        for number, chapter in enumerate(about.chapters)
    ]


def _caption(chapter: Chapter) -> str:
    return " - ".join(filter(None, (_clean(chapter.artist), _clean(chapter.title))))


def _clean(text: str) -> str:
    """Return one line of text that UTF-8 can encode."""
    return one_line(text).encode("utf-8", "replace").decode()

"""Opens audio files with FFmpeg: only permitted formats, and nothing else on the disk or the network.

FFmpeg also reads playlists (HLS, DASH, SDP, concat and others) and opens whatever they name. Every file is opened here, so
that a text file that claims to be audio opens nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from deejai_core.errors import AudioError, UnavailableError
from deejai_core.refusals import reason_of

if TYPE_CHECKING:
    from av.container import InputContainer

# FFmpeg's demuxers of music, speech, and video with sound. Files in these formats contain their packets themselves.
DEMUXERS = (
    "aac",
    "ac3",
    "aiff",
    "amr",
    "ape",
    "asf",
    "au",
    "avi",
    "caf",
    "dsf",
    "dts",
    "dtshd",
    "eac3",
    "flac",
    "flv",
    "iff",
    "loas",
    "matroska,webm",
    "mlp",
    "mov,mp4,m4a,3gp,3g2,mj2",
    "mp3",
    "mpc",
    "mpc8",
    "mpeg",
    "mpegts",
    "ogg",
    "oma",
    "rm",
    "shn",
    "tak",
    "truehd",
    "tta",
    "voc",
    "w64",
    "wav",
    "wv",
)

# The suffixes of audio files in these formats. Not those of video: few of them are music.
# fmt: off
SUFFIXES = frozenset({
    ".aa3", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".asf", ".au", ".caf", ".dsf", ".dts", ".eac3",
    ".flac", ".m2a", ".m4a", ".m4b", ".m4p", ".mka", ".mlp", ".mp+", ".mp2", ".mp3", ".mpa", ".mpc", ".mpp", ".oga",
    ".ogg", ".oma", ".opus", ".ra", ".shn", ".snd", ".spx", ".tak", ".thd", ".tta", ".voc", ".w64", ".wav", ".wave",
    ".weba", ".wma", ".wv",
})
# fmt: on


class Readable(Protocol):
    """A source of bytes."""

    def read(self, size: int, /) -> bytes: ...


@contextlib.contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Yield PyAV's container of an audio file.

    Raises AudioError if it is broken or in none of these formats, UnavailableError if it cannot be read.
    """
    import av  # shared libraries of 90 MB: not for commands that analyse nothing
    from av.error import FFmpegError

    options = {"format_whitelist": ",".join(DEMUXERS), "protocol_whitelist": "file"}
    with _errors():
        try:
            container = av.open(f"file:{os.fspath(path)}", options=options, metadata_errors="ignore")
        except FFmpegError as error:
            if error.errno == errno.EINVAL:  # FFmpeg's error for a format that is not in the list
                raise AudioError("not in an audio format that can be read") from error
            raise
        with container:
            yield container


@contextlib.contextmanager
def open_pipe(pipe: Readable, format_: str, options: dict[str, str]) -> Iterator[InputContainer]:
    """Yield PyAV's container of the data from a pipe, in a known format. Raises AudioError, UnavailableError."""
    import av

    with _errors("no audio that can be read ({})"), av.open(pipe, "r", format=format_, options=options) as container:
        yield container


@contextlib.contextmanager
def _errors(wording: str = "{}") -> Iterator[None]:
    from av.error import FFmpegError

    try:
        yield
    except (FFmpegError, OSError, ValueError) as error:
        # PyAV's messages repeat the path, which the caller reports anyway. Some of its errors are OSErrors too.
        kind = UnavailableError if isinstance(error, OSError) else AudioError
        raise kind(wording.format(reason_of(error))) from error

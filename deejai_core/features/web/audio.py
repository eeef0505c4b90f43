"""The audio of a track over HTTP: its file or parts of it, or transcoded for a browser that cannot play it."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from deejai_core.audio.child import end_child, start_child
from deejai_core.features.web.library import RefusedError
from deejai_core.files import open_regular

if TYPE_CHECKING:
    from flask import Request, Response
    from werkzeug.datastructures import Range

FORMATS = {  # formats, as `Metadata` names them, that some browsers play
    "MP3": "mp3",
    "AAC": "aac",
    "ALAC": "alac",
    "FLAC": "flac",
    "OGG": "ogg",
    "Opus": "opus",
    "WAVE": "wav",
    "AIFF": "aiff",
}
MIME_TYPES = {  # of these formats
    "mp3": "audio/mpeg",
    "aac": "audio/mp4",
    "alac": "audio/mp4",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "aiff": "audio/aiff",
}
TRANSCODED = {"mp3": "audio/mpeg", "webm": "audio/webm", "opus": "audio/ogg"}  # formats that all others are transcoded to
FOR_BROWSERS = ("mp3", "webm")  # the first of these that the browser plays is used

MOST_TRANSCODERS = 4  # at the same time
TRANSCODER_MEMORY = 1_000_000_000  # bytes of address space
FIRST_BYTES = 30  # seconds within which a transcoder must send its first bytes
CHUNK = 65_536


def open_track(path: Path) -> BinaryIO:
    """Open a track's file; it stays this one even if another file takes its name.

    Raises RefusedError if it is not a regular file, or missing.
    """
    try:
        return open_regular(path)
    except (OSError, ValueError) as error:
        raise RefusedError("the track's file is not there; is the drive mounted?", 404) from error


def begins_as_audio(file: BinaryIO) -> bool:
    """Return whether a file begins like those that browsers play, and rewind it.

    It does not if it has been replaced by a document, or by a link to one.
    """
    beginning = file.read(12)
    file.seek(0)
    if beginning[:4] in (b"RIFF", b"RF64", b"FORM"):
        return beginning[8:] in (b"WAVE", b"AIFF", b"AIFC")
    # Frames of MPEG layers II and III, and of AAC without a container, begin with eleven bits set.
    first, second = (beginning + b"\0\0")[:2]
    frame = first == 0xFF and (second & 0xE6 in (0xE2, 0xE4) or second & 0xF6 == 0xF0)
    return frame or beginning.startswith((b"ID3", b"fLaC", b"OggS")) or beginning[4:8] == b"ftyp"


def file_response(file: BinaryIO, mime_type: str, request: Request) -> Response:
    """Return a response with a file, or with the one part of it that is requested (RFC 9110, 14).

    Closes the file once it is sent.
    """
    from flask import Response
    from werkzeug.http import http_date, is_resource_modified
    from werkzeug.wsgi import wrap_file

    status = os.fstat(file.fileno())
    response = Response(mimetype=mime_type, direct_passthrough=True)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Last-Modified"] = http_date(status.st_mtime)
    response.cache_control.private = True
    response.cache_control.no_cache = True  # the browser asks again, but gets a 304
    tag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
    response.set_etag(tag)
    if not request.range and not is_resource_modified(request.environ, tag, last_modified=response.last_modified):
        file.close()
        response.status_code = 304
        return response
    first, length = 0, status.st_size
    if request.range and _is_for(request, request.range, tag):
        wanted = _part(*request.range.ranges[0], status.st_size)
        if wanted is None:
            file.close()
            refused = Response(status=416)
            refused.headers["Content-Range"] = f"bytes */{status.st_size}"
            return refused
        first, length = wanted.start, len(wanted)
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {first}-{wanted.stop - 1}/{status.st_size}"
    response.headers["Content-Length"] = str(length)
    if request.method == "HEAD":
        file.close()
        return response
    file.seek(first)
    # Waitress sends a wrapped file itself, up to the given length, so no thread waits for a paused browser.
    response.response = wrap_file(request.environ, file, CHUNK)
    return response


def _part(first: int, last: int | None, size: int) -> range | None:
    """Return the bytes of a file that a range means, or None if the file has none of them.

    first: if negative, from the end.
    """
    wanted = range(max(0, size + first) if first < 0 else first, size if last is None else min(last, size))
    return wanted or None


def _is_for(request: Request, wanted: Range, tag: str) -> bool:
    """Return whether a range applies to the file as it is now. Other units, and several ranges, may be ignored."""
    if wanted.units != "bytes" or len(wanted.ranges) != 1:
        return False
    # Strong comparison: a weak tag, or a date, cannot distinguish two versions within a second.
    return request.headers.get("If-Range", f'"{tag}"').strip() == f'"{tag}"'


class Transcoders:
    """Transcodes for browsers: each stream has a process, which ends when its listener leaves."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(MOST_TRANSCODERS)

    def response(self, path: Path, target: str, start: float, request: Request, *, bit_rate: int = 0) -> Response:
        """Transcode a track.

        target: a key of TRANSCODED. start: seconds into the track. bit_rate: bits per second, 0 for the default.

        Raises RefusedError.
        """
        from flask import Response

        headers = {"Accept-Ranges": "none", "Cache-Control": "no-store"}
        if request.method == "HEAD":
            return Response(mimetype=TRANSCODED[target], headers=headers)
        if not self._free.acquire(blocking=False):
            raise RefusedError("too many tracks are being transcoded; try again in a moment", 503)
        stream = self._stream(path, target, start, bit_rate)
        try:
            beginning = next(stream, b"")
        except BaseException:
            stream.close()
            raise
        if not beginning:
            raise RefusedError("the track's file cannot be played", 422)
        return Response(_Stream(beginning, stream), mimetype=TRANSCODED[target], headers=headers, direct_passthrough=True)

    def _stream(self, path: Path, target: str, start: float, bit_rate: int) -> Generator[bytes, None, None]:
        try:
            words = [os.fsencode(path.absolute()).hex(), target, str(start), str(bit_rate), str(TRANSCODER_MEMORY)]
            process = start_child("deejai_core.features.web.transcoder", *words)
            timer = threading.Timer(FIRST_BYTES, process.kill)
            timer.start()
            try:
                while chunk := process.stdout.read1(CHUNK):
                    timer.cancel()
                    yield chunk
            finally:
                timer.cancel()
                end_child(process)
        finally:
            self._free.release()


class _Stream:
    """A stream whose beginning has been read.

    Closing it ends the transcoder, even if nothing more was read.
    """

    def __init__(self, beginning: bytes, rest: Generator[bytes, None, None]) -> None:
        self._beginning = beginning
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        yield self._beginning
        yield from self._rest

    def close(self) -> None:
        self._rest.close()

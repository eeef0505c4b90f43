"""The sound of a track over HTTP: its file in parts, as it is, or transcoded for a browser that cannot play it."""

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

FORMATS = {  # of files, as `Metadata` names them, that some browser plays
    "MP3": "mp3",
    "AAC": "aac",
    "ALAC": "alac",
    "FLAC": "flac",
    "OGG": "ogg",
    "Opus": "opus",
    "WAVE": "wav",
    "AIFF": "aiff",
}
MIME_TYPES = {  # of these
    "mp3": "audio/mpeg",
    "aac": "audio/mp4",
    "alac": "audio/mp4",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "aiff": "audio/aiff",
}
TRANSCODED = {"mp3": "audio/mpeg", "webm": "audio/webm", "opus": "audio/ogg"}  # what is made of the others
FOR_BROWSERS = ("mp3", "webm")  # of these, the first that the browser plays

MOST_TRANSCODERS = 4  # at once
TRANSCODER_MEMORY = 1_000_000_000  # bytes of address space
FIRST_BYTES = 30  # seconds until a transcoder must have begun
CHUNK = 65_536


def open_track(path: Path) -> BinaryIO:
    """A track's file, which nobody can exchange for another one now. Raises RefusedError if it is none, or not there."""
    try:
        return open_regular(path)
    except (OSError, ValueError) as error:
        raise RefusedError("the track's file is not there; is the drive mounted?", 404) from error


def begins_as_audio(file: BinaryIO) -> bool:
    """Whether a file begins as those that browsers play; it is left at its beginning.

    Not so if it has been exchanged for a document, or for a link to one.
    """
    beginning = file.read(12)
    file.seek(0)
    if beginning[:4] in (b"RIFF", b"RF64", b"FORM"):
        return beginning[8:] in (b"WAVE", b"AIFF", b"AIFC")
    # MPEG's layers II and III, and AAC by itself, begin with eleven bits that are set.
    first, second = (beginning + b"\0\0")[:2]
    frame = first == 0xFF and (second & 0xE6 in (0xE2, 0xE4) or second & 0xF6 == 0xF0)
    return frame or beginning.startswith((b"ID3", b"fLaC", b"OggS")) or beginning[4:8] == b"ftyp"


def file_response(file: BinaryIO, mime_type: str, request: Request) -> Response:
    """A file, or the one part of it that is asked for (RFC 9110, 14). It is closed when it was sent."""
    from flask import Response
    from werkzeug.http import http_date, is_resource_modified
    from werkzeug.wsgi import wrap_file

    status = os.fstat(file.fileno())
    response = Response(mimetype=mime_type, direct_passthrough=True)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Last-Modified"] = http_date(status.st_mtime)
    response.cache_control.private = True
    response.cache_control.no_cache = True  # asked for again, but answered with 304
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
    # Waitress sends a wrapped file by itself, as much of it as the length says, and no thread waits for a paused browser.
    response.response = wrap_file(request.environ, file, CHUNK)
    return response


def _part(first: int, last: int | None, size: int) -> range | None:
    """The bytes of a file that a range means; None if it has none of them. first: below 0, counted from the end."""
    wanted = range(max(0, size + first) if first < 0 else first, size if last is None else min(last, size))
    return wanted or None


def _is_for(request: Request, wanted: Range, tag: str) -> bool:
    """Whether a range is one that is served, of the file as it is now: other units, and several ranges, may be ignored."""
    if wanted.units != "bytes" or len(wanted.ranges) != 1:
        return False
    # Strong comparison: a weak tag, or a date, does not tell two versions of one second apart.
    return request.headers.get("If-Range", f'"{tag}"').strip() == f'"{tag}"'


class Transcoders:
    """Makes what browsers play of what they do not: a process for each stream, which ends when its listener goes away."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(MOST_TRANSCODERS)

    def response(self, path: Path, target: str, start: float, request: Request, *, bit_rate: int = 0) -> Response:
        """target: a key of TRANSCODED. start: seconds into the track. bit_rate: bits a second, 0 for what is usual.

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
    """A stream whose beginning was looked at. Closed even if it was never read from, which ends the transcoder."""

    def __init__(self, beginning: bytes, rest: Generator[bytes, None, None]) -> None:
        self._beginning = beginning
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        yield self._beginning
        yield from self._rest

    def close(self) -> None:
        self._rest.close()

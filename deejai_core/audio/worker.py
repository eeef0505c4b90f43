"""A process that reads files for another one, so that damaged files cannot harm that one.

`deejai_core.audio.sandbox` starts it. Requests are lines of JSON on standard input; each is answered by a line of JSON on
standard output, which states how many bytes follow it. It imports nothing that it does not need: there is one of these per
core.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from deejai_core.audio.child import answer, confine


def main() -> None:
    answers, requests = confine(int(sys.argv[1]))
    try:
        import av  # noqa: F401
        import soundfile  # noqa: F401
        import soxr  # noqa: F401
    except (ImportError, OSError) as error:  # OSError: one of their shared libraries is missing
        answer(answers, {"broken": str(error)})
        return
    answer(answers, {"ready": True})
    serve = Server(answers)
    for line in requests:
        serve(json.loads(line))


class Server:
    """Answers requests. A file stays open as long as more of it may be requested: windows after a key, the next block."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._open: tuple[dict[str, Any], Iterator[Any]] | None = None  # a request that may come next, and what answers it

    def __call__(self, request: dict[str, Any]) -> None:
        from deejai_core.errors import AudioError, UnavailableError

        try:
            told, data = self._answer_to(request)
        except MemoryError:
            told, data = {"error": "it needs more memory than a file may take (memory_limit)", "lasting": False}, b""
        except AudioError as error:
            told, data = {"error": str(error), "lasting": not isinstance(error, UnavailableError)}, b""
        except Exception as error:  # an unexpected error of a library must cost one file, not the whole run
            told, data = {"error": f"{type(error).__name__}: {error}", "lasting": False}, b""
        answer(self._answers, told, data)

    def _answer_to(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes | memoryview]:
        from deejai_core.audio.decode import key_then_windows, read_windows
        from deejai_core.audio.identity import audio_key
        from deejai_core.audio.metadata import read_caption, read_comments, read_metadata
        from deejai_core.audio.pictures import read_picture
        from deejai_core.audio.stereo import stereo_blocks

        path, what = Path(os.fsdecode(bytes.fromhex(request["path"]))), request["what"]
        options = {name: request[name] for name in ("sample_rate", "length", "limit") if name in request}
        expected, self._open = self._open, None
        reading = expected[1] if expected and expected[0] == request else None
        if reading is None:
            _check_regular(path)
        if what == "caption":
            return {"caption": asdict(read_caption(path))}, b""
        if what == "metadata":
            return {"metadata": asdict(read_metadata(path))}, b""
        if what == "comments":
            return {"comments": read_comments(path)}, b""
        if what == "picture":
            return {}, read_picture(path, request["size"])
        if what == "windows":
            return {}, (next(reading) if reading else read_windows(path, **options)).data
        if what == "stereo":
            reading = reading or islice(stereo_blocks(path, request["rate"]), request["block"], None)
            found = next(reading, None)
            if found is None:
                return {}, b""
            self._open = request | {"block": request["block"] + 1}, reading
            return {}, found.data
        if not options:
            return {"key": audio_key(path)}, b""
        reading = key_then_windows(path, **options)
        key = next(reading)
        self._open = request | {"what": "windows"}, reading
        return {"key": key}, b""


def _check_regular(path: Path) -> None:
    """Raise UnavailableError for anything but a regular file: a pipe would never end, and a device is not music."""
    from deejai_core.errors import UnavailableError
    from deejai_core.files import open_regular
    from deejai_core.refusals import reason_of

    try:
        open_regular(path).close()
    except OSError as error:
        raise UnavailableError(reason_of(error)) from error


if __name__ == "__main__":
    main()

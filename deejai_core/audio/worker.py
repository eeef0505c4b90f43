"""A process that decodes files for another one: what a damaged file does to it, it does to nobody else.

Started by `deejai_core.audio.sandbox`. Requests are lines of JSON on standard input, each answered by a line of JSON on
standard output, which raw samples follow where they were asked for. It imports nothing that it does not need: one of these
runs on each core.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO


def main() -> None:
    memory = int(sys.argv[1])
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limits, macOS does not keep them
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for the parent, which lets the file under way be finished
    # Libraries print notes of their own, also to standard output: the answers go to a copy of it that they do not know.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        import av  # noqa: F401
        import soundfile  # noqa: F401
        import soxr  # noqa: F401
    except (ImportError, OSError) as error:  # OSError: a shared library of theirs is missing
        _answer(answers, {"broken": str(error)})
        return
    _answer(answers, {"ready": True})
    serve = Server(answers)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if hasattr(signal, "alarm"):
            signal.alarm(request["seconds"])  # ends this process even if the parent is no longer there to do it
        serve(request)
        if hasattr(signal, "alarm"):
            signal.alarm(0)


class Server:
    """Answers requests. A file that was asked for its key stays open, since most often its spans are asked for next."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._reading: Iterator | None = None
        self._read: tuple = ()  # of which file, and which spans

    def __call__(self, request: dict) -> None:
        from deejai_core.errors import AudioError, UnavailableError

        try:
            answer, data = self._answer_to(request)
        except MemoryError:
            answer, data = {"error": "it needs more memory than a file may take (memory_limit)", "lasting": False}, b""
        except AudioError as error:
            answer, data = {"error": str(error), "lasting": not isinstance(error, UnavailableError)}, b""
        except Exception as error:  # a library's surprise must cost one file, not the night
            answer, data = {"error": f"{type(error).__name__}: {error}", "lasting": False}, b""
        _answer(self._answers, answer, data)

    def _answer_to(self, request: dict) -> tuple[dict, bytes | memoryview]:
        from deejai_core.audio.decode import key_then_spans, read_spans
        from deejai_core.audio.identity import audio_key
        from deejai_core.audio.tags import read_tags

        path = Path(os.fsdecode(bytes.fromhex(request["path"])))
        if request["what"] == "tags":
            return {"tags": asdict(read_tags(path))}, b""
        options = {name: request[name] for name in ("sample_rate", "length", "limit") if name in request}
        reading, self._reading = self._reading, None
        if request["what"] == "key":
            if not options:
                return {"key": audio_key(path)}, b""
            reading, self._read = key_then_spans(path, **options), (path, options)
            key = next(reading)
            self._reading = reading
            return {"key": key}, b""
        spans = next(reading) if reading and self._read == (path, options) else read_spans(path, **options)
        return {"spans": len(spans)}, spans.data


def _answer(answers: BinaryIO, answer: dict, data: bytes | memoryview = b"") -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.write(data)
    answers.flush()


if __name__ == "__main__":
    main()

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
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if hasattr(signal, "alarm"):
            signal.alarm(request["seconds"])  # ends this process even if the parent is no longer there to do it
        _serve(answers, request)
        if hasattr(signal, "alarm"):
            signal.alarm(0)


def _serve(answers: BinaryIO, request: dict) -> None:
    from deejai_core.audio.decode import read_spans
    from deejai_core.audio.identity import audio_key
    from deejai_core.audio.tags import read_tags
    from deejai_core.errors import AudioError, UnavailableError

    path = Path(os.fsdecode(bytes.fromhex(request["path"])))
    try:
        if request["what"] == "key":
            _answer(answers, {"key": audio_key(path)})
            return
        if request["what"] == "tags":
            _answer(answers, {"tags": asdict(read_tags(path))})
            return
        spans = read_spans(path, sample_rate=request["sample_rate"], length=request["length"], limit=request["limit"])
    except MemoryError:
        _answer(answers, {"error": "it needs more memory than a file may take (memory_limit)", "lasting": False})
    except AudioError as error:
        _answer(answers, {"error": str(error), "lasting": not isinstance(error, UnavailableError)})
    except Exception as error:  # a library's surprise must cost one file, not the night
        _answer(answers, {"error": f"{type(error).__name__}: {error}", "lasting": False})
    else:
        _answer(answers, {"spans": len(spans)}, spans.tobytes())


def _answer(answers: BinaryIO, answer: dict, data: bytes = b"") -> None:
    answers.write(json.dumps(answer).encode() + b"\n" + data)
    answers.flush()


if __name__ == "__main__":
    main()

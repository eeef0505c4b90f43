"""A process that analyses files with bliss-audio: each line on standard input is a path as JSON.

An answer is the list of a file's features, or null for one that bliss-audio cannot read.
"""

from __future__ import annotations

import json
import sys

from deejai_core.audio.child import answer, confine


def main(memory: int) -> None:
    answers, lines = confine(memory)
    from bliss_audio import Song

    for line in lines:
        try:
            features = list(map(float, Song(json.loads(line)).analysis))
        except Exception:  # whatever the error, the file has no features
            features = None
        answer(answers, {"features": features})


if __name__ == "__main__":
    main(int(sys.argv[1]))

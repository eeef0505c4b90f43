"""Cue sheets: where the tracks of one audio file begin."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deejai_core.words import one_line

MOST_TRACKS = 99  # the most that a cue sheet can number
FRAMES = 75  # per second: cue sheets count in the frames of a CD
BEGINNING = b'REM COMMENT "'

_TYPES = {".mp3": b"MP3"}  # by custom, WAVE means anything else that a player can decode


@dataclass(frozen=True)
class Chapter:
    """A track in an audio file with several."""

    start: float  # seconds
    end: float  # seconds
    artist: str
    title: str


def format_cue(audio: Path, title: str, artist: str, comment: str, chapters: Sequence[Chapter]) -> bytes:
    """Return the cue sheet of an audio file beside it, as UTF-8.

    A cue sheet cannot contain quotation marks in texts, so " becomes '.
    """
    lines = [
        BEGINNING + _text(comment) + b'"',
        b'PERFORMER "' + _text(artist) + b'"',
        b'TITLE "' + _text(title) + b'"',
        b'FILE "' + os.fsencode(audio.name) + b'" ' + _TYPES.get(audio.suffix.lower(), b"WAVE"),
    ]
    for number, chapter in enumerate(chapters, 1):
        lines += [
            b"  TRACK %02d AUDIO" % number,
            b'    TITLE "' + _text(chapter.title) + b'"',
            b'    PERFORMER "' + _text(chapter.artist) + b'"',
            b"    INDEX 01 " + cue_time(chapter.start).encode(),
        ]
    return b"".join(line + b"\n" for line in lines)


def cue_time(seconds: float) -> str:
    """Return mm:ss:ff, with any number of minutes; never after the given time."""
    frames = int(seconds * FRAMES + 1e-6)  # seconds that are a whole number of frames may be slightly below it
    return f"{frames // (60 * FRAMES):02}:{frames // FRAMES % 60:02}:{frames % FRAMES:02}"


def can_name(audio: Path) -> bool:
    """Return whether a cue sheet can name a file."""
    return not any(mark in audio.name for mark in '"\r\n')


def _text(text: str) -> bytes:
    return one_line(text).replace('"', "'").encode("utf-8", "replace")

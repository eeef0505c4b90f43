"""From words to a plan for a mix, and the plan in rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deejai_core.audio.sandbox import Decoder
from deejai_core.errors import AudioError, MixError
from deejai_core.features.mix.mixdown import check_output
from deejai_core.features.mix.plan import TARGET, Mix, plan_mix, survey
from deejai_core.formats.entries import Track
from deejai_core.library import Library
from deejai_core.lists.listed import left_out, read_listed
from deejai_core.lists.lookup import Match, find, meant_playlist
from deejai_core.lists.request import MadeList
from deejai_core.words import clock, counted, one_line

FADE = 6.0  # seconds, by default
LONGEST_FADE = 60  # seconds
RATE = 44_100  # Hz, for a plan without a file
NOTICED = 0.5  # LU: a track that is quieter than the rest by this much is mentioned


@dataclass(frozen=True)
class Selection:
    """The tracks to mix."""

    title: str
    tracks: list[Track]
    remarks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """A track of a plan, for display."""

    at: float  # seconds into the mix, where its chapter begins
    gain: float  # dB
    name: str
    quieter: float  # LU by which it is quieter than the others; 0 if that is not noticeable


def check_target(library: Library, path: Path, decoder: Decoder, **asked: Any) -> int:
    """Return the sample rate (Hz) of a mix in a file; arguments and errors: see `check_output`.

    It may be no track of the library.
    """
    rate = check_output(path, decoder.comments, **asked)
    if library.at([path]):
        raise MixError(f"{path}: this is a track of the library, which is never replaced; choose another name")
    return rate


def check_apart(path: Path, tracks: Sequence[Track]) -> None:
    """Raise MixError if the file of a mix is one of its tracks."""
    if path.exists() and any(track.path.exists() and track.path.samefile(path) for track in tracks):
        raise MixError(f"{path}: this is one of the tracks to be mixed; choose another name")


def select_made(made: MadeList) -> Selection:
    """Return the tracks of a list."""
    return Selection(made.title, made.tracks, made.remarks, made.warnings)


def select_named(library: Library, words: Sequence[str], decoder: Decoder) -> Selection:
    """Return the tracks of playlists, with repetitions, or else those that words mean, see `lookup.find`."""
    playlists = [playlist for word in words if (playlist := meant_playlist(word))]
    matches: list[Match] = []
    lost: list[str] = []
    if len(playlists) == len(words):
        for playlist in playlists:
            held = read_listed(library, playlist)
            matches += held.matches
            lost += held.lost
        title = ", ".join(playlist.stem for playlist in playlists)
    else:
        found = find(library, words)
        matches, lost = found.matches, list(found.lost)
        title = " ".join(words)
    return Selection(one_line(title), _tracks(library, matches, decoder), warnings=left_out(lost))


def plan_selection(
    selection: Selection,
    rate: int,
    fade: float,
    decoder: Decoder,
    *,
    path: Path | None = None,
    measured: Callable[[], None] = lambda: None,
    warn: Callable[[str], None] = lambda text: None,
) -> Mix:
    """Return the plan of a mix.

    Raises MixError if all tracks are silent or unreadable, or if its file `path` is one of them.

    rate: of the mix, Hz. fade: seconds. measured, warn: called after each track, and with a line for each that is left out.
    """
    if path:
        check_apart(path, selection.tracks)
    audible = []
    for track in selection.tracks:
        try:
            if not track.path.exists():  # in the same words on every system
                raise AudioError("no such file")
            audible.append(survey(track, rate, decoder.stereo))
        except AudioError as error:
            warn(f"{one_line(os.fspath(track.path))}: {error}; left out")
        measured()
    if not audible:
        raise MixError(f"{selection.title}: it contains nothing that can be mixed")
    return plan_mix(audible, rate, fade)


def rows(mix: Mix) -> list[Row]:
    """Return the rows of a plan."""
    found = []
    for part in mix.parts:
        quieter = TARGET - part.loudness
        found.append(Row(part.entry / mix.rate, part.gain, part.track.name, quieter if quieter > NOTICED else 0.0))
    return found


def plan_lines(mix: Mix) -> Iterator[str]:
    """Return lines with the time at which each track takes over and its gain, and then the total length."""
    for row in rows(mix):
        remark = f" ({row.quieter:.1f} LU quieter than the others)" if row.quieter else ""
        yield f"{clock(row.at):>8}  {row.gain:+5.1f} dB  {row.name}{remark}"
    yield f"{clock(mix.seconds):>8}  the end of {counted(len(mix.parts), 'track')}"


def _tracks(library: Library, matches: Sequence[Match], decoder: Decoder) -> list[Track]:
    there = library.tracks([match for match in matches if not isinstance(match, Path)])
    tracks = []
    for match in matches:
        if isinstance(match, Path):
            caption = decoder.caption(match)
            tracks.append(Track(match, caption.artist, caption.title, caption.length))
        elif match in there:
            tracks.append(there[match])
    return tracks

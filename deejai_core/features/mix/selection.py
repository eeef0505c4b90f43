"""From the words of `mix` to a plan, and to a file."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from beets import ui

from deejai_core.audio.sandbox import Decoder
from deejai_core.data_folder import unfinished_path
from deejai_core.errors import AudioError
from deejai_core.features.mix.mixdown import MADE_BY, check_output, write_mix
from deejai_core.features.mix.plan import TARGET, Mix, plan_mix, survey
from deejai_core.files import remove_unfinished
from deejai_core.formats.entries import Track, one_line
from deejai_core.lists.listed import left_out, read_listed
from deejai_core.lists.lookup import Match, find, meant_playlist, user_path
from deejai_core.words import counted

from .making import Wishes, make
from .progress import Progress
from .settings import Settings
from .terminal import choose_waypoint, is_terminal

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from .library.beets_library import BeetsLibrary

RATE = 44_100  # Hz, of a plan that is only shown
NOTICED = 0.5  # LU: a track that is so much quieter than the rest is worth a word


@dataclass(frozen=True)
class Selection:
    """What is to be mixed."""

    title: str
    tracks: list[Track]
    recipe: str  # the command that mixes it again
    remarks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check_target(
    library: BeetsLibrary, output: str | None, bitrate: int | None, force: bool, decoder: Decoder
) -> tuple[int, Path | None]:
    """The sample rate (Hz) of a mix, and its file. Raises UserError or MixError if the file may not be written."""
    if output is None:
        return RATE, None
    path = user_path(output).absolute()
    rate = check_output(path, decoder.comments, bitrate=bitrate, force=force)
    if library.at([path]):
        raise ui.UserError(f"{path}: this is a track of the library, which is never replaced; choose another name")
    return rate, path


def chosen(
    library: BeetsLibrary,
    verb: str | None,
    words: list[str],
    settings: Settings,
    configured: Settings,
    decoder: Decoder,
    less: str | None,
) -> Selection:
    """The tracks of a playlist, or that match; or, with a verb ("similar", "journey"), those of the list it makes.

    less: a query for what that list should be less like.
    """
    if verb:
        wishes = Wishes(less=less, choose_waypoint=choose_waypoint if is_terminal() else None)
        made = make(verb, library, words, settings, wishes, configured)
        tracks = [track for entry in made.entries for track in entry.member.tracks]
        recipe = made.header.recipe[0].replace(f"beet deejai {verb}", f"{MADE_BY} --{verb}", 1)
        return Selection(made.title, tracks, recipe, made.remarks, made.warnings)
    playlists = [meant_playlist(word) for word in words]
    matches: list[Match] = []
    lost: list[str] = []
    if all(playlists):  # each track as often as it is there
        for playlist in playlists:
            held = read_listed(library, playlist)
            matches += held.matches
            lost += held.lost
        title = ", ".join(playlist.stem for playlist in playlists)
    else:
        found = find(library, words)
        matches, lost = found.matches, list(found.lost)
        title = " ".join(words)
    recipe = one_line(shlex.join([*MADE_BY.split(), *words]))
    return Selection(one_line(title), _tracks(library, matches, decoder), recipe, warnings=left_out(lost))


def surveyed(selection: Selection, rate: int, fade: float, path: Path | None, decoder: Decoder, log: BeetsLogger) -> Mix:
    """The plan of a mix. What cannot be heard is left out, with a warning each. Raises UserError if nothing is left."""
    if path and path.exists() and any(track.path.exists() and track.path.samefile(path) for track in selection.tracks):
        raise ui.UserError(f"{path}: this is one of the tracks to be mixed; choose another name")
    measured = []
    with Progress(len(selection.tracks), log, "tracks measured") as progress:
        for track in selection.tracks:
            try:
                if not track.path.exists():  # said in the same words on every system
                    raise AudioError("no such file")
                measured.append(survey(track, rate, decoder.stereo))
            except AudioError as error:
                progress.warn("{}: {}; left out", one_line(os.fspath(track.path)), error)
            progress.step()
    if not measured:
        raise ui.UserError(f"{selection.title}: it contains nothing that can be mixed")
    return plan_mix(measured, rate, fade)


def plan_lines(mix: Mix) -> Iterator[str]:
    """Each track with the time at which it takes over and its gain; then how long it all is."""
    for part in mix.parts:
        quieter = TARGET - part.loudness
        remark = f" ({quieter:.1f} LU quieter than the others)" if quieter > NOTICED else ""
        yield f"{_clock(part.entry / mix.rate):>8}  {part.gain:+5.1f} dB  {part.track.name}{remark}"
    yield f"{_clock(mix.seconds):>8}  the end of {counted(len(mix.parts), 'track')}"


def remove_unfinished_mixes(library: BeetsLibrary, log: BeetsLogger) -> None:
    for path in remove_unfinished(unfinished_path(library)):
        log.info("removed {}, which a mix that was killed had left", one_line(os.fspath(path)))


def write(
    library: BeetsLibrary,
    path: Path,
    mix: Mix,
    selection: Selection,
    bitrate: int | None,
    decoder: Decoder,
    log: BeetsLogger,
) -> None:
    with Progress(len(mix.parts), log, "tracks mixed") as progress:
        write_mix(
            path,
            mix,
            decoder.stereo,
            selection.title,
            selection.recipe,
            bitrate=bitrate,
            notes=unfinished_path(library),
            finished=lambda part: progress.step(),
            warn=lambda text: progress.warn("{}", text),
        )


def _tracks(library: BeetsLibrary, matches: Sequence[Match], decoder: Decoder) -> list[Track]:
    there = library.tracks([match for match in matches if not isinstance(match, Path)])
    tracks = []
    for match in matches:
        if isinstance(match, Path):
            tags = decoder.tags(match)
            tracks.append(Track(match, tags.artist, tags.title, tags.length))
        elif match in there:
            tracks.append(there[match])
    return tracks


def _clock(seconds: float) -> str:
    """1:02:03, or 2:03 below an hour."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"

"""`mix`: the recipe of a mix, and how far it is, as a user of `beet` reads them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deejai_core.audio.sandbox import Decoder
from deejai_core.data_folder import unfinished_path
from deejai_core.features.mix.mixdown import MADE_BY, write_mix
from deejai_core.features.mix.plan import Mix
from deejai_core.features.mix.selection import Selection, plan_selection, rows, select_made, select_named
from deejai_core.files import remove_unfinished
from deejai_core.formats.entries import one_line
from deejai_core.words import counted

from .making import OneOffOptions, make
from .progress import Progress
from .settings import Settings
from .terminal import choose_waypoint, is_terminal
from .words import clock

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from ..library.beets_library import BeetsLibrary


def chosen(
    library: BeetsLibrary,
    verb: str | None,
    words: Sequence[str],
    settings: Settings,
    configured: Settings,
    decoder: Decoder,
    less: str | None,
) -> tuple[Selection, str]:
    """The tracks that words mean, or, with a verb ("similar", "journey"), those of the list it makes of them; and the
    command that mixes them again.

    less: a query for what that list should be less like.
    """
    if not verb:
        return select_named(library, words, decoder), one_line(shlex.join([*MADE_BY.split(), *words]))
    one_off = OneOffOptions(less=less, choose_waypoint=choose_waypoint if is_terminal() else None)
    made = make(verb, library, words, settings, one_off, configured)
    return select_made(made), made.header.recipe[0].replace(f"beet deejai {verb}", f"{MADE_BY} --{verb}", 1)


def planned(selection: Selection, rate: int, fade: float, path: Path | None, decoder: Decoder, log: BeetsLogger) -> Mix:
    """See `plan_selection`."""
    with Progress(len(selection.tracks), log, "tracks measured") as progress:
        return plan_selection(
            selection,
            rate,
            fade,
            decoder,
            path=path,
            measured=progress.step,
            warn=lambda text: progress.warn("{}", text),
        )


def plan_lines(mix: Mix) -> Iterator[str]:
    """Each track with the time at which it takes over and its gain; then how long it all is."""
    for row in rows(mix):
        remark = f" ({row.quieter:.1f} LU quieter than the others)" if row.quieter else ""
        yield f"{clock(row.at):>8}  {row.gain:+5.1f} dB  {row.name}{remark}"
    yield f"{clock(mix.seconds):>8}  the end of {counted(len(mix.parts), 'track')}"


def remove_unfinished_mixes(library: BeetsLibrary, log: BeetsLogger) -> None:
    for path in remove_unfinished(unfinished_path(library)):
        log.info("removed {}, which a mix that was killed had left", one_line(os.fspath(path)))


def write(
    library: BeetsLibrary,
    path: Path,
    mix: Mix,
    title: str,
    recipe: str,
    bitrate: int | None,
    decoder: Decoder,
    log: BeetsLogger,
) -> None:
    with Progress(len(mix.parts), log, "tracks mixed") as progress:
        write_mix(
            path,
            mix,
            decoder.stereo,
            title,
            recipe,
            bitrate=bitrate,
            notes=unfinished_path(library),
            finished=lambda part: progress.step(),
            warn=lambda text: progress.warn("{}", text),
        )

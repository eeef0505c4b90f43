"""A list on the terminal, in a file, and in a player."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import beets
import confuse
from beets import ui
from beets.library import Album, Item
from beets.util import open_anything, sanitize_path

from deejai_core.formats.export import file_name
from deejai_core.lists.lines import list_lines
from deejai_core.lists.writing import Playlists
from deejai_core.players.program import Program
from deejai_core.words import counted, one_line

from .call import print_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beets.logging import BeetsLogger

    from deejai_core.formats.entries import Track
    from deejai_core.library import Kind
    from deejai_core.lists.request import Entry, MadeList

    from ..library.beets_library import BeetsLibrary
    from .settings import Settings


def show(library: BeetsLibrary, made: MadeList, settings: Settings, log: BeetsLogger) -> None:
    """Print a list: its members, and remarks about it."""
    line = partial(_formatted, library, made.kind, settings.format) if settings.format else None
    print_lines(list_lines(made, line))
    for remark in made.remarks:
        ui.print_(remark) if not settings.format else log.info("{}", remark)
    for warning in made.warnings:
        log.warning("{}", warning)


def playlists_for(library: BeetsLibrary, settings: Settings) -> Playlists:
    """Return how playlists are written."""
    return Playlists(
        settings.playlist_dir,
        settings.output.output_format,
        partial(settings.output.style, music_folder=library.music_folder),
        partial(_file_name, library),
        writable=settings.web_write,
    )


def play(tracks: Sequence[Track], log: BeetsLogger) -> None:
    """Pass tracks to the player that beets' play plugin is configured with, and wait until it ends."""
    config = beets.config["play"]
    config.add({"command": None, "raw": False, "relative_to": None, "bom": False})
    player = Program(
        (config["command"].get(confuse.Optional(str)) or open_anything()).replace("$args", ""),
        "play.command",
        raw=config["raw"].get(bool),
        relative_to=config["relative_to"].as_path() if config["relative_to"].get() else None,
        mark=config["bom"].get(bool),
    )
    words = player.words([track.path for track in tracks])
    log.info("playing {}", counted(len(tracks), "track"))
    player.run(words)


def _formatted(library: BeetsLibrary, kind: Kind, template: str, entry: Entry) -> str:
    """Format an entry with a template of beets, which may have two additional fields."""
    match = entry.member.match
    model: Item | Album
    if not isinstance(match, Path):
        model = (library.lib.get_item(match) or Item()) if kind == "track" else (library.lib.get_album(match) or Album())
    else:
        (track,) = entry.member.tracks
        model = Item(path=os.fsencode(match), artist=track.artist, title=track.title, length=track.length or 0.0)
    model["deejai_similarity"] = "" if entry.similarity is None else f"{entry.similarity:.3f}"
    model["deejai_place"] = entry.label
    return one_line(format(model, template))


def _file_name(library: BeetsLibrary, name: str) -> str:
    """Return the name of a playlist's file, without a suffix, as beets names files."""
    return file_name(sanitize_path(one_line(name).replace("/", "_").replace("\\", "_"), library.lib.replacements))

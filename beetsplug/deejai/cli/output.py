"""A list on the terminal, in a file, and in a player."""

from __future__ import annotations

import os
import shlex
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import beets
import confuse
from beets import ui
from beets.library import Item
from beets.util import get_temp_filename, open_anything, sanitize_path

from deejai_core.formats.entries import Header, Style, Track, now, one_line
from deejai_core.formats.export import FORMATS, SUFFIXES, check_suffix, file_name, write_playlist
from deejai_core.formats.table import by_suffix
from deejai_core.lists.lines import list_lines
from deejai_core.lists.lookup import user_path
from deejai_core.words import counted

from .call import print_lines

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from deejai_core.library import Kind
    from deejai_core.lists.request import Entry, MadeList

    from ..library.beets_library import BeetsLibrary
    from .settings import Settings


def show(library: BeetsLibrary, made: MadeList, settings: Settings, log: BeetsLogger) -> None:
    """Print a list: its members, and what there is to say of it."""
    line = partial(_formatted, library, made.kind, settings.format) if settings.format else None
    print_lines(list_lines(made, line))
    for remark in made.remarks:
        ui.print_(remark) if not settings.format else log.info("{}", remark)
    for warning in made.warnings:
        log.warning("{}", warning)


def write(library: BeetsLibrary, made: MadeList, settings: Settings, output: str | None) -> tuple[Path, int]:
    """Write a list as a playlist; returns its file, and how many tracks it has."""
    path, data, tracks = encode(library, made, settings, output)
    write_encoded(made, path, data, settings)
    return path, tracks


def write_encoded(made: MadeList, path: Path, data: bytes, settings: Settings) -> None:
    """Raises UserError where that would lose tracks of the playlist that the list was made from."""
    if made.lost and made.source and path.exists() and path.samefile(made.source):
        raise ui.UserError(f"{path}: {made.lost} of its tracks would be lost; write to another file")
    write_playlist(path, data, within=settings.playlist_dir)


def playlist_path(library: BeetsLibrary, title: str, settings: Settings) -> Path:
    """Where a playlist of this title belongs, if no file is named."""
    return settings.playlist_dir / (playlist_name(library, title) + SUFFIXES[settings.output.output_format])


def encode(library: BeetsLibrary, made: MadeList, settings: Settings, output: str | None) -> tuple[Path, bytes, int]:
    """Where a list's playlist belongs, its bytes, and how many tracks it has."""
    path = user_path(output).absolute() if output else playlist_path(library, made.title, settings)
    tracks, style = _tracks(made), style_of(library, settings, path)
    header = Header(made.title, made.recipe, now())
    return path, FORMATS[settings.output.output_format](tracks, style, header), len(tracks)


def style_of(library: BeetsLibrary, settings: Settings, path: Path) -> Style:
    """How a playlist at this path names its tracks."""
    return settings.output.style(path, library.music_folder)


def for_file(settings: Settings, output: str | None, chosen: str | None) -> Settings:
    """Settings with the format that the output file's name tells, unless one was chosen.

    Raises PlaylistError for the name of a format that is not written.
    """
    check_suffix(Path(output or ""))
    format_ = by_suffix(Path(output or "").suffix)
    if chosen or format_ is None or format_.suffixes[0] == SUFFIXES[settings.output.output_format]:
        return settings
    return settings.change("output", output_format=format_.name)


def play(made: MadeList, log: BeetsLogger) -> None:
    """Hand a list to the player that beets' play plugin is configured with, and wait until it has finished."""
    config = beets.config["play"]
    config.add({"command": None, "raw": False, "relative_to": None, "bom": False})
    paths = [os.fsencode(track.path) for track in _tracks(made)]
    if config["relative_to"].get():
        folder = os.fsencode(config["relative_to"].as_filename())
        paths = [os.path.relpath(path, folder) for path in paths]
    if config["raw"].get(bool):
        targets = paths
    else:
        playlist = get_temp_filename(__name__, suffix=".m3u")
        bom = b"\xef\xbb\xbf" if config["bom"].get(bool) else b""
        Path(os.fsdecode(playlist)).write_bytes(bom + b"".join(path + b"\n" for path in paths))
        targets = [playlist]
    try:
        words = shlex.split((config["command"].get(confuse.Optional(str)) or open_anything()).replace("$args", ""))
    except ValueError as error:
        raise ui.UserError(f"play.command: {error}") from error
    if not words:
        raise ui.UserError("play.command: it is empty; set it to a player")
    files = [os.fsdecode(target) for target in targets]
    if config["raw"].get(bool):
        words = [*filter(None, (word.replace("$playlist", "") for word in words)), *files]
    elif any("$playlist" in word for word in words):
        words = [word.replace("$playlist", files[0]) for word in words]
    else:
        words += files
    log.info("playing {}", counted(len(paths), "track"))
    try:
        status = subprocess.call(words)
    except OSError as error:
        raise ui.UserError(
            f"play.command: cannot run {words[0]!r} ({error.strerror}); set it to a player of yours"
        ) from error
    if status:
        raise ui.UserError(f"play.command: {words[0]!r} ended with status {status}")


def _tracks(made: MadeList) -> list[Track]:
    return [track for entry in made.entries for track in entry.member.tracks]


def _formatted(library: BeetsLibrary, kind: Kind, template: str, entry: Entry) -> str:
    """An entry by a template of beets, which may have two fields more."""
    match = entry.member.match
    if not isinstance(match, Path):
        model = library.lib.get_item(match) if kind == "track" else library.lib.get_album(match)
    else:
        (track,) = entry.member.tracks
        model = Item(path=os.fsencode(match), artist=track.artist, title=track.title, length=track.length or 0.0)
    model["deejai_similarity"] = "" if entry.similarity is None else f"{entry.similarity:.3f}"
    model["deejai_place"] = entry.label
    return one_line(format(model, template))


def playlist_name(library: BeetsLibrary, name: str) -> str:
    """What a playlist's file is called, without a suffix, as beets names files."""
    return file_name(sanitize_path(one_line(name).replace("/", "_").replace("\\", "_"), library.lib.replacements))

"""The playlists of the configuration, which are written again whenever they change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import confuse
from beets import ui
from beets.dbcore.query import ParsingError

from deejai_core.errors import DeejaiError
from deejai_core.formats.export import is_same
from deejai_core.lists.named import NamedPlaylist, name_of, read_named
from deejai_core.words import counted

from .hints import in_words
from .making import make
from .output import encode, playlist_path, write_encoded
from .settings import OPTIONS, given_options, read_settings

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from ..library.beets_library import BeetsLibrary
    from .settings import Settings

EXPECTED = (DeejaiError, ui.UserError, confuse.ConfigError, ParsingError, sqlite3.OperationalError, OSError, ValueError)
LISTED = {option.name for option in OPTIONS.values() if option.listed}


def write_named(
    config: confuse.Subview,
    log: BeetsLogger,
    library: BeetsLibrary,
    names: Sequence[str],
    options: object = None,
    *,
    pretend: bool,
) -> int:
    """Write the playlists of these names, or all, where they changed; returns how many could not be."""
    entries = config["playlists"].get(list)
    known = [name_of(entry) for entry in entries]
    if unknown := [name for name in names if name not in known]:
        there = ", ".join(sorted(filter(None, known))) or "none"
        raise ui.UserError(f"no playlist is named {unknown[0]!r}; the configuration has {there}")
    failed = 0
    written: set[Path] = set()
    for number, (name, entry) in enumerate(zip(known, entries, strict=True), 1):
        if names and name not in names:
            continue
        try:
            playlist, settings = _read(config, number, entry, given_options(options))
            _write(config, log, library, playlist, settings, written, pretend=pretend)
        except EXPECTED as error:
            _log_failure(log, name, error)
            failed += 1
    return failed


def playlist_files(config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary) -> Iterator[Path]:
    """Where the playlists of the configuration are written. One that is not as it should be is an error in the log."""
    for number, entry in enumerate(config["playlists"].get(list), 1):
        try:
            playlist, settings = _read(config, number, entry)
        except EXPECTED as error:
            _log_failure(log, name_of(entry), error)
        else:
            yield playlist_path(library, playlist.title, settings)


def _read(
    config: confuse.Subview, number: int, entry: object, given: Mapping[str, object] = MappingProxyType({})
) -> tuple[NamedPlaylist, Settings]:
    """A playlist of the configuration, and the settings for it. given: what overrides them all."""
    playlist = read_named(entry, LISTED, number)
    settings = read_settings(config, playlist.options | given)
    return playlist, settings.change("output", output_format=playlist.format) if playlist.format else settings


def _log_failure(log: BeetsLogger, name: str, error: Exception) -> None:
    log.error("{}: {}", name or "deejai.playlists", in_words(error))


def _write(
    config: confuse.Subview,
    log: BeetsLogger,
    library: BeetsLibrary,
    playlist: NamedPlaylist,
    settings: Settings,
    written: set[Path],
    *,
    pretend: bool,
) -> None:
    file = playlist_path(library, playlist.title, settings)
    if file in written:
        raise ui.UserError("another playlist of the configuration has the same file; rename one of them")
    written.add(file)
    made = make(playlist.verb, library, playlist.words, settings, read_settings(config), **playlist.asked)
    made = replace(made, title=playlist.title)
    path, data, tracks = encode(library, made, settings, None)
    for warning in made.warnings:
        log.warning("{}: {}", playlist.name, warning)
    if is_same(path, data):
        ui.print_(f"{playlist.name}: unchanged")
    elif pretend:
        ui.print_(f"{playlist.name}: would be written, {counted(tracks, 'track')}")
    else:
        write_encoded(made, path, data, settings)
        ui.print_(f"{playlist.name}: {counted(tracks, 'track')} written to {path}")

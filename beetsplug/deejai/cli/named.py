"""The playlists of the configuration, which are written again whenever they change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import confuse
from beets import ui
from beets.dbcore.query import ParsingError
from beets.exceptions import UserError

from deejai_core.errors import DeejaiError
from deejai_core.lists.named import NamedPlaylist, asked_for, name_of, read_named, update_named

from .defaults import OPTIONS
from .hints import in_words
from .making import make
from .output import playlists_for
from .settings import given_options, read_settings

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from ..library.beets_library import BeetsLibrary
    from .settings import Settings

EXPECTED = (DeejaiError, UserError, confuse.ConfigError, ParsingError, sqlite3.OperationalError, OSError, ValueError)
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
    """Write the playlists with these names, or all, if they have changed; return how many could not be written."""
    failed = 0
    taken: set[Path] = set()
    for number, name, entry in asked_for(config["playlists"].get(list), names):
        try:
            playlist, settings = _read(config, number, entry, given_options(options))
            configured = read_settings(config)
            list_of = partial(make, playlist.verb, library, playlist.words, settings, configured, **playlist.asked)
            playlists, warn = playlists_for(library, settings), partial(log.warning, "{}")
            ui.print_(update_named(playlist, playlists, list_of, taken, pretend=pretend, warn=warn))
        except EXPECTED as error:
            _log_failure(log, name, error)
            failed += 1
    return failed


def playlist_files(config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary) -> Iterator[Path]:
    """Return where the playlists of the configuration are written. A wrong entry is logged as an error."""
    for number, entry in enumerate(config["playlists"].get(list), 1):
        try:
            playlist, settings = _read(config, number, entry)
        except EXPECTED as error:
            _log_failure(log, name_of(entry), error)
        else:
            yield playlists_for(library, settings).path(playlist.title)


def _read(
    config: confuse.Subview, number: int, entry: object, given: Mapping[str, object] = MappingProxyType({})
) -> tuple[NamedPlaylist, Settings]:
    """Return a playlist of the configuration, and its settings. given: overrides all of them."""
    playlist = read_named(entry, LISTED, number)
    settings = read_settings(config, {**playlist.options, **given})
    return playlist, settings.change("output", output_format=playlist.format) if playlist.format else settings


def _log_failure(log: BeetsLogger, name: str, error: Exception) -> None:
    log.error("{}: {}", name or "deejai.playlists", in_words(error))

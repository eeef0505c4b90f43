"""The playlists of the configuration, which are written again whenever they change."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import confuse
from beets import ui
from beets.dbcore.query import ParsingError

from deejai_core.errors import DeejaiError
from deejai_core.formats.export import SUFFIXES, is_same
from deejai_core.formats.table import by_suffix
from deejai_core.lists.lookup import meant_playlist, user_path
from deejai_core.words import counted

from .hints import in_words
from .making import MAKERS, OneOffOptions, make
from .output import encode, playlist_path, write_encoded
from .settings import OPTIONS, given_options, read_settings

if TYPE_CHECKING:
    from beets.logging import BeetsLogger

    from ..library.beets_library import BeetsLibrary
    from .settings import Settings

EXPECTED = (DeejaiError, ui.UserError, confuse.ConfigError, ParsingError, sqlite3.OperationalError, OSError, ValueError)
ONE_OFF = {"album", "less", "best_order", "keep_first", "keep_last"}
SETTINGS = {option.name for option in OPTIONS.values() if option.listed}


@dataclass(frozen=True)
class NamedPlaylist:
    """A playlist of the configuration."""

    name: str
    verb: str
    words: list[str]
    one_off: OneOffOptions
    options: dict[str, object]  # of the configuration, overridden for this list


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
    known = [_name(entry) for entry in entries]
    if unknown := [name for name in names if name not in known]:
        there = ", ".join(sorted(filter(None, known))) or "none"
        raise ui.UserError(f"no playlist is named {unknown[0]!r}; the configuration has {there}")
    failed = 0
    written: set[Path] = set()
    for number, entry in enumerate(entries, 1):
        if names and _name(entry) not in names:
            continue
        try:
            playlist = _read(number, entry)
            _write(config, log, library, playlist, given_options(options), written, pretend=pretend)
        except EXPECTED as error:
            log.error("{}: {}", _name(entry) or "deejai.playlists", in_words(error))
            failed += 1
    return failed


def playlist_files(config: confuse.Subview, log: BeetsLogger, library: BeetsLibrary) -> Iterator[Path]:
    """Where the playlists of the configuration are written. One that is not as it should be is an error in the log."""
    for number, entry in enumerate(config["playlists"].get(list), 1):
        try:
            playlist = _read(number, entry)
            settings = _for_name(read_settings(config, playlist.options), playlist.name)
        except EXPECTED as error:
            log.error("{}: {}", _name(entry) or "deejai.playlists", in_words(error))
        else:
            yield playlist_path(library, _stem(playlist.name), settings)


def _name(entry: object) -> str:
    return str(entry.get("name") or "").strip() if isinstance(entry, dict) else ""


def _read(number: int, entry: object) -> NamedPlaylist:
    name = _name(entry)
    if not name:
        raise ui.UserError(f"number {number} needs a name, and one of {', '.join(MAKERS)}")
    verbs = [verb for verb in MAKERS if entry.get(verb)]
    if len(verbs) != 1:
        raise ui.UserError(f"it needs one of {', '.join(MAKERS)}")
    unknown = sorted(map(str, entry.keys() - {"name", "from", *MAKERS} - ONE_OFF - SETTINGS))
    if unknown:
        raise ui.UserError(f"unknown option {unknown[0]!r}")
    value = entry[verbs[0]]
    words = [str(word) for word in value] if isinstance(value, list) else _split(str(value))
    if verbs[0] == "journey" and len(words) < 2 and not any(map(meant_playlist, words)):
        raise ui.UserError("a journey needs a list of two waypoints or more")
    one_off = OneOffOptions(
        albums=bool(entry.get("album")),
        less=str(entry["less"]) if entry.get("less") else None,
        **{wish: bool(entry.get(wish)) for wish in ("best_order", "keep_first", "keep_last")},
    )
    options = {option: entry[option] for option in entry.keys() & SETTINGS}
    if "from" in entry:
        options["candidates"] = entry["from"]
    return NamedPlaylist(name, verbs[0], words, one_off, options)


def _split(text: str) -> list[str]:
    """A query's words; or the text itself, for a file or a title with an apostrophe."""
    if meant_playlist(text) or user_path(text).is_file():
        return [text]
    try:
        return shlex.split(text)
    except ValueError:
        return [text]


def _write(
    config: confuse.Subview,
    log: BeetsLogger,
    library: BeetsLibrary,
    playlist: NamedPlaylist,
    given: dict[str, object],
    written: set[Path],
    *,
    pretend: bool,
) -> None:
    settings = _for_name(read_settings(config, playlist.options | given), playlist.name)
    title = _stem(playlist.name)
    if playlist_path(library, title, settings) in written:
        raise ui.UserError("another playlist of the configuration has the same file; rename one of them")
    written.add(playlist_path(library, title, settings))
    made = make(playlist.verb, library, playlist.words, settings, playlist.one_off, read_settings(config))
    made = replace(made, title=title, header=replace(made.header, title=title))
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


def _for_name(settings: Settings, name: str) -> Settings:
    """Settings with the format that the playlist's name ends in, if it does."""
    format_ = by_suffix(Path(name).suffix)
    if format_ is None or not format_.write or format_.suffixes[0] == SUFFIXES["m3u"]:
        return settings
    return settings.change("output", output_format=format_.name)


def _stem(name: str) -> str:
    return Path(name).stem if Path(name).suffix.lower() in SUFFIXES.values() else name

"""The playlists of the configuration, which are written again whenever they change."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import confuse
from beets import ui

from deejai_core.errors import DeejaiError
from deejai_core.playlists.export import SUFFIXES, is_same, write_playlist

from .lists import MadeList, Wishes, make_journey, make_reordered, make_similar
from .output import encode
from .settings import DEFAULTS, read_settings

if TYPE_CHECKING:
    from beets.library import Library
    from beets.logging import BeetsLogger

    from .settings import Settings

VERBS: dict[str, Callable[..., MadeList]] = {
    "similar": make_similar,
    "journey": make_journey,
    "reorder": make_reordered,
}
WISHES = {"album", "less", "best_order", "keep_first", "keep_last"}
SETTINGS = set(DEFAULTS) - {
    "auto",
    "tags",
    "model",
    "windows",
    "epsilon",
    "threads",
    "playlists",
    "playlists_auto",
    "format",
}


@dataclass(frozen=True)
class NamedPlaylist:
    """A playlist of the configuration."""

    name: str
    verb: str
    words: list[str]
    wishes: Wishes
    options: dict[str, object]  # of the configuration, overridden for this list


def read_named(config: confuse.Subview) -> list[NamedPlaylist]:
    """The configured playlists. Raises UserError that names the one at fault."""
    entries = config["playlists"].get(list)
    found = [_read(number, entry) for number, entry in enumerate(entries, 1)]
    names = [playlist.name for playlist in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ui.UserError(f"deejai.playlists: two are named {min(twice)!r}")
    return found


def write_named(
    config: confuse.Subview, log: BeetsLogger, lib: Library, names: Iterable[str], options: object = None, *, pretend: bool
) -> int:
    """Write the playlists of these names, or all, where they changed; returns how many could not be."""
    playlists = read_named(config)
    known = {playlist.name for playlist in playlists}
    if unknown := [name for name in names if name not in known]:
        there = ", ".join(sorted(known)) or "none in the configuration"
        raise ui.UserError(f"no playlist is named {unknown[0]!r}; there is: {there}")
    wanted = [playlist for playlist in playlists if not names or playlist.name in names]
    failed = 0
    for playlist in wanted:
        try:
            _write(config, log, lib, playlist, options, pretend=pretend)
        except (DeejaiError, ui.UserError, confuse.ConfigError) as error:
            log.error("{}: {}", playlist.name, error)
            failed += 1
    return failed


def _read(number: int, entry: object) -> NamedPlaylist:
    if not isinstance(entry, dict) or not str(entry.get("name") or "").strip():
        raise ui.UserError(f"deejai.playlists: number {number} needs a name, and one of {', '.join(VERBS)}")
    name = str(entry["name"])
    verbs = [verb for verb in VERBS if verb in entry]
    if len(verbs) != 1:
        raise ui.UserError(f"deejai.playlists: {name!r} needs one of {', '.join(VERBS)}")
    unknown = sorted(entry.keys() - {"name", "from", *VERBS} - WISHES - SETTINGS)
    if unknown:
        raise ui.UserError(f"deejai.playlists: {name!r} has an unknown option {unknown[0]!r}")
    value = entry[verbs[0]]
    words = [str(word) for word in value] if isinstance(value, list) else _split(name, str(value))
    if verbs[0] == "journey" and len(words) < 2:
        raise ui.UserError(f"deejai.playlists: {name!r} needs a list of two waypoints or more")
    wishes = Wishes(
        albums=bool(entry.get("album")),
        less=str(entry["less"]) if entry.get("less") else None,
        **{wish: bool(entry.get(wish)) for wish in ("best_order", "keep_first", "keep_last")},
    )
    options = {option: entry[option] for option in entry.keys() & SETTINGS}
    if "from" in entry:
        options["candidates"] = entry["from"]
    return NamedPlaylist(name, verbs[0], words, wishes, options)


def _split(name: str, text: str) -> list[str]:
    """A query's words; or the text itself, for a title with an apostrophe."""
    try:
        return shlex.split(text)
    except ValueError:
        return [text]


def _write(
    config: confuse.Subview, log: BeetsLogger, lib: Library, playlist: NamedPlaylist, options: object, *, pretend: bool
) -> None:
    given = {name: value for name in DEFAULTS if (value := getattr(options, name, None)) is not None}
    settings = _for_name(read_settings(config, SimpleNamespace(**(playlist.options | given))), playlist.name)
    made = VERBS[playlist.verb](lib, playlist.words, settings, playlist.wishes)
    made = replace(made, title=_stem(playlist.name), header=replace(made.header, title=_stem(playlist.name)))
    path, data, tracks = encode(lib, made, settings, None)
    for warning in made.warnings:
        log.warning("{}: {}", playlist.name, warning)
    if is_same(path, data):
        ui.print_(f"{playlist.name}: unchanged")
    elif pretend:
        ui.print_(f"{playlist.name}: would be written, {tracks} tracks")
    else:
        write_playlist(path, data)
        ui.print_(f"{playlist.name}: {tracks} tracks written to {path}")


def _for_name(settings: Settings, name: str) -> Settings:
    """Settings with the format that the playlist's name ends in, if it does."""
    suffix = Path(name).suffix.lower()
    return replace(settings, output_format=suffix[1:]) if suffix in (".xspf", ".jspf") else settings


def _stem(name: str) -> str:
    return Path(name).stem if Path(name).suffix.lower() in SUFFIXES.values() else name

"""Playlists that are configured once, by a name and what to make them from, and written again whenever they change."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deejai_core.errors import PlaylistError
from deejai_core.formats.export import SUFFIXES, is_same
from deejai_core.formats.table import by_suffix
from deejai_core.lists.lookup import meant_playlist, user_path
from deejai_core.lists.making import MAKERS
from deejai_core.lists.request import MadeList
from deejai_core.lists.writing import Playlists, encode_list, write_list
from deejai_core.words import counted

SWITCHES = ("best_order", "keep_first", "keep_last")  # fields of `Request`
ASKED = {"album", "less", "words", *SWITCHES}  # allowed in an entry, for this list only


@dataclass(frozen=True)
class NamedPlaylist:
    """A playlist as it is configured.

    verb: what makes it from the words, one of `MAKERS`. asked: for this list only, as fields of `Request`. options: values
    that differ from the configuration's, in its notation.
    """

    name: str
    verb: str
    words: tuple[str, ...]
    asked: dict[str, Any]
    options: dict[str, Any]

    @property
    def title(self) -> str:
        """The name without the suffix of a format."""
        path = Path(self.name)
        return path.stem if path.suffix.lower() in SUFFIXES.values() else self.name

    @property
    def format(self) -> str | None:
        """The format that the name ends in; None if it has no suffix, or `.m3u`, which two formats share."""
        format_ = by_suffix(Path(self.name).suffix)
        if format_ is None or not format_.write or format_.suffixes[0] == SUFFIXES["m3u"]:
            return None
        return format_.name


def name_of(entry: object) -> str:
    """Return the name of an entry that may describe a playlist; "" if it has none."""
    return str(entry.get("name") or "").strip() if isinstance(entry, dict) else ""


def read_named(entry: object, options: Collection[str], number: int = 1) -> NamedPlaylist:
    """Return the playlist that an entry of a configuration describes.

    Raises PlaylistError, which does not repeat its name. entry: a mapping of a name, one of `MAKERS` with its words,
    `ASKED` and options. options: all that it may have, by name; "from" is short for "candidates". number: of the entry, for
    an error about one without a name.
    """
    name, makers = name_of(entry), ", ".join(MAKERS)
    if not name or not isinstance(entry, dict):
        raise PlaylistError(f"number {number} needs a name, and one of {makers}")
    verbs = [verb for verb in MAKERS if entry.get(verb)]
    if len(verbs) != 1:
        raise PlaylistError(f"it needs one of {makers}")
    if unknown := sorted(map(str, entry.keys() - {"name", "from", *MAKERS, *ASKED, *options})):
        raise PlaylistError(f"unknown option {unknown[0]!r}")
    (verb,) = verbs
    value = entry[verb]
    words = tuple(map(str, value)) if isinstance(value, list) else _split(str(value))
    if verb == "journey" and len(words) < 2 and not any(map(meant_playlist, words)):
        raise PlaylistError("a journey needs a list of two waypoints or more")
    asked = {
        "kind": "album" if entry.get("album") else "track",
        "less": str(entry["less"]) if entry.get("less") else None,
        "by_words": bool(entry.get("words")),
        **{switch: bool(entry.get(switch)) for switch in SWITCHES},
    }
    given = {option: entry[option] for option in entry.keys() & set(options)}
    if "from" in entry:
        given["candidates"] = entry["from"]
    return NamedPlaylist(name, verb, words, asked, given)


def _split(text: str) -> tuple[str, ...]:
    """Return a query's words; or the text itself, for a file or a title with an apostrophe."""
    if meant_playlist(text) or user_path(text).is_file():
        return (text,)
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return (text,)


def asked_for(entries: Sequence[object], names: Collection[str] = ()) -> Iterator[tuple[int, str, object]]:
    """Return the entries with these names, or all, each with its number and its name.

    Raises PlaylistError if no entry has one of the names.
    """
    known = [name_of(entry) for entry in entries]
    if unknown := [name for name in names if name not in known]:
        there = ", ".join(sorted(filter(None, known))) or "none"
        raise PlaylistError(f"no playlist is named {unknown[0]!r}; the configuration has {there}")
    for number, (name, entry) in enumerate(zip(known, entries, strict=True), 1):
        if not names or name in names:
            yield number, name, entry


def update_named(
    playlist: NamedPlaylist,
    playlists: Playlists,
    make: Callable[[], MadeList],
    taken: set[Path],
    *,
    pretend: bool,
    warn: Callable[[str], None],
) -> str:
    """Write a playlist if it has changed; return what was done, as a line of text. Raises any error that prevents this.

    make: makes its list. taken: the files of the other lists; its own is added. pretend: write nothing. warn: receives one
    line about each thing that could not be done.
    """
    if (path := playlists.path(playlist.title)) in taken:
        raise PlaylistError("another playlist of the configuration has the same file; rename one of them")
    taken.add(path)
    made = replace(make(), title=playlist.title)
    encoded = encode_list(made, playlists)
    for warning in made.warnings:
        warn(f"{playlist.name}: {warning}")
    tracks = counted(encoded.tracks, "track")
    if is_same(path, encoded.data):
        return f"{playlist.name}: unchanged"
    if pretend:
        return f"{playlist.name}: would be written, {tracks}"
    write_list(made, encoded, playlists)
    return f"{playlist.name}: {tracks} written to {path}"

"""What a user means by the words of a command: tracks or albums of the library, or audio files outside it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from beets import ui
from beets.dbcore.query import InvalidQueryError, StringQuery
from beets.library import Album, Item

from deejai_core.formats.entries import one_line
from deejai_core.formats.read import is_playlist
from deejai_core.formats.table import SUFFIXES

from .library.items import items_at, require_tracks
from .listed import read_listed

if TYPE_CHECKING:
    from .library.beets_library import BeetsLibrary

Match = Item | Album | Path

NUMBER = re.compile(r"id:\d+")
NEAR = 0.75  # likeness of a title to what was typed, from 0 to 1
MOST_COMPARED = 20_000  # titles: a second's work at most


class NoMatchError(ui.UserError):
    """Words that are no title, find nothing as a query, and are no file."""


@dataclass(frozen=True)
class Found:
    """What words mean."""

    matches: list[Match]  # never nothing, each once
    listed: frozenset[Path] = frozenset()  # those of them that are files outside the library and stand in a playlist
    lost: tuple[str, ...] = ()  # why other entries of playlists are no tracks


def find_matches(library: BeetsLibrary, words: list[str], kind: type[Item] | type[Album] = Item) -> list[Match]:
    """The tracks (or albums), and the files outside the library, that words name; never nothing, each once."""
    return find(library, words, kind).matches


def find(library: BeetsLibrary, words: list[str], kind: type[Item] | type[Album] = Item) -> Found:
    """What words mean: files stand for themselves, playlists for what they hold, all others are one query, whose matches
    come where its first word stands. Raises UserError or PlaylistError.
    """
    if not "".join(words).strip():
        raise ui.UserError("the query is empty; give a title, a query or an audio file")
    query = [word for word in words if not is_file(word)]
    matches: list[Match] = []
    listed: list[Match] = []
    lost: list[str] = []
    for number, word in enumerate(words):
        if playlist := playlist_at(word):
            held = read_listed(library, playlist)
            lost += held.lost
            listed += held.matches
            matches += held.matches if kind is Item else albums_of(held.matches)
        elif word not in query:
            file = user_path(word).absolute()
            found = items_at(library, file)
            matches += [found[0].get_album() or file] if found and kind is Album else found or [file]
        elif word == query[0] and query[0] not in words[:number]:
            matches += _find(library, query, kind)
    if not matches:
        raise ui.UserError(lost[0] if lost else f"{one_line(' '.join(words))}: an empty playlist")
    once: dict[int | Path, Match] = {}
    for match in matches:
        once.setdefault(match if isinstance(match, Path) else match.id, match)
    return Found(list(once.values()), frozenset(match for match in listed if isinstance(match, Path)), tuple(lost))


def albums_of(matches: list[Item | Path]) -> list[Album]:
    """The albums that tracks are on, each once."""
    albums = (match.get_album() for match in matches if isinstance(match, Item))
    return list({album.id: album for album in albums if album}.values())


def user_path(text: str) -> Path:
    """A path as a user types it; `~` is their home."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 (pathlib's raises where there is no such user)


def is_file(word: str) -> bool:
    """Whether a word of a command stands for a file."""
    path = user_path(word)
    try:
        return bool(path.suffix or os.sep in word) and path.is_file()
    except (OSError, ValueError):
        return False  # too long for a name, or with a NUL: a query


def playlist_at(word: str) -> Path | None:
    """The playlist that a word of a command stands for, be it a damaged one; None if it stands for something else."""
    path = user_path(word)
    return path.absolute() if is_file(word) and is_playlist(path) else None


def meant_playlist(word: str) -> Path | None:
    """The same, but also for one that is not there, whose name tells what it would be."""
    path = user_path(word)
    return path.absolute() if path.suffix.lower() in SUFFIXES else playlist_at(word)


def _find(library: BeetsLibrary, words: list[str], kind: type[Item] | type[Album]) -> list[Item] | list[Album]:
    """What has just these words for a title, or titles that each of them is; else what they find as a beets query."""
    fetch, field = (library.lib.items, "title") if kind is Item else (library.lib.albums, "album")
    title = " ".join(words)
    if not title.isascii() and title != title.encode(errors="replace").decode():
        raise NoMatchError(f"no {'track' if kind is Item else 'album'} matches {title!r}, which is not valid UTF-8")
    if all(NUMBER.fullmatch(word) for word in words) and (found := list(fetch(words))):
        return found  # without looking through the titles of a million tracks
    # Before the words are parsed: "Re: Stacks" is a title, though it looks like a field's name.
    if exact := list(fetch(StringQuery(field, title))):
        return exact
    titles = [list(fetch(StringQuery(field, word))) for word in words]
    if all(titles):
        return [match for found in titles for match in found]
    found = list(fetch(words))
    if not found and len(words) == 1 and " " in title:
        # Several terms in one argument: journey "artist:Sting title:Roxanne" ...
        with contextlib.suppress(InvalidQueryError):  # an apostrophe is no quote that must be closed
            found = list(fetch(title))
    if not found:
        require_tracks(library)
        found_alone = [word for word, exact in zip(words, titles, strict=True) if exact or list(fetch([word]))]
        raise NoMatchError(_no_match(library, words, kind, found_alone))
    return found


def _no_match(
    library: BeetsLibrary, words: Sequence[str], kind: type[Item] | type[Album], found_alone: Sequence[str]
) -> str:
    """The message about words that match nothing together. found_alone: those of them that do match by themselves."""
    lost = [word for word in words if word not in found_alone]
    text = lost[0] if len(lost) == 1 else " ".join(words)
    what = "track" if kind is Item else "album"
    with contextlib.suppress(OSError, ValueError):
        if os.sep in text and user_path(text).exists():
            return f"{text}: not an audio file, and no {what} of the library matches"
        if (os.sep in text and Path(text).suffix) or Path(text).suffix.lower() in SUFFIXES:
            return f"{text}: no such file, and no {what} matches"
    field, colon, _ = text.partition(":")
    if colon and field not in Item.all_keys():
        return f'no {what} matches {text!r}; for a title with a colon, try title:"{text}"'
    near = _near_name(library, " ".join(words), kind) or _near_name(library, text, kind)
    hint = f"did you mean {near!r}?" if near else f"`beet ls{'' if what == 'track' else ' -a'}` shows what a query finds"
    which = ""
    if lost and found_alone:
        without, others = (", ".join(map(repr, some)) for some in (lost, found_alone))
        which = f": {without} {'match' if len(lost) > 1 else 'matches'} nothing, {others} "
        which += "do" if len(found_alone) > 1 else "does"
    return f"no {what} matches {' '.join(words)!r}{which}; {hint}"


def _near_name(library: BeetsLibrary, text: str, kind: type[Item] | type[Album]) -> str | None:
    """The title that is spelt most like these words, if one is."""
    shortest, longest = (len(text) * ratio for ratio in (NEAR / (2 - NEAR), (2 - NEAR) / NEAR))  # others are not near
    there = library.titles("track" if kind is Item else "album", shortest, longest, MOST_COMPARED)
    names = {name.lower(): name for name in there}
    near = get_close_matches(text.lower(), names, n=1, cutoff=NEAR)
    return names[near[0]] if near else None

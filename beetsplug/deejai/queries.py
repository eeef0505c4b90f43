"""What a user means by the words of a command: tracks or albums of the library, or audio files outside it."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from beets import ui
from beets.dbcore.query import InvalidQueryError, StringQuery
from beets.library import Album, Item

from .library import items_at

if TYPE_CHECKING:
    from beets.library import Library

Match = Item | Album | Path

NUMBER = re.compile(r"id:\d+")


class NoMatchError(ui.UserError):
    """Words that are no title, find nothing as a query, and are no file."""


def find_matches(lib: Library, words: list[str], kind: type[Item] | type[Album] = Item) -> list[Match]:
    """The tracks (or albums), and the files outside the library, that words name; never nothing, each once.

    Words that are files stand for themselves, all others are one query, whose matches come where its first word stands.
    """
    if not "".join(words).strip():
        raise ui.UserError("an empty query finds nothing in particular; give a title, a query or an audio file")
    query = [word for word in words if not is_file(word)]
    matches: list[Match] = []
    for number, word in enumerate(words):
        if word not in query:
            file = user_path(word).absolute()
            found = items_at(lib, file)
            matches += [found[0].get_album() or file] if found and kind is Album else found or [file]
        elif word == query[0] and query[0] not in words[:number]:
            matches += _find(lib, query, kind)
    once: dict[int | Path, Match] = {}
    for match in matches:
        once.setdefault(match if isinstance(match, Path) else match.id, match)
    return list(once.values())


def user_path(text: str) -> Path:
    """A path as a user types it; `~` is their home."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 (pathlib's raises where there is no such user)


def _find(lib: Library, words: list[str], kind: type[Item] | type[Album]) -> list[Item] | list[Album]:
    """What has just these words for a title, or titles that each of them is; else what they find as a beets query."""
    fetch, field = (lib.items, "title") if kind is Item else (lib.albums, "album")
    title = " ".join(words)
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
        raise NoMatchError(_no_match(title, "track" if kind is Item else "album"))
    return found


def is_file(word: str) -> bool:
    """Whether a word of a command stands for a file."""
    path = user_path(word)
    try:
        return bool(path.suffix or os.sep in word) and path.is_file()
    except (OSError, ValueError):
        return False  # too long for a name, or with a NUL: a query


def _no_match(text: str, what: str) -> str:
    with contextlib.suppress(OSError, ValueError):
        if os.sep in text and user_path(text).exists():
            return f"{text}: no file of audio, and no {what} of the library matches"
        if os.sep in text and Path(text).suffix:
            return f"{text}: no such file, and no {what} matches"
    field, colon, _ = text.partition(":")
    if colon and field not in Item.all_keys():
        return f'no {what} matches {text!r}; for a title with a colon, try title:"{text}"'
    return f"no {what} matches {text!r}; `beet ls{'' if what == 'track' else ' -a'}` shows what a query finds"

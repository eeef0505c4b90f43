"""What a user means by the words of a command: tracks of the library, or audio files outside it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from beets import ui
from beets.dbcore.query import InvalidQueryError, PathQuery, StringQuery
from beets.library import Item

from .library import as_track, display_name

if TYPE_CHECKING:
    from beets.library import Library

SHOWN = 10  # matches listed before "and N more"


def find_matches(lib: Library, words: list[str]) -> list[Item | Path]:
    """The tracks, and the files outside the library, that words name; never nothing, each track once.

    Words that are files stand for themselves, all others are one query, whose matches come where its first word stands.
    """
    if not "".join(words).strip():
        raise ui.UserError("an empty query finds nothing in particular; give a title, a query or an audio file")
    query = [word for word in words if not _is_file(word)]
    matches: list[Item | Path] = []
    for number, word in enumerate(words):
        if word not in query:
            file = user_path(word).absolute()
            matches += list(lib.items(PathQuery("path", os.fsencode(file)))) or [file]
        elif word == query[0] and query[0] not in words[:number]:
            matches += _find_items(lib, query)
    once: dict[int | Path, Item | Path] = {}
    for match in matches:
        once.setdefault(match.id if isinstance(match, Item) else match, match)
    return list(once.values())


def find_waypoint(lib: Library, text: str) -> Item | Path:
    """The one track or file that a waypoint names."""
    matches = find_matches(lib, [text])
    if len(matches) > 1:
        choices = "".join(f"\n    id:{item.id}  {display_name(as_track(item))}" for item in matches[:SHOWN])
        more = f"\n    ... and {len(matches) - SHOWN} more" if len(matches) > SHOWN else ""
        raise ui.UserError(f"waypoint {text!r} matches {len(matches)} tracks; name one of them:{choices}{more}")
    return matches[0]


def user_path(text: str) -> Path:
    """A path as a user types it; `~` is their home."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 (pathlib's raises where there is no such user)


def _find_items(lib: Library, words: list[str]) -> list[Item]:
    """Tracks whose title is just these words, or titles that each of them is; else what they find as a beets query."""
    title = " ".join(words)
    # Before the words are parsed: "Re: Stacks" is a title, though it looks like a field's name.
    if exact := _titled(lib, title):
        return exact
    titles = [_titled(lib, word) for word in words]
    if all(titles):
        return [item for found in titles for item in found]
    found = list(lib.items(words))
    if not found and len(words) == 1 and " " in title:
        # Several terms in one argument: journey "artist:Sting title:Roxanne" ...
        with contextlib.suppress(InvalidQueryError):  # an apostrophe is no quote that must be closed
            found = list(lib.items(title))
    if not found:
        raise ui.UserError(_no_match(title))
    return found


def _titled(lib: Library, title: str) -> list[Item]:
    return list(lib.items(StringQuery("title", title)))


def _is_file(word: str) -> bool:
    path = user_path(word)
    try:
        return bool(path.suffix or os.sep in word) and path.is_file()
    except (OSError, ValueError):
        return False  # too long for a name, or with a NUL: a query


def _no_match(text: str) -> str:
    with contextlib.suppress(OSError, ValueError):
        if os.sep in text and user_path(text).exists():
            return f"{text}: no file of audio, and no track of the library matches"
        if os.sep in text and Path(text).suffix:
            return f"{text}: no such file, and no track matches"
    field, colon, _ = text.partition(":")
    if colon and field not in Item.all_keys():
        return f'no track matches {text!r}; for a title with a colon, try title:"{text}"'
    return f"no track matches {text!r}; `beet ls` shows what a query finds"

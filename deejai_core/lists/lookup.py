"""What words mean in a library: its tracks or albums, or audio files outside it."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import ceil, floor
from pathlib import Path

from deejai_core.errors import EmptyError, NoMatchError, PlaylistError, QueryError
from deejai_core.formats.read import is_playlist
from deejai_core.formats.table import SUFFIXES
from deejai_core.library import Kind, Library
from deejai_core.lists.listed import missing_files, not_found, read_listed
from deejai_core.words import one_line

Match = int | Path  # the id of a track or album, or a file that is not in the library

NUMBER = re.compile(r"id:\d{1,18}")
NO_VALUE = re.compile(r"\w+::?")  # a field without a value: finds every track that has the field
NEAR = 0.75  # likeness of a title to the typed words, from 0 to 1
MOST_COMPARED = 20_000  # titles: a second's work at most


@dataclass(frozen=True)
class Found:
    """The matches of words."""

    matches: list[Match]  # never empty, without repetitions
    listed: frozenset[Path] = frozenset()  # external files among them that are in a playlist
    lost: tuple[str, ...] = ()  # why other entries of playlists are not tracks


def find_matches(library: Library, words: Sequence[str], kind: Kind = "track") -> list[Match]:
    """Return the tracks (or albums) and external files that words name; never empty, without repetitions."""
    return find(library, words, kind).matches


def find(library: Library, words: Sequence[str], kind: Kind = "track") -> Found:
    """Find what words mean.

    Files mean themselves, playlists mean their tracks, and all other words are one query, whose matches are placed where
    its first word is. Raises QueryError or PlaylistError.
    """
    if not "".join(words).strip():
        raise QueryError("the query is empty; give a title, a query or an audio file")
    query = [word for word in words if not is_file(word)]
    matches: list[Match] = []
    listed: list[Match] = []
    lost: list[str] = []
    for number, word in enumerate(words):
        if playlist := playlist_at(word):
            held = read_listed(library, playlist)
            lost += held.lost
            listed += held.matches
            matches += held.matches if kind == "track" else albums_of(library, held.matches)
        elif word not in query:
            file = user_path(word).absolute()
            found = list(library.at([file]).values())
            matches += (found if kind == "track" else albums_of(library, found)) or [file]
        elif word == query[0] and query[0] not in words[:number]:
            matches += _find(library, query, kind)
    if playlist and len(words) == 1 and len(missing := missing_files(listed)) == len(listed) > 0:
        raise not_found(playlist, missing, len(listed))
    if not matches:
        raise PlaylistError(lost[0] if lost else f"{one_line(' '.join(words))}: an empty playlist")
    outside = frozenset(match for match in listed if isinstance(match, Path))
    return Found(list(dict.fromkeys(matches)), outside, tuple(lost))


def albums_of(library: Library, matches: Iterable[Match]) -> list[Match]:
    """Return the albums that tracks are on, without repetitions."""
    ids = [match for match in matches if not isinstance(match, Path)]
    albums = library.albums_of(ids)
    return list(dict.fromkeys(albums[id_] for id_ in ids if id_ in albums))


def user_path(text: str) -> Path:
    """Return a path as a user types it; `~` is their home."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 (pathlib's raises where there is no such user)


def is_file(word: str) -> bool:
    """Return whether a word names a file."""
    path = user_path(word)
    try:
        return bool(path.suffix or os.sep in word) and path.is_file()
    except (OSError, ValueError):
        return False  # too long for a name, or with a NUL: treat it as a query


def playlist_at(word: str) -> Path | None:
    """Return the playlist that a word names, even if it is damaged; None if it names something else."""
    path = user_path(word)
    return path.absolute() if is_file(word) and is_playlist(path) else None


def meant_playlist(word: str) -> Path | None:
    """Return the same, but also for a missing file whose name is that of a playlist."""
    path = user_path(word)
    return path.absolute() if path.suffix.lower() in SUFFIXES else playlist_at(word)


def _find(library: Library, words: list[str], kind: Kind) -> list[int]:
    """Return what has exactly these words as its title, or all titles that single words match; otherwise the query's
    matches.
    """
    title = " ".join(words)
    if not title.isascii() and title != title.encode(errors="replace").decode():
        raise NoMatchError(f"no {kind} matches {title!r}, which is not valid UTF-8", kind=kind)
    if all(NUMBER.fullmatch(word) for word in words):  # without searching the titles of a million tracks
        wanted = [int(word.removeprefix("id:")) for word in words]
        there = library.tracks(wanted) if kind == "track" else library.albums(wanted)
        if there:
            return list(there)
    # Before parsing the words: "Re: Stacks" is a title, though it looks like a field's name.
    if exact := library.titled(title, kind):
        return exact
    titles = [library.titled(word, kind) for word in words]
    if all(titles):
        return [match for found in titles for match in found]
    found = library.find(shlex.join(words), kind)
    if not found and len(words) == 1 and " " in title:
        # Several terms in one argument: "artist:Sting title:Roxanne".
        with contextlib.suppress(QueryError):  # an apostrophe is not an opening quote
            found = library.find(title, kind)
    if found and all(NO_VALUE.fullmatch(word) for word in title.split()) and len(found) == len(library.ids(kind)):
        raise QueryError(f"{title!r} matches every {kind}; add a value after the colon, such as artist:police")
    if not found:
        if library.is_empty():
            raise EmptyError("the library is empty", hint="import")
        found_alone = [
            word for word, exact in zip(words, titles, strict=True) if exact or library.find(shlex.join([word]), kind)
        ]
        raise _no_match(library, words, kind, found_alone)
    return found


def _no_match(library: Library, words: Sequence[str], kind: Kind, found_alone: Sequence[str]) -> NoMatchError:
    """Return the error for words that match nothing together. found_alone: those of them that do match by themselves."""
    lost = [word for word in words if word not in found_alone]
    text = lost[0] if len(lost) == 1 else " ".join(words)
    with contextlib.suppress(OSError, ValueError):
        if os.sep in text and user_path(text).exists():
            return NoMatchError(f"{text}: not an audio file, and no {kind} of the library matches", kind=kind)
        if (os.sep in text and Path(text).suffix) or Path(text).suffix.lower() in SUFFIXES:
            return NoMatchError(f"{text}: no such file, and no {kind} matches", kind=kind)
    near, found = None, {word.lower() for word in found_alone}  # these were not misspelt
    for spelt in dict.fromkeys([" ".join(words), text]):  # without repetitions: in a large library this takes half a second
        near = near or _near_name(library, spelt, kind)
        near = None if near and near.lower() in found else near
    which = ""
    if lost and found_alone:
        without, others = (", ".join(map(repr, some)) for some in (lost, found_alone))
        which = f": {without} {'match' if len(lost) > 1 else 'matches'} nothing, {others} "
        which += "do" if len(found_alone) > 1 else "does"
    return NoMatchError(
        f"no {kind} matches {' '.join(words)!r}{which}", query=text, kind=kind, near=near, hint=None if near else "query"
    )


def is_near(name: str, text: str) -> bool:
    """Return whether a name has nearly the same spelling as these words."""
    return bool(get_close_matches(text.lower(), [name.lower()], n=1, cutoff=NEAR))


def _near_name(library: Library, text: str, kind: Kind) -> str | None:
    """Return the title or artist whose spelling is closest to these words, if one is close."""
    # others are not close
    shortest, longest = ceil(len(text) * NEAR / (2 - NEAR)), floor(len(text) * (2 - NEAR) / NEAR)
    artists = set(library.field("artist").values())
    names = {name.lower(): name for name in artists if shortest <= len(name) <= longest}
    names = dict(list(names.items())[:MOST_COMPARED])
    names |= {name.lower(): name for name in library.titles(kind, shortest, longest, MOST_COMPARED)}
    near = get_close_matches(text.lower(), names, n=1, cutoff=NEAR)
    return names[near[0]] if near else None

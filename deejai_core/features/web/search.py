"""Finds the tracks, artists and albums that somebody means by typing into the search field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from deejai_core.extras import extra
from deejai_core.tracks.text import plain

CLOSE = 75  # of 100: the least likeness of a text with a typing error to what was meant
MOST_GROUPS = 3  # artists, and albums, in one result
SHORTEST_FUZZY = 4  # characters; shorter words resemble too many others


@dataclass(frozen=True)
class Group:
    """An artist or an album that a search found, or what sounds as its words say. ids: of its tracks, in order."""

    kind: str  # "artist", "album" or "sound"
    name: str
    artist: str  # the artist of an album
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Found:
    """The result of a search. ids: of tracks, the likeliest first. more: whether there are others."""

    ids: list[int]
    groups: list[Group]
    more: bool = False


@dataclass(frozen=True)
class Name:
    """A track's names as plain words; see `plain`."""

    id: int
    title: str
    artist: str
    album: str
    words: str  # all of them, each after a space


class SearchIndex:
    """The names of a library's tracks. rows: (id, title, artist, album, album artist) of each; any text may be None."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._names: list[Name] = []
        groups: dict[tuple[str, str, str], tuple[str, str, list[int]]] = {}
        for id_, *texts in rows:
            title, artist, album, album_artist = (text or "" for text in texts)
            owner = album_artist or artist
            plains = [plain(text) for text in (title, artist, album, album_artist)]
            words = " ".join(["", *filter(None, dict.fromkeys(plains))])
            self._names.append(Name(id_, plains[0], plains[1], plains[2], words))
            if artist:
                groups.setdefault(("artist", plains[1], ""), (artist, "", []))[2].append(id_)
            if album:
                groups.setdefault(("album", plains[2], plains[3] or plains[1]), (album, owner, []))[2].append(id_)
        self._groups = [
            (name, Group(kind, shown, artist, tuple(ids))) for (kind, name, _), (shown, artist, ids) in groups.items()
        ]

    def search(self, text: str, limit: int, offset: int = 0) -> Found:
        """Return the matches: titles and phrases before single words, beginnings of words before their middles.

        If nothing matches, names with nearly the same spelling. Raises MissingError if that needs a library that is not
        installed.
        """
        wanted = plain(text)
        words = wanted.split()
        if not words:
            return Found([], [])
        ranked = ((rank, name.title, name.id) for name in self._names if (rank := _rank(wanted, words, name)) is not None)
        found = [id_ for _, _, id_ in nsmallest(offset + limit + 1, ranked)] or self._nearly(wanted)
        page = found[offset : offset + limit]
        groups = [] if offset else self._matching_groups(wanted)
        return Found(page, groups, more=len(found) > offset + limit)

    def _matching_groups(self, wanted: str) -> list[Group]:
        """Return artists and albums in which a word begins like this: those that begin like this themselves first, then
        large ones.
        """
        found = [
            (not name.startswith(wanted), -len(group.ids), name, group)
            for name, group in self._groups
            if f" {wanted}" in f" {name}"
        ]
        found.sort(key=lambda entry: entry[:3])
        return [
            group
            for kind in ("artist", "album")
            for group in [group for *_, group in found if group.kind == kind][:MOST_GROUPS]
        ]

    def _nearly(self, wanted: str) -> list[int]:
        if len(wanted) < SHORTEST_FUZZY:
            return []
        with extra("web"):
            from rapidfuzz import fuzz, process

        alike = process.extract(
            wanted, [name.words for name in self._names], scorer=fuzz.partial_ratio, score_cutoff=CLOSE, limit=100
        )
        return [self._names[place].id for _, _, place in alike]


def _rank(wanted: str, words: list[str], name: Name) -> int | None:
    """Return how likely a track is meant: 0 if this is its title, None if it lacks a word."""
    everything = name.words
    if not all(word in everything for word in words):
        return None
    if name.title == wanted:
        return 0
    if name.title.startswith(wanted):
        return 1
    if wanted in (name.artist, name.album):
        return 2
    if f" {wanted} " in f"{everything} ":
        return 3
    if f" {wanted}" in everything:
        return 4
    return 5 if all(f" {word}" in everything for word in words) else 6

"""Finds songs that are named elsewhere in a library that names them in its own way.

A song is matched by its file, else by its MusicBrainz recording, else by artist and title, whatever the version
(`deejai_core.tracks.songs`), else by names that differ only in spelling, else by title and artist, exchanged.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from deejai_core.extras import extra
from deejai_core.formats.locate import Locator
from deejai_core.history.mentions import Mention
from deejai_core.tracks.songs import normal_artist, normal_title

PATH, RECORDING, NAME, SIMILAR = "path", "recording", "name", "similar"  # how a song was matched, the most reliable first
NO_ARTIST, NO_TITLE, TOO_LITTLE = "no artist", "no title", "too little"  # or why it was not
MATCHED, UNMATCHED = (PATH, RECORDING, NAME, SIMILAR), (NO_ARTIST, NO_TITLE, TOO_LITTLE)

FAMILIAR = 100_000  # artists whose normal names are remembered
CHUNK = 2000  # songs matched at once: this number times the artists of the library are bytes in memory
NEAR_ARTIST = 80  # of 100; below, no artist passes `same_but_for_spelling`
COMPARED = 5  # titles that are compared closely
FILLERS = frozenset({"and", "the", "a", "vs", "x"})  # words that names may lack
NUMBERS = frozenset(
    {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
    | {"first", "second", "third", "fourth", "fifth", "sixth", "seventh"}
    | {"ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii"}
    | {"sharp", "flat", "major", "minor"}
)


@dataclass(frozen=True)
class Match:
    """The result of matching a song."""

    how: str  # one of MATCHED or UNMATCHED
    song: int = -1  # which of the library's songs; -1 for none
    score: float = 1.0  # of similar names: the share of the letters that agree
    nearest: str = ""  # the closest title, as from `normal_title`, if the artist has no such title
    artist: str = ""  # of the song, as from `normal_artist`
    title: str = ""


class LibrarySongs:
    """The songs of a library. tracks: with their files; copies and versions of a song are one. folder: of its music."""

    def __init__(self, tracks: Sequence[Mention], folder: Path | None = None) -> None:
        with extra("history"):
            from rapidfuzz import fuzz, process
        self._fuzz, self._process = fuzz, process
        self._locator = Locator(folder)
        self._artist = lru_cache(FAMILIAR)(normal_artist)
        named = [(self._artist(track.artist), normal_title(track.title)) for track in tracks]
        keys = [
            [("recording", track.recording.lower()), ("name", *name) if all(name) else ("name", "")]
            for track, name in zip(tracks, named, strict=True)
        ]
        songs = _joined(keys)
        self.tracks: list[list[int]] = [[] for _ in range(max(songs, default=-1) + 1)]  # tracks of each song, by position
        self._by_path: dict[str, int] = {}
        self._by_recording: dict[str, int] = {}
        self._by_name: dict[str, dict[str, int]] = defaultdict(dict)  # artist, title
        for position, (track, (artist, title), song) in enumerate(zip(tracks, named, songs, strict=True)):
            self.tracks[song].append(position)
            if track.path is not None:
                self._by_path[_path_key(track.path)] = song
            if track.recording:
                self._by_recording[track.recording.lower()] = song
            if artist and title:
                self._by_name[artist].setdefault(title, song)
        self._artists = list(self._by_name)
        self._sorted_artists = [_sorted_words(artist) for artist in self._artists]
        self._similar_artists: dict[str, tuple[tuple[str, float], ...]] = {}

    def match(self, songs: Iterable[Mention]) -> Iterator[Match]:
        """Return the result for each of `songs`, in order."""
        songs = iter(songs)
        while chunk := list(islice(songs, CHUNK)):
            named = [(self._artist(song.artist), normal_title(song.title)) for song in chunk]
            self._compare_artists({artist for artist, title in named if artist and title})
            for song, (artist, title) in zip(chunk, named, strict=True):
                yield replace(self._match(song, artist, title), artist=artist, title=title)

    def has_artist(self, name: str) -> bool:
        """Return whether any of the songs is by this artist, or by one whose name differs only in spelling."""
        artist = self._artist(name)
        self._compare_artists({artist})
        return artist in self._by_name or bool(self._similar_artists.get(artist))

    def _match(self, song: Mention, artist: str, title: str) -> Match:
        if song.path is not None and (found := self._at(song.path)) is not None:
            return Match(PATH, found)
        if song.recording and (found := self._by_recording.get(song.recording.lower())) is not None:
            return Match(RECORDING, found)
        match = self._match_name(artist, title) if artist and title else Match(TOO_LITTLE)
        # Captions of playlists may also be "Title - Artist".
        if match.song < 0 and (titles := self._by_name.get(self._artist(song.title))):
            found = titles.get(normal_title(song.artist))
            return match if found is None else Match(NAME, found)
        return match

    def _at(self, path: Path) -> int | None:
        """Return the song of a file, also if a symbolic link leads to it."""
        known = self._by_path.get(_path_key(path))
        if known is not None:
            return known
        keys = map(_path_key, self._locator.aliases(path))
        return next((self._by_path[key] for key in keys if key in self._by_path), None)

    def _match_name(self, artist: str, title: str) -> Match:
        if (found := self._by_name.get(artist, {}).get(title)) is not None:
            return Match(NAME, found)
        return self._similar(artist, title)

    def _similar(self, artist: str, title: str) -> Match:
        if titles := self._by_name.get(artist):
            near = self._process.extract(title, titles.keys(), scorer=self._fuzz.ratio, limit=COMPARED)
            for found, score, _ in near:
                if same_but_for_spelling(title, found):
                    return Match(SIMILAR, titles[found], score / 100)
            return Match(NO_TITLE, score=near[0][1] / 100, nearest=near[0][0])
        # Another spelling of the artist, or another artist: only the exact title can decide.
        for other, score in self._similar_artists.get(artist, ()):
            if title in self._by_name[other]:
                return Match(SIMILAR, self._by_name[other][title], score)
        return Match(NO_ARTIST)

    def _compare_artists(self, artists: set[str]) -> None:
        """Find, once for each artist that the library does not have, those of the library that may be the same."""
        new = sorted(artists - self._by_name.keys() - self._similar_artists.keys())
        if not new or not self._artists:
            return
        scores = self._process.cdist(
            [_sorted_words(artist) for artist in new],
            self._sorted_artists,
            scorer=self._fuzz.ratio,
            score_cutoff=NEAR_ARTIST,
            dtype=np.uint8,
        )
        found = defaultdict(list)
        for row, column in np.argwhere(scores).tolist():
            if same_but_for_spelling(new[row], self._artists[column]):
                found[new[row]].append((self._artists[column], scores[row, column] / 100))
        for artist in new:
            self._similar_artists[artist] = tuple(sorted(found[artist], key=lambda pair: -pair[1]))


def same_but_for_spelling(one: str, other: str) -> bool:
    """Return whether two normal names have the same words, except for order, word breaks, and a slip of the pen.

    Words that differ must agree except for one letter, two from twelve letters on (two exchanged letters count as one), and
    none up to four unless both names have twelve. Numbers, single letters and keys must be the same, in the same order:
    "symphony no 4" is no slip of "symphony no 5".
    """
    if one.replace(" ", "") == other.replace(" ", ""):
        return True
    with extra("history"):
        from rapidfuzz.distance import OSA
    words, others = ([word for word in name.split() if word not in FILLERS] for name in (one, other))
    if list(filter(_counts, words)) != list(filter(_counts, others)):
        return False
    here, there = "".join(_without(words, others)), "".join(_without(others, words))
    shorter = min(len(here), len(there))
    slips = 2 if shorter >= 12 else 1 if shorter >= 5 or (shorter >= 3 and min(len(one), len(other)) >= 12) else 0
    return OSA.distance(here, there, score_cutoff=slips) <= slips


def _counts(word: str) -> bool:
    """Return whether a word distinguishes movements, parts or keys."""
    return len(word) == 1 or word in NUMBERS or any(map(str.isdigit, word))


def _without(words: list[str], others: list[str]) -> list[str]:
    """Return what is left of `words` without `others`, each removed as often as it occurs there."""
    taken = Counter(others)
    left = []
    for word in words:
        if taken[word]:
            taken[word] -= 1
        else:
            left.append(word)
    return left


def _sorted_words(name: str) -> str:
    return " ".join(sorted(name.split()))


def _path_key(path: Path) -> str:
    """Return a path for comparison: macOS writes accents as characters of their own."""
    return unicodedata.normalize("NFC", os.fspath(path))


def _joined(keys: Sequence[Sequence[tuple[Any, ...]]]) -> list[int]:
    """Return a number for each element, the same for those that share a key, directly or through others.

    A key that ends in "" is none.
    """
    leader = list(range(len(keys)))

    def find(element: int) -> int:
        while leader[element] != element:
            leader[element] = leader[leader[element]]
            element = leader[element]
        return element

    first: dict[tuple[Any, ...], int] = {}
    for element, own in enumerate(keys):
        for key in own:
            if key[-1]:
                one, other = find(first.setdefault(key, element)), find(element)
                leader[max(one, other)] = min(one, other)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(find(element), len(numbers)) for element in range(len(keys))]

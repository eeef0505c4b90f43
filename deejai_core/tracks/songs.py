"""The data of a track that the rules of lists use: its artist, its album, and which song it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from deejai_core.tracks.keys import Key, parse_key

NOBODY = frozenset({"", "various artists", "various", "va", "unknown", "unknown artist", "soundtrack"})

LONGEST_TITLE = 500  # characters that are considered

_FEATURING = re.compile(r"\s+[(\[]?(?:feat|ft|featuring)\b\.?\s.*$", re.IGNORECASE)
_DASHES = r"-\u2013\u2014/~"
_SUFFIX = re.compile(rf"\s*(?:[(\[{{](?P<bracketed>[^()\[\]{{}}]*)[)\]}}]|\s[{_DASHES}]\s(?P<dashed>[^{_DASHES}]+))\s*$")
_VERSION = re.compile(
    r"\b(?:remaster(?:ed)?|version|edit|mono|stereo|demo|acoustic|unplugged|instrumental|karaoke|remix|rmx|mix|dub|rework"
    r"|re-?recorded|bonus|deluxe|expanded|edition|anniversary|explicit|clean|censored|alternate|outtake|session|take\s+\d+"
    r"|feat|ft|featuring|with|live\s+(?:at|in|from|on|session|version|\d)|recorded\s+live|(?:19|20)\d\d)\b|^live$|\blive$",
    re.IGNORECASE,
)
_THE_LAST = re.compile(r",\s*the$", re.IGNORECASE)  # as in "Beatles, The"
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_NOT_WORDS = re.compile(r"[\W_]+")
_PLAIN_LETTERS = str.maketrans(  # letters that Unicode does not decompose
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)


@dataclass(frozen=True, eq=False)
class Song:
    """A track in a list, or a candidate for it."""

    vector: np.ndarray  # (dimension,) float32 of unit length
    position: int | None = None  # in the index; None for a file that is not in the index
    artist: str = ""  # from `normal_artist`; "" if unknown
    album: str = ""  # a name that no other album has; "" if it is on none
    names: frozenset[str] = frozenset()  # two tracks that share one of these are the same song
    length: float = float("nan")  # seconds; NaN if unknown
    tempo: float = float("nan")  # beats per minute
    key: Key | None = None


Texts = Mapping[int, str] | Sequence[str]  # by position
Codes = tuple[np.ndarray, dict[str, int]]  # (n,) a number for each name, -1 if unknown; and the numbers by name


class TrackColumns(Protocol):
    """The data of an index's tracks that rules use, by position. Columns are valid for positions that were loaded."""

    @property
    def artist(self) -> Texts:
        """The artist of each track, as in its metadata."""

    @property
    def title(self) -> Texts: ...

    @property
    def album(self) -> Texts:
        """The album of each track, by a name that no other album has; "" if it is on none."""

    @property
    def recording(self) -> Texts:
        """The MusicBrainz id of each track's recording; "" if unknown."""

    @property
    def length(self) -> np.ndarray:
        """(n,) seconds; NaN if unknown."""

    @property
    def tempos(self) -> np.ndarray:
        """(n,) beats per minute; NaN if unknown."""

    @property
    def keys(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) places on the circle of fifths, -1 if unknown; (n,) whether the key is minor."""

    @property
    def artist_codes(self) -> Codes:
        """A number for each artist, by normal name."""

    @property
    def album_codes(self) -> Codes: ...

    @property
    def plays(self) -> np.ndarray | None:
        """(n,) how often it was played to its end."""

    @property
    def skips(self) -> np.ndarray | None:
        """(n,) how often it was skipped."""

    @property
    def played_at(self) -> np.ndarray | None:
        """(n,) when it was last played, seconds since 1970; 0 if never."""

    @property
    def is_complete(self) -> bool:
        """Whether all positions are loaded."""

    def load(self, positions: np.ndarray) -> np.ndarray:
        """Load the data of positions; return which of them are still tracks, (n,) bool."""

    def names(self, position: int) -> frozenset[str]:
        """Return the names that identify a track's song."""

    def song(self, position: int, vector: np.ndarray) -> Song:
        """Return a track as a song of a list."""


class _WithNames(TrackColumns, Protocol):
    @property
    def _names(self) -> dict[int, frozenset[str]]:
        """The results of `names` so far."""


class _Songs:
    """Builds songs from the columns."""

    def names(self: _WithNames, position: int) -> frozenset[str]:
        if position not in self._names:
            self.load(np.array([position]))
            recording = self.recording[position] if len(self.recording) else ""
            self._names[position] = song_names(self.artist[position], self.title[position], recording)
        return self._names[position]

    def song(self: TrackColumns, position: int, vector: np.ndarray) -> Song:
        names = self.names(position)
        fifths, minor = (column[position] for column in self.keys)
        return Song(
            vector,
            position,
            normal_artist(self.artist[position]),
            self.album[position],
            names,
            float(self.length[position]),
            float(self.tempos[position]),
            Key(int(fifths), bool(minor)) if fifths >= 0 else None,
        )


@dataclass(frozen=True)
class Catalogue(_Songs):
    """The data of an index's tracks that rules use, column by column, in the order of the index's vectors."""

    artist: Sequence[str]
    title: Sequence[str]
    album: Sequence[str]
    length: np.ndarray
    recording: Sequence[str] = ()  # this column and those below may be left out
    tempo: np.ndarray | None = None
    key: Sequence[str] = ()  # as in the metadata: "Am", "F#", "8A"; "" if unknown
    plays: np.ndarray | None = None
    skips: np.ndarray | None = None
    played_at: np.ndarray | None = None
    _names: dict[int, frozenset[str]] = field(default_factory=dict, repr=False)

    is_complete = True

    def load(self, positions: np.ndarray) -> np.ndarray:
        return np.ones(len(positions), bool)

    @cached_property
    def artist_codes(self) -> Codes:
        return _codes(self.artist, normal_artist)

    @cached_property
    def album_codes(self) -> Codes:
        return _codes(self.album, lambda name: name)

    @cached_property
    def tempos(self) -> np.ndarray:
        unknown = np.full(len(self.length), np.nan)
        return unknown if self.tempo is None else np.where(self.tempo > 0, self.tempo, np.nan)

    @cached_property
    def keys(self) -> tuple[np.ndarray, np.ndarray]:
        if not len(self.key):
            return np.full(len(self.length), -1), np.zeros(len(self.length), bool)
        parsed = {text: parse_key(text) for text in set(self.key)}
        found = [parsed[text] for text in self.key]
        return np.array([key.fifths if key else -1 for key in found]), np.array([bool(key and key.minor) for key in found])


class CatalogueOnDemand(_Songs):
    """A catalogue that reads each position when it is first asked for: a list uses only a small part of a large library.

    tracks: the number of positions. read: returns the data of some positions, in their order, without plays, and (m,) bool,
    which of them are still tracks.
    """

    plays = skips = played_at = None
    is_complete = False

    def __init__(self, tracks: int, read: Callable[[list[int]], tuple[Catalogue, np.ndarray]]) -> None:
        self._read = read
        # Memory that is never touched is never allocated: the system hands out zeros page by page.
        self._loaded, self._there = np.zeros(tracks, bool), np.zeros(tracks, bool)
        self.length, self.tempos = np.zeros(tracks), np.zeros(tracks)
        self.keys = np.zeros(tracks, np.int8), np.zeros(tracks, bool)
        self.artist_codes: Codes = np.zeros(tracks, np.int32), {}
        self.album_codes: Codes = np.zeros(tracks, np.int32), {}
        self.artist: dict[int, str] = {}
        self.title: dict[int, str] = {}
        self.album: dict[int, str] = {}
        self.recording: dict[int, str] = {}
        self._names: dict[int, frozenset[str]] = {}

    def load(self, positions: np.ndarray) -> np.ndarray:
        new = positions[~self._loaded[positions]]
        if len(new):
            found, there = self._read(new.tolist())
            self._there[new] = there
            self.length[new], self.tempos[new] = found.length, found.tempos
            for mine, its in zip(self.keys, found.keys, strict=True):
                mine[new] = its
            for name in ("artist", "title", "album", "recording"):
                getattr(self, name).update(zip(new.tolist(), getattr(found, name), strict=True))
            self.artist_codes[0][new] = _numbered(map(normal_artist, found.artist), self.artist_codes[1])
            self.album_codes[0][new] = _numbered(found.album, self.album_codes[1])
            self._loaded[new] = True
        return np.asarray(self._there[positions])


def song_names(artist: str, title: str, recording: str = "") -> frozenset[str]:
    """Return the names of a song: its MusicBrainz recording, and its artist with its title, without marks of a version."""
    names = {f"recording {recording}"} if recording else set()
    artist, title = normal_artist(artist), normal_title(title)
    if artist and title:
        names.add(f"{artist} / {title}")
    return frozenset(names)


def normal_artist(name: str) -> str:
    """Return an artist's name without accents, case, guests and "the"; "" for names such as "Unknown"."""
    name = _FEATURING.sub("", " ".join(name[:LONGEST_TITLE].split()))
    name = _plain(_THE_LAST.sub("", name))
    return "" if name in NOBODY else name


def normal_title(title: str) -> str:
    """Return a title without accents, case, and marks of a version: "Song (Live at X) - 2011 Remaster" is "song"."""
    title = _FEATURING.sub("", " ".join(title[:LONGEST_TITLE].split()))
    while suffix := _SUFFIX.search(title):
        told = suffix["bracketed"] if suffix["bracketed"] is not None else suffix["dashed"]
        if not suffix.start() or not _VERSION.search(told.strip()):
            break
        title = title[: suffix.start()]
    return _plain(title)


def _plain(text: str) -> str:
    spelt = _APOSTROPHES.sub("", text).replace("&", " and ").replace(" + ", " and ")
    decomposed = unicodedata.normalize("NFKD", spelt).casefold()
    # Only the accents of alphabets are removed: without the marks of kana, these are different letters.
    letters = unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", decomposed)).translate(_PLAIN_LETTERS)
    words = _NOT_WORDS.sub(" ", letters).strip()
    return (words.removeprefix("the ") or words) or text.strip().casefold()


def _codes(names: Sequence[str], normalise: Callable[[str], str]) -> Codes:
    normal = {name: normalise(name) for name in set(names)}
    codes = {name: number for number, name in enumerate(sorted({name for name in normal.values() if name}))}
    return np.array([codes.get(normal[name], -1) for name in names], int), codes


def _numbered(names: Iterable[str], numbers: dict[str, int]) -> list[int]:
    """Return the number of each name, -1 for none; new names get the next numbers."""
    return [numbers.setdefault(name, len(numbers)) if name else -1 for name in names]

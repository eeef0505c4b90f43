"""What the DJ page asks of a music library, whoever keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from deejai_core.errors import DeejaiError
from deejai_core.features.web.search import Found
from deejai_core.models.tag_set import Vocabulary
from deejai_core.options.lists import Rules, Walk
from deejai_core.playlists.candidates import Candidates
from deejai_core.tracks.songs import Song


class RefusedError(DeejaiError):
    """A request that cannot be answered; its message is one sentence for whoever made it. status: of HTTP."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Listed:
    """A track as the page shows it."""

    id: int
    artist: str
    title: str
    album: str
    length: float | None  # seconds
    format: str  # a key of `audio.MIME_TYPES`; empty: one that no browser plays
    analysed: bool


@dataclass(frozen=True)
class Progress:
    """How far the analysis of a library is, in tracks. running: whether this server has it analysed now."""

    total: int
    analysed: int
    running: bool


@dataclass(frozen=True, eq=False)
class View:
    """A library under some rules. ids: of the tracks of `candidates`, by position."""

    candidates: Candidates
    ids: Sequence[int]
    position: Mapping[int, int]


@dataclass(frozen=True, eq=False)
class ExternalSong:
    """A file that somebody dropped in. id: of the same recording in the library, if it has it."""

    song: Song
    artist: str
    title: str
    length: float | None
    id: int | None


@dataclass(frozen=True)
class Cover:
    """Where the picture of a track may be: a file of its own, or inside the audio file."""

    picture: Path | None
    audio: Path


@dataclass(frozen=True)
class BlindRound:
    """Two lists to choose between, by ids, and the track that they begin with."""

    seed: int
    lists: tuple[list[int], list[int]]


@dataclass(frozen=True)
class BlindResult:
    """revealed: what made the lists of each round, in words. told: what all votes for these two tell."""

    revealed: list[str]
    told: list[str]


class Library(Protocol):
    """Called by several threads at once. Every method may raise RefusedError."""

    @property
    def model(self) -> str: ...

    @property
    def tracks(self) -> int:
        """How many tracks are analysed."""

    @property
    def writable(self) -> bool:
        """Whether the page may write playlists, and have music analysed."""

    @property
    def vocabulary(self) -> Vocabulary:
        """What the tracks of the library may be tagged with."""

    @property
    def tags(self) -> Sequence[str]:
        """The words of the vocabulary that some track is tagged with, to choose by mood."""

    @property
    def map_progress(self) -> float | None:
        """How much of the map is laid out, 0 to 1, while it is."""

    @property
    def alike(self) -> float | None:
        """Similarity below which songs no longer sound alike; None: not known."""

    @property
    def walk(self) -> Walk:
        """What the page begins with."""

    @property
    def rules(self) -> Rules: ...

    @property
    def dimension(self) -> int:
        """The number of components of each vector."""

    @property
    def blind_sides(self) -> Sequence[str]:
        """The sides that a blind test can compare, except those that need a value, such as a model's name."""

    @property
    def blind_rounds(self) -> int:
        """How many rounds a blind test has."""

    def progress(self) -> Progress: ...

    def analyse(self) -> None:
        """Have all music analysed that is not yet, in the background. Refused if the page may not."""

    def search(self, text: str, limit: int, offset: int) -> Found:
        """The tracks that some words or a query find, the likeliest first, and artists and albums."""

    def describe(self, ids: Iterable[int]) -> dict[int, Listed]:
        """Those of the tracks that exist, by id."""

    def anything(self) -> int:
        """The id of some analysed track."""

    def view(self, rules: Rules) -> View: ...

    def embed(self, path: Path, name: str) -> ExternalSong:
        """A file that is not the library's. name: what it was called."""

    def audio(self, id_: int) -> tuple[Path, str] | None:
        """A track's file and its format; None if there is no such track."""

    def cover(self, id_: int) -> Cover | None: ...

    def playlist(self, title: str, ids: Sequence[int]) -> tuple[str, bytes, int]:
        """A playlist's file name, its bytes, and how many tracks it has."""

    def save(self, title: str, ids: Sequence[int], *, replace: bool) -> tuple[str, int]:
        """Write a playlist; returns its path and number of tracks. Refused with status 409 if there is one already."""

    def map(self) -> Any:
        """The library as a picture, ready for JSON."""

    def map_sketch(self) -> Any:
        """The same within seconds, but less well laid out; None if `map` takes no longer."""

    def begin_test(self, sides: tuple[str, str], query: str) -> str:
        """Begin a blind test with tracks that a query finds, or any without one; returns what it is called."""

    def next_round(self, test: str) -> BlindRound | None:
        """The round that waits for a vote, or a new one; None if there is none any more."""

    def vote(self, test: str, chosen: int | None) -> int:
        """Keep a vote on that round; returns how many this test has by now. chosen: 0 or 1; None: cannot tell."""

    def end_test(self, test: str) -> BlindResult:
        """End a test, and say what was what."""

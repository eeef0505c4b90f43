"""What the DJ page needs from a music library, whatever stores it."""

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
    """A request that cannot be answered. The message is one sentence for the client. status: the HTTP status."""

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
    format: str  # a key of `audio.MIME_TYPES`, or "" if no browser plays it
    analysed: bool


@dataclass(frozen=True)
class Progress:
    """How many tracks of a library are analysed. running: whether this server is analysing it now."""

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
    """A file that somebody dropped onto the page. id: of the same recording in the library, if it has one."""

    song: Song
    artist: str
    title: str
    length: float | None
    id: int | None


@dataclass(frozen=True)
class Cover:
    """Where the picture of a track may be: a separate file, or inside the audio file."""

    picture: Path | None
    audio: Path


@dataclass(frozen=True)
class BlindRound:
    """Two lists to choose from, by ids, and the track that both begin with."""

    seed: int
    lists: tuple[list[int], list[int]]


@dataclass(frozen=True)
class BlindResult:
    """revealed: a line for each round on what made its lists. told: the summary of all votes for these two sides."""

    revealed: list[str]
    told: list[str]


class Library(Protocol):
    """The port of the page to a library. Several threads may call it at once, and every method may raise RefusedError."""

    @property
    def model(self) -> str: ...

    @property
    def tracks(self) -> int:
        """The number of analysed tracks."""

    @property
    def writable(self) -> bool:
        """Whether the page may write playlists and start an analysis."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that the library's tracks may be tagged with."""

    @property
    def tags(self) -> Sequence[str]:
        """The words of the vocabulary that some track is tagged with, for choosing by mood."""

    @property
    def map_progress(self) -> float | None:
        """The progress of the map's layout, 0 to 1, while it is computed; otherwise None."""

    @property
    def alike(self) -> float | None:
        """The similarity below which songs no longer sound alike; None if unknown."""

    @property
    def walk(self) -> Walk:
        """How lists continue, to begin with."""

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
        """The number of rounds of a blind test."""

    def progress(self) -> Progress: ...

    def analyse(self) -> None:
        """Start the analysis of all new music in the background. Refused if the page may not."""

    def search(self, text: str, limit: int, offset: int) -> Found:
        """Return the tracks that words or a query find, the likeliest first, and artists and albums."""

    def describe(self, ids: Iterable[int]) -> dict[int, Listed]:
        """Return the tracks that exist, by id."""

    def anything(self) -> int:
        """Return the id of some analysed track."""

    def view(self, rules: Rules) -> View: ...

    def embed(self, path: Path, name: str) -> ExternalSong:
        """Embed a file that is not in the library. name: the file's original name."""

    def audio(self, id_: int) -> tuple[Path, str] | None:
        """Return a track's file and its format, or None if there is no such track."""

    def cover(self, id_: int) -> Cover | None: ...

    def playlist(self, title: str, ids: Sequence[int]) -> tuple[str, bytes, int]:
        """Return a playlist's file name, its bytes, and the number of its tracks."""

    def save(self, title: str, ids: Sequence[int], *, replace: bool) -> tuple[str, int]:
        """Write a playlist; return its path and number of tracks. Refused with status 409 if the file exists."""

    def map(self) -> Any:
        """Return the map of the library, ready for JSON."""

    def map_sketch(self) -> Any:
        """Return the map within seconds, with a rougher layout; None if `map` takes no longer."""

    def begin_test(self, sides: tuple[str, str], query: str) -> str:
        """Begin a blind test with tracks that a query finds, or with any tracks if it is None; return the test's name."""

    def next_round(self, test: str) -> BlindRound | None:
        """Return the round that waits for a vote, or a new one; None if there are no more."""

    def vote(self, test: str, chosen: int | None) -> int:
        """Store a vote on the current round; return how many votes this test has.

        chosen: 0 or 1; None if the listener cannot tell.
        """

    def end_test(self, test: str) -> BlindResult:
        """End a test, and reveal what made which list."""

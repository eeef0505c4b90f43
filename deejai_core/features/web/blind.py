"""Blind tests on the page: the server knows what made which list, and reveals it only when a test has ended."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from deejai_core.errors import ModelError, NoMatchError
from deejai_core.features.blind.dialogue import result_lines, reveal_lines
from deejai_core.features.blind.rounds import Round, rounds, seeds_among
from deejai_core.features.blind.sides import PLAIN, LoadModel, open_pair
from deejai_core.features.blind.votes import Vote, keep_votes, read_votes
from deejai_core.features.web.library import BlindResult, RefusedError
from deejai_core.library import Library
from deejai_core.lists.request import Request
from deejai_core.models.protocol import Model
from deejai_core.models.registry import is_path
from deejai_core.options.lists import BlindTest
from deejai_core.progress import silence

MOST_TESTS = 4  # at once, each with two spaces in memory; beyond, the one unused longest is forgotten, not its votes
PREPARING = "the server is preparing a round of this test"


@dataclass(eq=False)
class Test:
    """A blind test in progress. shown: the round that waits for a vote."""

    labels: tuple[str, str]
    rounds: Iterator[Round]
    shown: Round | None = None
    voted: list[tuple[Round, Vote]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class BlindTests:
    """The blind tests of a page.

    Several threads may call it at once; every method may raise RefusedError or DeejaiError.
    """

    sides = PLAIN

    def __init__(self, library: Library, model: Model, load: LoadModel, request: Request, options: BlindTest) -> None:
        """load: loads a model by its name.

        request: the rules, and how lists continue. options: the number of rounds and of songs.
        """
        self.rounds = options.blind_rounds
        self._tracks = options.blind_tracks
        self._library = library
        self._model = model
        self._load = load
        self._request = request
        self._tests: dict[str, Test] = {}
        self._opening = threading.Lock()
        self._keeping = threading.Lock()  # guards `_tests`

    def begin(self, sides: tuple[str, str], query: str) -> str:
        """Begin a test of two sides with tracks that a query finds, with any tracks if it is blank; return its name."""
        read_votes(self._library)  # so that a damaged file is noticed before anybody has listened to anything
        ids = self._found(query.strip())
        with _unless_held(self._opening, "the server is preparing another blind test"):  # opening takes memory
            pair = open_pair(self._library, self._model, self._named, sides, self._request, silence())
            made = rounds(pair, seeds_among(pair, ids), self._tracks, np.random.default_rng())
        name = secrets.token_urlsafe(16)
        with self._keeping:
            for old in list(self._tests)[: -MOST_TESTS + 1]:
                del self._tests[old]
            self._tests[name] = Test(pair.labels, made)
        return name

    def _found(self, query: str) -> Collection[int] | None:
        """Return the tracks that a query finds, or None without one.

        Unlike on the command line, no files outside the library.
        """
        if not query:
            return None
        ids = self._library.titled(query) or self._library.matching(query)
        if not ids:
            raise NoMatchError(f"no track matches {query!r}")
        return ids

    def _named(self, name: str) -> Model:
        """Load a model by its name; a page may not make the server read arbitrary folders."""
        if is_path(name):
            raise RefusedError(f"{name!r} is not the name of a model")
        return self._load(name)

    def next(self, name: str) -> Round | None:
        """Return the round that waits for a vote, or a new one; None if there are no more."""
        test = self._test(name)
        with _unless_held(test.lock, PREPARING):
            if test.shown is None and len(test.voted) < self.rounds:
                test.shown = next(test.rounds, None)
            return test.shown

    def vote(self, name: str, chosen: int | None) -> int:
        """Store a vote on the current round; return how many votes this test has.

        chosen: 0 or 1; None if the listener cannot tell.
        """
        test = self._test(name)
        with _unless_held(test.lock, PREPARING):
            if test.shown is None:
                raise RefusedError("no round of this test is waiting for a vote", 409)
            vote = test.shown.vote(chosen)
            keep_votes(self._library, [vote])
            test.voted.append((test.shown, vote))
            test.shown = None
            return len(test.voted)

    def end(self, name: str) -> BlindResult:
        """End a test, and reveal what made which list."""
        test = self._test(name)
        with _unless_held(test.lock, PREPARING):
            test.rounds, test.shown = iter(()), None
        return BlindResult(list(reveal_lines(test.voted)), list(result_lines(test.labels, read_votes(self._library))))

    def _test(self, name: str) -> Test:
        with self._keeping:
            test = self._tests.pop(name, None)
            if test is None:
                raise RefusedError("this test is over; begin a new one", 404)
            self._tests[name] = test  # it is now the last one to be forgotten
        return test


@contextmanager
def _unless_held(lock: threading.Lock, told: str) -> Iterator[None]:
    """Hold a lock.

    Raises RefusedError if another request holds it: that may take minutes, and a few waiting requests would occupy all
    threads.
    """
    if not lock.acquire(blocking=False):
        raise RefusedError(f"{told}; try again in a moment", 503)
    try:
        yield
    finally:
        lock.release()


def load_none(name: str) -> Model:
    """Load a model in a program that has no models by name: raises ModelError."""
    raise ModelError(f"{name!r} cannot be loaded here; choose sound, which uses the current model")

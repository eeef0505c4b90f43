"""Blind tests on the page: the server keeps what made which list, and says so only when a test has ended."""

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

MOST_TESTS = 4  # at once, each with two spaces in memory; of more, the one unused longest is forgotten, but not its votes
PREPARING = "the server is preparing a round of this test"


@dataclass(eq=False)
class Test:
    """A blind test under way. shown: the round that waits for a vote."""

    labels: tuple[str, str]
    rounds: Iterator[Round]
    shown: Round | None = None
    voted: list[tuple[Round, Vote]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class BlindTests:
    """The blind tests of a page. Called by several threads at once; every method may raise RefusedError or DeejaiError."""

    sides = PLAIN

    def __init__(self, library: Library, model: Model, load: LoadModel, request: Request, options: BlindTest) -> None:
        """load: gives a model by its name. request: the rules, and how lists go on. options: how many of how long."""
        self.rounds = options.blind_rounds
        self._tracks = options.blind_tracks
        self._library = library
        self._model = model
        self._load = load
        self._request = request
        self._tests: dict[str, Test] = {}
        self._opening = threading.Lock()
        self._keeping = threading.Lock()  # of `_tests`

    def begin(self, sides: tuple[str, str], query: str) -> str:
        """Begin a test of two sides with tracks that a query finds, or any without one; returns what it is called."""
        read_votes(self._library)  # a damaged file is found out before anybody has listened to anything
        ids = self._found(query.strip())
        with _unless_held(self._opening, "the server is preparing another blind test"):  # which takes memory
            pair = open_pair(self._library, self._model, self._named, sides, self._request, silence())
            made = rounds(pair, seeds_among(pair, ids), self._tracks, np.random.default_rng())
        name = secrets.token_urlsafe(16)
        with self._keeping:
            for old in list(self._tests)[: -MOST_TESTS + 1]:
                del self._tests[old]
            self._tests[name] = Test(pair.labels, made)
        return name

    def _found(self, query: str) -> Collection[int] | None:
        """The tracks that a query finds; None without one. Unlike on the command line, no file outside the library."""
        if not query:
            return None
        ids = self._library.titled(query) or self._library.matching(query)
        if not ids:
            raise NoMatchError(f"no track matches {query!r}")
        return ids

    def _named(self, name: str) -> Model:
        """A model by its name; a page may not have folders anywhere on the machine looked into."""
        if is_path(name):
            raise RefusedError(f"{name!r} is not the name of a model")
        return self._load(name)

    def next(self, name: str) -> Round | None:
        """The round that waits for a vote, or a new one; None if there is none any more."""
        test = self._test(name)
        with _unless_held(test.lock, PREPARING):
            if test.shown is None and len(test.voted) < self.rounds:
                test.shown = next(test.rounds, None)
            return test.shown

    def vote(self, name: str, chosen: int | None) -> int:
        """Keep a vote on that round; returns how many this test has by now. chosen: 0 or 1; None: cannot tell."""
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
        """End a test, and say what was what."""
        test = self._test(name)
        with _unless_held(test.lock, PREPARING):
            test.rounds, test.shown = iter(()), None
        return BlindResult(list(reveal_lines(test.voted)), list(result_lines(test.labels, read_votes(self._library))))

    def _test(self, name: str) -> Test:
        with self._keeping:
            test = self._tests.pop(name, None)
            if test is None:
                raise RefusedError("this test is over; begin a new one", 404)
            self._tests[name] = test  # now the last to be forgotten
        return test


@contextmanager
def _unless_held(lock: threading.Lock, told: str) -> Iterator[None]:
    """Hold a lock. RefusedError if another request does: that may take minutes, and a few that wait use up all threads."""
    if not lock.acquire(blocking=False):
        raise RefusedError(f"{told}; try again in a moment", 503)
    try:
        yield
    finally:
        lock.release()


def load_none(name: str) -> Model:
    """Load a model in a program that knows no models by name: raises ModelError."""
    raise ModelError(f"{name!r} cannot be loaded here; choose sound, which uses the current model")
